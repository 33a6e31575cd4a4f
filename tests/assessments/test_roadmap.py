"""What comes first on the roadmap, what it promises, and that the promise is kept exactly."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.catalog.questions import Effort, Questionnaire, Tier
from assessments.roadmap import (
    CAPACITY,
    Roadmap,
    SectionChange,
    Step,
    Wave,
    WhatIf,
    roadmap,
    what_if,
)
from assessments.scoring import Answer, Scorecard, State, score
from tests.assessments.catalogs import (
    DONT_KNOW,
    NOT_APPLICABLE,
    answer,
    answered_questionnaires,
    answers_worth,
    asking,
    existence,
    make_catalog,
    make_section,
    maturity,
    number,
    practices,
    worth,
)

holds_for_any = settings(max_examples=60, deadline=None, database=None)


def plan(asked: Questionnaire, answers: dict[str, Answer]) -> Roadmap:
    return roadmap(asked, answers, score(asked, answers))


def raise_by(
    asked: Questionnaire, answers: dict[str, Answer], question_ids: Iterable[str]
) -> WhatIf:
    return what_if(asked, answers, score(asked, answers), question_ids)


def order(asked: Questionnaire, answers: dict[str, Answer]) -> list[str]:
    return [step.question_id for step in plan(asked, answers).steps]


def by_wave(result: Roadmap) -> list[list[str]]:
    return [[step.question_id for step in wave.steps] for wave in result.waves]


def with_targets(
    asked: Questionnaire, answers: dict[str, Answer], steps: Iterable[Step]
) -> Scorecard:
    """The scorecard of real answers that are worth the steps' targets; notes stay."""
    better = dict(answers)
    for step in steps:
        present = answers.get(step.question_id)
        noted = present is not None and present.state is State.ANSWERED and present.noted
        better[step.question_id] = worth(
            asked.questions[step.question_id], step.target, noted=noted and not step.unknown
        )
    return score(asked, better)


# Steps


def test_a_step_says_what_to_do_and_what_it_gains() -> None:
    asked = asking(
        maturity("IAM.1.1", weight=3, must_have=3, risk=3, effort=Effort.M),
        maturity("IAM.1.2", weight=1),
        maturity("RES.1.1"),
        section_weights={"IAM": 2, "RES": 3},
    )
    answers = answers_worth(asked, {"IAM.1.1": 250, "IAM.1.2": 1000, "RES.1.1": 1000})

    assert plan(asked, answers).steps == (
        Step(
            question_id="IAM.1.1",
            section_id="IAM",
            credit=250,
            target=750,
            # two fifths of the whole, three quarters of the section, half the scale
            gain=100 * Fraction(2, 5) * Fraction(3, 4) * Fraction(1, 2),
            risk=3,
            effort=Effort.M,
            weight=3,
            blocks=True,
            unknown=False,
            action="From ad_hoc of IAM.1.1",
            prerequisites=(),
        ),
    )


@pytest.mark.parametrize("given", [DONT_KNOW, None])
def test_what_is_not_known_starts_with_finding_out(given: Answer | None) -> None:
    asked = asking(maturity("IAM.1.1"))

    (step,) = plan(asked, {} if given is None else {"IAM.1.1": given}).steps

    assert step.unknown
    assert step.action == "Where to find IAM.1.1."
    assert (step.credit, step.target) == (0, 750)
    assert step.gain == 75


def test_the_action_is_the_best_next_step_from_the_answer_given() -> None:
    asked = asking(practices("IAM.1.1", weights=(1, 3, 2)), number("IAM.1.2"))
    answers = {"IAM.1.1": answer(["b"]), "IAM.1.2": answer(15)}

    actions = {step.question_id: step.action for step in plan(asked, answers).steps}

    assert actions == {"IAM.1.1": "Start c", "IAM.1.2": "From 500"}


def test_what_is_at_its_target_or_not_applicable_is_no_step() -> None:
    asked = asking(*(maturity(f"IAM.1.{n}") for n in range(1, 5)))
    answers = {
        "IAM.1.1": answer("followed"),
        "IAM.1.2": answer("measured"),
        "IAM.1.3": NOT_APPLICABLE,
        "IAM.1.4": answer("defined"),
    }

    assert order(asked, answers) == ["IAM.1.4"]


def test_a_section_that_is_not_rated_has_no_steps_and_takes_no_share() -> None:
    asked = asking(maturity("IAM.1.1", weight=3), maturity("IAM.1.2"), maturity("RES.1.1"))
    answers = {
        "IAM.1.1": NOT_APPLICABLE,
        "IAM.1.2": answer("not_done"),
        "RES.1.1": answer("not_done"),
    }

    (step,) = plan(asked, answers).steps

    assert step.question_id == "RES.1.1"
    assert step.gain == 75


