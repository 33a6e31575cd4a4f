"""From answers to a scorecard. Pure: no database, no clock, no settings.

The rules, each named as the method page names it: average, blockers, range, assurance. Credits
and weights are integers and every quotient is a `Fraction`; rounding is for display only.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Any

import msgspec

from assessments.catalog.questions import FULL_CREDIT, AnyQuestion, Questionnaire, Tier, Value

FORMULA = "1"
"""Changes whenever the same answers would give other figures."""

LEVEL_NAMES: Mapping[int, str] = {
    1: "Initial",
    2: "Developing",
    3: "Defined",
    4: "Managed",
    5: "Optimised",
}

THRESHOLDS: Mapping[int, int] = {1: 0, 2: 20, 3: 40, 4: 60, 5: 80}
"""The least score of each level."""

REQUIRED_CREDIT: Mapping[int, int] = {3: 500, 4: 750, 5: 750}
"""What a must-have of this level or a lower one needs, or it refuses the level."""

REQUIRED_ASSURANCE = 60
"""What level 5 needs beside the score."""

HIGHEST_LEVEL: Mapping[Tier, int] = {Tier.QUICK: 3, Tier.STANDARD: 5, Tier.DEEP: 5}
"""So few questions as the quick tier has cannot show more than level 3."""

ABOVE_WEAKEST = 2
"""Nobody is rated more than this many levels above their weakest section."""

LIMITED_SCOPE = 30
NOT_RATED = 60
"""Shares of not applicable weight, in percent, above which a section is called so."""

ASSERTED = 40
NOTED = 60
"""How far an answer can be relied on: as it stands, and with a note."""


class State(StrEnum):
    """What a respondent said about a question; no answer at all is `unanswered`."""

    ANSWERED = "answered"
    DONT_KNOW = "dont_know"
    NOT_APPLICABLE = "not_applicable"
    UNANSWERED = "unanswered"


class Answer(msgspec.Struct, frozen=True):
    """One answer as scoring sees it. `value` is a checked value when the state is answered."""

    state: State
    value: Value | None = None
    noted: bool = False


class Mark(msgspec.Struct, frozen=True):
    """One line of the trace: what one question contributed.

    `contribution` is weight * credit. `assurance` is 0, 40 (asserted) or 60 (with a note).
    """

    question_id: str
    state: State
    credit: int
    weight: int
    contribution: int
    assurance: int
    must_have: int | None

    @property
    def applicable(self) -> bool:
        return self.state is not State.NOT_APPLICABLE

    @property
    def unknown(self) -> bool:
        """Worth nothing for now, but possibly anything: what the range is made of."""
        return self.state in (State.DONT_KNOW, State.UNANSWERED)


class Level(msgspec.Struct, frozen=True):
    """A level with what holds it. `band` is the level the score alone would give.

    `blockers` are the ids of the must-haves that refuse the next level up to the band;
    `needs_assurance` says that level 5 was refused because assurance is under 60; `capped` says
    that only the tier keeps the level under the band.
    """

    level: int
    band: int
    blockers: tuple[str, ...] = ()
    needs_assurance: bool = False
    capped: bool = False


class SectionScore(msgspec.Struct, frozen=True):
    """One section. All figures are 0 to 100 and exact; None where the section is not rated."""

    section_id: str
    section_weight: int
    marks: tuple[Mark, ...]
    rated: bool
    applicable_weight: int
    score: Fraction | None
    potential: Fraction | None
    assurance: Fraction | None
    na_share: Fraction
    level: Level | None

    @property
    def limited_scope(self) -> bool:
        return self.na_share > LIMITED_SCOPE

    @property
    def single(self) -> bool:
        """The figures rest on one question."""
        return sum(mark.applicable for mark in self.marks) == 1


class Overall(msgspec.Struct, frozen=True):
    """The whole. `held_by` are the sections whose level caps it at two above the weakest.

    `capped` says that the tier keeps the level under the band; both can be true at once.
    """

    score: Fraction
    potential: Fraction
    assurance: Fraction
    level: int
    band: int
    held_by: tuple[str, ...]
    capped: bool = False


class Scorecard(msgspec.Struct, frozen=True):
    """The frozen result of an assessment, with the trace that every figure follows from.

    `overall` is None when no section is rated. `na_effect` is how many points of the overall
    score are owed to the answers "not applicable". `coverage`, 0 to 100, is the weight asked
    out of the weight of every question in these sections; None until the catalog has them all.
    """

    formula: str
    catalog_version: str
    tier: Tier
    sections: tuple[SectionScore, ...]
    overall: Overall | None
    na_effect: Fraction
    coverage: Fraction | None


NO_ANSWER = Answer(State.UNANSWERED)


def score(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> Scorecard:
    """Score what the questionnaire asks; answers to anything else are ignored.

    Sections that ask nothing are left out.
    """
    tier = questionnaire.tier
    sections = tuple(
        _section_score(
            section.id,
            section.section.weight,
            tuple(_mark(q, answers.get(q.id, NO_ANSWER)) for q in section.questions),
            tier,
        )
        for section in questionnaire.sections
        if section.questions
    )
    overall = _overall(sections, tier)
    return Scorecard(
        formula=FORMULA,
        catalog_version=questionnaire.catalog.version,
        tier=tier,
        sections=sections,
        overall=overall,
        na_effect=_na_effect(sections, overall),
        coverage=_coverage(questionnaire),
    )


def raised(scorecard: Scorecard, new_credits: Mapping[str, int]) -> Scorecard:
    """The scorecard as it would be if these questions were answered so as to earn these credits.

    Works from the trace, so that it needs no answer that is worth exactly that much. A new
    answer is taken as asserted; a note stays with the answer it was written for.
    """
    sections = tuple(
        _section_score(
            section.section_id,
            section.section_weight,
            tuple(_raised_mark(mark, new_credits) for mark in section.marks),
            scorecard.tier,
        )
        for section in scorecard.sections
    )
    overall = _overall(sections, scorecard.tier)
    return msgspec.structs.replace(
        scorecard, sections=sections, overall=overall, na_effect=_na_effect(sections, overall)
    )


def _mark(question: AnyQuestion, answer: Answer) -> Mark:
    """An answer without a value, or "not applicable" where it is not allowed, is no answer."""
    state, credit, assurance = answer.state, 0, 0
    if state is State.ANSWERED:
        if answer.value is None or answer.value == []:
            state = State.UNANSWERED
        else:
            credit = question.credit(answer.value)
            assurance = NOTED if answer.noted else ASSERTED
    elif state is State.NOT_APPLICABLE and not question.na_allowed:
        state = State.UNANSWERED
    return Mark(
        question_id=question.id,
        state=state,
        credit=credit,
        weight=question.weight,
        contribution=question.weight * credit,
        assurance=assurance,
        must_have=question.must_have,
    )


def _raised_mark(mark: Mark, new_credits: Mapping[str, int]) -> Mark:
    if mark.question_id not in new_credits:
        return mark
    credit = new_credits[mark.question_id]
    return msgspec.structs.replace(
        mark,
        state=State.ANSWERED,
        credit=credit,
        contribution=mark.weight * credit,
        assurance=max(mark.assurance, ASSERTED),
    )


def _section_score(
    section_id: str, section_weight: int, marks: tuple[Mark, ...], tier: Tier
) -> SectionScore:
    asked_weight = sum(mark.weight for mark in marks)
    applicable = [mark for mark in marks if mark.applicable]
    weight = sum(mark.weight for mark in applicable)
    na_share = Fraction(100 * (asked_weight - weight), asked_weight)
    rated = na_share <= NOT_RATED
    score = potential = assurance = level = None
    if rated:
        earned = sum(mark.contribution for mark in applicable)
        unknown = sum(mark.weight * FULL_CREDIT for mark in applicable if mark.unknown)
        score = Fraction(100 * earned, FULL_CREDIT * weight)
        potential = Fraction(100 * (earned + unknown), FULL_CREDIT * weight)
        assurance = Fraction(sum(mark.weight * mark.assurance for mark in applicable), weight)
        level = _level(score, assurance, applicable, tier)
    return SectionScore(
        section_id=section_id,
        section_weight=section_weight,
        marks=marks,
        rated=rated,
        applicable_weight=weight,
        score=score,
        potential=potential,
        assurance=assurance,
        na_share=na_share,
        level=level,
    )


def _level(score: Fraction, assurance: Fraction, applicable: list[Mark], tier: Tier) -> Level:
    """Go up from level 3 and stop below the first level that something refuses."""
    band = _band(score)
    highest = min(band, HIGHEST_LEVEL[tier])
    for level in range(min(REQUIRED_CREDIT), highest + 1):
        blockers = tuple(
            mark.question_id
            for mark in applicable
            if mark.must_have is not None
            and mark.must_have <= level
            and mark.credit < REQUIRED_CREDIT[level]
        )
        needs_assurance = level == max(THRESHOLDS) and assurance < REQUIRED_ASSURANCE
        if blockers or needs_assurance:
            return Level(level - 1, band, blockers, needs_assurance)
    return Level(highest, band, capped=highest < band)


def _band(score: Fraction) -> int:
    return max(level for level, least in THRESHOLDS.items() if score >= least)


def _overall(sections: tuple[SectionScore, ...], tier: Tier) -> Overall | None:
    total = sum(section.section_weight for section in sections if section.rated)
    if not total:
        return None
    score = potential = assurance = Fraction(0)
    levels: dict[str, int] = {}
    for section in sections:
        if section.rated:
            assert section.score is not None
            assert section.potential is not None
            assert section.assurance is not None
            assert section.level is not None
            share = Fraction(section.section_weight, total)
            score += share * section.score
            potential += share * section.potential
            assurance += share * section.assurance
            levels[section.section_id] = section.level.level
    band = _band(score)
    lowest = min(levels.values())
    level = min(band, lowest + ABOVE_WEAKEST, HIGHEST_LEVEL[tier])
    return Overall(
        score=score,
        potential=potential,
        assurance=assurance,
        level=level,
        band=band,
        held_by=tuple(
            section_id
            for section_id, its_level in levels.items()
            if its_level == lowest and lowest + ABOVE_WEAKEST == level < band
        ),
        capped=HIGHEST_LEVEL[tier] == level < band,
    )


def _na_effect(sections: tuple[SectionScore, ...], overall: Overall | None) -> Fraction:
    """The overall score minus what it would be if everything not applicable counted as "no"."""
    if overall is None:
        return Fraction(0)
    strict = Fraction(0)
    for section in sections:
        earned = sum(mark.contribution for mark in section.marks)
        asked_weight = sum(mark.weight for mark in section.marks)
        strict += section.section_weight * Fraction(100 * earned, FULL_CREDIT * asked_weight)
    return overall.score - strict / sum(section.section_weight for section in sections)


def _coverage(questionnaire: Questionnaire) -> Fraction | None:
    asking = [section for section in questionnaire.sections if section.questions]
    if Tier.DEEP not in questionnaire.catalog.complete_tiers or not asking:
        return None
    return Fraction(
        100 * sum(question.weight for section in asking for question in section.questions),
        sum(question.weight for section in asking for question in section.section.questions),
    )


def display(figure: Fraction) -> Decimal:
    """One decimal, half up: what people see. A half goes away from zero, as in a spreadsheet."""
    tenths = floor(abs(figure) * 10 + Fraction(1, 2))
    return Decimal(tenths if figure >= 0 else -tenths).scaleb(-1)


def assurance_band(assurance: Fraction) -> str:
    if assurance < 50:
        return "low"
    return "medium" if assurance < 75 else "high"


def to_json(scorecard: Scorecard) -> dict[str, Any]:
    """The scorecard in plain JSON types, a fraction as "numerator/denominator"."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(scorecard, enc_hook=_as_text))
    return data


def from_json(data: Mapping[str, Any]) -> Scorecard:
    """The exact inverse of `to_json`: stored figures are read, never computed again.

    Raises msgspec.ValidationError if the data is not a scorecard.
    """
    return msgspec.convert(data, Scorecard, dec_hook=_from_text)


def _as_text(figure: Fraction) -> str:
    return f"{figure.numerator}/{figure.denominator}"


def _from_text(fraction: type[Fraction], text: str) -> Fraction:
    numerator, _, denominator = str(text).partition("/")
    return fraction(int(numerator), int(denominator))
