"""Saving answers: validated, counted and stored under the lock of their assessment.

What is right is stored and what is wrong is refused by question, so that one slip never costs
a page of answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from assessments import carrying
from assessments.carrying import Former
from assessments.catalog.questions import AnyQuestion, InvalidAnswer, Value
from assessments.errors import NotAsked
from assessments.models import (
    COMMENT_MAX,
    NA_REASON_MAX,
    NA_REASON_MIN,
    Assessment,
    AssessmentResponse,
    Invitation,
)
from assessments.scoring import State

CHANGED = ("state", "answer_value", "comment", "na_reason", "planned", "confirmed_unchanged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What somebody said about a question.

    `revision` is the one they had before them (0 if none), or None to overwrite whatever is
    there. `confirmed` says that it is as it was in the assessment before, and without another
    answer it is the answer of then; None leaves that mark as it is. `beside` keeps the answer
    that is stored, and puts this one into its note.
    """

    state: State
    value: object = None
    comment: str = ""
    na_reason: str = ""
    planned: bool = False
    confirmed: bool | None = None
    beside: bool = False
    revision: int | None = None

    @property
    def says_nothing(self) -> bool:
        return self.state is State.UNANSWERED or (
            self.state is State.ANSWERED and self.value in (None, [])
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question's answer was not stored; `field` is answer, comment or na_reason.

    A conflict carries the response that is stored instead, if one is.
    """

    field: str
    message: str
    stored: AssessmentResponse | None = None
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of it: the stored responses, the refusals, and how many questions are done."""

    assessment: Assessment
    responses: Mapping[str, AssessmentResponse]
    refusals: Mapping[str, Refusal]
    done: int


@transaction.atomic
def save(
    assessment: Assessment,
    given: Mapping[str, Given],
    *,
    at: datetime,
    by: Invitation | None = None,
) -> Saved:
    """Store these answers with one statement. Raises Closed, and LinkEnded for a colleague.

    The assessment's row is locked first: completion takes the same lock, so no answer can land
    after its score. A colleague's invitation is locked next, so that none can land after it was
    taken back; nothing outside of it is stored for them.
    """
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    locked.require_open(at)
    if by is not None:
        by = Invitation.objects.select_for_update().get(pk=by.pk, assessment=locked)
        by.assessment = locked
        by.require_live(at)
    before = locked.responses.filter(question_id__in=given)
    stored = {response.question_id: response for response in before}

    if by is not None:  # a colleague confirms nothing that they were not shown
        given = {id_: replace(answer, confirmed=None) for id_, answer in given.items()}
    confirming = any(answer.confirmed for answer in given.values())
    former = carrying.former(locked) if confirming else {}

    responses: dict[str, AssessmentResponse] = {}
    refusals: dict[str, Refusal] = {}
    for question_id, answer in given.items():
        question = locked.questionnaire.questions.get(question_id)
        if question is None:
            refusals[question_id] = Refusal("answer", "This question is not in your assessment.")
            continue
        if by is not None and not by.covers(question):
            refusals[question_id] = Refusal("answer", "You were not asked this question.")
            continue
        outcome = _response(
            locked, question, answer, stored.get(question_id), former.get(question_id), by
        )
        if isinstance(outcome, Refusal):
            refusals[question_id] = outcome
        else:
            responses[question_id] = outcome

    changed = [
        response
        for question_id, response in responses.items()
        if response is not stored.get(question_id)
    ]
    if changed:
        AssessmentResponse.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["assessment", "question_id"],
            update_fields=[*CHANGED, "answered_by", "revision", "updated_at"],
        )
    done = locked.responses.exclude(state=State.UNANSWERED.value).count()
    if responses:
        locked.mark_saved(done=done, at=at)
        locked.save(update_fields=["progress_percentage", "last_saved_at", "updated_at"])
    return Saved(locked, responses, refusals, done)


@transaction.atomic
def mark(assessment: Assessment, section_id: str, *, come_back: bool, at: datetime) -> Assessment:
    """Mark a section to come back to, or take the mark away. Raises NotAsked or Closed."""
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    if section_id not in locked.questionnaire.sections_by_id:
        raise NotAsked(section_id)
    locked.mark_section(section_id, come_back=come_back, at=at)
    locked.save(update_fields=["come_back_to", "updated_at"])
    return locked