def test_a_question_that_is_not_asked_is_no_step() -> None:
    asked = asking(maturity("IAM.1.1"), maturity("IAM.1.2", tier=Tier.DEEP))

    assert order(asked, {"IAM.1.2": answer("not_done")}) == ["IAM.1.1"]


# Order


def test_the_greatest_gain_for_its_risk_and_effort_comes_first() -> None:
    asked = asking(
        maturity("IAM.1.1", weight=3, risk=1, effort=Effort.L),  # 1
        maturity("IAM.1.2", weight=2, risk=3, effort=Effort.M),  # 3
        maturity("IAM.1.3", weight=1, risk=2, effort=Effort.S),  # 2
        maturity("IAM.1.4", weight=3, risk=3, effort=Effort.S),  # 9
    )

    assert order(asked, {}) == ["IAM.1.4", "IAM.1.2", "IAM.1.3", "IAM.1.1"]


def test_ties_go_to_the_greater_weight_and_then_to_the_smaller_id() -> None:
    asked = asking(
        maturity("IAM.1.2", weight=1),
        maturity("IAM.1.1", weight=1),
        maturity("IAM.1.9", weight=3),
        maturity("IAM.1.8", weight=3),
    )
    answers = answers_worth(asked, {"IAM.1.9": 500, "IAM.1.8": 500})

    assert {step.rank for step in plan(asked, answers).steps} == {Fraction(75, 8)}
    assert order(asked, answers) == ["IAM.1.8", "IAM.1.9", "IAM.1.1", "IAM.1.2"]


def test_what_refuses_a_level_comes_before_what_gains_more() -> None:
    def order_if(must_have: int | None) -> list[str]:
        asked = asking(
            maturity("IAM.1.1", weight=3), maturity("IAM.1.2", must_have=must_have, effort=Effort.L)
        )
        return order(asked, answers_worth(asked, {"IAM.1.1": 500, "IAM.1.2": 250}))

    assert order_if(must_have=None) == ["IAM.1.1", "IAM.1.2"]
    assert order_if(must_have=3) == ["IAM.1.2", "IAM.1.1"]


def test_a_prerequisite_comes_before_what_needs_it_even_if_it_ranks_lower() -> None:
    asked = asking(
        maturity("IAM.1.1", weight=3, risk=3, prerequisites=("IAM.1.3",)),
        maturity("IAM.1.2", weight=2, risk=2),
        maturity("IAM.1.3", effort=Effort.L),
    )

    steps = plan(asked, {}).steps

    assert [step.question_id for step in steps] == ["IAM.1.3", "IAM.1.1", "IAM.1.2"]
    assert [step.prerequisites for step in steps] == [(), ("IAM.1.3",), ()]


def test_several_prerequisites_come_in_their_own_order() -> None:
    asked = asking(
        maturity("IAM.1.1", weight=3, risk=3, prerequisites=("IAM.1.2", "IAM.1.3")),
        maturity("IAM.1.2", weight=1),
        maturity("IAM.1.3", weight=2),
    )

    assert order(asked, {}) == ["IAM.1.3", "IAM.1.2", "IAM.1.1"]


def test_a_prerequisite_comes_before_a_blocker_that_needs_it() -> None:
    asked = asking(
        maturity("IAM.1.1", must_have=3, prerequisites=("IAM.1.4",)),
        maturity("IAM.1.2", weight=3),
        maturity("IAM.1.3", weight=3),
        maturity("IAM.1.4", effort=Effort.L, prerequisites=("IAM.1.5",)),
        maturity("IAM.1.5", effort=Effort.L),
    )
    answers = answers_worth(asked, {"IAM.1.2": 1000, "IAM.1.3": 500})

    result = plan(asked, answers)

    assert [step.question_id for step in result.steps if step.blocks] == ["IAM.1.1"]
    assert [step.question_id for step in result.steps] == [
        "IAM.1.5",
        "IAM.1.4",
        "IAM.1.1",
        "IAM.1.3",
    ]


def test_only_a_prerequisite_that_is_itself_a_step_counts() -> None:
    asked = asking(
        maturity("IAM.1.1", prerequisites=("IAM.1.2", "IAM.1.3", "IAM.1.4", "IAM.1.5")),
        maturity("IAM.1.2"),
        maturity("IAM.1.3"),
        maturity("IAM.1.4", tier=Tier.DEEP),
        maturity("IAM.1.5"),
    )
    answers = {"IAM.1.2": answer("followed"), "IAM.1.3": NOT_APPLICABLE}

    steps = plan(asked, answers).steps

    assert [step.question_id for step in steps] == ["IAM.1.5", "IAM.1.1"]
    assert steps[1].prerequisites == ("IAM.1.5",)


# Waves


