from __future__ import annotations

import re
from fractions import Fraction

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments import answering, completion, scoring
from assessments.models import Assessment
from reports import production
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import make_assessment, make_completed, make_report, now, stored, worth

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(owner: User) -> Report:
    report = make_report(owner)
    production.produce(report.pk, now=now)
    report.refresh_from_db()
    return report


def mixed(user: User) -> Assessment:
    """Answers of every kind: along the scale, not known, not applicable, none."""
    assessment = make_assessment(user)
    questions = list(assessment.questionnaire)
    given = {q.id: worth(q, number % 5) for number, q in enumerate(questions[:-1])}
    given["GOV.1.1"] = answering.Given(state=scoring.State.DONT_KNOW)
    given["VUL.2.1"] = answering.Given(
        state=scoring.State.NOT_APPLICABLE, na_reason="Nothing of ours faces the internet."
    )
    saved = answering.save(assessment, given, at=now())
    assert not saved.refusals
    return completion.complete(assessment, at=now(), unanswered_confirmed=True)


def text_of(content: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


# --- the result, recomputed by hand from its trace -----------------------------------------------


def shown(figure: Fraction) -> str:
    return str(scoring.display(figure))


def test_every_figure_of_the_overview_follows_from_the_trace(
    owner: User, owner_client: Client
) -> None:
    assessment = mixed(owner)
    page = owner_client.get(reverse("reports:results", args=[assessment.pk])).content.decode()
    rows = dict(
        re.findall(
            r'<th scope="row"><a href="[^"]+/([A-Z]{3})/">.*?</a></th>(.*?)</tr>', page, re.DOTALL
        )
    )
    scores, reaches = [], []

    for section in assessment.result.sections:
        marks = [m for m in section.marks if m.state is not scoring.State.NOT_APPLICABLE]
        figures = re.findall(r'class="number">([^<]*)<', rows[section.section_id])
        if not marks:
            assert "not rated" in rows[section.section_id]
            continue
        weight = sum(mark.weight for mark in marks)
        earned = sum(mark.weight * mark.credit for mark in marks)
        unknown = sum(
            mark.weight * 1000
            for mark in marks
            if mark.state in (scoring.State.DONT_KNOW, scoring.State.UNANSWERED)
        )
        score = Fraction(100 * earned, 1000 * weight)
        reach = Fraction(100 * (earned + unknown), 1000 * weight)
        assert figures == [shown(score), shown(reach)], section.section_id
        scores.append(score)
        reaches.append(reach)
    overall = sum(scores, Fraction(0)) / len(scores)
    potential = sum(reaches, Fraction(0)) / len(reaches)

    assert f">{shown(overall)}</text>" in page
    assert f"up to {shown(potential)}" in page


def test_every_figure_of_a_section_follows_from_its_rows(owner: User, owner_client: Client) -> None:
    assessment = mixed(owner)

    for section in assessment.result.sections:
        page = text_of(
            owner_client.get(
                reverse("reports:section", args=[assessment.pk, section.section_id])
            ).content
        )
        if section.score is None:
            assert "Not rated" in page
            continue
        earned = sum(m.weight * m.credit for m in section.marks if m.applicable)
        possible = sum(m.weight * 1000 for m in section.marks if m.applicable)
        assert (
            f"Earned {earned} of {possible} possible: a score of "
            f"{shown(Fraction(100 * earned, possible))}." in page
        )


def test_a_what_if_is_the_sum_of_its_gains(owner: User, owner_client: Client) -> None:
    assessment = mixed(owner)
    url = reverse("reports:results", args=[assessment.pk])
    plain = owner_client.get(url).content.decode()
    ids = re.findall(r'name="raise"\s+value="([^"]+)"', plain)
    before = assessment.result.overall
    assert before is not None

    page = owner_client.get(url, {"raise": ids[:3]}).content.decode()
    everything = owner_client.get(url, {"raise": ids}).content.decode()
    nonsense = owner_client.get(url, {"raise": ["XXX.1.1", "<script>", ids[0] + "0"]})

    assert len(re.findall(r'name="raise"\s+value="[^"]+"\s+checked', page)) == 3
    assert "With 3 steps" in page
    assert f"With {len(ids)} steps" in everything
    assert "As it is" in nonsense.content.decode()
    assert "<script>" not in nonsense.content.decode()


def test_nothing_rated_is_said_and_breaks_nothing(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner, section_ids=("VUL",))
    answering.save(
        assessment,
        {
            "VUL.2.1": answering.Given(
                state=scoring.State.NOT_APPLICABLE, na_reason="Nothing of ours is reachable."
            )
        },
        at=now(),
    )
    completion.complete(assessment, at=now())
    report = Report.objects.get()

    page = owner_client.get(reverse("reports:results", args=[assessment.pk]))
    production.produce(report.pk, now=now)

    assert page.status_code == 200
    assert b"Not rated" in page.content
    report.refresh_from_db()
    assert report.status == "completed"


def test_hostile_names_and_comments_are_text(owner: User, owner_client: Client) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 }}"
    User.objects.filter(pk=owner.pk).update(full_name=evil, company_name=evil)
    assessment = make_assessment(owner)
    answering.save(
        assessment,
        {"GOV.1.1": answering.Given(state=scoring.State.ANSWERED, value="partly", comment=evil)},
        at=now(),
    )

    pages = [
        reverse("assessments:dashboard"),
        reverse("assessments:questions", args=[assessment.pk, "GOV.1"]),
        reverse("assessments:review", args=[assessment.pk]),
        reverse("accounts:profile"),
    ]
    completion_pages = [
        reverse("reports:results", args=[assessment.pk]),
        reverse("reports:section", args=[assessment.pk, "GOV"]),
    ]
    contents = [owner_client.get(page).content.decode() for page in pages]
    completion.complete(assessment, at=now(), unanswered_confirmed=True)
    contents += [owner_client.get(page).content.decode() for page in completion_pages]
    production.produce(Report.objects.get().pk, now=now)

    assert Report.objects.get().status == "completed"
    for content in contents:
        assert "<script>alert" not in content
        assert "<img src=x" not in content
    assert "{{ 7 }}" in "".join(contents)


