"""Making a report: claim it, compose, render, store, finish. Runs in the worker only."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from reports import composition, notices, pdf, reading
from reports.enhancement import pipeline, printed
from reports.enhancement.claims import approved
from reports.models import MAX_TRIES, Report

logger = logging.getLogger(__name__)


def produce(report_id: UUID, *, now: Callable[[], datetime]) -> bool:
    """Make this report unless it is made, being made, or gone. False if a slice is left to make.

    Whatever goes wrong is recorded on the row, where its owner sees it, and raised again, where
    the operator does.
    """
    report = Report.objects.filter(pk=report_id).first()
    if report is None:
        return True
    token = report.claim(now=now())
    if token is None:
        return True
    try:
        if report.is_enhanced:
            written = pipeline.enhance(report, reading.notes(report.assessment), token, now=now)
            if not written:
                # Where it went to another worker there is nothing to hand back, or to send.
                return not report.hand_back(token, now=now())
            report.extend(token, now=now())
        rendered = pdf.render(document(report), paper=report.user.paper)
        name = default_storage.save(
            f"reports/{report.pk}/{token}.pdf", ContentFile(rendered.content)
        )
    except BaseException as error:
        report.give_up(token, reason=reason(error), now=now())
        raise
    digest = hashlib.sha256(rendered.content).hexdigest()
    if report.finish(token, file=name, sha256=digest, pages=rendered.pages, now=now()):
        remove_files(report.pk, keep=name)
        if not report.is_enhanced:
            notices.report_ready(Report.objects.select_related("user").get(pk=report.pk))
    else:
        logger.warning("report %s went to another worker while this one made it", report.pk)
        default_storage.delete(name)
    return True


def remove_files(report_id: UUID, *, keep: str = "") -> None:
    """Also those of workers that died after storing a file and before finishing with it."""
    folder = f"reports/{report_id}"
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        if f"{folder}/{name}" != keep:
            default_storage.delete(f"{folder}/{name}")


def reap(*, now: datetime) -> list[Report]:
    """Fail what was tried often enough; what must be sent to a worker again."""
    Report.objects.stalled(now).filter(tries__gte=MAX_TRIES).update(
        status=Report.Status.FAILED,
        token=None,
        lease_until=None,
        failure_reason=f"The report could not be finished in {MAX_TRIES} tries.",
        updated_at=now,
    )
    stalled = list(Report.objects.stalled(now).only("report_type"))
    Report.objects.filter(pk__in=[report.pk for report in stalled]).update(sent_at=now)
    return stalled


def document(report: Report) -> composition.Document:
    """What the report says, from the rows and the frozen scorecard."""
    assessment = report.assessment
    assert assessment.completed_at is not None
    return composition.compose(
        composition.Subject(
            company=assessment.user.company_name,
            respondent=assessment.user.full_name,
            assessment_id=assessment.pk,
            attempt_number=assessment.attempt_number,
            started_at=assessment.started_at,
            completed_at=assessment.completed_at,
        ),
        assessment.questionnaire,
        assessment.answers,
        reading.notes(assessment),
        assessment.result,
        reading.previous(assessment),
        enhancement(report),
    )


def enhancement(report: Report) -> printed.Enhancement | None:
    """What the model wrote, as far as it was approved; None for a standard report."""
    if not report.is_enhanced:
        return None
    questionnaire = report.assessment.questionnaire
    insights = list(report.insights.all())
    return printed.enhancement(
        [
            printed.Insight(
                section_id=insight.section_id,
                claims=approved(insight.written, insight.decisions),
                reason=insight.reason,
                model=insight.model,
            )
            for insight in insights
        ],
        {
            section.section_id: questionnaire.sections_by_id[section.section_id].name
            for section in report.assessment.result.sections
            if section.rated
        },
        prompt_version=insights[0].prompt_version if insights else "",
        with_comments=report.comments_consent,
    )


def reason(error: BaseException) -> str:
    """A sentence for the report's owner: what happened, without the insides."""
    if type(error).__name__ == "SoftTimeLimitExceeded":
        return "Making the report took too long."
    if isinstance(error, pdf.PdfUnavailable):
        return str(error)
    if isinstance(error, OSError):
        return "The finished report could not be stored."
    return f"Something went wrong while the report was being made ({type(error).__name__})."
