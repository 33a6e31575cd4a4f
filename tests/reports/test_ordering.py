from __future__ import annotations

import shutil
import threading

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from reports import ordering
from reports.models import Report
from tests.factories import make_assessment, make_completed, make_report, make_user, now

pytestmark = pytest.mark.django_db

STANDARD = Report.Type.STANDARD


def test_a_second_order_gives_the_report_there_is(owner: User) -> None:
    report = make_report(owner)

    for status in ("pending", "completed"):
        _put(report, status)
        assert ordering.order(report.assessment, STANDARD, at=now()) == report


def test_a_failed_report_can_be_ordered_again(owner: User) -> None:
    report = make_report(owner)
    _put(report, "failed")

    again = ordering.order(report.assessment, STANDARD, at=now())

    assert again != report
    assert again.status == "pending"


def test_there_is_no_report_on_an_unfinished_assessment(owner: User) -> None:
    with pytest.raises(ordering.NotCompleted):
        ordering.order(make_assessment(owner), STANDARD, at=now())


def test_the_worker_is_told_once_the_row_is_certain(
    owner: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        make_completed(owner)
    assert not list(settings.BROKER_FOLDER.glob("*.msg"))
    for callback in callbacks:
        callback()

    assert len(list(settings.BROKER_FOLDER.glob("*.msg"))) == 1


def test_a_broker_that_is_away_costs_time_and_nothing_else(
    owner: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """The broker's folder cannot be made: a file is in its place."""
    shutil.rmtree(settings.BROKER_FOLDER, ignore_errors=True)
    settings.BROKER_FOLDER.touch()
    try:
        with django_capture_on_commit_callbacks(execute=True):
            make_completed(owner)
    finally:
        settings.BROKER_FOLDER.unlink()

    assert Report.objects.get().status == "pending"


def test_the_database_refuses_two_live_reports_of_a_type(owner: User) -> None:
    report = make_report(owner)
    report.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        report.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_orders_at_once_give_one_report() -> None:
    report = make_report(make_user())
    assessment = report.assessment
    Report.objects.all().delete()
    barrier = threading.Barrier(8)
    ordered: list[Report] = []

    def order() -> None:
        barrier.wait()
        try:
            ordered.append(ordering.order(assessment, STANDARD, at=now()))
        finally:
            connection.close()

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ordered) == 8
    assert {report.pk for report in ordered} == {Report.objects.get().pk}


def _put(report: Report, status: str) -> None:
    made = {"completed_at": now(), "pages": 1, "sha256": "0" * 64} if status == "completed" else {}
    Report.objects.filter(pk=report.pk).update(status=status, **made)
