"""Celery's side of the door. A task converts its arguments and calls one function."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from reports import production


@shared_task(  # type: ignore[call-overload, untyped-decorator]  # acts_for is of SubjectTask
    acts_for="reports.Report", soft_time_limit=50, time_limit=60
)
def produce_report(report_id: str) -> None:
    production.produce(UUID(report_id), now=timezone.now)


@shared_task(acts_for="staff")  # type: ignore[call-overload, untyped-decorator]  # of SubjectTask
def resend_stalled_reports() -> None:
    for report_id in production.reap(now=timezone.now()):
        produce_report.delay(str(report_id))