def equal_steps(efforts: str) -> Questionnaire:
    """Steps of these efforts, in this order: the risk makes up for the effort."""
    return asking(
        *(
            maturity(f"IAM.1.{n:02}", effort=Effort(effort), risk=Effort(effort).factor)
            for n, effort in enumerate(efforts, start=1)
        )
    )


def test_the_waves_take_8_and_16_and_the_rest() -> None:
    waves = plan(equal_steps("LLMLLLLLSSLLLS"), {}).waves

    assert [wave.name for wave in waves] == ["now", "next", "later"]
    assert ["".join(step.effort for step in wave.steps) for wave in waves] == [
        "LLM",
        "LLLLLS",
        "SLLLS",
    ]
    assert [wave.efforts for wave in waves] == [
        {Effort.S: 0, Effort.M: 1, Effort.L: 2},
        {Effort.S: 1, Effort.M: 0, Effort.L: 5},
        {Effort.S: 2, Effort.M: 0, Effort.L: 3},
    ]


def test_the_first_step_that_does_not_fit_closes_the_wave() -> None:
    waves = plan(equal_steps("LLLSS"), {}).waves

    assert ["".join(step.effort for step in wave.steps) for wave in waves] == ["LL", "LSS", ""]


def test_a_wave_promises_the_level_that_its_targets_give() -> None:
    """A section at 100 but for its must-have rises with the first wave, the other with the next."""
    asked = asking(
        maturity("IAM.1.1", must_have=3, effort=Effort.L),
        maturity("IAM.1.2", weight=3),
        *(maturity(f"RES.1.{n}", effort=Effort.L) for n in range(1, 6)),
    )
    answers = answers_worth(asked, {"IAM.1.2": 1000}) | {
        f"RES.1.{n}": answer("ad_hoc") for n in range(1, 6)
    }

    now, next_, later = plan(asked, answers).waves

    assert by_wave(plan(asked, answers)) == [
        ["IAM.1.1", "RES.1.1"],
        ["RES.1.2", "RES.1.3", "RES.1.4", "RES.1.5"],
        [],
    ]
    assert now.rising == (
        SectionChange("IAM", Fraction(75), Fraction(375, 4), level_before=2, level_after=4),
    )
    assert (now.points, now.score) == (
        Fraction(75, 8) + Fraction(5),
        Fraction(50) + Fraction(75, 8) + Fraction(5),
    )
    assert (now.level, now.unlocks) == (4, 4)
    assert next_.rising == (
        SectionChange("RES", Fraction(35), Fraction(75), level_before=2, level_after=4),
    )
    assert next_.points == 20
    assert (next_.level, next_.unlocks) == (5, 5)
    assert later == Wave(
        name="later",
        steps=(),
        points=Fraction(0),
        efforts={Effort.S: 0, Effort.M: 0, Effort.L: 0},
        score=next_.score,
        level=5,
        unlocks=None,
        rising=(),
    )


def test_a_quick_roadmap_promises_no_level_above_3() -> None:
    asked = asking(maturity("IAM.1.1"), tier=Tier.QUICK)

    now = plan(asked, {"IAM.1.1": answer("not_done")}).waves[0]

    assert now.score == 75
    assert now.level == 3
    assert [change.level_after for change in now.rising] == [3]


def test_with_nothing_rated_the_waves_are_empty_and_promise_nothing() -> None:
    result = plan(asking(maturity("IAM.1.1")), {"IAM.1.1": NOT_APPLICABLE})

    assert by_wave(result) == [[], [], []]
    assert {(wave.score, wave.level, wave.unlocks) for wave in result.waves} == {(None,) * 3}
    assert result.points == 0


# What if


def test_what_if_raises_what_is_named_to_its_target() -> None:
    asked = asking(
        maturity("IAM.1.1", must_have=3),
        maturity("IAM.1.2", weight=3),
        maturity("RES.1.1"),
        existence("PHY.1.1"),
    )
    answers = answers_worth(asked, {"IAM.1.2": 750, "RES.1.1": 500, "PHY.1.1": 500})

    result = raise_by(asked, answers, ["PHY.1.1", "IAM.1.1"])

    assert result == WhatIf(
        question_ids=("IAM.1.1", "PHY.1.1"),
        gain=Fraction(75, 12) + Fraction(50, 3),
        score_before=Fraction(625, 12),
        score_after=Fraction(75 + 50 + 100, 3),
        level_before=3,
        level_after=4,
        sections=(
            SectionChange("IAM", Fraction(225, 4), Fraction(75), level_before=2, level_after=4),
            SectionChange("PHY", Fraction(50), Fraction(100), level_before=3, level_after=4),
        ),
    )


