"""What is not known and what does not apply, each with its effect on the score. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import msgspec

from assessments.catalog.questions import FULL_CREDIT, Questionnaire
from assessments.scoring import Mark, Scorecard, SectionScore, State
from reports.wording import NO_NOTE, Note, Passage, count_of, passage, points


class Entry(msgspec.Struct, frozen=True):
    """One question. `effect` is in points of the overall score, "–" in a domain without one.

    Of what is not known it is what could be won at the most; `respondent` would know, and `hint`
    says where to find out.
    Of what does not apply it is what would be lost if this one alone counted as not in place.
    """

    question_id: str
    section_id: str
    section: str
    question: str
    state: str
    respondent: str
    hint: str
    reason: Passage | None
    effect: str


class Register(msgspec.Struct, frozen=True):
    unknown: tuple[Entry, ...]
    unknown_sentence: str
    not_applicable: tuple[Entry, ...]
    not_applicable_sentence: str


def register(
    questionnaire: Questionnaire, notes: Mapping[str, Note], scorecard: Scorecard
) -> Register:
    """Every such question, in the catalog's order."""
    weights = sum(section.section_weight for section in scorecard.sections if section.rated)
    unknown: list[Entry] = []
    not_applicable: list[Entry] = []
    worth = Fraction(0)
    for section in scorecard.sections:
        share = Fraction(section.section_weight, weights) if section.rated else None
        for mark in section.marks:
            if mark.unknown:
                gain = share and share * _gain(section, mark)
                worth += gain or 0
                unknown.append(_entry(questionnaire, notes, section, mark, gain))
            elif not mark.applicable:
                loss = share and share * _loss(section, mark)
                not_applicable.append(_entry(questionnaire, notes, section, mark, loss))
    return Register(
        unknown=tuple(unknown),
        unknown_sentence=_unknown_sentence(unknown, worth),
        not_applicable=tuple(not_applicable),
        not_applicable_sentence=_not_applicable_sentence(not_applicable, scorecard),
    )


def _gain(section: SectionScore, mark: Mark) -> Fraction:
    return Fraction(100 * mark.weight, section.applicable_weight)


def _loss(section: SectionScore, mark: Mark) -> Fraction:
    """The same credit over more weight."""
    earned = 100 * sum(each.contribution for each in section.marks)
    before = Fraction(earned, FULL_CREDIT * section.applicable_weight)
    return Fraction(earned, FULL_CREDIT * (section.applicable_weight + mark.weight)) - before


STATES: Mapping[State, str] = {
    State.DONT_KNOW: "I don’t know",
    State.UNANSWERED: "Not answered",
    State.NOT_APPLICABLE: "Not applicable",
}


def _entry(
    questionnaire: Questionnaire,
    notes: Mapping[str, Note],
    section: SectionScore,
    mark: Mark,
    effect: Fraction | None,
) -> Entry:
    question = questionnaire.questions[mark.question_id]
    reason = notes.get(question.id, NO_NOTE).na_reason.strip()
    return Entry(
        question_id=question.id,
        section_id=section.section_id,
        section=questionnaire.sections_by_id[section.section_id].section.short,
        question=question.text,
        state=STATES[mark.state],
        respondent=question.respondent if mark.unknown else "",
        hint=question.where if mark.unknown else "",
        reason=passage(reason) if reason and not mark.applicable else None,
        effect="–" if effect is None else points(effect),
    )


def _unknown_sentence(unknown: list[Entry], worth: Fraction) -> str:
    if not unknown:
        return "Every question that applies has an answer."
    return (
        f"{count_of(len(unknown), 'question')} without a known answer. Each counts as not in place "
        f"and could be worth the points beside it; all of them together {points(worth)}, which is "
        "the range of the score."
    )


def _not_applicable_sentence(entries: list[Entry], scorecard: Scorecard) -> str:
    if not entries:
        return "No question was said not to apply."
    sentence = (
        f"{count_of(len(entries), 'question')} left out of the score for the reason given. The "
        "points say how the score would change if that question alone counted as not in place."
    )
    if scorecard.overall is None:
        return sentence
    return (
        f"{sentence} All of them together change it by {points(scorecard.na_effect)}, as they were "
        "answered."
    )


class ToAsk(msgspec.Struct, frozen=True):
    """What one person or team would know."""

    respondent: str
    entries: tuple[Entry, ...]


def to_ask(unknown: Iterable[Entry]) -> tuple[ToAsk, ...]:
    """By whom to ask: first those who can answer most."""
    by_respondent: dict[str, list[Entry]] = {}
    for entry in unknown:
        by_respondent.setdefault(entry.respondent, []).append(entry)
    most_first = sorted(by_respondent.items(), key=lambda each: (-len(each[1]), each[0]))
    return tuple(ToAsk(respondent, tuple(entries)) for respondent, entries in most_first)
