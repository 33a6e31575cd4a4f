"""Ordering a report, and ordering it again."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction
from kombu.exceptions import OperationalError

from assessments.models import Assessment
from reports.models import Report
from reports.tasks import produce_report

logger = logging.getLogger(__name__)


class NotCompleted(Exception):
    """There is no report on an assessment that has no scorecard."""


def order(assessment: Assessment, report_type: Report.Type, *, at: datetime) -> Report:
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
                requested_at=at,
                sent_at=at,
            )
            transaction.on_commit(partial(_send, report))
            return report
    except IntegrityError:
        # Somebody else's order came first; it is the one that both get.
        return mine.live().get()


def _send(report: Report) -> None:
    """Tell the worker. A broker that is away costs a minute: the row waits for the reaper."""
    try:
        produce_report.delay(str(report.pk))
    except (OSError, OperationalError) as error:
        logger.warning("report %s waits, the broker is away: %s", report.pk, error)
