"""One user's runs through the catalog, and the answers in them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from assessments import scoring
from assessments.catalog import loading
from assessments.catalog.questions import AnyQuestion, Catalog, Questionnaire, SubArea, Tier
from assessments.errors import Closed, LinkEnded
from assessments.progress import Progress, measure

COMMENT_MAX = 4_000
NA_REASON_MIN = 20
NA_REASON_MAX = 1_000

models.TextField.register_lookup(Length)


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, user: User) -> AssessmentQuerySet:
        """The only way a page or the API reaches an assessment."""
        return self.filter(user=user)

    def visible_to_admin(self, user: User) -> AssessmentQuerySet:
        """The administrators' console: every assessment, or none for anybody else."""
        return self.all() if user.is_staff else self.none()

    def with_responses(self) -> AssessmentQuerySet:
        """Each with who gave it."""
        given = AssessmentResponse.objects.select_related("answered_by")
        return self.prefetch_related(models.Prefetch("responses", given))

    def open(self, now: datetime) -> AssessmentQuerySet:
        return self.filter(status=Assessment.Status.IN_PROGRESS, expires_at__gt=now)

    def overdue(self, now: datetime) -> AssessmentQuerySet:
        return self.filter(status=Assessment.Status.IN_PROGRESS, expires_at__lte=now)


