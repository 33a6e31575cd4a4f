"""The second factor: setting up an authenticator, giving its code, doing without it.

Nothing is stored before the first code has shown that the authenticator works: until then the
secret travels in a signed note, and no page changes anything by being opened.
"""

from __future__ import annotations

from typing import NamedTuple

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User

LIFE = 15 * 60
"""Seconds from the secret to its first code."""


class Exists(Exception):
    """There is an authenticator already."""


class NotProven(Exception):
    """The code is wrong, was used before, or comes too late."""


class Enrolment(NamedTuple):
    """What an authenticator needs, and the signed note to give back with its first code."""

    secret: str
    uri: str
    note: str

    @property
    def picture(self) -> str:
        """The address as a QR code, an SVG of our own making."""
        svg: str = get_adapter().build_totp_svg(self.uri)
        return svg


def begin(user: User) -> Enrolment:
    """Raises Exists."""
    _require_none(user)
    return _enrolment(user, generate_totp_secret())


def read(user: User, note: str) -> Enrolment:
    """The enrolment that this note belongs to. Raises NotProven."""
    try:
        values = signing.loads(note, salt="accounts.second_factor", max_age=LIFE)
    except signing.BadSignature:
        raise NotProven from None
    if values["user"] != str(user.pk):
        raise NotProven
    return _enrolment(user, values["secret"], note)


def activate(user: User, note: str, code: str) -> None:
    """From now on signing in needs the authenticator's code. Raises Exists or NotProven."""
    _require_none(user)
    secret = read(user, note).secret
    if not validate_totp_code(secret, code):
        raise NotProven
    with transaction.atomic():
        TOTP.activate(user, secret).validate_code(code)  # which is used with this
    get_account_adapter().send_notification_mail("mfa/email/totp_activated", user)


def prove(user: User, code: str) -> None:
    """Each code is good once. Raises NotProven."""
    authenticator = of(user)
    if authenticator is None or not TOTP(authenticator).validate_code(code):
        raise NotProven


def remove(user: User) -> None:
    """Their own wish; the caller has seen the password and the code."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        user.token_families.update(second_factor=False)
    get_account_adapter().send_notification_mail("mfa/email/totp_deactivated", user)


def of(user: User) -> Authenticator | None:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()


def note_given(request: HttpRequest, user: User) -> None:
    """This session has given the code."""
    record_authentication(request, user, method="mfa", type=Authenticator.Type.TOTP.value)


def is_given(request: HttpRequest) -> bool:
    return any(
        record.get("method") == "mfa"
        for record in get_authentication_records(request, request.user)
    )


def may_open_console(request: HttpRequest) -> bool:
    """An administrator whose session has given the code, where that is asked for."""
    user = request.user
    return (
        isinstance(user, User)
        and user.is_staff
        and (not settings.ADMIN_SECOND_FACTOR or is_given(request))
    )


def _require_none(user: User) -> None:
    if Authenticator.objects.filter(user=user).exists():
        raise Exists


def _enrolment(user: User, secret: str, note: str = "") -> Enrolment:
    values = {"user": str(user.pk), "secret": secret}
    return Enrolment(
        secret,
        get_adapter().build_totp_url(user, secret),
        note or signing.dumps(values, salt="accounts.second_factor"),
    )
