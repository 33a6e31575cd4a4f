"""What was answered in the assessment before, as suggestions for this one.

A suggestion counts for nothing until somebody confirms it. Colleagues see none: what a company
said about itself is its respondent's to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from assessments.catalog.questions import AnyQuestion, InvalidAnswer, Value
from assessments.models import Assessment, AssessmentResponse
from assessments.scoring import State


class Former(NamedTuple):
    """An answer of the assessment before that can be given to the same question now."""

    question: AnyQuestion
    state: State
    value: Value | None
    comment: str
    na_reason: str
    completed_at: datetime

    def equals(self, state: State, value: Value | None) -> bool:
        return (self.state, self.value) == (state, value)


def former(assessment: Assessment) -> Mapping[str, Former]:
    """By question, from the last that this person completed before; one query, or none where
    there is none before. What was not known is no suggestion.
    """
    if assessment.attempt_number == 1:
        return {}
    last = (
        Assessment.objects.filter(
            user_id=assessment.user_id,
            status=Assessment.Status.COMPLETED,
            attempt_number__lt=assessment.attempt_number,
        )
        .order_by("-attempt_number")
        .values("pk")[:1]
    )
    answered = AssessmentResponse.objects.filter(
        assessment__in=last, state__in=[State.ANSWERED, State.NOT_APPLICABLE]
    ).select_related("assessment")
    found = {}
    for response in answered.defer("assessment__scorecard"):
        question = assessment.questionnaire.questions.get(response.question_id)
        suggestion = question and _suggestion(question, response)
        if suggestion:
            found[response.question_id] = suggestion
    return found


def _suggestion(question: AnyQuestion, response: AssessmentResponse) -> Former | None:
    """None where the catalog does not allow the answer any more."""
    value: Value | None = None
    if response.state == State.ANSWERED:
        try:
            value = question.checked(response.answer_value)
        except InvalidAnswer:
            return None
    elif not question.na_allowed:
        return None
    assert response.assessment.completed_at is not None
    return Former(
        question=question,
        state=State(response.state),
        value=value,
        comment=response.comment,
        na_reason=response.na_reason,
        completed_at=response.assessment.completed_at,
    )
