"""Reports made by a real Celery worker, which is killed and robbed of its messages."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from reports import production
from reports.models import LEASE, RESEND_AFTER, Report
from reports.tasks import produce_report
from tests import children
from tests.factories import make_completed, make_user, now

pytestmark = pytest.mark.django_db(transaction=True)


def pass_time(by: timedelta) -> None:
    """As if that long ago: leases run out, messages count as lost."""
    for report in Report.objects.all():
        report.sent_at -= by
        if report.lease_until:
            report.lease_until -= by
        report.save(update_fields=["sent_at", "lease_until"])


def reap() -> None:
    for report in production.reap(now=now()):
        produce_report.delay(str(report.pk))


def files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_worker_killed_at_work_costs_time_and_no_report(tmp_path: Path) -> None:
    make_completed(make_user())

    with children.worker(tmp_path / "first.log") as process:
        children.wait_for(lambda: Report.objects.get().status == "generating")
        children.kill(process)
    assert Report.objects.get().status == "generating"
    reap()  # too early: the lease has not run out
    pass_time(LEASE)
    reap()
    with children.worker(tmp_path / "second.log"):
        children.wait_for(lambda: Report.objects.get().status == "completed")

    report = Report.objects.get()
    assert report.tries == 2
    assert len(files()) == 1


def test_a_broker_that_is_deleted_costs_time_and_no_report(tmp_path: Path) -> None:
    """With all queued, and again while the worker waits on its folder."""
    for number in range(3):
        make_completed(make_user(f"{number}@example.org"))
    assert len(list(settings.BROKER_FOLDER.glob("*.msg"))) == 3
    shutil.rmtree(settings.BROKER_FOLDER)

    with children.worker(tmp_path / "worker.log") as process:
        children.wait_for(lambda: b" ready." in (tmp_path / "worker.log").read_bytes())
        shutil.rmtree(settings.BROKER_FOLDER)
        pass_time(RESEND_AFTER)
        reap()
        children.wait_for(
            lambda: set(Report.objects.values_list("status", flat=True)) == {"completed"}
        )
        assert process.poll() is None

    assert set(Report.objects.values_list("tries", flat=True)) == {1}
    assert len(files()) == 3
