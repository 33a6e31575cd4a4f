"""Nothing of an AI-enhanced report reaches its owner but the bytes that were released."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pypdf
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import audit
from accounts.models import AdminAuditLog, User
from reports import delivery, ordering, production, release
from reports.enhancement.claims import Decision
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import make_completed, make_user, now, stored
from tests.peer import Peer, claim

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(owner: User, service: Peer) -> Report:
    """Made, and waiting for its review: the IAM section has claims c1 to c3."""
    assessment = make_completed(owner, 2, section_ids=("GOV", "IAM"))
    report = ordering.request_enhanced(
        assessment, context="We move in May.", comments_consent=False, at=now()
    )
    return made(report)


@pytest.fixture
def console(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def made(report: Report) -> Report:
    while not production.produce(report.pk, now=now):
        pass
    return Report.objects.get(pk=report.pk)


def text_of(content: bytes) -> str:
    pages = pypdf.PdfReader(BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def acts() -> list[str]:
    return list(AdminAuditLog.objects.order_by("seq").values_list("action", flat=True))


def of(report: Report, page: str) -> str:
    return reverse(f"admin:reports_report_{page}", args=[report.pk])


# --- who gets what, and when ---------------------------------------------------------------------

STATES: list[dict[str, Any]] = [
    {"status": "pending"},
    {"status": "generating"},
    {"status": "completed"},
    {"status": "failed"},
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state["status"])
def test_before_the_release_its_owner_gets_nothing_by_any_face(
    report: Report, owner: User, state: dict[str, Any]
) -> None:
    if state["status"] == "generating":
        Report.objects.filter(pk=report.pk).update(status="pending")
        assert report.claim(now=now())
    else:
        Report.objects.filter(pk=report.pk).update(**state)
    client = Client()
    client.force_login(owner)
    api = Api(owner)

    page = client.get(reverse("reports:download", args=[report.pk]))
    answer = api.get(f"reports/{report.pk}/download")
    status = api.get(f"reports/{report.pk}/status").json()
    shown = client.get(reverse("reports:detail", args=[report.pk]))

    assert page.status_code == 404
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert b"%PDF" not in page.content + answer.content
    assert (status["downloadable"], status["sha256"], status["pages"]) == (False, "", None)
    assert report.sha256.encode() not in shown.content
    assert reverse("reports:download", args=[report.pk]).encode() not in shown.content


def test_after_the_release_the_owner_gets_the_bytes_that_were_read(
    report: Report, owner: User, console: Client, admin: User
) -> None:
    read = console.get(of(report, "preview")).content

    answer = console.post(of(report, "act"), {"act": "release", "sha256": report.sha256})

    assert answer.status_code == 302
    owner_client = Client()
    owner_client.force_login(owner)
    served = owner_client.get(reverse("reports:download", args=[report.pk])).content
    assert served == read == stored(report)
    assert Api(owner).get(f"reports/{report.pk}/download").content == read
    assert hashlib.sha256(served).hexdigest() == report.sha256
    report.refresh_from_db()
    assert (report.status, report.released_by) == ("released", admin)
    assert report.released_at
    assert acts() == ["report.release"]
    line = AdminAuditLog.objects.get()
    assert line.details == {"report": str(report.pk), "sha256": report.sha256}
    assert audit.verify() == []


def test_another_file_than_the_one_that_was_read_is_not_released(
    report: Report, console: Client
) -> None:
    console.post(of(report, "act"), {"act": "release", "sha256": "0" * 64})

    report.refresh_from_db()
    assert (report.status, acts()) == ("completed", [])


def test_a_file_that_was_changed_is_not_released(report: Report, admin: User) -> None:
    assert report.file.name
    with report.file.storage.open(report.file.name, "wb") as file:
        file.write(b"%PDF-1.7 of somebody else")

    with pytest.raises(delivery.Damaged):
        release.release(report, sha256=report.sha256, by=admin, at=now())

    report.refresh_from_db()
    assert (report.status, acts()) == ("completed", [])


def test_decisions_must_be_in_the_file_before_it_is_released(
    report: Report, admin: User, owner: User, service: Peer
) -> None:
    insight = report.insights.get(section_id="IAM")
    left_out, changed = insight.written[0], insight.written[1]
    paid = len(service.bodies)
    release.decide(
        insight,
        {
            left_out.id: Decision("dropped"),
            changed.id: Decision("edited", "Begin with administrators."),
        },
        by=admin,
        at=now(),
    )

    with pytest.raises(release.OtherFile):
        release.release(report, sha256=report.sha256, by=admin, at=now())
    release.make_again(report, by=admin, at=now())
    again = made(report)

    (section,) = (p for p in production.document(again).sections if p.section_id == "IAM")
    passages = [passage.text for heading in section.written for passage in heading.paragraphs]
    assert passages == ["Begin with administrators.", insight.written[2].text]
    assert "Begin with administrators." in text_of(stored(again))
    assert len(service.bodies) == paid  # nothing was written anew
    assert again.sha256 != report.sha256
    with pytest.raises(release.OtherFile):
        release.release(again, sha256=report.sha256, by=admin, at=now())
    release.release(again, sha256=again.sha256, by=admin, at=now())
    assert acts() == ["report.review", "report.make_again", "report.release"]


def test_an_edited_claim_is_checked_as_the_models_own_was(report: Report, admin: User) -> None:
    insight = report.insights.get(section_id="IAM")

    with pytest.raises(release.EditsRefused) as refused:
        release.decide(
            insight,
            {"c1": Decision("edited", "They are at level 5."), "c2": Decision("approved")},
            by=admin,
            at=now(),
        )

    assert refused.value.reasons == {"c1": "No level 5 is known here."}
    insight.refresh_from_db()
    assert (insight.review, acts()) == ({}, [])


def test_a_rejected_report_says_why_and_may_be_asked_for_again(
    report: Report, owner: User, console: Client
) -> None:
    console.post(of(report, "act"), {"act": "reject", "reason": "Too thin to be of use to you."})

    client = Client()
    client.force_login(owner)
    page = client.get(reverse("reports:detail", args=[report.pk])).content.decode()
    assert "Too thin to be of use to you." in page
    assert reverse("reports:enhanced", args=[report.assessment_id]) in page
    assert acts() == ["report.reject"]
    assert client.get(reverse("reports:enhanced", args=[report.assessment_id])).status_code == 200


def test_written_anew_means_asked_anew(report: Report, admin: User, service: Peer) -> None:
    paid = len(service.bodies)
    service.write = lambda told: [
        claim(
            "narrative" if "domains" in told else "analysis",
            "Said in other words.",
            [told["questions"][0]["id"]],
        )
    ]

    release.write_again(report, by=admin, at=now())
    again = made(report)

    assert len(service.bodies) == 2 * paid
    assert "Said in other words." in text_of(stored(again))


def test_what_is_taken_back_is_not_served_any_more(
    report: Report, owner: User, admin: User
) -> None:
    release.release(report, sha256=report.sha256, by=admin, at=now())
    release.reopen(report, by=admin)

    report.refresh_from_db()
    assert (report.status, report.released_at, report.released_by) == ("completed", None, None)
    client = Client()
    client.force_login(owner)
    assert client.get(reverse("reports:download", args=[report.pk])).status_code == 404
    with pytest.raises(release.NotReleased):
        release.reopen(report, by=admin)


def test_only_what_waits_for_review_is_reviewed(report: Report, admin: User, owner: User) -> None:
    standard = Report.objects.get(assessment=report.assessment, report_type="standard")
    production.produce(standard.pk, now=now)
    released = release.release(report, sha256=report.sha256, by=admin, at=now())

    for subject in (standard, released):
        with pytest.raises(release.NotForReview):
            release.release(subject, sha256=subject.sha256, by=admin, at=now())
        with pytest.raises(release.NotForReview):
            release.make_again(subject, by=admin, at=now())
        with pytest.raises(release.NotForReview):
            release.reject(subject, reason="A reason of some length.", by=admin, at=now())


# --- the page ------------------------------------------------------------------------------------


def test_each_claim_stands_beside_the_answers_it_rests_on(
    report: Report, console: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # session, me, report, insights, responses, outdated
    with django_assert_num_queries(6):
        page = console.get(of(report, "review")).content.decode()

    for insight in report.insights.all():
        for written in insight.written:
            assert f'name="verdict-{insight.section_id}-{written.id}"' in page
            for question_id in written.question_ids:
                assert f"<b>{question_id}</b>" in page
    assert "We move in May." in page
    assert "style=" not in page
    assert "onclick" not in page


def test_the_form_decides_claim_by_claim_and_keeps_what_was_refused(
    report: Report, console: Client
) -> None:
    said = {
        "verdict-IAM-c1": "approved",
        "verdict-IAM-c2": "dropped",
        "verdict-IAM-c3": "edited",
        "text-IAM-c3": "About 99 of them, see https://x.example",
        "verdict--c1": "approved",
        "verdict-ZZZ-c1": "dropped",
        "verdict-IAM-c99": "dropped",
    }

    page = console.post(of(report, "review"), said)

    assert page.status_code == 422
    assert "Not saved: It is not plain text" in page.content.decode()
    assert "About 99 of them, see https://x.example" in page.content.decode()
    assert report.insights.get(section_id="").review == {"c1": {"verdict": "approved", "text": ""}}
    assert report.insights.get(section_id="IAM").review == {}

    said["text-IAM-c3"] = "Keep it as it is."
    answer = console.post(of(report, "review"), said, follow=True)

    assert re.search(r"4 of \d+ decided", answer.content.decode())
    decided = report.insights.get(section_id="IAM").decisions
    assert {c: d.verdict for c, d in decided.items()} == {
        "c1": "approved",
        "c2": "dropped",
        "c3": "edited",
    }


def test_of_several_those_are_released_that_were_read_through(
    report: Report, console: Client, admin: User
) -> None:
    def release_all() -> None:
        console.post(
            reverse("admin:reports_report_changelist"),
            {"action": "release_decided", "_selected_action": [str(report.pk)]},
        )

    release_all()
    report.refresh_from_db()
    assert report.status == "completed"

    for insight in report.insights.all():
        decisions = {claim.id: Decision("approved") for claim in insight.written}
        release.decide(insight, decisions, by=admin, at=now() - timedelta(hours=1))
    release_all()

    report.refresh_from_db()
    assert report.status == "released"


def test_of_several_none_is_released_that_has_nothing_to_read_through(
    report: Report, console: Client
) -> None:
    report.insights.update(claims=[])

    console.post(
        reverse("admin:reports_report_changelist"),
        {"action": "release_decided", "_selected_action": [str(report.pk)]},
    )

    report.refresh_from_db()
    assert report.status == "completed"


def test_by_the_api_too(report: Report, admin: User) -> None:
    api = Api(admin, second_factor=True)
    seen = api.get(f"admin/reports/{report.pk}/review").json()

    wrong = api.post(f"admin/reports/{report.pk}/release", {"sha256": "0" * 64})
    right = api.post(f"admin/reports/{report.pk}/release", {"sha256": seen["sha256"]})
    twice = api.post(f"admin/reports/{report.pk}/release", {"sha256": seen["sha256"]})

    assert (wrong.status_code, wrong.json()["code"]) == (409, "other_file")
    assert (right.status_code, right.json()["status"]) == (200, "released")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_for_review")
    assert seen["total"] == sum(len(section["claims"]) for section in seen["sections"]) > 10
    assert seen["sections"][1]["claims"][0]["cited"][0]["question"]


def test_asked_for_by_the_page_and_by_the_api(owner: User, client: Client) -> None:
    assessment = make_completed(owner)
    client.force_login(owner)
    address = reverse("reports:enhanced", args=[assessment.pk])

    too_long = client.post(address, {"context": "x" * 4_001})
    answer = client.post(address, {"context": "We grow.", "comments_consent": "on"})
    report = Report.objects.get(report_type="ai_enhanced")
    by_api = Api(owner).post(f"reports/{assessment.pk}/request-ai", {"context": "Again."})

    assert too_long.status_code == 422
    assert "x" * 4_001 in too_long.content.decode()
    assert answer["Location"] == reverse("reports:detail", args=[report.pk])
    assert (report.context, report.comments_consent) == ("We grow.", True)
    assert (by_api.status_code, by_api.json()["id"]) == (200, str(report.pk))
    assert client.get(address).status_code == 302  # there is one


def test_too_many_requests_are_refused_and_what_was_typed_is_kept(
    owner: User, client: Client, settings: Any
) -> None:
    settings.AI_REPORTS_PER_DAY = 1
    assessment = make_completed(owner)
    client.force_login(owner)
    address = reverse("reports:enhanced", args=[assessment.pk])
    client.post(address)
    Report.objects.filter(report_type="ai_enhanced").update(status="failed")

    page = client.post(address, {"context": "Typed with care."})
    by_api = Api(owner).post(f"reports/{assessment.pk}/request-ai", {})

    assert page.status_code == 422
    assert "Typed with care." in page.content.decode()
    assert (by_api.status_code, by_api.json()["code"]) == (429, "enhanced_reports_used_up")


def test_a_strangers_enhanced_report_does_not_exist(report: Report) -> None:
    stranger = make_user("stranger@example.org")
    client = Client()
    client.force_login(stranger)

    for name in ("detail", "status", "download"):
        assert client.get(reverse(f"reports:{name}", args=[report.pk])).status_code == 404
    assert Api(stranger).get(f"reports/{report.pk}/status").status_code == 404
