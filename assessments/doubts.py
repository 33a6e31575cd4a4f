"""Answers that hardly go together, to be looked at before completing. Pure.

They are questions and no errors: nothing is refused or counted because of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from assessments.catalog.questions import (
    POORLY_ANSWERED,
    WELL_ANSWERED,
    Doubt,
    Questionnaire,
)
from assessments.scoring import Answer, State


def doubts(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> tuple[Doubt, ...]:
    """In the catalog's order. What is not answered, not known or not applicable raises none."""
    worth = {
        question.id: question.credit(answer.value)
        for question in questionnaire
        if (answer := answers.get(question.id))
        and answer.state is State.ANSWERED
        and answer.value is not None
    }
    return tuple(
        doubt
        for doubt in questionnaire.catalog.doubts
        if worth.get(doubt.high, 0) >= WELL_ANSWERED
        and worth.get(doubt.low, POORLY_ANSWERED + 1) <= POORLY_ANSWERED
    )
