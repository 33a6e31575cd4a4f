"""What is not known and not applicable: each with an effect that can be recomputed."""

from __future__ import annotations

from fractions import Fraction

from assessments.catalog.questions import Tier
from assessments.scoring import Answer, State, score
from reports.register import register, to_ask
from reports.wording import Note, points
from tests.assessments.catalogs import (
    DONT_KNOW,
    NOT_APPLICABLE,
    answers_worth,
    asking,
    existence,
    maturity,
)
from tests.reports.samples import middling, shipped, worst_value


def value(effect: str) -> Fraction:
    return Fraction(effect.replace("−", "-"))


def test_everything_unknown_and_inapplicable_is_listed_once() -> None:
    questionnaire = shipped(Tier.STANDARD)
    answers, notes = middling(questionnaire)
    scorecard = score(questionnaire, answers)

    found = register(questionnaire, notes, scorecard)

    states = {question.id: answers.get(question.id) for question in questionnaire}
    assert [entry.question_id for entry in found.unknown] == [
        question_id
        for question_id, answer in states.items()
        if answer is None or answer.state is State.DONT_KNOW
    ]
    assert [entry.question_id for entry in found.not_applicable] == [
        question_id
        for question_id, answer in states.items()
        if answer and answer.state is State.NOT_APPLICABLE
    ]
    assert all(entry.hint for entry in found.unknown)
    assert all(
        entry.reason and entry.question_id in entry.reason.text for entry in found.not_applicable
    )


def test_what_is_unknown_could_be_worth_exactly_the_range() -> None:
    questionnaire = shipped(Tier.STANDARD)
    answers, notes = middling(questionnaire)
    scorecard = score(questionnaire, answers)

    found = register(questionnaire, notes, scorecard)

    assert scorecard.overall
    width = scorecard.overall.potential - scorecard.overall.score
    assert f"all of them together {points(width)}," in found.unknown_sentence
    assert abs(sum(value(entry.effect) for entry in found.unknown) - width) < Fraction(1, 2)


def test_an_inapplicable_question_costs_what_the_worst_answer_to_it_would() -> None:
    questionnaire = shipped(Tier.STANDARD)
    answers, notes = middling(questionnaire)
    scorecard = score(questionnaire, answers)
    assert scorecard.overall

    for entry in register(questionnaire, notes, scorecard).not_applicable:
        worst = worst_value(questionnaire.questions[entry.question_id])
        other = score(questionnaire, {**answers, entry.question_id: worst})
        assert other.overall
        assert entry.effect == points(other.overall.score - scorecard.overall.score)


def test_a_domain_without_a_score_has_no_effect() -> None:
    questionnaire = asking(maturity("AAA.1.1"), existence("BBB.1.1"), maturity("BBB.1.2"))
    answers = answers_worth(questionnaire, {"AAA.1.1": 500}) | {
        "BBB.1.1": NOT_APPLICABLE,
        "BBB.1.2": NOT_APPLICABLE,
    }

    found = register(questionnaire, {"BBB.1.1": Note(na_reason="")}, score(questionnaire, answers))

    assert [entry.effect for entry in found.not_applicable] == ["–", "–"]
    assert found.not_applicable[0].reason is None


def test_nothing_to_list_is_said() -> None:
    questionnaire = asking(maturity("AAA.1.1"))
    answers: dict[str, Answer] = answers_worth(questionnaire, {"AAA.1.1": 500})

    found = register(questionnaire, {}, score(questionnaire, answers))

    assert (found.unknown, found.not_applicable) == ((), ())
    assert found.unknown_sentence == "Every question that applies has an answer."
    assert found.not_applicable_sentence == "No question was said not to apply."


def test_one_is_told_as_one() -> None:
    questionnaire = asking(maturity("AAA.1.1"))

    found = register(questionnaire, {}, score(questionnaire, {"AAA.1.1": DONT_KNOW}))

    assert found.unknown_sentence.startswith("1 question without a known answer.")
    assert found.unknown[0].effect == "+100.00"


def test_who_knows_most_is_asked_first() -> None:
    questionnaire = shipped(Tier.STANDARD)
    unknown = register(questionnaire, {}, score(questionnaire, {})).unknown

    groups = to_ask(unknown)

    assert sum(len(group.entries) for group in groups) == len(unknown) == 113
    counts = [len(group.entries) for group in groups]
    assert counts == sorted(counts, reverse=True)
    for group in groups:
        for entry in group.entries:
            assert questionnaire.questions[entry.question_id].respondent == group.respondent
