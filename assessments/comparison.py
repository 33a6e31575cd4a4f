"""What changed between two assessments, measured on what both of them asked. Pure, as scoring is.

Two scores of different scope are not two measurements of one thing. So both are worked out anew
on the common questions: those with the same id that count on both sides. Where two versions of
the catalog weigh a question or a section differently, both sides use the mean of the two
weights: the same answers give the same score, and to compare the other way round only changes
the sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

import msgspec

from assessments.catalog.questions import FULL_CREDIT, Questionnaire
from assessments.scoring import Mark, Scorecard


class Standing(StrEnum):
    """What a question is to one of the two assessments; only `counts` can be compared."""

    COUNTS = "counts"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASKED = "not_asked"
    NOT_IN_CATALOG = "not_in_catalog"


class Change(msgspec.Struct, frozen=True):
    """One common question. `weight` is twice the mean of its two weights, so that it is whole."""

    question_id: str
    section_id: str
    before: Mark
    after: Mark

    @property
    def weight(self) -> int:
        return self.before.weight + self.after.weight


class Rescoped(msgspec.Struct, frozen=True):
    """A question that counts on one side only."""

    question_id: str
    before: Standing
    after: Standing


class SectionComparison(msgspec.Struct, frozen=True):
    """Both scores of a section, 0 to 100 and exact, on its common questions."""

    section_id: str
    questions: int
    weight: int
    before: Fraction
    after: Fraction

    @property
    def change(self) -> Fraction:
        return self.after - self.before


class Comparison(msgspec.Struct, frozen=True):
    """Both overall scores on the common questions, None without any, and what lies behind them.

    `improved` and `worsened` are known on both sides. Of the others, `no_longer_unknown` were
    unknown before and are known now, whatever the answer; `no_longer_known` the reverse.
    """

    before: Fraction | None
    after: Fraction | None
    sections: tuple[SectionComparison, ...]
    improved: tuple[Change, ...]
    worsened: tuple[Change, ...]
    no_longer_unknown: tuple[Change, ...]
    no_longer_known: tuple[Change, ...]
    rescoped: tuple[Rescoped, ...]

    @property
    def change(self) -> Fraction | None:
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


def compare(
    earlier: Questionnaire, before: Scorecard, later: Questionnaire, after: Scorecard
) -> Comparison:
    """From the first scorecard to the second, each with the questionnaire it is the result of.

    Sections and questions are in the order of the later catalog.
    """
    marks = [_by_question(before), _by_question(after)]
    changes = [
        Change(
            question_id=question_id,
            section_id=later.catalog.questions[question_id].section_id,
            before=marks[0][question_id],
            after=marks[1][question_id],
        )
        for question_id in later.catalog.questions
        if all(_counts(side, question_id) for side in marks)
    ]
    sections = _sections(changes, before, after)
    known = [c for c in changes if not (c.before.unknown or c.after.unknown)]
    return Comparison(
        before=_mean([(section.weight, section.before) for section in sections]),
        after=_mean([(section.weight, section.after) for section in sections]),
        sections=sections,
        improved=tuple(c for c in known if c.after.credit > c.before.credit),
        worsened=tuple(c for c in known if c.after.credit < c.before.credit),
        no_longer_unknown=tuple(c for c in changes if c.before.unknown and not c.after.unknown),
        no_longer_known=tuple(c for c in changes if c.after.unknown and not c.before.unknown),
        rescoped=tuple(
            Rescoped(
                question_id=question_id,
                before=_standing(earlier, marks[0], question_id),
                after=_standing(later, marks[1], question_id),
            )
            for question_id in {**later.catalog.questions, **earlier.catalog.questions}
            if _counts(marks[0], question_id) != _counts(marks[1], question_id)
        ),
    )


def _by_question(scorecard: Scorecard) -> dict[str, Mark]:
    return {mark.question_id: mark for section in scorecard.sections for mark in section.marks}


def _counts(marks: Mapping[str, Mark], question_id: str) -> bool:
    return question_id in marks and marks[question_id].applicable


def _standing(
    questionnaire: Questionnaire, marks: Mapping[str, Mark], question_id: str
) -> Standing:
    if question_id in marks:
        applicable = marks[question_id].applicable
        return Standing.COUNTS if applicable else Standing.NOT_APPLICABLE
    if question_id in questionnaire.catalog.questions:
        return Standing.NOT_ASKED
    return Standing.NOT_IN_CATALOG


def _sections(
    changes: list[Change], before: Scorecard, after: Scorecard
) -> tuple[SectionComparison, ...]:
    weights = [
        {section.section_id: section.section_weight for section in scorecard.sections}
        for scorecard in (before, after)
    ]
    by_section: dict[str, list[Change]] = {}
    for change in changes:
        by_section.setdefault(change.section_id, []).append(change)
    return tuple(
        SectionComparison(
            section_id=section_id,
            questions=len(common),
            weight=weights[0][section_id] + weights[1][section_id],
            before=_score([(change.weight, change.before.credit) for change in common]),
            after=_score([(change.weight, change.after.credit) for change in common]),
        )
        for section_id, common in by_section.items()
    )


def _score(credits_by_weight: list[tuple[int, int]]) -> Fraction:
    return Fraction(
        100 * sum(weight * credit for weight, credit in credits_by_weight),
        FULL_CREDIT * sum(weight for weight, _ in credits_by_weight),
    )


def _mean(scores_by_weight: list[tuple[int, Fraction]]) -> Fraction | None:
    total = sum(weight for weight, _ in scores_by_weight)
    if not total:
        return None
    return sum((weight * score for weight, score in scores_by_weight), Fraction(0)) / total
