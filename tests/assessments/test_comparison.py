"""Two assessments side by side: by examples worked by hand, and for whatever can be drawn."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.catalog.questions import Questionnaire, Tier
from assessments.comparison import Change, Comparison, Rescoped, Standing, compare
from assessments.scoring import Answer, Scorecard, State, score
from tests.assessments.catalogs import (
    DONT_KNOW,
    NOT_APPLICABLE,
    answered_questionnaires,
    answers_to,
    answers_worth,
    asking,
    maturity,
)

holds_for_any = settings(max_examples=60, deadline=None, database=None)


def between(
    earlier: Questionnaire,
    before: dict[str, Answer],
    later: Questionnaire,
    after: dict[str, Answer],
) -> Comparison:
    return compare(earlier, score(earlier, before), later, score(later, after))


def ids(changes: Iterable[Change | Rescoped]) -> list[str]:
    return [change.question_id for change in changes]


# By hand


def test_both_scores_are_worked_out_on_the_common_questions_only() -> None:
    """IAM.1.2 is new and NET.1.1 was not applicable: IAM.1.1 and NET.1.2 are left."""
    earlier = asking(
        maturity("IAM.1.1", weight=2), maturity("NET.1.1", weight=3), maturity("NET.1.2")
    )
    later = asking(
        maturity("IAM.1.1", weight=2),
        maturity("IAM.1.2", weight=3),
        maturity("NET.1.1", weight=3),
        maturity("NET.1.2"),
    )
    before = {
        **answers_worth(earlier, {"IAM.1.1": 250, "NET.1.2": 500}),
        "NET.1.1": NOT_APPLICABLE,
    }
    after = answers_worth(later, {"IAM.1.1": 750, "IAM.1.2": 0, "NET.1.1": 0, "NET.1.2": 250})

    comparison = between(earlier, before, later, after)

    assert [(s.section_id, s.questions, s.before, s.after) for s in comparison.sections] == [
        ("IAM", 1, Fraction(25), Fraction(75)),
        ("NET", 1, Fraction(50), Fraction(25)),
    ]
    assert comparison.before == Fraction(25 + 50, 2)
    assert comparison.after == 50
    assert comparison.change == Fraction(25, 2)
    assert comparison.rescoped == (
        Rescoped("IAM.1.2", Standing.NOT_IN_CATALOG, Standing.COUNTS),
        Rescoped("NET.1.1", Standing.NOT_APPLICABLE, Standing.COUNTS),
    )


def test_where_two_versions_weigh_differently_both_sides_use_the_mean() -> None:
    """(3 + 1) * 1000 and (1 + 3) * 0 make 50; by either version alone it would be 75 or 25."""
    earlier = asking(maturity("IAM.1.1", weight=3), maturity("IAM.1.2", weight=1))
    later = asking(maturity("IAM.1.1", weight=1), maturity("IAM.1.2", weight=3))
    answers = answers_worth(earlier, {"IAM.1.1": 1000, "IAM.1.2": 0})

    comparison = between(earlier, answers, later, answers)

    assert comparison.before == comparison.after == 50
    assert comparison.change == 0


def test_sections_count_by_the_mean_of_their_two_weights() -> None:
    """IAM weighs 1 + 2, NET 1 + 1: 3/5 of 100."""
    questions = (maturity("IAM.1.1"), maturity("NET.1.1"))
    earlier = asking(*questions)
    later = asking(*questions, section_weights={"IAM": 2})
    nothing = answers_worth(earlier, {"IAM.1.1": 0, "NET.1.1": 0})
    something = answers_worth(earlier, {"IAM.1.1": 1000, "NET.1.1": 0})

    assert between(earlier, nothing, later, something).change == 60


def test_changes_are_told_apart_by_what_was_known() -> None:
    asked = asking(*(maturity(f"IAM.1.{place}") for place in range(1, 8)))
    before = {
        **answers_worth(asked, {"IAM.1.1": 250, "IAM.1.2": 750, "IAM.1.3": 500, "IAM.1.6": 1000}),
        "IAM.1.4": DONT_KNOW,
    }
    after = {
        **answers_worth(
            asked, {"IAM.1.1": 500, "IAM.1.2": 250, "IAM.1.3": 500, "IAM.1.4": 0, "IAM.1.5": 1000}
        ),
        "IAM.1.6": DONT_KNOW,
        "IAM.1.7": DONT_KNOW,
    }

    comparison = between(asked, before, asked, after)

    assert ids(comparison.improved) == ["IAM.1.1"]
    assert ids(comparison.worsened) == ["IAM.1.2"]
    assert ids(comparison.no_longer_unknown) == ["IAM.1.4", "IAM.1.5"]
    assert ids(comparison.no_longer_known) == ["IAM.1.6"]
    assert comparison.rescoped == ()
    assert comparison.improved[0].section_id == "IAM"
    assert comparison.improved[0].before.credit == 250
    assert comparison.improved[0].after.credit == 500


def test_why_a_question_counts_on_one_side_only() -> None:
    """A deeper tier, another section, an answer, and a question that was dropped."""
    earlier = asking(
        maturity("IAM.1.1"),
        maturity("IAM.1.2", tier=Tier.DEEP),
        maturity("IAM.1.3"),
        maturity("IAM.1.4"),
        maturity("NET.1.1"),
    )
    deeper = asking(
        maturity("IAM.1.1"),
        maturity("IAM.1.2", tier=Tier.DEEP),
        maturity("IAM.1.3"),
        maturity("NET.1.1"),
        tier=Tier.DEEP,
    )
    later = deeper.catalog.questionnaire(Tier.DEEP, ("IAM",), {})
    after = {"IAM.1.3": NOT_APPLICABLE}

    comparison = between(earlier, {}, later, after)

    assert set(comparison.rescoped) == {
        Rescoped("IAM.1.2", Standing.NOT_ASKED, Standing.COUNTS),
        Rescoped("IAM.1.3", Standing.COUNTS, Standing.NOT_APPLICABLE),
        Rescoped("IAM.1.4", Standing.COUNTS, Standing.NOT_IN_CATALOG),
        Rescoped("NET.1.1", Standing.COUNTS, Standing.NOT_ASKED),
    }
    assert [section.section_id for section in comparison.sections] == ["IAM"]


def test_not_applicable_on_both_sides_is_no_change_of_scope() -> None:
    asked = asking(maturity("IAM.1.1"), maturity("IAM.1.2"))
    answers = {**answers_worth(asked, {"IAM.1.1": 500}), "IAM.1.2": NOT_APPLICABLE}

    comparison = between(asked, answers, asked, answers)

    assert comparison.rescoped == ()
    assert comparison.before == comparison.after == 50


def test_without_a_common_question_there_is_nothing_to_compare() -> None:
    earlier, later = asking(maturity("IAM.1.1")), asking(maturity("NET.1.1"))

    comparison = between(earlier, {}, later, {})

    assert comparison.sections == ()
    assert comparison.before is comparison.after is comparison.change is None


# For whatever can be drawn


@st.composite
def two_runs(
    draw: st.DrawFn,
) -> tuple[Questionnaire, Scorecard, Questionnaire, Scorecard]:
    """Two runs through one catalog, or through two that share some of their questions."""
    earlier, before = draw(answered_questionnaires())
    if draw(st.booleans()):
        later, after = draw(answered_questionnaires())
    else:
        every = tuple(section.id for section in earlier.catalog.sections)
        chosen = tuple(draw(st.lists(st.sampled_from(every), min_size=1, unique=True)))
        later = earlier.catalog.questionnaire(draw(st.sampled_from(Tier)), chosen, {})
        drawn = {question.id: draw(answers_to(question)) for question in later}
        after = {id_: answer for id_, answer in drawn.items() if answer is not None}
    return earlier, score(earlier, before), later, score(later, after)


@holds_for_any
@given(answered_questionnaires())
def test_nothing_changes_between_an_assessment_and_itself(
    drawn: tuple[Questionnaire, dict[str, Answer]],
) -> None:
    asked, answers = drawn

    comparison = between(asked, answers, asked, answers)

    assert comparison.change in (0, None)
    assert all(section.change == 0 for section in comparison.sections)
    assert comparison.improved == comparison.worsened == ()
    assert comparison.no_longer_unknown == comparison.no_longer_known == ()
    assert comparison.rescoped == ()


@holds_for_any
@given(two_runs())
def test_the_other_way_round_only_the_sign_changes(
    drawn: tuple[Questionnaire, Scorecard, Questionnaire, Scorecard],
) -> None:
    earlier, before, later, after = drawn

    forth, back = compare(earlier, before, later, after), compare(later, after, earlier, before)

    assert (forth.before, forth.after) == (back.after, back.before)
    assert {s.section_id: s.change for s in forth.sections} == {
        s.section_id: -s.change for s in back.sections
    }
    assert set(ids(forth.improved)) == set(ids(back.worsened))
    assert set(ids(forth.worsened)) == set(ids(back.improved))
    assert set(ids(forth.no_longer_unknown)) == set(ids(back.no_longer_known))
    assert {(r.question_id, r.before, r.after) for r in forth.rescoped} == {
        (r.question_id, r.after, r.before) for r in back.rescoped
    }


@holds_for_any
@given(two_runs())
def test_no_question_is_told_twice(
    drawn: tuple[Questionnaire, Scorecard, Questionnaire, Scorecard],
) -> None:
    earlier, before, later, after = drawn

    comparison = compare(earlier, before, later, after)
    told = [
        *ids(comparison.improved),
        *ids(comparison.worsened),
        *ids(comparison.no_longer_unknown),
        *ids(comparison.no_longer_known),
        *ids(comparison.rescoped),
    ]

    assert len(told) == len(set(told))
    assert comparison.before is None or 0 <= comparison.before <= 100


@holds_for_any
@given(answered_questionnaires())
def test_with_everything_in_common_the_scores_are_those_of_the_scorecards(
    drawn: tuple[Questionnaire, dict[str, Answer]],
) -> None:
    asked, answers = drawn
    applicable = {id_: a for id_, a in answers.items() if a.state is not State.NOT_APPLICABLE}
    before, after = score(asked, {}), score(asked, applicable)

    comparison = compare(asked, before, asked, after)

    assert comparison.before == (before.overall and before.overall.score)
    assert comparison.after == (after.overall and after.overall.score)
