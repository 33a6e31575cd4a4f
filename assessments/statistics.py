"""How the service is used, in a few queries whatever its size."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Avg,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
)

from accounts.models import User
from assessments.models import Assessment, AssessmentResponse

STUCK_AFTER = timedelta(days=3)
"""Without a saved answer, an assessment in progress counts as stuck."""

ENDS_SOON = timedelta(days=3)
WEEK = timedelta(days=7)

Status = Assessment.Status


def stuck(now: datetime) -> Q:
    quiet = Q(last_saved_at__lt=now - STUCK_AFTER) | Q(
        last_saved_at=None, started_at__lt=now - STUCK_AFTER
    )
    return Q(status=Status.IN_PROGRESS, expires_at__gt=now) & quiet


def ends_soon(now: datetime) -> Q:
    return Q(status=Status.IN_PROGRESS, expires_at__gt=now, expires_at__lte=now + ENDS_SOON)


def count(admin: User, now: datetime) -> Mapping[str, Any]:
    """Everything that an administrator may count, at this moment."""
    everything = Assessment.objects.visible_to_admin(admin)
    took = ExpressionWrapper(F("completed_at") - F("started_at"), DurationField())
    over = Q(status=Status.IN_PROGRESS, expires_at__lte=now)
    counts = everything.aggregate(
        in_progress=Count("pk", Q(status=Status.IN_PROGRESS, expires_at__gt=now)),
        completed=Count("pk", Q(status=Status.COMPLETED)),
        expired=Count("pk", over | Q(status=Status.EXPIRED)),
        stuck=Count("pk", stuck(now)),
        ends_soon=Count("pk", ends_soon(now)),
        consultations=Count("pk", Q(consultation_requested_at__isnull=False)),
        open_consultations=Count(
            "pk",
            Q(
                consultation_requested_at__isnull=False,
                consultation_state=Assessment.ConsultationState.OPEN,
            ),
        ),
        users_started=Count("user", distinct=True),
        users_answered=Count("user", Q(last_saved_at__isnull=False), distinct=True),
        users_completed=Count("user", Q(status=Status.COMPLETED), distinct=True),
        took=Avg(took),
    )
    average = counts.pop("took")
    people = User.objects.aggregate(
        users=Count("pk"),
        active_users=Count("pk", Q(is_active=True)),
        new_this_week=Count("pk", Q(created_at__gt=now - WEEK)),
    )
    return {
        **people,
        **counts,
        "average_days_to_complete": None
        if average is None
        else round(average.total_seconds() / 86_400, 2),
        "at": now.isoformat(),
    }


def left_off(admin: User) -> Mapping[str, int]:
    """Where those who have not completed answered last: assessments by the id of a section."""
    last = (
        AssessmentResponse.objects.filter(assessment=OuterRef("pk"))
        .order_by("-updated_at", "-pk")
        .values("section_id")[:1]
    )
    rows = (
        Assessment.objects.visible_to_admin(admin)
        .exclude(status=Status.COMPLETED)
        .order_by()
        .annotate(last=Subquery(last))
        .exclude(last=None)
        .values_list("last")
        .annotate(Count("pk"))
    )
    return dict(rows)
