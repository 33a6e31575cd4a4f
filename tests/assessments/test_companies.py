"""Three companies answer the whole catalog through the real pages, and the outcome makes sense.

Their answers are in `companies/`, each with a sentence that says why. What is expected of them
was written down before they were scored: a security person who reads the fixtures should not be
surprised by any of it.
"""

from __future__ import annotations

import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments import controls
from assessments.catalog import loading
from assessments.catalog.questions import AnyQuestion, NumberQuestion, Questionnaire, Tier
from assessments.controls import Status
from assessments.models import Assessment
from assessments.scoring import Answer, Scorecard, State, score
from tests.factories import make_user

FOLDER = Path(__file__).parent / "companies"


class Expected(NamedTuple):
    """`first` are steps that the first two waves must hold, `opening` the very first of all."""

    score: tuple[int, int]
    level: int
    section_levels: tuple[int, int]
    blockers: set[str]
    suggested: Tier
    first: set[str]
    opening: str = ""


EXPECTED = {
    # Held by its scores alone: there is no level to refuse yet. Sign-in, the administrators and
    # what stands open to the internet come before anything that needs a project.
    "weak": Expected(
        score=(8, 22),
        level=1,
        section_levels=(1, 2),
        blockers=set(),
        suggested=Tier.QUICK,
        first={"IAM.3.1", "IAM.3.2", "ACC.4.1", "VUL.1.1"},
    ),
    # Half-way everywhere. Its levels are held by accounts without an owner, by an exercise years
    # ago, and in privacy, its best domain, by duties and deletion that stopped half-way.
    "middling": Expected(
        score=(40, 52),
        level=3,
        section_levels=(2, 3),
        blockers={"ACC.5.1", "INC.6.1", "CPR.1.1", "CPR.3.1"},
        suggested=Tier.STANDARD,
        first={"INC.1.1", "INC.6.1", "ACC.4.2", "ACC.5.1", "CPR.1.1"},
    ),
    # One must-have short: it could not part from its two largest suppliers.
    "strong": Expected(
        score=(82, 93),
        level=5,
        section_levels=(3, 5),
        blockers={"TPR.4.1"},
        suggested=Tier.DEEP,
        first={"TPR.4.1", "PHY.5.2", "PHY.5.4"},
        opening="TPR.4.1",
    ),
}


class Company(NamedTuple):
    name: str
    profile: dict[str, list[str]]
    answers: dict[str, tuple[Any, str]]

    @property
    def comments(self) -> bool:
        """The strong one writes its reasons beside its answers, as those do who have proof."""
        return self.name == "strong"


def company(name: str) -> Company:
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    answers = {question_id: (value, why) for question_id, (value, why) in data["answers"].items()}
    return Company(name, data["profile"], answers)


def posted(question: AnyQuestion, who: Company) -> dict[str, object]:
    """What a browser sends for one question."""
    value, why = who.answers[question.id]
    fields: dict[str, object] = {"question": question.id}
    if isinstance(question, NumberQuestion) and isinstance(value, int):
        fields[f"number-{question.id}"] = str(value)
    else:
        fields[f"answer-{question.id}"] = value
    if value == State.NOT_APPLICABLE:
        fields[f"reason-{question.id}"] = why
    elif who.comments:
        fields[f"comment-{question.id}"] = why
    return fields


def merged(pages: list[dict[str, object]]) -> dict[str, object]:
    """One form of several questions."""
    together: dict[str, object] = {"question": [page["question"] for page in pages]}
    for page in pages:
        together |= {name: value for name, value in page.items() if name != "question"}
    return together


