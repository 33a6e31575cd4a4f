"""An assessment as files for other programs, opened as those programs open them."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments import answering, completion, scoring
from assessments.answering import Given
from assessments.models import Assessment
from assessments.roadmap import roadmap
from assessments.scoring import State
from tests.factories import make_assessment, now, worth

pytestmark = pytest.mark.django_db

HOSTILE = '=HYPERLINK("http://evil.example")\nand, a "second" line\tשלום\n' + "x" * 3_900


@pytest.fixture
def completed(owner: User) -> Assessment:
    User.objects.filter(pk=owner.pk).update(company_name='Müller "& Söhne" / 日本')
    assessment = make_assessment(owner, section_ids=("GOV", "IAM"))
    given = {q.id: worth(q, 1) for q in assessment.questionnaire}
    first, second = list(given)[:2]
    given[first] = Given(state=State.ANSWERED, value=given[first].value, comment=HOSTILE)
    given[second] = Given(state=State.DONT_KNOW)
    assert not answering.save(assessment, given, at=now()).refusals
    return completion.complete(assessment, at=now())


def rows(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")  # or spreadsheets take it for Latin
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_answers_are_a_line_each_whatever_was_written(
    owner_client: Client, completed: Assessment
) -> None:
    response = owner_client.get(reverse("reports:answers-csv", args=[completed.pk]))

    lines = rows(response.content)
    assert [line["Question"] for line in lines] == [q.id for q in completed.questionnaire]
    assert lines[0]["Comment"] == "'" + HOSTILE  # no formula
    assert (lines[1]["State"], lines[1]["Credit of 1,000"]) == ("dont_know", "")
    marks = [mark for section in completed.result.sections for mark in section.marks]
    assert lines[2]["Credit of 1,000"] == str(marks[2].credit)
    assert response["Cache-Control"] == "no-store"
    day = f"{completed.completed_at:%Y-%m-%d}"
    assert response["Content-Disposition"] == (
        f"attachment; filename=\"Muller-Sohne-posture-answers-{day}.csv\"; filename*=UTF-8''"
        f"M%C3%BCller-S%C3%B6hne-%E6%97%A5%E6%9C%AC-posture-answers-{day}.csv"
    )


def test_what_is_not_answered_yet_is_a_line_too(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)

    lines = rows(owner_client.get(reverse("reports:answers-csv", args=[assessment.pk])).content)

    assert len(lines) == 23
    assert {line["Answer"] for line in lines} == {"Not answered"}
    for name in ("plan-xlsx", "result-json"):  # there is no result yet
        address = reverse(f"reports:{name}", args=[assessment.pk])
        assert owner_client.get(address).status_code == 404


def test_the_plan_is_a_sheet_in_the_roadmaps_order(
    owner_client: Client, completed: Assessment
) -> None:
    response = owner_client.get(reverse("reports:plan-xlsx", args=[completed.pk]))

    sheet = openpyxl.load_workbook(BytesIO(response.content)).worksheets[0]
    heading, *lines = sheet.iter_rows(values_only=True)
    assert heading[:3] == ("Order", "Wave", "Question")
    assert [line[0] for line in lines] == list(range(1, len(lines) + 1))
    assert {line[2] for line in lines} == {q.id for q in completed.questionnaire}
    gains = sum(float(str(line[7])) for line in lines)
    plan = roadmap(completed.questionnaire, completed.answers, completed.result)
    assert gains == pytest.approx(float(plan.points), abs=0.05)


def test_the_whole_can_be_read_back(owner_client: Client, completed: Assessment) -> None:
    response = owner_client.get(reverse("reports:result-json", args=[completed.pk]))

    body = json.loads(response.content)
    assert scoring.from_json(body["scorecard"]) == completed.result
    assert {answer["question_id"] for answer in body["answers"]} == set(
        completed.questionnaire.questions
    )
    assert body["answers"][0]["comment"] == HOSTILE.strip()
    assert body["assessment"]["company"] == 'Müller "& Söhne" / 日本'


def test_what_the_files_and_pages_cost(
    owner_client: Client, completed: Assessment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("answers-csv", "plan-xlsx", "result-json", "to-ask"):
        with django_assert_num_queries(4):  # session, user, assessment with owner, answers
            assert (
                owner_client.get(reverse(f"reports:{name}", args=[completed.pk])).status_code == 200
            )
