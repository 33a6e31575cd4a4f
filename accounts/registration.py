"""Becoming somebody, and becoming it again after a forgotten password, without a session.

A code goes by mail, and the caller gets a claim: a signed note of what the code is for. Both
together prove the address. The claim looks the same whether there is an account or not, so
nobody learns that from it; a claim without an account has a code that nobody was told.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User

LIFE = 15 * 60
VERIFY = "verify"
RESET = "reset"


class NotProven(Exception):
    """The code does not belong to the claim, or the claim is too old or none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a caller says they can prove: that this address is theirs, for this purpose."""

    purpose: str
    email: str
    number: str
    proof: str

    def require(self, code: str) -> None:
        if not constant_time_compare(
            _proof(self.purpose, self.email, self.number, code), self.proof
        ):
            raise NotProven


def register(email: str, password: str, *, full_name: str, company_name: str) -> str:
    """A new account that waits for its address to be proven; the claim for that.

    Where there is an account its owner is told by mail, and the caller is told nothing. The
    caller has checked the password and the names.
    """
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email, password, full_name=full_name, company_name=company_name
            )
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
    except IntegrityError:
        get_adapter().send_account_already_exists_mail(email)
        return _claim(VERIFY, email, code=None)
    return send_verification(user)


def send_verification(user: User) -> str:
    code = get_adapter().generate_email_verification_code()
    get_adapter().send_mail(
        "account/email/email_confirmation_signup", user.email, {"code": code, "user": user}
    )
    return _claim(VERIFY, user.email, code)


def send_reset(email: str) -> str:
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        get_adapter().send_mail("account/email/unknown_account", email, {"email": email})
        return _claim(RESET, email, code=None)
    code = get_adapter().generate_password_reset_code()
    get_adapter().send_mail(
        "account/email/password_reset_code", email, {"code": code, "user": user}
    )
    return _claim(RESET, email, code)


def read(claim: str, purpose: str) -> Claim:
    """Raises NotProven."""
    try:
        found = Claim(**signing.loads(claim, salt="accounts.registration", max_age=LIFE))
    except (signing.BadSignature, TypeError):
        raise NotProven from None
    if found.purpose != purpose:
        raise NotProven
    return found


def verify(claim: Claim, code: str) -> User:
    """The person whose address is proven by this. Raises NotProven."""
    claim.require(code)
    user = User.objects.filter(email=claim.email).first()
    if user is None:
        raise NotProven
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True)
    return user


def set_password(claim: Claim, code: str, user: User, password: str) -> None:
    """A new password for who can read the mail; every sign-in with the old one ends."""
    claim.require(code)
    with transaction.atomic():
        get_adapter().set_password(user, password)
        EmailAddress.objects.filter(user=user, email=user.email).update(verified=True)
    get_adapter().send_notification_mail("account/email/password_changed", user)


def is_verified(user: User) -> bool:
    mine = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    return bool(mine.exists())


def _claim(purpose: str, email: str, code: str | None) -> str:
    number = secrets.token_hex(8)
    proof = _proof(purpose, email, number, secrets.token_hex(16) if code is None else code)
    values = {"purpose": purpose, "email": email, "number": number, "proof": proof}
    return signing.dumps(values, salt="accounts.registration")


def _proof(purpose: str, email: str, number: str, code: str) -> str:
    typed = "".join(character for character in code.upper() if character.isalnum())
    return salted_hmac(
        "accounts.registration.code", f"{purpose}:{email}:{number}:{typed}", algorithm="sha256"
    ).hexdigest()
