"""Completing: score the answers, freeze the scorecard, tell whoever waits for it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.dispatch import Signal

from assessments import scoring
from assessments.errors import NothingAnswered, QuestionsUnanswered
from assessments.models import Assessment

completed = Signal()
"""Sent with `assessment` inside the transaction that completes it."""


def unanswered(assessment: Assessment) -> tuple[str, ...]:
    """The ids of the questions that nothing was said about."""
    answers = assessment.answers
    return tuple(
        question.id
        for question in assessment.questionnaire
        if question.id not in answers or answers[question.id].state is scoring.State.UNANSWERED
    )


@transaction.atomic
def complete(
    assessment: Assessment, *, at: datetime, unanswered_confirmed: bool = False
) -> Assessment:
    """Score the answers and freeze them.

    Raises Closed, NothingAnswered, or QuestionsUnanswered unless that was confirmed. The row is
    locked first, so of two simultaneous completions the second is refused.
    """
    assessment = Assessment.objects.select_for_update().get(pk=assessment.pk)
    assessment.require_open(at)
    open_questions = unanswered(assessment)
    if len(open_questions) == len(assessment.questionnaire.questions):
        raise NothingAnswered
    if open_questions and not unanswered_confirmed:
        raise QuestionsUnanswered(open_questions)
    assessment.mark_completed(scoring.score(assessment.questionnaire, assessment.answers), at=at)
    assessment.save(update_fields=["status", "completed_at", "scorecard", "updated_at"])
    completed.send(sender=Assessment, assessment=assessment)
    return assessment
