"""Rows for tests: fixed, dull defaults, and nothing that was not asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress

from accounts.models import User
from assessments import answering, completion, inviting, starting
from assessments.answering import Given
from assessments.catalog import loading
from assessments.catalog.questions import (
    NONE_OF_THESE,
    AnyQuestion,
    ChoiceQuestion,
    NumberQuestion,
    PracticesQuestion,
    Tier,
)
from assessments.models import Assessment, Invitation
from assessments.scoring import State
from reports.models import Report

PASSWORD = "correct horse battery"


def make_user(email: str = "person@example.org", *, is_admin: bool = False) -> User:
    user = User.objects.create_user(
        email, PASSWORD, full_name="Pat Person", company_name="Example Ltd", is_admin=is_admin
    )
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def make_assessment(
    user: User,
    *,
    at: datetime | None = None,
    section_ids: tuple[str, ...] = (),
    profile: Mapping[str, list[str]] | None = None,
) -> Assessment:
    """A quick assessment in progress, of all sections unless said otherwise."""
    catalog = loading.current()
    return starting.start(
        user,
        tier=Tier.QUICK,
        section_ids=section_ids or [section.id for section in catalog.sections],
        profile=dict(profile or {}),
        at=at or now(),
    )


def answer_all(assessment: Assessment, step: int = 4, *, at: datetime | None = None) -> Assessment:
    """Answers every question, 0 the worst of its answers and 4 the best."""
    given = {question.id: worth(question, step) for question in assessment.questionnaire}
    saved = answering.save(assessment, given, at=at or now())
    assert not saved.refusals
    return saved.assessment


def make_completed(user: User, step: int = 4, *, section_ids: tuple[str, ...] = ()) -> Assessment:
    assessment = make_assessment(user, section_ids=section_ids)
    return completion.complete(answer_all(assessment, step), at=now())


def make_invitation(
    assessment: Assessment,
    scope_id: str = "IAM",
    *,
    token: str = "",
    email: str = "robin@example.org",
    at: datetime | None = None,
) -> Invitation:
    """A section with a colleague, with a link that the test knows."""
    invitation = inviting.send(assessment, scope_id, email=email, name="Robin Roe", at=at or now())
    if token:
        invitation.token_hash = inviting.hashed(token)
        invitation.save()
    return invitation


def make_report(user: User) -> Report:
    """The standard report of a completed assessment of one section, pending."""
    return Report.objects.get(assessment=make_completed(user, section_ids=("IAM",)))


def stored(report: Report) -> bytes:
    """The bytes of its file."""
    with report.file.open("rb") as file:
        content: bytes = file.read()
    return content


def worth(question: AnyQuestion, step: int) -> Given:
    """The answer at this place on the question's scale, 0 to 4."""
    return Given(state=State.ANSWERED, value=value_at(question, step))


def value_at(question: AnyQuestion, step: int) -> str | list[str] | int:
    if isinstance(question, ChoiceQuestion):
        values = list(question.SCALE)
        return values[step * (len(values) - 1) // 4]
    if isinstance(question, PracticesQuestion):
        known = [practice.value for practice in question.practices]
        return known[: len(known) * step // 4] or [NONE_OF_THESE]
    assert isinstance(question, NumberQuestion)
    limit = question.bands[step * (len(question.bands) - 1) // 4].limit
    if limit is None:
        return question.maximum if question.better == "lower" else 0
    return limit


def now() -> datetime:
    return datetime.now(UTC)


def days(count: float) -> timedelta:
    return timedelta(days=count)