def _response(
    assessment: Assessment,
    question: AnyQuestion,
    given: Given,
    stored: AssessmentResponse | None,
    former: Former | None,
    by: Invitation | None,
) -> AssessmentResponse | Refusal:
    """The response as it will be stored; the stored one itself where nothing changes."""
    if given.confirmed and given.says_nothing:
        if former is None:
            return Refusal("answer", "There is no earlier answer to confirm; choose one.")
        given = replace(
            given,
            state=former.state,
            value=former.value,
            comment=given.comment or former.comment,
            na_reason=former.na_reason,
        )
    if given.beside and stored is not None:
        given = _both(question, given, stored)
    value: Value | None = None
    if given.state is State.ANSWERED:
        try:
            value = question.checked(given.value)
        except InvalidAnswer as error:
            return Refusal("answer", str(error))
    if given.state is State.NOT_APPLICABLE and not question.na_allowed:
        return Refusal("answer", "This question applies to every company; choose an answer.")

    comment, na_reason = _lines(given.comment), _lines(given.na_reason)
    for name, text, maximum in (
        ("comment", comment, COMMENT_MAX),
        ("na_reason", na_reason, NA_REASON_MAX),
    ):
        if message := _fault(text, maximum):
            return Refusal(name, message)
    if given.state is State.NOT_APPLICABLE and len(na_reason) < NA_REASON_MIN:
        return Refusal(
            "na_reason",
            f"Say in at least {NA_REASON_MIN} characters why this does not apply to you.",
        )

    if given.confirmed is None:
        same = stored is not None and (stored.state, stored.answer_value) == (given.state, value)
        confirmed = stored is not None and same and stored.confirmed_unchanged
    else:
        confirmed = given.confirmed and former is not None and former.equals(given.state, value)
    said = (given.state.value, value, comment, na_reason, given.planned, confirmed)
    if stored is None and said == (State.UNANSWERED.value, None, "", "", False, False):
        return Refusal("answer", "Choose an answer.")
    if stored is not None and said == tuple(getattr(stored, name) for name in CHANGED):
        return stored
    revision = stored.revision if stored else 0
    if given.revision is not None and given.revision != revision:
        return Refusal(
            "answer", "This answer was changed elsewhere in the meantime.", stored, conflict=True
        )
    return AssessmentResponse(
        id=stored.pk if stored else uuid.uuid4(),
        assessment=assessment,
        user_id=assessment.user_id,
        section_id=question.section_id,
        question_id=question.id,
        state=given.state.value,
        answer_value=value,
        comment=comment,
        na_reason=na_reason,
        planned=given.planned,
        confirmed_unchanged=confirmed,
        answered_by=by,
        revision=revision + 1,
    )


def _both(question: AnyQuestion, given: Given, stored: AssessmentResponse) -> Given:
    """The stored answer, with the other and its note in the note."""
    words = "not answered"
    if given.state is State.ANSWERED:
        try:
            words = question.describe(question.checked(given.value))
        except InvalidAnswer:
            words = "an answer that is none"
    elif given.state is not State.UNANSWERED:
        words = AssessmentResponse.State(given.state.value).label
    other = f"Also said: {words}."
    if given.na_reason.strip():
        other += f" {given.na_reason.strip()}"
    notes = [stored.comment, other]
    if given.comment.strip() != stored.comment:
        notes.append(given.comment)
    return replace(
        given,
        state=State(stored.state),
        value=stored.answer_value,
        comment="\n\n".join(note.strip() for note in notes if note.strip()),
        na_reason=stored.na_reason,
        planned=stored.planned or given.planned,
        confirmed=None,
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _fault(text: str, maximum: int) -> str:
    """What is wrong with a text, or nothing."""
    if any(
        (character < " " and character not in "\n\t")
        or character == "\x7f"
        or "\ud800" <= character <= "\udfff"
        for character in text
    ):
        return "Leave out control characters."
    if len(text) > maximum:
        return f"Use at most {maximum:,} characters; this has {len(text):,}."
    return ""
