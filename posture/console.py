"""The front page of the administrators' console: how the service is used, and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import User
from assessments import statistics
from assessments.catalog import loading
from reports.models import Report, SectionInsight

KEPT = 60
"""Seconds for which everything is counted once, whoever looks."""

_index = admin.site.index


def index(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    assert isinstance(request.user, User)
    user = request.user
    try:
        counted = cache.get_or_set("console", lambda: _count(user), KEPT)
    except (RedisError, OSError):
        counted = _count(user)
    return _index(request, {**(extra_context or {}), "counted": counted})


def _count(admin_user: User) -> Mapping[str, Any]:
    now = timezone.now()
    counts = statistics.count(admin_user, now)
    reports = Report.objects.visible_to_admin(admin_user).aggregate(
        failed=Count("pk", Q(status=Report.Status.FAILED)),
        to_review=Count(
            "pk",
            Q(report_type=Report.Type.AI_ENHANCED, status=Report.Status.COMPLETED),
        ),
    )
    written = SectionInsight.objects.visible_to_admin(admin_user).aggregate(
        input_tokens=Sum("input_tokens", default=0), output_tokens=Sum("output_tokens", default=0)
    )
    cents = (
        written["input_tokens"] * settings.AI_INPUT_PRICE
        + written["output_tokens"] * settings.AI_OUTPUT_PRICE
    ) / 1_000_000
    return {
        **counts,
        **reports,
        **written,
        "cost": f"{cents / 100:,.2f}" if cents else "",
        "at": now,
        "funnel": _bars(
            ("Registered", counts["users"]),
            ("Started", counts["users_started"]),
            ("Answered something", counts["users_answered"]),
            ("Completed", counts["users_completed"]),
        ),
        "left_off": _bars(*_left_off(admin_user)),
    }


def _left_off(admin_user: User) -> list[tuple[str, int]]:
    """By section, in the catalog's order."""
    counts = statistics.left_off(admin_user)
    return [
        (section.name, counts[section.id])
        for section in loading.current().sections
        if section.id in counts
    ]


def _bars(*rows: tuple[str, int]) -> list[tuple[str, int, int]]:
    """Each with what the longest bar stands for."""
    most = max((count for _, count in rows), default=0) or 1
    return [(name, count, most) for name, count in rows]
