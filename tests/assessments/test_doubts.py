"""Answers that hardly go together are asked about, and nothing else happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments import answering
from assessments.catalog import loading
from assessments.catalog.loading import CatalogError
from assessments.catalog.questions import Doubt, Tier
from assessments.doubts import doubts
from assessments.scoring import Answer, State
from tests.api.conftest import Api
from tests.assessments.test_shipped_catalog import VERSION, Edit, planted
from tests.factories import make_assessment, now, worth
from tests.reports.samples import best_value, shipped, worst_value

DEEP = shipped(Tier.DEEP)
SHIPPED = DEEP.catalog.doubts


@pytest.mark.parametrize("doubt", SHIPPED, ids=lambda doubt: f"{doubt.high} {doubt.low}")
def test_each_is_raised_by_its_two_answers_and_by_neither_alone(doubt: Doubt) -> None:
    high = {doubt.high: best_value(DEEP.questions[doubt.high])}
    low = {doubt.low: worst_value(DEEP.questions[doubt.low])}

    assert doubts(DEEP, high | low) == (doubt,)
    assert doubts(DEEP, high) == doubts(DEEP, low) == ()
    for state in (State.DONT_KNOW, State.NOT_APPLICABLE, State.UNANSWERED):
        assert doubts(DEEP, high | {doubt.low: Answer(state)}) == ()
        assert doubts(DEEP, low | {doubt.high: Answer(state)}) == ()


def test_they_reach_every_section() -> None:
    named = {question_id[:3] for doubt in SHIPPED for question_id in (doubt.high, doubt.low)}

    assert len(SHIPPED) >= 40
    assert named == {section.id for section in DEEP.sections}
    assert len({doubt.text for doubt in SHIPPED}) == len(SHIPPED)


def test_who_answers_all_alike_is_not_doubted() -> None:
    for value in (best_value, worst_value):
        assert doubts(DEEP, {question.id: value(question) for question in DEEP}) == ()


def test_what_is_not_asked_is_not_doubted() -> None:
    quick = shipped(Tier.QUICK)
    answers = {question.id: best_value(question) for question in DEEP}
    worst = {question.id: worst_value(question) for question in DEEP}

    for doubt in SHIPPED:
        if doubt.low not in quick.questions:
            assert doubts(quick, answers | {doubt.low: worst[doubt.low]}) == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('low = "GOV.5.1"', 'low = "GOV.9.9"', "doubts.low names GOV.9.9, which does not exist"),
        ('low = "GOV.5.1"', 'low = "GOV.1.4"', "doubts.toml: high and low are both GOV.1.4"),
        ("From what does it compare?", "It cannot.", "doubts.toml: text must ask"),
    ],
)
def test_what_cannot_work_does_not_load(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(CatalogError) as refusal:
        loading.load(VERSION, planted(tmp_path, (Edit("doubts.toml", old, new),)))

    assert message in str(refusal.value)


@pytest.mark.django_db
def test_the_page_asks_and_lets_complete(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)
    given = {question.id: worth(question, 2) for question in assessment.questionnaire}
    given["INC.6.1"] = worth(assessment.questionnaire.questions["INC.6.1"], 4)
    given["INC.1.1"] = worth(assessment.questionnaire.questions["INC.1.1"], 0)
    answering.save(assessment, given, at=now())

    page = owner_client.get(reverse("assessments:review", args=[assessment.pk])).content.decode()
    told = Api(owner).get(f"assessments/{assessment.pk}/doubts").json()["results"]
    done = owner_client.post(reverse("assessments:complete", args=[assessment.pk]))

    assert "Worth a second look: 1" in page
    (doubt,) = told
    assert (doubt["high"], doubt["low"]) == ("INC.6.1", "INC.1.1")
    assert doubt["text"] in page
    for sub_area, question_id in (("INC.6", "INC.6.1"), ("INC.1", "INC.1.1")):
        address = reverse("assessments:questions", args=[assessment.pk, sub_area])
        assert f'{address}?review#{question_id}"' in page
    assert done.status_code == 302
