"""What to do first, and what it gains. Pure, as scoring is.

The roadmap is one list: what refuses a level first, then what gains most for its risk and
effort, each step after the steps it needs. Three waves cut that list where their capacity ends.
A wave is closed by the first step that does not fit, even if a smaller one further down would:
so the order of the list holds across the waves, and no step can land before one it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import msgspec

from assessments.catalog.questions import FULL_CREDIT, Effort, Questionnaire
from assessments.scoring import Answer, Mark, Scorecard, SectionScore, raised

CAPACITY: Mapping[str, int | None] = {"now": 8, "next": 16, "later": None}
"""The waves in order, with how much effort each takes; the last takes the rest."""


class Step(msgspec.Struct, frozen=True):
    """One question to raise to its target. `gain` is in points of the overall score.

    `blocks` says that the question is among those that hold its section's level. `action` is
    what to do next or, where the answer is not known, where to find it. `prerequisites` are
    the steps of this same roadmap that come first.
    """

    question_id: str
    section_id: str
    credit: int
    target: int
    gain: Fraction
    risk: int
    effort: Effort
    weight: int
    blocks: bool
    unknown: bool
    action: str
    prerequisites: tuple[str, ...] = ()

    @property
    def rank(self) -> Fraction:
        return self.gain * self.risk / self.effort.factor


class SectionChange(msgspec.Struct, frozen=True):
    """A section before and after some of its questions are raised."""

    section_id: str
    score_before: Fraction
    score_after: Fraction
    level_before: int
    level_after: int


class Wave(msgspec.Struct, frozen=True):
    """Steps that fit together, and where they lead once the waves before are done too.

    `efforts` counts the steps of each effort. `score` and `level` are the overall ones after
    the wave, None when nothing is rated. `unlocks` is that level if the wave raises it.
    `rising` are the sections whose level the wave raises.
    """

    name: str
    steps: tuple[Step, ...]
    points: Fraction
    efforts: Mapping[Effort, int]
    score: Fraction | None
    level: int | None
    unlocks: int | None
    rising: tuple[SectionChange, ...]


class Roadmap(msgspec.Struct, frozen=True):
    """Always the three waves; those without steps are empty."""

    waves: tuple[Wave, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for wave in self.waves for step in wave.steps)

    @property
    def points(self) -> Fraction:
        return sum((wave.points for wave in self.waves), Fraction(0))


class WhatIf(msgspec.Struct, frozen=True):
    """What raising these questions to their targets would change.

    `question_ids` are those that count, in the order of the questionnaire; `sections` those
    that they belong to. Scores and levels are None when nothing is rated.
    """

    question_ids: tuple[str, ...]
    gain: Fraction
    score_before: Fraction | None
    score_after: Fraction | None
    level_before: int | None
    level_after: int | None
    sections: tuple[SectionChange, ...]


def roadmap(
    questionnaire: Questionnaire, answers: Mapping[str, Answer], scorecard: Scorecard
) -> Roadmap:
    """Every question that gains something, in waves. The scorecard is that of the answers.

    Not applicable questions and sections that are not rated have no steps.
    """
    waves = []
    before = scorecard
    for name, steps in _cut(_ordered(_steps(questionnaire, answers, scorecard))):
        after = raised(before, {step.question_id: step.target for step in steps})
        level_before, level = _level(before), _level(after)
        waves.append(
            Wave(
                name=name,
                steps=steps,
                points=sum((step.gain for step in steps), Fraction(0)),
                efforts={effort: sum(s.effort is effort for s in steps) for effort in Effort},
                score=_score(after),
                level=level,
                unlocks=level if level != level_before else None,
                rising=tuple(
                    change
                    for change in _changes(before, after)
                    if change.level_after > change.level_before
                ),
            )
        )
        before = after
    return Roadmap(waves=tuple(waves))


def what_if(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    scorecard: Scorecard,
    question_ids: Iterable[str],
) -> WhatIf:
    """What raising these questions to their targets would change.

    Ids that are not on the roadmap are ignored.
    """
    wanted = set(question_ids)
    steps = [s for s in _steps(questionnaire, answers, scorecard) if s.question_id in wanted]
    section_ids = {step.section_id for step in steps}
    after = raised(scorecard, {step.question_id: step.target for step in steps})
    return WhatIf(
        question_ids=tuple(step.question_id for step in steps),
        gain=sum((step.gain for step in steps), Fraction(0)),
        score_before=_score(scorecard),
        score_after=_score(after),
        level_before=_level(scorecard),
        level_after=_level(after),
        sections=tuple(
            change for change in _changes(scorecard, after) if change.section_id in section_ids
        ),
    )


def _steps(
    questionnaire: Questionnaire, answers: Mapping[str, Answer], scorecard: Scorecard
) -> list[Step]:
    """In the order of the questionnaire."""
    questions = questionnaire.questions
    rated = [section for section in scorecard.sections if section.rated]
    total_weight = sum(section.section_weight for section in rated)
    open_marks = {
        mark.question_id: (mark, section)
        for section in rated
        for mark in section.marks
        if mark.applicable and mark.credit < questions[mark.question_id].target
    }

    def step(mark: Mark, section: SectionScore) -> Step:
        question = questions[mark.question_id]
        assert section.level is not None
        if mark.unknown:
            action = question.where
        else:
            action = question.next_steps(answers[question.id].value)[0]
        return Step(
            question_id=question.id,
            section_id=section.section_id,
            credit=mark.credit,
            target=question.target,
            gain=Fraction(
                100 * section.section_weight * mark.weight * (question.target - mark.credit),
                total_weight * FULL_CREDIT * section.applicable_weight,
            ),
            risk=question.risk,
            effort=question.effort,
            weight=mark.weight,
            blocks=question.id in section.level.blockers,
            unknown=mark.unknown,
            action=action,
            prerequisites=tuple(id_ for id_ in question.prerequisites if id_ in open_marks),
        )

    return [step(mark, section) for mark, section in open_marks.values()]


def _ordered(steps: list[Step]) -> list[Step]:
    """By rank, but each step right after those it needs, which it pulls forward.

    Only a prerequisite that is itself a step counts: one that is met, not applicable or not
    asked holds nothing back.
    """
    by_id = {
        step.question_id: step
        for step in sorted(
            steps, key=lambda step: (not step.blocks, -step.rank, -step.weight, step.question_id)
        )
    }
    place = {question_id: number for number, question_id in enumerate(by_id)}
    ordered: dict[str, Step] = {}

    def add(question_id: str) -> None:
        if question_id not in ordered:
            for prerequisite in sorted(by_id[question_id].prerequisites, key=place.__getitem__):
                add(prerequisite)
            ordered[question_id] = by_id[question_id]

    for question_id in by_id:
        add(question_id)
    return list(ordered.values())


def _cut(ordered: list[Step]) -> Iterator[tuple[str, tuple[Step, ...]]]:
    start = 0
    for name, capacity in CAPACITY.items():
        end, used = start, 0
        while end < len(ordered):
            used += ordered[end].effort.factor
            if capacity is not None and used > capacity:
                break
            end += 1
        yield name, tuple(ordered[start:end])
        start = end


def _changes(before: Scorecard, after: Scorecard) -> Iterator[SectionChange]:
    for old, new in zip(before.sections, after.sections, strict=True):
        if old.rated:
            assert old.score is not None
            assert new.score is not None
            assert old.level is not None
            assert new.level is not None
            yield SectionChange(
                section_id=old.section_id,
                score_before=old.score,
                score_after=new.score,
                level_before=old.level.level,
                level_after=new.level.level,
            )


def _score(scorecard: Scorecard) -> Fraction | None:
    return None if scorecard.overall is None else scorecard.overall.score


def _level(scorecard: Scorecard) -> int | None:
    return None if scorecard.overall is None else scorecard.overall.level
