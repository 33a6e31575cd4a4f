from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from reports import pdf, production
from reports.models import LEASE, MAX_TRIES, RESEND_AFTER, Report
from reports.tasks import resend_stalled_reports
from tests.api.conftest import Api
from tests.factories import make_completed, make_report, make_user, now, stored

pytestmark = pytest.mark.django_db


def fail(*_: object, **__: object) -> pdf.Pdf:
    raise RuntimeError("the printer is on fire")


def test_a_report_is_made_stored_and_hashed(owner: User) -> None:
    report = make_report(owner)

    production.produce(report.pk, now=now)

    report.refresh_from_db()
    content = stored(report)
    assert report.status == "completed"
    assert content.startswith(b"%PDF-")
    assert hashlib.sha256(content).hexdigest() == report.sha256
    assert report.pages
    assert report.pages > 5
    assert (report.token, report.lease_until, report.tries) == (None, None, 1)


def test_a_report_is_made_on_the_paper_of_its_owner(owner: User, owner_client: Client) -> None:
    profile = {"full_name": "Pat", "company_name": "Example Ltd", "paper": "Letter"}
    assert owner_client.post(reverse("accounts:profile"), profile).status_code == 302
    assert Api(owner).get("auth/me").json()["paper"] == "Letter"
    assert Api(owner)("patch", "auth/me", {"paper": "A5"}).status_code == 400
    report = make_report(owner)

    production.produce(report.pk, now=now)

    report.refresh_from_db()
    pages = pypdf.PdfReader(BytesIO(stored(report))).pages
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in pages} == {
        (612, 792)
    }


def test_a_message_delivered_twice_makes_one_file(owner: User) -> None:
    report = make_report(owner)

    for _ in range(3):
        production.produce(report.pk, now=now)

    assert Report.objects.get().tries == 1
    assert len(_files()) == 1


def test_a_message_for_a_report_that_is_gone_does_nothing() -> None:
    production.produce(uuid.uuid4(), now=now)

    assert _files() == []


def test_only_one_worker_holds_a_report_until_its_lease_ends(owner: User) -> None:
    report = make_report(owner)
    at = now()

    assert report.claim(now=at) is not None
    assert report.claim(now=at + LEASE) is None
    assert report.claim(now=at + LEASE + timedelta(seconds=1)) is not None


def test_a_worker_that_was_thought_dead_cannot_finish(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up after its successor has finished: the successor's file stays the one."""
    report = make_report(owner)
    render = pdf.render

    def slow(*args: object, **kwargs: object) -> pdf.Pdf:
        monkeypatch.setattr(pdf, "render", render)
        production.produce(report.pk, now=lambda: now() + LEASE * 2)
        return pdf.Pdf(b"%PDF-late", 1)

    monkeypatch.setattr(pdf, "render", slow)
    production.produce(report.pk, now=now)

    report.refresh_from_db()
    assert report.status == "completed"
    assert report.tries == 2
    assert hashlib.sha256(stored(report)).hexdigest() == report.sha256
    assert len(_files()) == 1


def test_what_a_worker_stored_before_it_died_is_removed(owner: User) -> None:
    report = make_report(owner)
    left = default_storage.save(f"reports/{report.pk}/left.pdf", ContentFile(b"half a rep"))

    production.produce(report.pk, now=now)

    assert not default_storage.exists(left)
    assert len(_files()) == 1


def test_what_a_worker_stored_before_it_died_goes_with_the_row(
    owner: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    report = make_report(owner)
    left = default_storage.save(f"reports/{report.pk}/left.pdf", ContentFile(b"half a rep"))

    with django_capture_on_commit_callbacks(execute=True):
        owner.delete()

    assert not default_storage.exists(left)


def test_a_failure_is_recorded_raised_and_tried_again(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report(owner)
    with monkeypatch.context() as patched:
        patched.setattr(pdf, "render", fail)
        with pytest.raises(RuntimeError):
            production.produce(report.pk, now=now)
    report.refresh_from_db()
    assert (report.status, report.tries) == ("pending", 1)
    assert report.failure_reason.endswith("(RuntimeError).")
    assert "fire" not in report.failure_reason

    production.produce(report.pk, now=now)

    report.refresh_from_db()
    assert (report.status, report.failure_reason) == ("completed", "")


def test_after_five_tries_it_has_failed_with_a_reason(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report(owner)
    monkeypatch.setattr(pdf, "render", fail)

    for _ in range(MAX_TRIES):
        with pytest.raises(RuntimeError):
            production.produce(report.pk, now=now)
    production.produce(report.pk, now=now)  # nothing is left to claim

    report.refresh_from_db()
    assert (report.status, report.tries) == ("failed", MAX_TRIES)
    assert report.failure_reason


def test_a_file_that_cannot_be_stored_leaves_nothing_behind(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report(owner)

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", full)
    with pytest.raises(OSError, match="No space"):
        production.produce(report.pk, now=now)

    report.refresh_from_db()
    assert (report.status, report.failure_reason) == (
        "pending",
        "The finished report could not be stored.",
    )


def test_the_reaper_names_what_was_lost_and_only_that(owner: User) -> None:
    report = make_report(owner)
    at = report.sent_at

    assert production.reap(now=at + RESEND_AFTER) == []
    assert production.reap(now=at + RESEND_AFTER + timedelta(seconds=1)) == [report]
    assert production.reap(now=at + RESEND_AFTER + timedelta(seconds=2)) == []  # just sent

    report.claim(now=at)
    assert production.reap(now=at + LEASE) == []
    assert production.reap(now=at + LEASE + timedelta(seconds=1)) == [report]


def test_the_reaper_ends_a_report_that_kills_its_workers(owner: User) -> None:
    report = make_report(owner)
    at = now()
    for _ in range(MAX_TRIES):
        assert report.claim(now=at)
        at += LEASE + timedelta(seconds=1)

    assert production.reap(now=at) == []

    report.refresh_from_db()
    assert report.status == "failed"
    assert report.failure_reason == "The report could not be finished in 5 tries."


def test_lost_messages_cost_no_report(owner: User, worker: None) -> None:
    """The broker was emptied with everything queued."""
    for _ in range(4):
        make_completed(owner)
    Report.objects.update(sent_at=now() - RESEND_AFTER * 2)

    resend_stalled_reports()

    assert set(Report.objects.values_list("status", "tries")) == {("completed", 1)}
    assert Report.objects.count() == len(_files()) == 4


@pytest.mark.django_db(transaction=True)
def test_the_file_goes_with_its_owner() -> None:
    user = make_user()
    production.produce(make_report(user).pk, now=now)
    assert len(_files()) == 1

    user.delete()

    assert _files() == []
    assert not Report.objects.exists()


def _files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
