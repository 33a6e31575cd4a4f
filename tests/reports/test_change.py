"""What a report says of the time since the assessment before."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments.catalog.questions import Questionnaire
from assessments.models import Assessment
from assessments.scoring import Answer, score
from reports import pdf, reading
from reports.change import Measured, Previous, Trend, history, trend
from reports.composition import compose
from tests.api.conftest import Api
from tests.assessments.catalogs import (
    DONT_KNOW,
    NOT_APPLICABLE,
    answers_worth,
    asking,
    maturity,
)
from tests.factories import days, make_completed, now
from tests.reports.samples import COMPLETED, make_subject

EARLIER = COMPLETED - timedelta(days=200)


def asked() -> Questionnaire:
    return asking(*(maturity(f"AAA.1.{number}") for number in range(1, 7)))


def change(before: dict[str, Answer], after: dict[str, Answer]) -> Trend:
    questionnaire = asked()
    previous = Previous(questionnaire, before, score(questionnaire, before), EARLIER)
    return trend(questionnaire, after, score(questionnaire, after), previous)


def test_each_kind_of_change_is_told_apart() -> None:
    worth = answers_worth(asked(), {f"AAA.1.{number}": 500 for number in range(1, 7)})
    better = answers_worth(asked(), {"AAA.1.1": 750, "AAA.1.2": 250})
    before = worth | {"AAA.1.3": DONT_KNOW}
    after = worth | better | {"AAA.1.4": DONT_KNOW, "AAA.1.5": NOT_APPLICABLE}

    found = change(before, after)

    assert {group.name: [turn.question_id for turn in group.turns] for group in found.groups} == {
        "Improved": ["AAA.1.1"],
        "Worse": ["AAA.1.2"],
        "No longer unknown": ["AAA.1.3"],
        "No longer known": ["AAA.1.4"],
        "Other scope": ["AAA.1.5"],
    }
    improved, rescoped = found.groups[0].turns[0], found.groups[-1].turns[0]
    assert improved.before == "AAA.1.1 defined"
    assert improved.after == "AAA.1.1 followed"
    assert (rescoped.before, rescoped.after) == ("Counted", "Not applicable")


def test_the_sentence_measures_common_questions_only() -> None:
    everything = answers_worth(asked(), {f"AAA.1.{number}": 500 for number in range(1, 7)})
    better = everything | answers_worth(asked(), {"AAA.1.1": 1000})

    found = change(everything, better | {"AAA.1.6": NOT_APPLICABLE})

    assert found.sentence == (
        "Since 4 May 2026: +10.00 points. On the 5 questions that both assessments asked, the "
        "score was 50.0 and is 60.0."
    )
    assert found.sections == {"AAA": "+10.00"}


def test_no_change_is_said() -> None:
    everything = answers_worth(asked(), {f"AAA.1.{number}": 500 for number in range(1, 7)})

    found = change(everything, everything)

    assert found.sentence.startswith("Since 4 May 2026: no change.")
    assert (found.sections, found.groups) == ({"AAA": "±0"}, ())


def test_nothing_in_common_is_said() -> None:
    everything = answers_worth(asked(), {f"AAA.1.{number}": 500 for number in range(1, 7)})
    nothing = dict.fromkeys(everything, NOT_APPLICABLE)

    found = change(nothing, everything)

    assert found.sentence == (
        "The assessment of 4 May 2026 has no question in common with this one."
    )


def test_each_step_of_the_history_is_measured_on_common_questions() -> None:
    worst, best = ({f"AAA.1.{n}": credit for n in range(1, 7)} for credit in (0, 1000))
    few = asking(maturity("AAA.1.1"), maturity("AAA.1.2"))
    taken = [
        (asked(), answers_worth(asked(), worst)),
        (asked(), answers_worth(asked(), worst | {"AAA.1.1": 1000, "AAA.1.2": 1000})),
        (few, answers_worth(few, {"AAA.1.1": 1000, "AAA.1.2": 1000})),
        (asked(), answers_worth(asked(), best)),
    ]
    measured = [
        Measured(
            UUID(int=number),
            EARLIER + timedelta(days=number),
            questionnaire,
            score(questionnaire, a),
        )
        for number, (questionnaire, a) in enumerate(taken)
    ]

    steps = history(reversed(measured))

    assert [step.measured for step in steps] == measured
    # From 33 to 100 of 100, and no better: only fewer questions were asked.
    assert [step.score for step in steps] == ["0.0", "33.3", "100.0", "100.0"]
    assert [step.change for step in steps] == ["–", "+33.33", "±0", "±0"]
    assert [(step.questions, step.common) for step in steps] == [(6, 0), (6, 6), (2, 2), (6, 2)]


def test_the_change_is_printed() -> None:
    questionnaire = asked()
    before = answers_worth(questionnaire, {f"AAA.1.{number}": 250 for number in range(1, 7)})
    after = answers_worth(questionnaire, {f"AAA.1.{number}": 750 for number in range(1, 7)})
    previous = Previous(questionnaire, before, score(questionnaire, before), EARLIER)
    scorecard = score(questionnaire, after)

    document = compose(make_subject(), questionnaire, after, {}, scorecard, previous)

    assert document.summary.change_sentence.startswith("Since 4 May 2026: +50.00 points.")
    assert (document.glance.since, document.glance.sections[0].change) == ("4 May 2026", "+50.00")
    assert len(pdf.lay_out(document).pages) > 5


@pytest.mark.django_db
def test_a_report_compares_with_the_last_one_completed_before_it(owner: User) -> None:
    made: list[Assessment] = []
    for number, step in enumerate((1, 2, 3)):
        completed = make_completed(owner, step)
        Assessment.objects.filter(pk=completed.pk).update(
            completed_at=now() - days(30 - 10 * number)
        )
        made.append(Assessment.objects.get(pk=completed.pk))

    assert reading.previous(made[0]) is None
    late = made.pop(1)  # the second attempt is completed last, after it was given more days
    Assessment.objects.filter(pk=late.pk).update(completed_at=now())
    made.append(Assessment.objects.get(pk=late.pk))
    for earlier, later in pairwise(made):
        found = reading.previous(later)
        assert found
        assert found.completed_at == earlier.completed_at
        assert found.scorecard == earlier.result


@pytest.mark.django_db
def test_the_page_and_the_api_say_the_same(
    owner: User, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = make_completed(owner, 1)
    page = owner_client.get(reverse("reports:change", args=[first.pk])).content.decode()
    assert "your first completed assessment" in page
    later = make_completed(owner, 3)

    # session, user, assessment with owner, its answers, the one before with its, the history
    with django_assert_num_queries(7):
        page = owner_client.get(reverse("reports:change", args=[later.pk])).content.decode()
    told = Api(owner).get(f"assessments/{later.pk}/change").json()

    assert told["sentence"].startswith("Since ")
    assert told["sentence"] in page
    (improved,) = told["groups"]
    assert (improved["name"], len(improved["turns"])) == ("Improved", 23)
    assert all(turn["before"] in page and turn["after"] in page for turn in improved["turns"])
    assert [step["assessment_id"] for step in told["history"]] == [str(first.pk), str(later.pk)]
    assert told["history"][1]["common"] == 23
