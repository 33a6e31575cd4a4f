"""A respondent's wish to be called."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts import audit, letters
from accounts.models import User
from assessments.models import Assessment


@transaction.atomic
def request(assessment: Assessment, details: str, *, at: datetime) -> Assessment:
    """Note the wish, or other details of it; it keeps the date of its first time.

    The first time the respondent and the firm are told by mail.
    """
    locked = (
        Assessment.objects.select_for_update(of=("self",))
        .select_related("user")
        .get(pk=assessment.pk)
    )
    if not locked.consultation_interest:
        letters.write(
            "assessments/email/consultation_received.txt", locked.user.email, assessment=locked
        )
        for address in _firm():
            letters.write("assessments/email/consultation_wanted.txt", address, assessment=locked)
    locked.request_consultation(details, at=at)
    locked.save(
        update_fields=[
            "consultation_interest",
            "consultation_details",
            "consultation_requested_at",
            "updated_at",
        ]
    )
    return locked


@transaction.atomic
def mark(assessment: Assessment, state: Assessment.ConsultationState, *, by: User) -> Assessment:
    """How far the firm is with it."""
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    if locked.consultation_state != state:
        locked.consultation_state = state
        locked.save(update_fields=["consultation_state", "updated_at"])
        audit.record(
            by,
            "consultation.mark",
            locked.user_id,
            {"assessment": str(locked.pk), "state": state.value},
        )
    return locked


def _firm() -> list[str]:
    """Who is told: the address that is set, or every administrator."""
    if settings.CONSULTATION_EMAIL:
        return [settings.CONSULTATION_EMAIL]
    administrators = User.objects.filter(is_admin=True, is_active=True)
    return list(administrators.values_list("email", flat=True))
