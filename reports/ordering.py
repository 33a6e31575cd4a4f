"""Ordering a report, and ordering it again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction
from kombu.exceptions import OperationalError

from accounts import audit
from accounts.models import User
from assessments.models import Assessment
from reports.models import Report
from reports.tasks import task_for

logger = logging.getLogger(__name__)


DAY = timedelta(days=1)


class NotCompleted(Exception):
    """There is no report on an assessment that has no scorecard."""


class RequestsUsedUp(Exception):
    """No further AI-enhanced report before this moment."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(f"no request before {again_at.isoformat()}")
        self.again_at = again_at


def request_enhanced(
    assessment: Assessment, *, context: str, comments_consent: bool, at: datetime
) -> Report:
    """The live AI-enhanced report: a new one with this context, or the one there already is.

    Raises NotCompleted or RequestsUsedUp.
    """
    enhanced = Report.objects.filter(report_type=Report.Type.AI_ENHANCED)
    if not enhanced.filter(assessment=assessment).live().exists():
        recent = enhanced.filter(user_id=assessment.user_id, requested_at__gt=at - DAY)
        moments = list(recent.order_by("-requested_at").values_list("requested_at", flat=True))
        if len(moments) >= settings.AI_REPORTS_PER_DAY:
            raise RequestsUsedUp(moments[settings.AI_REPORTS_PER_DAY - 1] + DAY)
    return order(
        assessment,
        Report.Type.AI_ENHANCED,
        at=at,
        context=context.replace("\r\n", "\n").strip(),
        comments_consent=comments_consent,
    )


def order(
    assessment: Assessment,
    report_type: Report.Type,
    *,
    at: datetime,
    context: str = "",
    comments_consent: bool = False,
) -> Report:
    """The live report of this type: a new one, or the one that is under way or ready.

    Raises NotCompleted. The worker is told once the row is committed.
    """
    if assessment.status != Assessment.Status.COMPLETED:
        raise NotCompleted
    mine = Report.objects.filter(assessment=assessment, report_type=report_type)
    try:
        with transaction.atomic():
            present = mine.live().first()
            if present is not None:
                return present
            report = mine.create(
                assessment=assessment,
                user_id=assessment.user_id,
                report_type=report_type,
                context=context,
                comments_consent=comments_consent,
                requested_at=at,
                sent_at=at,
            )
            transaction.on_commit(partial(send, report))
            return report
    except IntegrityError:
        # Somebody else's order came first; it is the one that both get.
        return mine.live().get()


@transaction.atomic
def order_again(report: Report, *, by: User, at: datetime) -> Report:
    """A new report of the same kind as this failed one, which stays to be seen."""
    ordered = order(
        report.assessment,
        Report.Type(report.report_type),
        at=at,
        context=report.context,
        comments_consent=report.comments_consent,
    )
    details = {"report": str(ordered.pk), "assessment": str(report.assessment_id)}
    audit.record(by, "report.retry", report.user_id, details)
    return ordered


def send(report: Report) -> None:
    """Tell the worker. A broker that is away costs a minute: the row waits for the reaper."""
    try:
        task_for(report.report_type).delay(str(report.pk))
    except (OSError, OperationalError) as error:
        logger.warning("report %s waits, the broker is away: %s", report.pk, error)