def test_what_if_ignores_what_is_not_on_the_roadmap() -> None:
    asked = asking(
        maturity("IAM.1.1"),
        maturity("IAM.1.2"),
        maturity("IAM.1.3"),
        maturity("IAM.1.4", tier=Tier.DEEP),
    )
    answers = {
        "IAM.1.1": answer("defined"),
        "IAM.1.2": answer("followed"),
        "IAM.1.3": NOT_APPLICABLE,
    }
    others = ["IAM.1.2", "IAM.1.3", "IAM.1.4", "XXX.9.9"]

    alone = raise_by(asked, answers, ["IAM.1.1"])
    nothing = raise_by(asked, answers, others)

    assert raise_by(asked, answers, [*others, "IAM.1.1", "IAM.1.1"]) == alone
    assert alone.gain == Fraction(25, 2)
    assert nothing == WhatIf((), Fraction(0), Fraction(125, 2), Fraction(125, 2), 4, 4, ())


def test_what_if_with_nothing_rated_changes_nothing() -> None:
    result = raise_by(asking(maturity("IAM.1.1")), {"IAM.1.1": NOT_APPLICABLE}, ["IAM.1.1"])

    assert result == WhatIf((), Fraction(0), None, None, None, None, ())


def test_practices_are_raised_to_a_credit_that_ticking_them_can_earn() -> None:
    """Of weights 3, 3, 3 nothing but all of them earns 750 or more."""
    asked = asking(practices("IAM.1.1", weights=(3, 3, 3)))
    answers = {"IAM.1.1": answer(["a", "b"])}

    result = raise_by(asked, answers, ["IAM.1.1"])

    assert result.score_after == 100
    assert result.gain == Fraction(1000 - 666, 10)


# Whatever the catalog and the answers


@holds_for_any
@given(st.data())
def test_a_predicted_gain_is_the_gain_of_real_answers(data: st.DataObject) -> None:
    asked, answers = data.draw(answered_questionnaires())
    scorecard = score(asked, answers)
    steps = roadmap(asked, answers, scorecard).steps
    chosen = [step for step in steps if data.draw(st.booleans())]

    result = what_if(asked, answers, scorecard, [step.question_id for step in chosen])

    real = with_targets(asked, answers, chosen)
    assert result.gain == sum((step.gain for step in chosen), Fraction(0))
    if scorecard.overall:
        assert real.overall
        assert result.score_before == scorecard.overall.score
        assert result.score_after == real.overall.score == result.score_before + result.gain
        assert (result.level_before, result.level_after) == (
            scorecard.overall.level,
            real.overall.level,
        )
    after = {section.section_id: section for section in real.sections}
    assert {change.section_id for change in result.sections} == {s.section_id for s in chosen}
    for change in result.sections:
        level = after[change.section_id].level
        assert level
        assert (change.score_after, change.level_after) == (
            after[change.section_id].score,
            level.level,
        )


@holds_for_any
@given(answered_questionnaires())
def test_waves_keep_their_order_their_capacity_and_their_promise(
    case: tuple[Questionnaire, dict[str, Answer]],
) -> None:
    asked, answers = case
    scorecard = score(asked, answers)
    result = roadmap(asked, answers, scorecard)
    blockers = {
        id_ for section in scorecard.sections if section.level for id_ in section.level.blockers
    }

    done: list[Step] = []
    before = scorecard
    for wave in result.waves:
        capacity = CAPACITY[wave.name]
        assert capacity is None or sum(s.effort.factor for s in wave.steps) <= capacity
        for step in wave.steps:
            assert {s.question_id for s in done} >= set(step.prerequisites)
            done.append(step)
        real = with_targets(asked, answers, done)
        if real.overall and before.overall:
            assert (wave.score, wave.level) == (real.overall.score, real.overall.level)
            assert wave.points == real.overall.score - before.overall.score
        assert {change.section_id for change in wave.rising} == {
            new.section_id
            for old, new in zip(before.sections, real.sections, strict=True)
            if old.level and new.level and new.level.level > old.level.level
        }
        before = real
    assert {step.question_id for step in done if step.blocks} == blockers
    assert len({step.question_id for step in done}) == len(done)
    assert all(step.gain > 0 for step in done)


@holds_for_any
@given(st.data())
def test_the_roadmap_is_the_same_in_any_order_of_sections(data: st.DataObject) -> None:
    asked, answers = data.draw(answered_questionnaires())
    sections = data.draw(st.permutations(asked.catalog.sections))
    other = make_catalog(
        *(
            make_section(s.id, *data.draw(st.permutations(s.questions)), weight=s.weight)
            for s in sections
        )
    ).questionnaire(asked.tier, tuple(s.id for s in sections), {})

    def regardless_of_order(result: Roadmap) -> list[Wave]:
        return [
            msgspec.structs.replace(
                wave, rising=tuple(sorted(wave.rising, key=lambda change: change.section_id))
            )
            for wave in result.waves
        ]

    assert regardless_of_order(plan(other, answers)) == regardless_of_order(plan(asked, answers))
