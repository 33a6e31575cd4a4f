"""The pages of a result, and of the reports on it: order, follow, download."""

from __future__ import annotations

import hashlib
import logging
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from assessments.models import Assessment
from assessments.scoring import LEVEL_NAMES
from reports import ordering, production
from reports import results as result_pages
from reports.models import Report

logger = logging.getLogger(__name__)


@require_safe
@login_required
def results(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    """The frozen result, and what raising some answers would change (`?raise=IAM.3.1&...`)."""
    assessment = _assessment(request, assessment_id)
    if assessment.status != Assessment.Status.COMPLETED:
        return redirect(assessment)
    context = {
        "assessment": assessment,
        "level_names": LEVEL_NAMES,
        "results": result_pages.overview(
            assessment.questionnaire,
            assessment.answers,
            production.notes(assessment),
            assessment.result,
            assessment_id=assessment.pk,
            raised=request.GET.getlist("raise"),
        ),
    }
    return render(request, "reports/results.html", context)


@require_safe
@login_required
def section(request: UserRequest, assessment_id: UUID, section_id: str) -> HttpResponse:
    """One section: every answer with what it contributed."""
    assessment = _assessment(request, assessment_id)
    if assessment.status != Assessment.Status.COMPLETED:
        return redirect(assessment)
    found = result_pages.section(
        assessment.questionnaire,
        assessment.answers,
        production.notes(assessment),
        assessment.result,
        section_id,
    )
    if found is None:
        raise Http404
    return render(request, "reports/section.html", {"assessment": assessment, "result": found})


def _assessment(request: UserRequest, pk: UUID) -> Assessment:
    return get_object_or_404(Assessment.objects.visible_to(request.user).with_responses(), pk=pk)


@require_safe
@login_required
def index(request: UserRequest) -> HttpResponse:
    mine = Report.objects.visible_to(request.user).select_related("assessment")
    return render(request, "reports/index.html", {"reports": mine})


@require_safe
@login_required
def latest(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    """The newest standard report on an assessment: a lasting address for links."""
    report = (
        Report.objects.visible_to(request.user)
        .filter(assessment_id=assessment_id, report_type=Report.Type.STANDARD)
        .first()
    )
    if report is None:
        raise Http404
    return redirect(report)


@require_POST
@login_required
def order(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), pk=assessment_id)
    try:
        report = ordering.order(assessment, Report.Type.STANDARD, at=timezone.now())
    except ordering.NotCompleted:
        messages.info(request, "There is a report once the assessment is completed.")
        return redirect(assessment)
    return redirect(report)


@require_safe
@login_required
def detail(request: UserRequest, pk: UUID) -> HttpResponse:
    """How far the report is; the page follows along by itself."""
    report = get_object_or_404(
        Report.objects.visible_to(request.user).select_related("assessment"), pk=pk
    )
    return render(request, "reports/detail.html", {"report": report})


@require_safe
@login_required
def status(request: UserRequest, pk: UUID) -> JsonResponse:
    """What the page asks while it follows along."""
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    return JsonResponse({"status": report.status, "under_way": report.is_under_way})


@require_safe
@login_required
def download(request: UserRequest, pk: UUID) -> HttpResponse:
    """Exactly the bytes that were stored, or an error: never others."""
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    if not report.is_downloadable:
        raise Http404
    try:
        with report.file.open("rb") as file:
            content = file.read()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != report.sha256:
        logger.error("the file of report %s is missing or not the one that was made", report.pk)
        return render(request, "reports/damaged.html", {"report": report}, status=500)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{report.file_name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
