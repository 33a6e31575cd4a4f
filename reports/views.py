"""The pages of a result, and of the reports on it: order, follow, download."""

from __future__ import annotations

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import UserRequest
from assessments.catalog.questions import Framework
from assessments.models import Assessment
from assessments.scoring import LEVEL_NAMES
from reports import delivery, export, my_data, ordering, reading
from reports import frameworks as framework_views
from reports import results as result_pages
from reports import scenarios as kept
from reports.forms import EnhancedForm
from reports.models import Report
from reports.register import to_ask as by_respondent


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
            reading.notes(assessment),
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
        reading.notes(assessment),
        assessment.result,
        section_id,
    )
    if found is None:
        raise Http404
    return render(request, "reports/section.html", {"assessment": assessment, "result": found})


@require_safe
@login_required
def frameworks(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    """The controls of every framework, counted by status."""
    assessment = _assessment(request, assessment_id)
    if assessment.status != Assessment.Status.COMPLETED:
        return redirect(assessment)
    context = {
        "assessment": assessment,
        "frameworks": framework_views.views(assessment.questionnaire, assessment.result),
    }
    return render(request, "reports/frameworks.html", context)


@require_safe
@login_required
def framework(request: UserRequest, assessment_id: UUID, name: str) -> HttpResponse:
    """One framework control by control, with the questions behind each."""
    assessment = _assessment(request, assessment_id)
    if name not in list(Framework):
        raise Http404
    if assessment.status != Assessment.Status.COMPLETED:
        return redirect(assessment)
    found = result_pages.framework(
        assessment.questionnaire,
        assessment.answers,
        reading.notes(assessment),
        assessment.result,
        Framework(name),
    )
    return render(request, "reports/framework.html", {"assessment": assessment, "framework": found})


@require_safe
@login_required
def change(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    """What is different since the assessment before, and how all of them went."""
    assessment = _assessment(request, assessment_id)
    if assessment.status != Assessment.Status.COMPLETED:
        return redirect(assessment)
    context = {
        "assessment": assessment,
        "trend": reading.trend(assessment),
        "history": reading.history(request.user),
    }
    return render(request, "reports/change.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def scenarios(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    """The what-ifs that were kept, beside each other; keeps one that the result's page shows."""
    assessment = _assessment(request, assessment_id)
    if assessment.status != Assessment.Status.COMPLETED:
        return redirect(assessment)
    refused = ""
    if request.method == "POST":
        try:
            kept.keep(
                assessment,
                name=request.POST.get("name", ""),
                question_ids=request.POST.getlist("raise"),
            )
        except kept.ScenarioRefused as error:
            refused = str(error)
        else:
            messages.success(request, "The scenario is kept.")
            return redirect("reports:scenarios", assessment_id)
    context = {
        "assessment": assessment,
        "overall": assessment.result.overall,
        "scenarios": kept.of(assessment),
        "refused": refused,
        "typed": request.POST.get("name", ""),
        "raised": request.POST.getlist("raise"),
    }
    status = 422 if refused else 200
    return render(request, "reports/scenarios.html", context, status=status)


@require_POST
@login_required
def delete_scenario(request: UserRequest, assessment_id: UUID, scenario_id: str) -> HttpResponse:
    mine = Assessment.objects.visible_to(request.user)
    if not kept.delete(get_object_or_404(mine, pk=assessment_id), scenario_id):
        raise Http404
    messages.success(request, "The scenario is deleted.")
    return redirect("reports:scenarios", assessment_id)


@require_safe
@login_required
def to_ask(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    """What is not known, by who would know: a page to take along, at any time."""
    assessment = _assessment(request, assessment_id)
    unknown = reading.unknown(assessment)
    context = {
        "assessment": assessment,
        "unknown": unknown,
        "groups": by_respondent(unknown),
    }
    return render(request, "reports/to_ask.html", context)


# --- files for other programs --------------------------------------------------------------------


@require_safe
@login_required
def answers_csv(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    return export.file(_assessment(request, assessment_id), export.ANSWERS)


@require_safe
@login_required
def plan_xlsx(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    return export.file(_completed(request, assessment_id), export.PLAN)


@require_safe
@login_required
def result_json(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    return export.file(_completed(request, assessment_id), export.RESULT)


@require_safe
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth carries no types
def everything(request: UserRequest) -> HttpResponse:
    """All that is stored about oneself, for whoever has just shown the password."""
    now = timezone.now()
    return HttpResponse(
        my_data.archive(request.user, at=now),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="posture-{now:%Y-%m-%d}.zip"'},
    )


def _completed(request: UserRequest, pk: UUID) -> Assessment:
    assessment = _assessment(request, pk)
    if assessment.status != Assessment.Status.COMPLETED:
        raise Http404
    return assessment


def _assessment(request: UserRequest, pk: UUID) -> Assessment:
    mine = Assessment.objects.visible_to(request.user).select_related("user")
    return get_object_or_404(mine.with_responses(), pk=pk)


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


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def request_enhanced(request: UserRequest, assessment_id: UUID) -> HttpResponse:
    """Ask for the AI-enhanced report; where there is one under way or ready, this leads there."""
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), pk=assessment_id)
    if assessment.status != Assessment.Status.COMPLETED:
        messages.info(request, "There is a report once the assessment is completed.")
        return redirect(assessment)
    mine = Report.objects.visible_to(request.user).filter(assessment=assessment)
    present = mine.filter(report_type=Report.Type.AI_ENHANCED).live().first()
    if present is not None:
        return redirect(present)
    form = EnhancedForm(request.POST if request.method == "POST" else None)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            report = ordering.request_enhanced(assessment, **form.cleaned_data, at=timezone.now())
        except ordering.RequestsUsedUp as error:
            refused = error
        else:
            return redirect(report)
    context = {"assessment": assessment, "form": form, "refused": refused}
    status = 422 if refused or form.errors else 200
    return render(request, "reports/enhanced.html", context, status=status)


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
    try:
        content = delivery.content(report)
    except delivery.NotReady:
        raise Http404 from None
    except delivery.Damaged:
        return render(request, "reports/damaged.html", {"report": report}, status=500)
    return HttpResponse(content, content_type="application/pdf", headers=delivery.headers(report))
