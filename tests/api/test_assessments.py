"""From the start to the scorecard, as another frontend walks it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments import answering
from assessments.answering import Given
from assessments.catalog.questions import Tier
from assessments.models import Assessment, AssessmentResponse, Invitation
from assessments.scoring import State
from reports import production
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import (
    answer_all,
    days,
    make_assessment,
    make_completed,
    make_invitation,
    now,
    value_at,
)

pytestmark = pytest.mark.django_db

LONE_SURROGATE = (
    '{"responses": [{"question_id": "%s", "state": "dont_know", "comment": "\\ud800"}]}'
)


def first(assessment: Assessment) -> str:
    return next(iter(assessment.questionnaire)).id


def test_the_whole_way(api: Api, worker: None) -> None:
    catalog = api.get("catalog").json()
    assert sum(len(section["questions"]) for section in catalog["sections"]) == 420
    suggestion = api.post("intake", {"profile": {}}).json()
    assert suggestion["tier"] == "quick"

    assert api.get("assessments/current").status_code == 404
    started = api.post("assessments/start", {"tier": "quick"})
    assert started.status_code == 201
    pk = started.json()["id"]
    assert api.post("assessments/start", {"tier": "quick"}).status_code == 200
    assert api.get("assessments/current").json()["id"] == pk

    structure = api.get(f"assessments/{pk}/structure").json()
    asked = [
        question_id
        for section in structure["sections"]
        for page in section["pages"]
        for question_id in page["question_ids"]
    ]
    assert len(asked) == structure["total"] == 23

    questions = Assessment.objects.get(pk=pk).questionnaire.questions
    answers = [
        {"question_id": question_id, "value": value_at(questions[question_id], 2), "revision": 0}
        for question_id in asked[1:]
    ]
    saved = api.post(f"assessments/{pk}/responses", {"responses": answers}).json()
    assert (saved["done"], saved["total"], saved["progress_percentage"]) == (22, 23, 95)

    refused = api.post(f"assessments/{pk}/complete", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "questions_unanswered")
    assert refused.json()["question_ids"] == asked[:1]
    unknown = api.put(f"assessments/{pk}/responses/{asked[0]}", {"state": "dont_know"})
    assert (unknown.status_code, unknown["ETag"]) == (200, '"1"')
    assert api.post(f"assessments/{pk}/complete", {}).json()["status"] == "completed"

    scorecard = api.get(f"assessments/{pk}/scorecard").json()
    assert scorecard["overall"]["score"] < scorecard["overall"]["potential"]
    assert len(scorecard["sections"]) == 19
    roadmap = api.get(f"assessments/{pk}/roadmap").json()
    step = roadmap["waves"][0]["steps"][0]["question_id"]
    outcome = api.post(f"assessments/{pk}/what-if", {"question_ids": [step]}).json()
    assert outcome["score_after"] > outcome["score_before"] == scorecard["overall"]["score"]
    assert api.post(f"assessments/{pk}/consultation", {"details": "Call me."}).status_code == 200
    assert api.get(f"assessments/{pk}/consultation").json()["details"] == "Call me."

    report = api.get("reports").json()["results"][0]
    again = api.post(f"reports/{pk}/generate")
    assert (again.status_code, again.json()["id"]) == (200, report["id"])
    production.produce(Report.objects.get().pk, now=now)
    status = api.get(f"reports/{report['id']}/status").json()
    assert (status["status"], status["downloadable"]) == ("completed", True)
    pdf = api.get(f"reports/{report['id']}/download")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"].startswith('attachment; filename="posture-report-')
    assert "sandbox" in pdf["Content-Security-Policy"]


def test_a_report_that_is_not_ready_is_not_handed_over(api: Api, owner: User) -> None:
    make_completed(owner)
    report = Report.objects.get()

    refused = api.get(f"reports/{report.pk}/download")

    assert (refused.status_code, refused.json()["code"]) == (409, "report_not_ready")


def test_of_an_unreleased_report_nothing_of_the_file_is_told(api: Api, owner: User) -> None:
    assessment = make_completed(owner)
    report = Report.objects.create(
        assessment=assessment,
        user=owner,
        report_type=Report.Type.AI_ENHANCED,
        status=Report.Status.COMPLETED,
        requested_at=now(),
        completed_at=now(),
        sent_at=now(),
        sha256="a" * 64,
        pages=12,
    )

    status = api.get(f"reports/{report.pk}/status").json()

    assert (status["downloadable"], status["sha256"], status["pages"]) == (False, "", None)
    assert api.get(f"reports/{report.pk}/download").status_code == 404


def test_a_damaged_file_is_not_handed_over(api: Api, owner: User, worker: None) -> None:
    make_completed(owner)
    report = Report.objects.get()
    production.produce(report.pk, now=now)
    Report.objects.update(sha256="0" * 64)

    refused = api.get(f"reports/{report.pk}/download")

    assert (refused.status_code, refused.json()["code"]) == (500, "report_damaged")


# --- revisions -----------------------------------------------------------------------------------


def test_an_answer_changed_meanwhile_is_not_overwritten(api: Api, owner: User) -> None:
    assessment = make_assessment(owner)
    url = f"assessments/{assessment.pk}/responses/{first(assessment)}"
    assert api.put(url, {"state": "dont_know"}, If_Match='"0"').status_code == 200
    assert api.put(url, {"state": "unanswered", "comment": "b"}, If_Match='"1"').status_code == 200

    late = api.put(url, {"state": "dont_know", "comment": "late"}, If_Match='"1"')

    assert (late.status_code, late.json()["code"]) == (412, "answer_changed")
    assert late.json()["stored"]["revision"] == 2
    stored = api.get(url)
    assert (stored["ETag"], stored.json()["comment"]) == ('"2"', "b")
    assert api.get(url, If_None_Match='"2"').status_code == 304
    assert api.put(url, {"state": "dont_know"}, If_Match="nonsense").status_code == 400
    assert api.put(url, {"state": "dont_know"}, If_Match="*").status_code == 200


def test_an_answer_that_is_gone_is_a_conflict_too(api: Api, owner: User) -> None:
    assessment = make_assessment(owner)
    url = f"assessments/{assessment.pk}/responses/{first(assessment)}"

    assert api.put(url, {"state": "dont_know"}, If_Match='"3"').status_code == 412


def test_of_a_batch_what_is_right_is_stored_and_the_rest_is_named(api: Api, owner: User) -> None:
    assessment = make_assessment(owner)
    one, two, three = [question.id for question in assessment.questionnaire][:3]
    api.put(f"assessments/{assessment.pk}/responses/{two}", {"state": "dont_know"})
    batch = [
        {"question_id": one, "state": "dont_know", "revision": 0},
        {"question_id": two, "state": "unanswered", "comment": "x", "revision": 0},
        {"question_id": three, "value": "no such option"},
        {"question_id": "XXX.9.9", "state": "dont_know"},
    ]

    partly = api.post(f"assessments/{assessment.pk}/save", {"responses": batch})

    body = partly.json()
    assert (partly.status_code, body["code"]) == (422, "answers_refused")
    assert partly["Content-Type"] == "application/problem+json"
    assert [saved["question_id"] for saved in body["saved"]] == [one]
    assert [fault["pointer"] for fault in body["errors"]] == [
        "/responses/1/value",
        "/responses/2/value",
        "/responses/3/value",
    ]
    assert body["errors"][0]["stored"]["revision"] == 1
    assert AssessmentResponse.objects.count() == 2


def test_a_closed_assessment_takes_no_answer(api: Api, owner: User) -> None:
    done = make_completed(owner)
    expired = make_assessment(owner, at=now() - days(30))

    for assessment, status in ((done, "completed"), (expired, "expired")):
        refused = api.put(
            f"assessments/{assessment.pk}/responses/{first(assessment)}", {"state": "dont_know"}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "assessment_closed")
        assert refused.json()["assessment_status"] == status
    assert api.get(f"assessments/{expired.pk}").json()["status"] == "expired"
    assert api.get("assessments/current").status_code == 404


def test_what_the_rules_refuse_at_the_start(api: Api, owner: User, settings: Any) -> None:
    settings.RETAKES_PER_YEAR = 1
    make_completed(owner)
    make_completed(owner)
    refused = api.post("assessments/start", {"tier": "quick"})
    assert (refused.status_code, refused.json()["code"]) == (409, "retakes_used_up")
    scope = api.post("assessments/start", {"tier": "quick", "section_ids": ["XXX"]})
    assert (scope.status_code, scope.json()["errors"][0]["pointer"]) == (422, "/section_ids")
    profile = api.post("intake", {"profile": {"company_size": ["huge"]}})
    assert profile.status_code in (200, 422)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        '"text"',
        "{",
        '{"responses": 1}',
        '{"responses": [1]}',
        '{"responses": [{}]}',
        '{"responses": [{"question_id": null}]}',
        '{"responses": [{"question_id": "IAM.3.1", "revision": -1}]}',
        '{"responses": [{"question_id": "IAM.3.1", "revision": 1e400}]}',
        '{"responses": [{"question_id": "IAM.3.1", "revision": NaN}]}',
        '{"responses": [{"question_id": "IAM.3.1", "revision": 99999999999999999999}]}',
        '{"responses": [{"question_id": "IAM.3.1", "revision": "\\u0000"}]}',
        '{"responses": [{"question_id": "IAM.3.1", "comment": "\\u0000"}]}',
        '{"responses": [{"question_id": "IAM.3.1", "state": "finished"}]}',
        '{"responses": [{"question_id": "IAM.3.1", "user_id": 7}]}',
        '{"responses": [{"question_id": "IAM.3.1"}, {"question_id": "IAM.3.1"}]}',
        "[" * 100_000,
        '{"responses": ' + "9" * 5_000 + "}",
        LONE_SURROGATE % "IAM.3.1",
    ],
)
def test_what_cannot_be_understood_is_refused_and_stores_nothing(
    api: Api, owner: User, body: str
) -> None:
    assessment = make_assessment(owner)

    refused = api.post(f"assessments/{assessment.pk}/save", body)

    assert refused.status_code in (400, 422), refused.content[:300]
    assert refused["Content-Type"] == "application/problem+json"
    assert not AssessmentResponse.objects.exists()


@pytest.mark.parametrize(
    "value", [True, 1.5, -1, 10**30, "", [], {}, [[]], ["a"] * 3, "not_done\x00", None]
)
def test_a_value_that_is_none_of_the_question(api: Api, owner: User, value: object) -> None:
    assessment = make_assessment(owner)

    for question in assessment.questionnaire:
        refused = api.put(f"assessments/{assessment.pk}/responses/{question.id}", {"value": value})
        assert refused.status_code in (400, 422), (question.id, value)
    assert not AssessmentResponse.objects.exists()


def test_no_field_can_be_set_that_is_not_offered(api: Api, owner: User) -> None:
    me = api.patch("auth/me", {"is_admin": True})
    start = api.post("assessments/start", {"tier": "quick", "status": "completed"})

    assert me.status_code == start.status_code == 400
    owner.refresh_from_db()
    assert not owner.is_admin


# --- budgets -------------------------------------------------------------------------------------


def make_deep(user: User) -> Assessment:
    assessment = make_assessment(user)
    Assessment.objects.filter(pk=assessment.pk).update(tier=Tier.DEEP)
    return Assessment.objects.get(pk=assessment.pk)


def statements(queries: CaptureQueriesContext) -> list[str]:
    """Without those that only frame a transaction."""
    frames = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [q["sql"] for q in queries if not q["sql"].startswith(frames)]


def test_reading_stays_within_its_budget(api: Api, owner: User) -> None:
    assessment = answer_all(make_deep(owner))
    api.get("catalog")  # made once

    for path, most in (
        ("catalog", 1),  # the sign-in with its person
        ("assessments/current", 2),  # and the assessment
        (f"assessments/{assessment.pk}/responses", 2),  # and the answers
        (f"assessments/{assessment.pk}/structure", 3),  # and both
    ):
        with CaptureQueriesContext(connection) as queries:
            assert api.get(path).status_code == 200
        assert len(statements(queries)) == most, (path, statements(queries))


def test_saving_costs_the_same_for_one_and_for_all(api: Api, owner: User) -> None:
    """Sign-in, assessment; locked: assessment, these answers, one upsert, count, assessment."""
    assessment = make_deep(owner)
    everything = [
        {"question_id": question.id, "value": value_at(question, 3)}
        for question in assessment.questionnaire
    ]
    assert len(everything) > 400

    for batch in (everything[:1], everything[1:23], everything):
        with CaptureQueriesContext(connection) as queries:
            saved = api.post(f"assessments/{assessment.pk}/responses", {"responses": batch})
        assert saved.status_code == 200
        upserts = [sql for sql in statements(queries) if sql.startswith("INSERT")]
        assert len(statements(queries)) - len(upserts) == 6, statements(queries)
        if connection.vendor == "postgresql":  # SQLite takes 999 values a statement
            assert len(upserts) == 1


def test_the_catalog_is_small_and_asked_for_once(api: Api) -> None:
    brotli = api.get("catalog", Accept_Encoding="br, gzip")
    gzip = api.get("catalog", Accept_Encoding="gzip")
    plain = api.get("catalog", Accept_Encoding="br;q=0, identity")

    assert len(brotli.content) < 60_000
    assert len(gzip.content) < 60_000
    assert (brotli["Content-Encoding"], gzip["Content-Encoding"]) == ("br", "gzip")
    assert not plain.has_header("Content-Encoding")
    assert len({answer["ETag"] for answer in (brotli, gzip, plain)}) == 3
    for answer in (brotli, gzip, plain):
        assert answer["Cache-Control"] == "private, max-age=300"
        assert "Accept-Encoding" in answer["Vary"]
        again = api.get(
            "catalog",
            Accept_Encoding=answer.headers.get("Content-Encoding", "identity"),
            If_None_Match=answer["ETag"],
        )
        assert (again.status_code, again.content) == (304, b"")


def test_lists_cost_the_same_for_one_or_many(
    admin_api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from tests.factories import make_user

    for number in range(3):
        make_completed(make_user(f"person-{number}@example.org"))
        for path in ("admin/assessments", "admin/reports", "admin/users", "admin/consultations"):
            with django_assert_num_queries(2):  # the sign-in with its person, the rows
                listed = admin_api.get(path)
            if path in ("admin/assessments", "admin/reports"):
                assert len(listed.json()["results"]) == number + 1


def test_pages_follow_each_other_without_gap_or_repetition(admin_api: Api) -> None:
    from tests.factories import make_user

    emails = {make_user(f"person-{number}@example.org").email for number in range(7)}
    seen: list[str] = []
    url = "admin/users?page_size=3"
    while url:
        page = admin_api.get(url.replace("http://testserver", "")).json()
        assert len(page["results"]) <= 3
        seen += [user["email"] for user in page["results"]]
        url = page["next"] or ""

    assert sorted(seen) == sorted({*emails, "admin@example.org"})
    capped = admin_api.get("admin/users?page_size=100000").json()
    assert len(capped["results"]) == 8
    for cursor in ("nonsense", "cD0yMDI2", "cD1cdTAwMDA=", "cD0AAA=="):
        assert admin_api.get(f"admin/users?cursor={cursor}").status_code == 404


def test_pages_are_capped(admin_api: Api) -> None:
    User.objects.bulk_create(
        User(email=f"person-{number}@example.org", created_at=now() - timedelta(seconds=number))
        for number in range(120)
    )

    assert len(admin_api.get("admin/users?page_size=100000").json()["results"]) == 100


# --- colleagues ----------------------------------------------------------------------------------


def test_a_colleague_is_asked_and_their_answers_are_named(
    api: Api, owner: User, worker: None
) -> None:
    assessment = make_assessment(owner)
    path = f"assessments/{assessment.pk}/invitations"
    robin = {"scope_id": "IAM", "name": "Robin Roe", "email": "robin@example.org"}

    sent = api.post(path, robin)
    assert sent.status_code == 201
    assert (sent.json()["state"], sent.json()["question_id"]) == ("sent", None)
    assert "token" not in sent.content.decode()
    given = {"IAM.3.1": Given(state=State.DONT_KNOW)}
    invitation = Invitation.objects.get(pk=sent.json()["id"])
    answering.save(assessment, given, at=now(), by=invitation)

    expected = {"invitation_id": str(invitation.pk), "name": "Robin Roe", "email": robin["email"]}
    rows = api.get(f"assessments/{assessment.pk}/responses").json()["results"]
    assert [row["answered_by"] for row in rows] == [expected]
    one = api.get(f"assessments/{assessment.pk}/responses/IAM.3.1").json()
    assert one["answered_by"] == expected
    own = {"state": "dont_know", "comment": "I asked."}
    mine = api.put(f"assessments/{assessment.pk}/responses/IAM.3.1", own)
    assert mine.json()["answered_by"] is None

    assert api.delete(f"{path}/{invitation.pk}").status_code == 204
    again = api.delete(f"{path}/{invitation.pk}")
    assert (again.status_code, again.json()["code"]) == (409, "invitation_ended")
    assert [row["state"] for row in api.get(path).json()["results"]] == ["revoked"]


@pytest.mark.parametrize(
    ("wrong", "status", "pointer"),
    [
        ({"scope_id": "XXX"}, 422, "/scope_id"),
        ({"email": "robin"}, 400, "/email"),
        ({"name": "Robin\nBcc: all@example.org"}, 400, "/name"),
        ({"days": 31}, 400, "/days"),
        ({}, 422, "/email"),  # sent to them already
    ],
)
def test_what_cannot_be_sent_is_named(
    api: Api, owner: User, wrong: dict[str, object], status: int, pointer: str
) -> None:
    assessment = make_assessment(owner)
    make_invitation(assessment)
    robin = {"scope_id": "IAM", "name": "Robin", "email": "robin@example.org"}

    refused = api.post(f"assessments/{assessment.pk}/invitations", {**robin, **wrong})

    assert refused.status_code == status
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
