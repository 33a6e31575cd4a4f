"""What the report says of the time since the company's assessment before this one. Pure.

Both are measured on their common questions, so that a change of scope never looks like progress.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from assessments.catalog.questions import Questionnaire
from assessments.comparison import Change, Comparison, Rescoped, Standing, compare
from assessments.scoring import LEVEL_NAMES, Answer, Scorecard, display
from reports.wording import NO_ANSWER, answer_words, count_of, date_in_words, points


class Previous(msgspec.Struct, frozen=True):
    """The completed assessment before this one."""

    questionnaire: Questionnaire
    answers: Mapping[str, Answer]
    scorecard: Scorecard
    completed_at: datetime


class Turn(msgspec.Struct, frozen=True):
    """A question whose answer is another one now. `better` is None where that cannot be said."""

    question_id: str
    section_id: str
    question: str
    before: str
    after: str
    better: bool | None


class Group(msgspec.Struct, frozen=True):
    """The turns of one kind; the sentence says what the kind is, and how many there are."""

    name: str
    sentence: str
    turns: tuple[Turn, ...]


class Trend(msgspec.Struct, frozen=True):
    """The change on common questions. `sections` are points by the id of a section."""

    since: str
    sentence: str
    sections: Mapping[str, str]
    groups: tuple[Group, ...]


class Measured(msgspec.Struct, frozen=True):
    """A completed assessment with what it measured."""

    assessment_id: UUID
    completed_at: datetime
    questionnaire: Questionnaire
    scorecard: Scorecard


class Step(msgspec.Struct, frozen=True):
    """One of a person's completed assessments. `change` is in points on the questions that it has
    in `common` with the one before; "–" where there is none, or nothing in common.
    """

    measured: Measured
    score: str
    level: str
    questions: int
    common: int
    change: str


STANDINGS: Mapping[Standing, str] = {
    Standing.COUNTS: "counted",
    Standing.NOT_APPLICABLE: "not applicable",
    Standing.NOT_ASKED: "not asked",
    Standing.NOT_IN_CATALOG: "not in the catalog",
}


def trend(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    scorecard: Scorecard,
    previous: Previous,
) -> Trend:
    comparison = compare(previous.questionnaire, previous.scorecard, questionnaire, scorecard)
    since = date_in_words(previous.completed_at)

    def turns(changes: Iterable[Change], *, better: bool | None) -> tuple[Turn, ...]:
        return tuple(_turn(questionnaire, answers, previous, change, better) for change in changes)

    groups = (
        Group(
            "Improved",
            "known then and now, and a better answer",
            turns(comparison.improved, better=True),
        ),
        Group(
            "Worse",
            "known then and now, and a worse answer",
            turns(comparison.worsened, better=False),
        ),
        Group(
            "No longer unknown",
            "not known then, answered now, whatever the answer",
            turns(comparison.no_longer_unknown, better=None),
        ),
        Group(
            "No longer known",
            "answered then, not known now",
            turns(comparison.no_longer_known, better=None),
        ),
        Group(
            "Other scope",
            "counted in one of the two assessments only, and left out of the comparison",
            tuple(_rescoped(questionnaire, previous, each) for each in comparison.rescoped),
        ),
    )
    return Trend(
        since=since,
        sentence=_sentence(comparison, since),
        sections={
            section.section_id: points(section.change) if section.change else "±0"
            for section in comparison.sections
        },
        groups=tuple(
            msgspec.structs.replace(
                group, sentence=f"{count_of(len(group.turns), 'question')}: {group.sentence}."
            )
            for group in groups
            if group.turns
        ),
    )


def history(completed: Iterable[Measured]) -> tuple[Step, ...]:
    """How the scores went, the earliest first. A score of another scope is no better or worse, so
    each step is measured on common questions too.
    """
    steps: list[Step] = []
    before: Measured | None = None
    for each in sorted(completed, key=lambda measured: measured.completed_at):
        overall = each.scorecard.overall
        compared = before and compare(
            before.questionnaire, before.scorecard, each.questionnaire, each.scorecard
        )
        difference = compared and compared.change
        steps.append(
            Step(
                measured=each,
                score=str(display(overall.score)) if overall else "not rated",
                level=f"{overall.level}, {LEVEL_NAMES[overall.level]}" if overall else "–",
                questions=len(each.questionnaire.questions),
                common=sum(section.questions for section in compared.sections) if compared else 0,
                change="–" if difference is None else points(difference) if difference else "±0",
            )
        )
        before = each
    return tuple(steps)


def _sentence(comparison: Comparison, since: str) -> str:
    if comparison.before is None or comparison.after is None or comparison.change is None:
        return f"The assessment of {since} has no question in common with this one."
    asked = sum(section.questions for section in comparison.sections)
    common = f"On the {count_of(asked, 'question')} that both assessments asked"
    before, after = display(comparison.before), display(comparison.after)
    if not comparison.change:
        return f"Since {since}: no change. {common}, the score is {after} as it was then."
    return (
        f"Since {since}: {points(comparison.change)} points. {common}, the score was {before} and "
        f"is {after}."
    )


def _turn(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    previous: Previous,
    change: Change,
    better: bool | None,
) -> Turn:
    question = questionnaire.questions[change.question_id]
    earlier = previous.questionnaire.questions[change.question_id]
    return Turn(
        question_id=question.id,
        section_id=change.section_id,
        question=question.text,
        before=answer_words(earlier, previous.answers.get(question.id, NO_ANSWER)),
        after=answer_words(question, answers.get(question.id, NO_ANSWER)),
        better=better,
    )


def _rescoped(questionnaire: Questionnaire, previous: Previous, rescoped: Rescoped) -> Turn:
    catalogs = (questionnaire.catalog, previous.questionnaire.catalog)
    question = next(
        catalog.questions[rescoped.question_id]
        for catalog in catalogs
        if rescoped.question_id in catalog.questions
    )
    return Turn(
        question_id=question.id,
        section_id=question.section_id,
        question=question.text,
        before=STANDINGS[rescoped.before].capitalize(),
        after=STANDINGS[rescoped.after].capitalize(),
        better=None,
    )
