"""Reports on completed assessments. The row is the truth; a message to the worker only a hint."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import User
from assessments.models import Assessment
from reports.enhancement.claims import Claim, Decision, Dropped

LEASE = timedelta(seconds=75)
"""How long a worker may hold a report; longer than the hard limit of its task."""

RESEND_AFTER = timedelta(seconds=60)
"""When a pending report's message counts as lost."""

MAX_TRIES = 5

CONTEXT_MAX = 4_000
"""Characters that a respondent may add to the request of an AI-enhanced report."""

LIVE = ("pending", "generating", "completed", "released")


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, user: User) -> ReportQuerySet:
        """The only way a page or the API reaches a report.

        Of an AI-enhanced one its owner sees that it exists and how far it is; the file is a
        matter of `Report.is_downloadable`.
        """
        return self.filter(user=user)

    def visible_to_admin(self, user: User) -> ReportQuerySet:
        return self.all() if user.is_staff else self.none()

    def live(self) -> ReportQuerySet:
        return self.filter(status__in=LIVE)

    def stalled(self, now: datetime) -> ReportQuerySet:
        """Whose message was lost, or whose worker died or gave up."""
        return self.filter(
            Q(status=Report.Status.PENDING, sent_at__lt=now - RESEND_AFTER)
            | Q(status=Report.Status.GENERATING, lease_until__lt=now)
        )