class Assessment(models.Model):
    """One user's run through a catalog version.

    in_progress --complete--> completed
                --expire----> expired

    Answers may change only while it is in progress and before `expires_at`; completing scores
    them once and for ever.
    """

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress", "In progress"
        COMPLETED = "completed", "Completed"
        EXPIRED = "expired", "Expired"

    class ConsultationState(models.TextChoices):
        OPEN = "open", "Open"
        CONTACTED = "contacted", "Contacted"
        CLOSED = "closed", "Closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="assessments")
    status = models.CharField(
        max_length=12, choices=Status, default=Status.IN_PROGRESS, editable=False
    )
    tier = models.CharField(
        max_length=8, choices=[(tier.value, tier.value.capitalize()) for tier in Tier]
    )
    catalog_version = models.CharField(max_length=20)
    section_ids = models.JSONField()
    come_back_to = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), editable=False
    )
    profile = models.JSONField(default=dict)
    attempt_number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    extended_at = models.DateTimeField(null=True, editable=False)
    reminded_days = models.PositiveSmallIntegerField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    last_saved_at = models.DateTimeField(null=True, editable=False)
    progress_percentage = models.PositiveSmallIntegerField(default=0, editable=False)
    consultation_interest = models.BooleanField(default=False)
    consultation_details = models.TextField(blank=True)
    consultation_requested_at = models.DateTimeField(null=True, editable=False)
    consultation_state = models.CharField(
        max_length=9, choices=ConsultationState, default="open", db_default="open", editable=False
    )
    scorecard = models.JSONField(null=True, editable=False)
    # What its respondent might do: [{"id": ..., "name": ..., "question_ids": [...]}, ...]
    scenarios = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        db_table = "assessments"
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                name="assessments_one_in_progress",
                fields=["user"],
                condition=Q(status="in_progress"),
            ),
            models.UniqueConstraint(
                name="assessments_attempt_number", fields=["user", "attempt_number"]
            ),
            models.CheckConstraint(
                name="assessments_scored_once_completed",
                condition=Q(status="completed", completed_at__isnull=False, scorecard__isnull=False)
                | Q(completed_at=None, scorecard__isnull=True) & ~Q(status="completed"),
            ),
            models.CheckConstraint(
                name="assessments_progress_in_range", condition=Q(progress_percentage__lte=100)
            ),
            models.CheckConstraint(
                name="assessments_expire_after_start", condition=Q(expires_at__gt=F("started_at"))
            ),
            models.CheckConstraint(
                name="assessments_consultation_dated",
                condition=Q(consultation_interest=False, consultation_requested_at=None)
                | Q(consultation_interest=True, consultation_requested_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["status"], name="assessments_status"),
            models.Index(fields=["created_at"], name="assessments_created_at"),
            # In the order of the console's lists, which show a hundred of however many.
            models.Index(fields=["-started_at", "-id"], name="assessments_newest"),
            models.Index(
                fields=["-consultation_requested_at", "-id"],
                name="assessments_consultations",
                condition=Q(consultation_requested_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Assessment {self.attempt_number}, {self.get_tier_display().lower()} tier"

    def get_absolute_url(self) -> str:
        return reverse("assessments:detail", args=[self.pk])

    @property
    def catalog(self) -> Catalog:
        return loading.load(self.catalog_version)

    @cached_property
    def questionnaire(self) -> Questionnaire:
        return self.catalog.questionnaire(Tier(self.tier), tuple(self.section_ids), self.profile)

    @cached_property
    def responses_by_question(self) -> Mapping[str, AssessmentResponse]:
        return {response.question_id: response for response in self.responses.all()}

    @property
    def answers(self) -> dict[str, scoring.Answer]:
        """The answers as scoring takes them."""
        return {
            question_id: response.answer
            for question_id, response in self.responses_by_question.items()
        }

    @property
    def progress(self) -> Progress:
        """How far it is, with the answers as they were loaded."""
        return measure(self.questionnaire, self.answers, self.come_back_to)

    @cached_property
    def result(self) -> scoring.Scorecard:
        """The frozen scorecard of a completed assessment."""
        assert self.scorecard is not None
        return scoring.from_json(self.scorecard)

    def status_at(self, now: datetime) -> Status:
        """The status with the clock in mind: overdue is expired, whoever has noticed or not."""
        if self.status == self.Status.IN_PROGRESS and self.expires_at <= now:
            return self.Status.EXPIRED
        return self.Status(self.status)

    @property
    def status_now(self) -> Status:
        return self.status_at(timezone.now())

    @property
    def days_left(self) -> int:
        """Whole days, rounded up; 0 once they are over."""
        return max(0, -((timezone.now() - self.expires_at) // timedelta(days=1)))

    @property
    def is_open(self) -> bool:
        return self.status_now == self.Status.IN_PROGRESS

    @property
    def closed(self) -> bool:
        return not self.is_open

    def require_open(self, now: datetime) -> None:
        """Raises Closed unless answers may still change."""
        status = self.status_at(now)
        if status != self.Status.IN_PROGRESS:
            raise Closed(status)

    # Transitions and changes in memory. The process modules lock, call one of these, and save.

    def mark_completed(self, scorecard: scoring.Scorecard, *, at: datetime) -> None:
        self.require_open(at)
        self.status = self.Status.COMPLETED
        self.completed_at = at
        self.scorecard = scoring.to_json(scorecard)

    def mark_saved(self, *, done: int, at: datetime) -> None:
        """Progress is rounded down: it never says 100 while something is open."""
        self.progress_percentage = 100 * done // max(len(self.questionnaire.questions), 1)
        self.last_saved_at = at

    def mark_section(self, section_id: str, *, come_back: bool, at: datetime) -> None:
        """The respondent wants to come back to this section, or has done so."""
        self.require_open(at)
        others = [marked for marked in self.come_back_to if marked != section_id]
        self.come_back_to = [*others, section_id] if come_back else others

    def request_consultation(self, details: str, *, at: datetime) -> None:
        self.consultation_interest = True
        self.consultation_details = details
        self.consultation_requested_at = self.consultation_requested_at or at


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> InvitationQuerySet:
        """Those that somebody has sent. The colleagues' own way is `assessments.visiting`."""
        return self.filter(user=user)

    def visible_to_admin(self, user: User) -> InvitationQuerySet:
        return self.all() if user.is_staff else self.none()

    def live(self, now: datetime) -> InvitationQuerySet:
        """Those whose links still work."""
        return self.filter(
            revoked_at=None,
            returned_at=None,
            expires_at__gt=now,
            assessment__status=Assessment.Status.IN_PROGRESS,
            assessment__expires_at__gt=now,
        )


class Invitation(models.Model):
    """A colleague is asked to answer one section, or one question of it, without an account.

    sent --claim--> opened --return--> returned
    sent, opened --revoke--> revoked
    sent, opened --the days are over--> expired

    Of the link, the code and the browser that has claimed the link only hashes are stored: a
    copy of the database opens nothing.
    """

    class State(models.TextChoices):
        SENT = "sent", "Sent"
        OPENED = "opened", "Opened"
        RETURNED = "returned", "Returned"
        REVOKED = "revoked", "Taken back"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="invitations")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    section_id = models.CharField(max_length=3)
    question_id = models.CharField(max_length=10, blank=True)
    email = models.EmailField("e-mail address", max_length=254)
    name = models.CharField(max_length=120)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    code_sent_at = models.DateTimeField(null=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    browser_hash = models.CharField(max_length=64, blank=True, editable=False)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, editable=False)
    returned_at = models.DateTimeField(null=True, editable=False)
    return_message = models.TextField(blank=True, max_length=NA_REASON_MAX)
    revoked_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        db_table = "assessment_invitations"
        ordering = ["-sent_at"]
        constraints = [
            models.CheckConstraint(
                name="assessment_invitations_claimed_by_one_browser",
                condition=Q(claimed_at=None, browser_hash="")
                | Q(claimed_at__isnull=False) & ~Q(browser_hash=""),
            ),
            models.CheckConstraint(
                name="assessment_invitations_returned_by_who_claimed",
                condition=Q(returned_at=None) | Q(claimed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="assessment_invitations_expire_after_sent",
                condition=Q(expires_at__gt=F("sent_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "sent_at"], name="assessment_invitations_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.scope_id}, sent to {self.name}"

    @property
    def scope_id(self) -> str:
        """The id of the section or of the question."""
        return self.question_id or self.section_id

    @property
    def scope_name(self) -> str:
        if self.question_id:
            return self.assessment.catalog.questions[self.question_id].text
        return self.assessment.questionnaire.sections_by_id[self.section_id].name

    @cached_property
    def pages(self) -> tuple[tuple[SubArea, tuple[AnyQuestion, ...]], ...]:
        """The sub-areas that the colleague sees, each with the questions they are asked."""
        section = self.assessment.questionnaire.sections_by_id[self.section_id]
        pages = (
            (sub_area, tuple(question for question in asked if self.covers(question)))
            for sub_area, asked in section.pages
        )
        return tuple((sub_area, asked) for sub_area, asked in pages if asked)

    @cached_property
    def questions(self) -> Mapping[str, AnyQuestion]:
        return {question.id: question for _, asked in self.pages for question in asked}

    def covers(self, question: AnyQuestion) -> bool:
        """Is this one of the questions that the colleague is asked?"""
        return question.section_id == self.section_id and self.question_id in ("", question.id)

    def state_at(self, now: datetime) -> State:
        if self.revoked_at:
            return self.State.REVOKED
        if self.returned_at:
            return self.State.RETURNED
        if self.expires_at <= now or (
            self.assessment.status_at(now) != Assessment.Status.IN_PROGRESS
        ):
            return self.State.EXPIRED
        return self.State.OPENED if self.claimed_at else self.State.SENT

    @property
    def state_now(self) -> State:
        return self.state_at(timezone.now())

    @property
    def is_live(self) -> bool:
        return self.state_now in (self.State.SENT, self.State.OPENED)

    def require_live(self, now: datetime) -> None:
        """Raises LinkEnded."""
        state = self.state_at(now)
        if state not in (self.State.SENT, self.State.OPENED):
            raise LinkEnded(state)

    # Changes in memory. `inviting` and `visiting` lock, call one of these, and save.

    def mark_claimed(self, browser_hash: str, *, at: datetime) -> None:
        """From now on the link is this browser's, and the code is used up."""
        self.require_live(at)
        self.claimed_at, self.browser_hash = at, browser_hash
        self.code_hash = ""

    def mark_returned(self, message: str, *, at: datetime) -> None:
        self.require_live(at)
        self.returned_at, self.return_message = at, message

    def mark_revoked(self, *, at: datetime) -> None:
        self.require_live(at)
        self.revoked_at = at


class AssessmentResponseQuerySet(models.QuerySet["AssessmentResponse"]):
    def visible_to(self, user: User) -> AssessmentResponseQuerySet:
        return self.filter(user=user)

    def visible_to_admin(self, user: User) -> AssessmentResponseQuerySet:
        return self.all() if user.is_staff else self.none()


class AssessmentResponse(models.Model):
    """The answer to one question. `revision` rises with every change of it.

    An unanswered response keeps a comment that was written before an answer was chosen.
    """

    class State(models.TextChoices):
        ANSWERED = scoring.State.ANSWERED.value, "Answered"
        DONT_KNOW = scoring.State.DONT_KNOW.value, "Don’t know"
        NOT_APPLICABLE = scoring.State.NOT_APPLICABLE.value, "Not applicable"
        UNANSWERED = scoring.State.UNANSWERED.value, "Unanswered"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="responses")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    section_id = models.CharField(max_length=3)
    question_id = models.CharField(max_length=10)
    state = models.CharField(max_length=14, choices=State)
    answer_value: models.JSONField[Any, Any] = models.JSONField(null=True)
    comment = models.TextField(blank=True, max_length=COMMENT_MAX)
    na_reason = models.TextField("reason", blank=True, max_length=NA_REASON_MAX)
    planned = models.BooleanField(default=False)
    # Said to be as it was in the assessment before, and the same as it was there.
    confirmed_unchanged = models.BooleanField(default=False, db_default=False)
    # The colleague who gave the answer as it stands; none is the owner.
    answered_by = models.ForeignKey(
        Invitation, on_delete=models.SET_NULL, null=True, editable=False, related_name="responses"
    )
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AssessmentResponseQuerySet.as_manager()

    class Meta:
        db_table = "assessment_responses"
        ordering = ["question_id"]
        constraints = [
            models.UniqueConstraint(
                name="assessment_responses_one_per_question", fields=["assessment", "question_id"]
            ),
            models.CheckConstraint(
                name="assessment_responses_value_if_answered",
                condition=Q(state="answered", answer_value__isnull=False)
                | Q(answer_value__isnull=True) & ~Q(state="answered"),
            ),
            models.CheckConstraint(
                name="assessment_responses_confirmed_if_answered",
                condition=Q(confirmed_unchanged=False)
                | Q(state__in=["answered", "not_applicable"]),
            ),
            models.CheckConstraint(
                name="assessment_responses_reason_if_na",
                condition=~Q(state="not_applicable") | Q(na_reason__length__gte=NA_REASON_MIN),
            ),
            models.CheckConstraint(
                name="assessment_responses_comment_length",
                condition=Q(comment__length__lte=COMMENT_MAX),
            ),
        ]
        indexes = [
            models.Index(
                fields=["section_id", "question_id"], name="assessment_responses_question"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.get_state_display()}"

    @property
    def answer(self) -> scoring.Answer:
        return scoring.Answer(
            state=scoring.State(self.state), value=self.answer_value, noted=bool(self.comment)
        )
