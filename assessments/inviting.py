"""Asking colleagues: sending them a section or a question, once more, and taking it back.

Each is told by mail, with a link that only they can open (`assessments.visiting`).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from accounts import letters
from assessments.errors import InvitationRefused
from assessments.models import Assessment, Invitation

DAYS = 7
DAYS_MAX = 30
LIVE_MAX = 60
"""Links of one assessment that work at the same time."""
DAILY_MAX = 60
"""Messages that one person has sent in a day, to whomever: the service is no mail cannon."""

DAY = timedelta(days=1)


def hashed(secret: str) -> str:
    """What is stored of a secret with 256 bits of chance in it."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def send(
    assessment: Assessment,
    scope_id: str,
    *,
    email: str,
    name: str,
    at: datetime,
    days: int = DAYS,
) -> Invitation:
    """Ask a colleague about a section or a question. Raises Closed or InvitationRefused.

    The assessment's row is locked, so that two at once are counted one after the other.
    """
    assessment = Assessment.objects.select_for_update().get(pk=assessment.pk)
    assessment.require_open(at)
    section_id, question_id = _scope(assessment, scope_id)
    live = list(assessment.invitations.live(at))
    email = email.lower()
    if any(other.email == email and other.scope_id == scope_id for other in live):
        raise InvitationRefused("email", "This was sent to them already: see the list.")
    if len(live) >= LIVE_MAX:
        raise InvitationRefused("", f"At most {LIVE_MAX} links can be open at the same time.")
    today = Invitation.objects.filter(user_id=assessment.user_id, sent_at__gt=at - DAY)
    if today.count() >= DAILY_MAX:
        raise InvitationRefused("", f"At most {DAILY_MAX} can be sent in a day. Go on tomorrow.")
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        assessment=assessment,
        user_id=assessment.user_id,
        section_id=section_id,
        question_id=question_id,
        email=email,
        name=name,
        token_hash=hashed(token),
        sent_at=at,
        expires_at=min(at + timedelta(days=days), assessment.expires_at),
    )
    write("invitation", invitation, token=token)
    return invitation


@transaction.atomic
def send_again(invitation: Invitation, *, at: datetime) -> Invitation:
    """A new link for the same colleague and the same questions; the old one ends.

    Raises Closed or InvitationRefused.
    """
    assessment = Assessment.objects.select_for_update().get(pk=invitation.assessment_id)
    assessment.require_open(at)
    present = locked(invitation)
    if present.is_live:
        present.mark_revoked(at=at)
        present.save(update_fields=["revoked_at", "updated_at"])
    return send(assessment, present.scope_id, email=present.email, name=present.name, at=at)


@transaction.atomic
def revoke(invitation: Invitation, *, at: datetime) -> Invitation:
    """The link works no more, from the next request on. Raises LinkEnded if it had ended."""
    present = locked(invitation)
    present.mark_revoked(at=at)
    present.save(update_fields=["revoked_at", "updated_at"])
    return present


def write(what: str, invitation: Invitation, *, to: str = "", **words: object) -> None:
    """A message to the colleague, or to somebody else, once the transaction is committed."""
    letters.write(
        f"assessments/email/{what}.txt",
        to or invitation.email,
        invitation=invitation,
        owner=invitation.assessment.user,
        **words,
    )


def locked(invitation: Invitation) -> Invitation:
    """The row as it is now, kept so until the transaction ends."""
    rows = Invitation.objects.select_for_update(of=("self",))
    return rows.select_related("assessment__user").get(pk=invitation.pk)


def _scope(assessment: Assessment, scope_id: str) -> tuple[str, str]:
    """The section, and the question if it is one. Raises InvitationRefused."""
    questionnaire = assessment.questionnaire
    if question := questionnaire.questions.get(scope_id):
        return question.section_id, question.id
    section = questionnaire.sections_by_id.get(scope_id)
    if section is None or not section.questions:
        raise InvitationRefused("scope", "This is not in your assessment.")
    return section.id, ""
