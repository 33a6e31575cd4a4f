"""When the days are over: read-only, and nothing deleted."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from assessments.models import Assessment


def expire_due(at: datetime, *, user: User | None = None) -> int:
    """Mark what is overdue as expired; how many were. One conditional UPDATE, so twice is once.

    An overdue assessment is closed from the very second, whether this has run or not
    (`Assessment.status_at`); this makes the row say so.
    """
    overdue = Assessment.objects.overdue(at)
    if user is not None:
        overdue = overdue.filter(user=user)
    return overdue.update(status=Assessment.Status.EXPIRED, updated_at=at)