class Report(models.Model):
    """One report on one assessment.

    pending --claim--> generating --finish--> completed --release--> released (AI-enhanced only)
                       generating --give up--> pending, or failed after the last try
                       generating --hand back--> pending: a slice is done, and more to do
    An administrator may also send a completed AI-enhanced one back:
    completed --make again--> pending, completed --reject--> failed, with the reason

    A worker holds a report by its lease, and may finish it only with the token it was given
    when it claimed: a worker that was thought dead cannot overwrite its successor's work.
    """

    class Type(models.TextChoices):
        STANDARD = "standard", "Standard"
        AI_ENHANCED = "ai_enhanced", "AI-enhanced"

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        GENERATING = "generating", "Being made"
        COMPLETED = "completed", "Ready"
        FAILED = "failed", "Failed"
        RELEASED = "released", "Released"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="reports")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reports")
    report_type = models.CharField(max_length=11, choices=Type)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING, editable=False)
    file = models.FileField(null=True, editable=False, max_length=200)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    pages = models.PositiveIntegerField(null=True, editable=False)
    requested_at = models.DateTimeField()
    context = models.TextField(blank=True, max_length=CONTEXT_MAX, default="", db_default="")
    comments_consent = models.BooleanField(default=False, db_default=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    released_at = models.DateTimeField(null=True, editable=False)
    released_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    sent_at = models.DateTimeField(editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    token = models.UUIDField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    failure_reason = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        db_table = "reports"
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                name="reports_one_live_per_type",
                fields=["assessment", "report_type"],
                condition=Q(status__in=LIVE),
            ),
            models.CheckConstraint(
                name="reports_held_while_generating",
                condition=Q(status="generating", token__isnull=False, lease_until__isnull=False)
                | Q(token=None, lease_until=None) & ~Q(status="generating"),
            ),
            models.CheckConstraint(
                name="reports_hashed_once_completed",
                condition=~Q(status__in=("completed", "released"))
                | Q(completed_at__isnull=False, pages__isnull=False) & ~Q(sha256=""),
            ),
            models.CheckConstraint(
                name="reports_released_once_dated",
                condition=Q(status="released", report_type="ai_enhanced", released_at__isnull=False)
                | Q(released_at=None) & ~Q(status="released"),
            ),
            models.CheckConstraint(name="reports_tries", condition=Q(tries__lte=MAX_TRIES)),
        ]
        indexes = [
            models.Index(fields=["status"], name="reports_status"),
            models.Index(fields=["-requested_at", "-id"], name="reports_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_report_type_display()} report"

    def get_absolute_url(self) -> str:
        return reverse("reports:detail", args=[self.pk])

    @property
    def is_downloadable(self) -> bool:
        """May the owner have the file? An AI-enhanced report must be released first."""
        if self.is_enhanced:
            return self.status == self.Status.RELEASED
        return self.status == self.Status.COMPLETED

    @property
    def is_enhanced(self) -> bool:
        return self.report_type == self.Type.AI_ENHANCED

    @property
    def told(self) -> str:
        """The status as its owner reads it: what is made and not released is not ready for them."""
        if self.is_enhanced and self.status == self.Status.COMPLETED:
            return "Being reviewed"
        return self.get_status_display()

    @property
    def is_under_way(self) -> bool:
        return self.status in (self.Status.PENDING, self.Status.GENERATING)

    @property
    def file_name(self) -> str:
        """From what we know, never from what somebody typed."""
        return f"posture-report-{self.requested_at:%Y-%m-%d}-{str(self.pk)[:8]}.pdf"

    def claim(self, *, now: datetime) -> uuid.UUID | None:
        """The token of the one worker that may make this report now; None for all others.

        One conditional UPDATE decides, so a message delivered twice does its work once.
        """
        token = uuid.uuid4()
        free = Q(status=self.Status.PENDING) | Q(status=self.Status.GENERATING, lease_until__lt=now)
        claimed = Report.objects.filter(free, pk=self.pk, tries__lt=MAX_TRIES).update(
            status=self.Status.GENERATING,
            token=token,
            lease_until=now + LEASE,
            tries=F("tries") + 1,
            updated_at=now,
        )
        return token if claimed else None

    def extend(self, token: uuid.UUID, *, now: datetime) -> bool:
        """Hold it for another lease; False if it went to another worker."""
        mine = Report.objects.filter(pk=self.pk, status=self.Status.GENERATING, token=token)
        return mine.update(lease_until=now + LEASE, updated_at=now) == 1

    def hand_back(self, token: uuid.UUID, *, now: datetime) -> bool:
        """Leave the rest to another message. A slice of work that went well is no try."""
        mine = Report.objects.filter(pk=self.pk, status=self.Status.GENERATING, token=token)
        return (
            mine.update(
                status=self.Status.PENDING,
                token=None,
                lease_until=None,
                tries=F("tries") - 1,
                sent_at=now,
                updated_at=now,
            )
            == 1
        )

    def finish(
        self, token: uuid.UUID, *, file: str, sha256: str, pages: int, now: datetime
    ) -> bool:
        """Make the file this report's; False if the lease went to another worker."""
        finished = Report.objects.filter(
            pk=self.pk, status=self.Status.GENERATING, token=token
        ).update(
            status=self.Status.COMPLETED,
            file=file,
            sha256=sha256,
            pages=pages,
            completed_at=now,
            token=None,
            lease_until=None,
            failure_reason="",
            updated_at=now,
        )
        return finished == 1

    def give_up(self, token: uuid.UUID, *, reason: str, now: datetime) -> None:
        """Leave the report for the next try, or as failed after the last one."""
        held = Report.objects.filter(pk=self.pk, status=self.Status.GENERATING, token=token)
        free = {"token": None, "lease_until": None, "failure_reason": reason, "updated_at": now}
        if not held.filter(tries__lt=MAX_TRIES).update(status=self.Status.PENDING, **free):
            held.update(status=self.Status.FAILED, **free)


class SectionInsightQuerySet(models.QuerySet["SectionInsight"]):
    def visible_to_admin(self, user: User) -> SectionInsightQuerySet:
        """Nobody else: what is not released is not its owner's to see."""
        return self.all() if user.is_staff else self.none()


class SectionInsight(models.Model):
    """What the model wrote about one section of one report, or, without one, about the whole.

    Kept so that a retry goes on where it stopped and the same input is never paid for twice.
    `review` holds what the administrator decided, by the id of a claim: see `claims.approved`.
    """

    class State(models.TextChoices):
        READY = "ready", "Ready"
        UNAVAILABLE = "unavailable", "Not available"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="insights")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    section_id = models.CharField(max_length=3, blank=True)
    state = models.CharField(max_length=11, choices=State)
    reason = models.CharField(max_length=200, blank=True)
    input_hash = models.CharField(max_length=64)
    model = models.CharField(max_length=100, blank=True)
    prompt_version = models.CharField(max_length=20)
    claims = models.JSONField(default=list)
    dropped = models.JSONField(default=list)
    review: models.JSONField[Any, Any] = models.JSONField(default=dict)
    reviewed_at = models.DateTimeField(null=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SectionInsightQuerySet.as_manager()

    class Meta:
        db_table = "report_insights"
        ordering = ["section_id"]
        constraints = [
            models.UniqueConstraint(
                name="report_insights_one_per_section", fields=["report", "section_id"]
            ),
            models.CheckConstraint(
                name="report_insights_reason_if_unavailable",
                condition=Q(state="ready", reason="") | Q(state="unavailable") & ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Insight into {self.section_id or 'the whole'}"

    @property
    def written(self) -> tuple[Claim, ...]:
        return msgspec.convert(self.claims, tuple[Claim, ...])

    @property
    def decisions(self) -> dict[str, Decision]:
        """By the id of a claim."""
        return msgspec.convert(self.review, dict[str, Decision])

    @property
    def refused(self) -> tuple[Dropped, ...]:
        return msgspec.convert(self.dropped, tuple[Dropped, ...])
