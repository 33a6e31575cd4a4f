"""Celery's side of the door. A task converts its arguments and calls one function."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from reports import production
from reports.models import Report


@shared_task(  # type: ignore[call-overload, untyped-decorator]  # acts_for is of SubjectTask
    acts_for="reports.Report", soft_time_limit=50, time_limit=60
)
def produce_report(report_id: str) -> None:
    production.produce(UUID(report_id), now=timezone.now)


@shared_task(  # type: ignore[call-overload, untyped-decorator]  # likewise
    acts_for="reports.Report", soft_time_limit=240, time_limit=260
)
def produce_enhanced_report(report_id: str) -> None:
    """A slice of the writing at a time, so that no message holds a worker for long."""
    if not production.produce(UUID(report_id), now=timezone.now):
        produce_enhanced_report.delay(report_id)


@shared_task(acts_for="staff")  # type: ignore[call-overload, untyped-decorator]  # of SubjectTask
def resend_stalled_reports() -> None:
    for report in production.reap(now=timezone.now()):
        task_for(report.report_type).delay(str(report.pk))


def task_for(report_type: str) -> Any:
    """The task that makes a report of this type."""
    return produce_report if report_type == Report.Type.STANDARD else produce_enhanced_report