def test_what_is_not_known_is_listed_before_and_after_completing(
    owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner, section_ids=("IAM", "GOV"))
    first, second, third = list(assessment.questionnaire)[:3]
    unknown = answering.Given(state=scoring.State.DONT_KNOW)
    answering.save(assessment, {first.id: unknown, second.id: worth(second, 1)}, at=now())
    address = reverse("reports:to-ask", args=[assessment.pk])

    page = owner_client.get(address).content.decode()
    assert first.respondent in page
    assert first.where in page
    assert third.text not in page  # there is time to answer it
    completion.complete(assessment, at=now(), unanswered_confirmed=True)

    page = owner_client.get(address).content.decode()
    assert first.text in page
    assert third.text in page
    told = Api(owner).get(f"assessments/{assessment.pk}/to-ask").json()["results"]
    assert {entry["question_id"] for entry in told} == {first.id, third.id}
    assert all(entry["effect"] in page for entry in told)


# --- what pages cost -----------------------------------------------------------------------------


def test_what_each_page_costs(
    made: Report, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessment = made.assessment

    with django_assert_num_queries(4):  # session, user, assessment, responses
        owner_client.get(reverse("reports:results", args=[assessment.pk]))
    with django_assert_num_queries(4):
        owner_client.get(reverse("reports:section", args=[assessment.pk, "IAM"]))
    for name in ("detail", "status", "download"):
        with django_assert_num_queries(3):  # session, user, report
            owner_client.get(reverse(f"reports:{name}", args=[made.pk]))


def test_the_list_costs_the_same_for_one_or_many(
    owner: User, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        make_completed(owner)
        with django_assert_num_queries(3):  # session, user, reports with their assessments
            owner_client.get(reverse("reports:index"))


# --- the file ------------------------------------------------------------------------------------


def test_exactly_the_stored_bytes_are_served(made: Report, owner_client: Client) -> None:
    response = owner_client.get(reverse("reports:download", args=[made.pk]))

    assert response.content == stored(made)
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == (
        f'attachment; filename="posture-report-{made.requested_at:%Y-%m-%d}-{str(made.pk)[:8]}.pdf"'
    )
    assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.parametrize("damage", [b"%PDF-1.7 another", None])
def test_other_bytes_are_never_served(
    made: Report, owner_client: Client, damage: bytes | None
) -> None:
    path = default_storage.path(made.file.name or "")
    default_storage.delete(made.file.name or "")
    if damage is not None:
        with open(path, "wb") as file:  # noqa: PTH123  # a plain file, as an intruder would
            file.write(damage)

    response = owner_client.get(reverse("reports:download", args=[made.pk]))

    assert response.status_code == 500
    assert b"The file is not the one that was made" in response.content
    assert b"another" not in response.content


@pytest.mark.parametrize("status", ["pending", "generating", "failed"])
def test_an_unfinished_report_has_no_file(owner: User, owner_client: Client, status: str) -> None:
    report = make_report(owner)
    if status == "generating":
        report.claim(now=now())
    Report.objects.filter(pk=report.pk).update(status=status)

    page = owner_client.get(reverse("reports:detail", args=[report.pk]))

    assert owner_client.get(reverse("reports:download", args=[report.pk])).status_code == 404
    assert page.status_code == 200
    assert (b'http-equiv="refresh"' in page.content) == (status != "failed")


@pytest.mark.parametrize("status", ["pending", "completed"])
def test_an_enhanced_report_is_not_its_owners_before_release(
    made: Report, owner_client: Client, status: str
) -> None:
    Report.objects.filter(pk=made.pk).update(report_type="ai_enhanced", status=status)

    assert owner_client.get(reverse("reports:download", args=[made.pk])).status_code == 404
    assert b"/download/" not in owner_client.get(reverse("reports:index")).content
    Report.objects.filter(pk=made.pk).update(status="released", released_at=now())
    assert owner_client.get(reverse("reports:download", args=[made.pk])).status_code == 200


def test_a_failed_report_says_why_and_can_be_ordered_again(
    owner: User, owner_client: Client
) -> None:
    report = make_report(owner)
    Report.objects.filter(pk=report.pk).update(status="failed", failure_reason="The disk is full.")

    page = owner_client.get(reverse("reports:detail", args=[report.pk]))
    again = owner_client.post(reverse("reports:order", args=[report.assessment_id]), follow=True)

    assert b"The disk is full." in page.content
    assert b"waits for its turn" in again.content
    assert Report.objects.count() == 2
