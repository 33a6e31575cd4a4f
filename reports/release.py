"""Reviewing an AI-enhanced report and releasing it: exactly the bytes that were read.

Each act and its line in the audit log are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import msgspec
from django.db import transaction
from django.dispatch import Signal

from accounts import audit
from accounts.models import User
from reports import delivery, ordering, reading
from reports.enhancement import pipeline
from reports.enhancement.claims import MARKED_UP, NOT_PLAIN, Decision, Drafted, fault_of
from reports.models import Report, SectionInsight

released = Signal()
"""Sent with `report` inside the transaction that releases it."""

rejected = Signal()
"""Sent with `report` inside the transaction that rejects it."""


class NotForReview(Exception):
    """Only an AI-enhanced report that is made and not released is reviewed."""


class NotReleased(Exception):
    """Only a released report can be taken back."""


class OtherFile(Exception):
    """The file is not the one that was read, or does not have the latest decisions in it."""


class EditsRefused(Exception):
    """Edited claims that do not stand up to the checks: the reasons by the id of a claim."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(reasons.values()))
        self.reasons = reasons


@transaction.atomic
def decide(
    insight: SectionInsight, decisions: Mapping[str, Decision], *, by: User, at: datetime
) -> SectionInsight:
    """Note what the reviewer decided about these claims. Raises NotForReview or EditsRefused.

    An edited claim is held against the answers as the model's own was.
    """
    report = _for_review(insight.report)
    insight = SectionInsight.objects.get(pk=insight.pk)
    written = {claim.id: claim for claim in insight.written}
    edited = {
        claim_id: decision.text
        for claim_id, decision in decisions.items()
        if decision.verdict == "edited" and claim_id in written
    }
    refused = {}
    if edited:
        prompt, redactor = pipeline.prompt_of(
            report, reading.notes(report.assessment), insight.section_id
        )
        for claim_id, text in edited.items():
            claim = written[claim_id]
            draft = Drafted(
                claim.part.value, redactor.redact(text), claim.question_ids, claim.control_ids
            )
            # Redaction would hide an address that the reviewer typed.
            marked_up = MARKED_UP if NOT_PLAIN.search(text) else ""
            if fault := marked_up or fault_of(draft, prompt.facts, parts=prompt.parts):
                refused[claim_id] = fault
    if refused:
        raise EditsRefused(refused)
    review = {
        **insight.decisions,
        **{claim_id: decisions[claim_id] for claim_id in decisions if claim_id in written},
    }
    if review != insight.decisions:
        insight.review = msgspec.to_builtins(review)
        insight.reviewed_at = at
        insight.save(update_fields=["review", "reviewed_at", "updated_at"])
        audit.record(
            by,
            "report.review",
            report.user_id,
            {"report": str(report.pk), "section": insight.section_id, "claims": [*decisions]},
        )
    return insight


@transaction.atomic
def make_again(report: Report, *, by: User, at: datetime) -> Report:
    """Have the worker set the report with the decisions as they are now. Raises NotForReview."""
    return _send_back(_for_review(report), "report.make_again", by=by, at=at)


@transaction.atomic
def write_again(report: Report, *, by: User, at: datetime) -> Report:
    """Have everything written anew; what was written and decided goes. Raises NotForReview."""
    report = _for_review(report)
    report.insights.all().delete()
    return _send_back(report, "report.write_again", by=by, at=at)


@transaction.atomic
def release(report: Report, *, sha256: str, by: User, at: datetime) -> Report:
    """Give its owner the file with this hash. Raises NotForReview, OtherFile or Damaged."""
    report = _for_review(report)
    if sha256 != report.sha256 or is_outdated(report):
        raise OtherFile
    delivery.stored(report)  # what cannot be served must not be released
    report.status = Report.Status.RELEASED
    report.released_at = at
    report.released_by = by
    report.save(update_fields=["status", "released_at", "released_by", "updated_at"])
    released.send(sender=Report, report=report)
    audit.record(by, "report.release", report.user_id, {"report": str(report.pk), "sha256": sha256})
    return report


@transaction.atomic
def reject(report: Report, *, reason: str, by: User, at: datetime) -> Report:
    """Its owner reads the reason, and may ask again. Raises NotForReview."""
    report = _for_review(report)
    report.status = Report.Status.FAILED
    report.failure_reason = reason
    report.save(update_fields=["status", "failure_reason", "updated_at"])
    rejected.send(sender=Report, report=report)
    audit.record(by, "report.reject", report.user_id, {"report": str(report.pk)})
    return report


@transaction.atomic
def reopen(report: Report, *, by: User) -> Report:
    """Take a released report back for another review. Raises NotReleased."""
    report = _locked(report)
    if report.status != Report.Status.RELEASED:
        raise NotReleased
    report.status = Report.Status.COMPLETED
    report.released_at = report.released_by = None
    report.save(update_fields=["status", "released_at", "released_by", "updated_at"])
    audit.record(by, "report.reopen", report.user_id, {"report": str(report.pk)})
    return report


def is_outdated(report: Report) -> bool:
    """Were claims decided about after the file was made?"""
    assert report.completed_at is not None
    return report.insights.filter(reviewed_at__gt=report.completed_at).exists()


def is_decided(report: Report) -> bool:
    """Was every claim decided about? Of none, nobody can have decided: it is to be looked at."""
    insights = [insight for insight in report.insights.all() if insight.written]
    return bool(insights) and all(
        {claim.id for claim in insight.written} <= set(insight.decisions) for insight in insights
    )


def _locked(report: Report) -> Report:
    return (
        Report.objects.select_for_update(of=("self",))
        .select_related("assessment", "user")
        .get(pk=report.pk)
    )


def _for_review(report: Report) -> Report:
    report = _locked(report)
    if not report.is_enhanced or report.status != Report.Status.COMPLETED:
        raise NotForReview
    return report


def _send_back(report: Report, action: str, *, by: User, at: datetime) -> Report:
    report.status = Report.Status.PENDING
    report.tries = 0
    report.sent_at = at
    report.save(update_fields=["status", "tries", "sent_at", "updated_at"])
    transaction.on_commit(partial(ordering.send, report))
    audit.record(by, action, report.user_id, {"report": str(report.pk)})
    return report
