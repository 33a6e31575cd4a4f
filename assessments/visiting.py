"""A colleague's visit: from the link in a message to handing the answers back.

The link alone opens nothing. Whoever has it asks for a code, which goes to the address that the
owner has named; the first who enters it claims the link for their browser, and from then on
nobody else can use it. The browser keeps a secret in a cookie of this one invitation.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.crypto import constant_time_compare, salted_hmac

from assessments.inviting import hashed, locked, write
from assessments.models import Invitation, InvitationQuerySet

CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5


# --- the link ------------------------------------------------------------------------------------


def by_token(token: str) -> Invitation | None:
    return _rows().filter(token_hash=hashed(token)).first()


@transaction.atomic
def send_code(invitation: Invitation, *, at: datetime) -> None:
    """A new code, by mail; the one before it ends. Raises LinkEnded."""
    present = locked(invitation)
    present.require_live(at)
    code = get_adapter().generate_email_verification_code()
    present.code_hash, present.code_sent_at, present.code_tries = _proof(present, code), at, 0
    present.save(update_fields=["code_hash", "code_sent_at", "code_tries", "updated_at"])
    write("code", present, code=code)


def awaits_code(invitation: Invitation, *, at: datetime) -> bool:
    """Is there a code that can still be entered?"""
    return (
        bool(invitation.code_hash)
        and invitation.code_sent_at is not None
        and at < invitation.code_sent_at + CODE_LIFE
        and invitation.code_tries < CODE_TRIES
    )


@transaction.atomic
def claim(invitation: Invitation, code: str, *, at: datetime) -> str | None:
    """The secret for the browser of the first who enters the code; None if it is not right.

    Returned and not raised, because the try has to be counted. Raises LinkEnded.
    """
    present = locked(invitation)
    present.require_live(at)
    if present.claimed_at or not awaits_code(present, at=at):
        return None
    present.code_tries += 1
    if not constant_time_compare(_proof(present, code), present.code_hash):
        present.save(update_fields=["code_tries", "updated_at"])
        return None
    secret = secrets.token_urlsafe(32)
    present.mark_claimed(hashed(secret), at=at)
    present.save()
    return secret


# --- the browser that has claimed it -------------------------------------------------------------


def give_cookie(
    response: HttpResponse, invitation: Invitation, secret: str, *, at: datetime
) -> None:
    response.set_signed_cookie(
        _cookie(invitation.pk),
        secret,
        salt=_cookie(invitation.pk),
        max_age=invitation.expires_at - at,
        secure=not settings.LOCAL,
        httponly=True,
        samesite="Lax",
    )


def by_cookie(request: HttpRequest, pk: UUID) -> Invitation | None:
    """The invitation that this browser has claimed, ended or not."""
    secret = request.get_signed_cookie(_cookie(pk), default="", salt=_cookie(pk))
    if not secret:
        return None
    invitation = _rows().filter(pk=pk).first()
    if invitation and constant_time_compare(hashed(secret), invitation.browser_hash):
        return invitation
    return None


def owner_of(request: HttpRequest) -> UUID | None:
    """In whose name a request under COLLEAGUE_PATHS is answered: whose link or cookie it has."""
    try:
        arguments = resolve(request.path_info).kwargs
    except Resolver404:
        return None
    if "token" in arguments:
        found = by_token(arguments["token"])
    else:
        found = by_cookie(request, arguments["pk"])
    return found.user_id if found else None


@transaction.atomic
def hand_back(invitation: Invitation, message: str, *, at: datetime) -> Invitation:
    """The colleague is done: the owner is told, and the link ends. Raises LinkEnded."""
    present = locked(invitation)
    present.mark_returned(message, at=at)
    present.save(update_fields=["returned_at", "return_message", "updated_at"])
    write("returned", present, to=present.assessment.user.email)
    return present


def _rows() -> InvitationQuerySet:
    """An owner who may not sign in any more has no colleagues either."""
    rows = Invitation.objects.filter(user__is_active=True)
    return rows.select_related("assessment__user").defer("assessment__scorecard")


def _cookie(pk: UUID) -> str:
    return f"{'posture-' if settings.LOCAL else '__Host-'}colleague-{pk.hex}"


def _proof(invitation: Invitation, code: str) -> str:
    typed = "".join(character for character in code.upper() if character.isalnum())
    return salted_hmac(
        "assessments.visiting.code", f"{invitation.pk}:{typed}", algorithm="sha256"
    ).hexdigest()
