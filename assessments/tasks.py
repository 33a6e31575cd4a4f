"""Celery's side of the door."""

from celery import shared_task
from django.utils import timezone

from assessments import expiry


@shared_task(acts_for="staff")  # type: ignore[call-overload, untyped-decorator]  # of SubjectTask
def expire_assessments() -> None:
    expiry.expire_due(timezone.now())


@shared_task(acts_for="staff")  # type: ignore[call-overload, untyped-decorator]  # likewise
def remind() -> None:
    expiry.remind_due(timezone.now())
