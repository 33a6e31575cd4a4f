"""Assessments to report on: a middling company of forty people, and whatever a test names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from assessments.catalog import loading
from assessments.catalog.questions import AnyQuestion, Questionnaire, Tier
from assessments.scoring import Answer, State, score
from reports.composition import Document, Subject, compose
from reports.wording import Note
from tests.assessments.catalogs import possible_values

ASSESSMENT_ID = UUID("6f0c3a52-1f0e-4b0c-9d55-3b9f0a7f2c11")
STARTED = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)
COMPLETED = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)


def make_subject(
    company: str = "Brannigan & Söhne Maschinenbau GmbH", respondent: str = "Alex Doe, Head of IT"
) -> Subject:
    return Subject(company, respondent, ASSESSMENT_ID, 1, STARTED, COMPLETED)


def shipped(tier: Tier, *section_ids: str) -> Questionnaire:
    """What the catalog that ships asks at this tier, in these sections or in all."""
    catalog = loading.current()
    return catalog.questionnaire(
        tier, section_ids or tuple(section.id for section in catalog.sections), {}
    )


def middling(questionnaire: Questionnaire) -> tuple[dict[str, Answer], dict[str, Note]]:
    """Good and bad answers in turn, some not known, one not given, some not applicable."""
    answers: dict[str, Answer] = {}
    notes: dict[str, Note] = {}
    for place, question in enumerate(questionnaire):
        if place % 9 == 4:
            answers[question.id] = Answer(State.DONT_KNOW)
        elif place % 11 == 7 and question.na_allowed:
            answers[question.id] = Answer(State.NOT_APPLICABLE)
            notes[question.id] = Note(na_reason=f"Nothing of the kind at {question.id}.")
        elif place % 23 != 20:
            values = possible_values(question)
            value = values[(place * 7 + 2) % len(values)]
            noted = place % 3 == 0
            answers[question.id] = Answer(State.ANSWERED, value, noted)
            if noted:
                notes[question.id] = Note(
                    comment=f"Seen in the minutes of May for {question.id}.\nNext in June.",
                    planned=place % 2 == 0,
                )
    return answers, notes


def all_answered(questionnaire: Questionnaire, state: State) -> dict[str, Answer]:
    return {question.id: Answer(state) for question in questionnaire}


def worst_value(question: AnyQuestion) -> Answer:
    values = possible_values(question)
    return Answer(State.ANSWERED, min(values, key=question.credit))


def best_value(question: AnyQuestion) -> Answer:
    values = possible_values(question)
    return Answer(State.ANSWERED, max(values, key=question.credit))


def document_of(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    notes: Mapping[str, Note] | None = None,
    *,
    subject: Subject | None = None,
) -> Document:
    return compose(
        subject or make_subject(),
        questionnaire,
        answers,
        notes or {},
        score(questionnaire, answers),
    )


def middling_document(tier: Tier = Tier.QUICK) -> Document:
    questionnaire = shipped(tier)
    return document_of(questionnaire, *middling(questionnaire))
