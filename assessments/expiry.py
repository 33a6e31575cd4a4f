"""The days of an assessment: reminders before they end, read-only after, and a few days more.

Nothing is deleted when they are over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts import audit, letters
from accounts.models import User
from assessments.errors import ExtensionRefused
from assessments.models import Assessment

EXTENSION = timedelta(days=7)
"""What a respondent may take once, from as long before the end until LATEST after it."""

LATEST = timedelta(days=30)
REMINDERS = (1, 3, 7)
"""Days before the end, the most urgent first."""

Status = Assessment.Status


def expire_due(at: datetime, *, user: User | None = None) -> int:
    """Mark what is overdue as expired; how many were. One conditional UPDATE, so twice is once.

    An overdue assessment is closed from the very second, whether this has run or not
    (`Assessment.status_at`); this makes the row say so.
    """
    overdue = Assessment.objects.overdue(at)
    if user is not None:
        overdue = overdue.filter(user=user)
    return overdue.update(status=Status.EXPIRED, updated_at=at)


# --- more days -----------------------------------------------------------------------------------


def may_extend(assessment: Assessment, *, at: datetime) -> bool:
    """Can its respondent take the seven days now?"""
    return (
        assessment.status != Status.COMPLETED
        and assessment.extended_at is None
        and assessment.expires_at - EXTENSION <= at <= assessment.expires_at + LATEST
    )


@transaction.atomic
def extend(assessment: Assessment, *, at: datetime) -> Assessment:
    """Seven days more, once, by the respondent. Raises ExtensionRefused.

    They count from now where the days are over already.
    """
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    if locked.status == Status.COMPLETED:
        raise ExtensionRefused("The assessment is completed.")
    if locked.extended_at is not None:
        raise ExtensionRefused("The seven days were taken already. Ask the firm for more.")
    if not may_extend(locked, at=at):
        raise ExtensionRefused("The seven days can be taken from a week before the end.")
    locked.extended_at = at
    return _until(locked, max(locked.expires_at, at) + EXTENSION, at=at)


@transaction.atomic
def extend_by_admin(assessment: Assessment, *, days: int, by: User, at: datetime) -> Assessment:
    """As many days more as an administrator gives. Raises ExtensionRefused."""
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    if locked.status == Status.COMPLETED:
        raise ExtensionRefused("The assessment is completed.")
    extended = _until(locked, max(locked.expires_at, at) + timedelta(days=days), at=at)
    audit.record(
        by,
        "assessment.extend",
        assessment.user_id,
        {"assessment": str(assessment.pk), "days": days},
    )
    return extended


def _until(locked: Assessment, expires_at: datetime, *, at: datetime) -> Assessment:
    expire_due(at)  # another of theirs that is overdue stands in nobody's way
    locked.expires_at = expires_at
    locked.status = Status.IN_PROGRESS
    locked.reminded_days = None
    try:
        with transaction.atomic():
            locked.save(
                update_fields=[
                    "expires_at", "status", "reminded_days", "extended_at", "updated_at",
                ]
            )  # fmt: skip
    except IntegrityError:
        raise ExtensionRefused("Another assessment is in progress; only one can be.") from None
    return locked


# --- before the end ------------------------------------------------------------------------------


def remind_due(at: datetime) -> int:
    """Remind everybody whose days end soon and who wants it; how many were. Once a day of these.

    After a time without a scheduler only the most urgent goes: the others would come late.
    """
    sent = 0
    ending = Assessment.objects.open(at).filter(
        expires_at__lte=at + timedelta(days=max(REMINDERS)),
        user__is_active=True,
        user__reminders=True,
    )
    for assessment in ending.select_related("user").with_responses():
        left = assessment.expires_at - at
        days = next(days for days in REMINDERS if left <= timedelta(days=days))
        if assessment.reminded_days is not None and assessment.reminded_days <= days:
            continue
        with transaction.atomic():
            # Whoever else does this at the same time finds it done.
            mine = Assessment.objects.filter(
                pk=assessment.pk, reminded_days=assessment.reminded_days
            ).update(reminded_days=days)
            if mine:
                letters.write(
                    "assessments/email/reminder.txt",
                    assessment.user.email,
                    assessment=assessment,
                    progress=assessment.progress,
                )
                sent += 1
    return sent


# --- giving up -----------------------------------------------------------------------------------


@transaction.atomic
def delete_draft(assessment: Assessment, *, at: datetime) -> None:
    """An assessment in progress with all its answers, by its owner. Raises Closed."""
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    locked.require_open(at)
    locked.delete()
