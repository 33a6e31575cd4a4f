"""From an assessment's rows to the values that pages and reports are composed of."""

from __future__ import annotations

from accounts.models import User
from assessments import scoring
from assessments.models import Assessment
from reports import change
from reports.change import Measured, Previous, Step, Trend
from reports.register import Entry, register
from reports.wording import Note


def notes(assessment: Assessment) -> dict[str, Note]:
    """What the respondent wrote beside the answers."""
    return {
        question_id: Note(
            comment=response.comment,
            na_reason=response.na_reason,
            planned=response.planned,
            confirmed_unchanged=response.confirmed_unchanged,
        )
        for question_id, response in assessment.responses_by_question.items()
    }


def previous(assessment: Assessment) -> Previous | None:
    """The last that this person completed before; a later one never changes a report."""
    earlier = (
        Assessment.objects.filter(
            user_id=assessment.user_id,
            status=Assessment.Status.COMPLETED,
            # By the clock: an expired attempt may be given more days after a later one was done.
            completed_at__lt=assessment.completed_at,
        )
        .order_by("-completed_at")
        .with_responses()
        .first()
    )
    if earlier is None:
        return None
    assert earlier.completed_at is not None
    return Previous(
        questionnaire=earlier.questionnaire,
        answers=earlier.answers,
        scorecard=earlier.result,
        completed_at=earlier.completed_at,
    )


def trend(assessment: Assessment) -> Trend | None:
    """What is different since the assessment before; None for a first one."""
    before = previous(assessment)
    if before is None:
        return None
    return change.trend(assessment.questionnaire, assessment.answers, assessment.result, before)


def history(user: User) -> tuple[Step, ...]:
    """How the scores of somebody's completed assessments went."""
    mine = Assessment.objects.visible_to(user).filter(status=Assessment.Status.COMPLETED)
    return change.history(
        Measured(each.pk, each.completed_at, each.questionnaire, each.result)
        for each in mine
        if each.completed_at
    )


def unknown(assessment: Assessment) -> tuple[Entry, ...]:
    """The questions whose answer is not known. While there is time, what is merely not answered
    yet is none of them.
    """
    if assessment.status == Assessment.Status.COMPLETED:
        return register(assessment.questionnaire, {}, assessment.result).unknown
    so_far = scoring.score(assessment.questionnaire, assessment.answers)
    answers = assessment.answers
    return tuple(
        entry
        for entry in register(assessment.questionnaire, {}, so_far).unknown
        if entry.question_id in answers
        and answers[entry.question_id].state is scoring.State.DONT_KNOW
    )