def run_through(client: Client, user: User, who: Company) -> Assessment:
    """Start, answer page by page as the buttons lead, review, complete."""
    client.force_login(user)
    catalog = loading.current()
    many = {question.id for question in catalog.profile if question.many}
    profile = {name: v if name in many else v[0] for name, v in who.profile.items()}
    started = client.post(reverse("assessments:start"), profile)
    assert started.status_code == 302, started.context["form"].errors
    scope = client.get(reverse("assessments:scope"))
    assert scope.context["form"].suggestion.tier is EXPECTED[who.name].suggested
    chosen = {"tier": "deep", "section_ids": [section.id for section in catalog.sections]}
    assert client.post(reverse("assessments:scope"), chosen).status_code == 302

    assessment = Assessment.objects.get(user=user)
    assert set(assessment.questionnaire.questions) == set(who.answers)
    first = assessment.questionnaire.sections[0].pages[0][0]
    page = reverse("assessments:questions", args=[assessment.pk, first.id])
    review = reverse("assessments:review", args=[assessment.pk])
    while page != review:
        sub_area_id = page.rstrip("/").rsplit("/", 1)[-1]
        asked = [q for q in assessment.questionnaire if q.sub_area_id == sub_area_id]
        saved = client.post(page, merged([posted(question, who) for question in asked]))
        assert saved.status_code == 302, (page, saved.context["refusals"])
        page = saved.url  # type: ignore[attr-defined]  # the test client's redirect
    assert client.get(review).status_code == 200
    done = client.post(reverse("assessments:complete", args=[assessment.pk]))
    assert done.status_code == 302
    assessment.refresh_from_db()
    assert assessment.status == Assessment.Status.COMPLETED
    return assessment


def waves(page: str) -> dict[str, list[str]]:
    """The steps of each wave of the roadmap, in the order of the page."""
    return {
        name: re.findall(r'<code class="id">([A-Z]{3}\.\d\.\d+)</code></p>', wave)
        for name, wave in re.findall(
            r'<section class="wave" aria-labelledby="wave-(\w+)">(.*?)</section>', page, re.DOTALL
        )
    }


@pytest.mark.django_db
@pytest.mark.parametrize("name", EXPECTED)
def test_a_company_gets_the_result_that_its_answers_deserve(name: str, client: Client) -> None:
    expected = EXPECTED[name]
    assessment = run_through(client, make_user(f"{name}@example.org"), company(name))

    scorecard = assessment.result
    page = client.get(reverse("reports:results", args=[assessment.pk])).content.decode()

    assert scorecard.overall is not None
    assert expected.score[0] <= scorecard.overall.score <= expected.score[1]
    assert scorecard.overall.level == expected.level
    levels = [section.level.level for section in scorecard.sections if section.level]
    assert len(levels) == 19
    assert (min(levels), max(levels)) == expected.section_levels
    assert blockers(scorecard) == expected.blockers
    planned = waves(page)
    assert list(planned)[:2] == ["now", "next"]
    assert expected.first <= {*planned["now"], *planned["next"]}
    assert planned["now"][0].startswith(expected.opening)


def blockers(scorecard: Scorecard) -> set[str]:
    return {
        question_id
        for section in scorecard.sections
        if section.level
        for question_id in section.level.blockers
    }


def scored(name: str) -> tuple[Questionnaire, Scorecard]:
    """The same without the pages."""
    who = company(name)
    catalog = loading.current()
    every = tuple(section.id for section in catalog.sections)
    asked = catalog.questionnaire(Tier.DEEP, every, who.profile)
    answers = {}
    for question in asked:
        value, _ = who.answers[question.id]
        if value in (State.DONT_KNOW, State.NOT_APPLICABLE):
            answers[question.id] = Answer(State(value))
        else:
            answers[question.id] = Answer(State.ANSWERED, question.checked(value), who.comments)
    return asked, score(asked, answers)


def test_the_better_company_is_better_in_every_domain() -> None:
    by_section: dict[str, list[Fraction]] = {}
    for name in EXPECTED:
        for section in scored(name)[1].sections:
            assert section.score is not None
            by_section.setdefault(section.section_id, []).append(section.score)

    for weak, middling, strong in by_section.values():
        assert middling - weak > 10
        assert strong - middling > 10


def test_the_frameworks_tell_the_same_story() -> None:
    """Nearly everything not met, nearly everything partly, nearly everything met."""
    for name, usual in zip(EXPECTED, (Status.NOT_MET, Status.PARTLY, Status.MET), strict=True):
        for result in controls.assess(*scored(name)):
            counts = result.counts
            assessed = sum(control.assessed for control in result.controls)
            assert counts[usual] > 0.8 * assessed, (name, result.framework, counts)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_answer_has_a_reason(name: str) -> None:
    """So that whoever changes an answer knows what they contradict."""
    for question_id, (_, why) in company(name).answers.items():
        assert why.endswith("."), question_id
        assert len(why.split()) > 2, question_id
