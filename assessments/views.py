"""The pages of an assessment, in the order in which a respondent meets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import UserRequest
from assessments import (
    answering,
    carrying,
    completion,
    deadline,
    doubts,
    expiry,
    starting,
)
from assessments import consultation as wishes
from assessments.answering import Refusal, Saved
from assessments.catalog import frameworks as published
from assessments.catalog import loading
from assessments.catalog.overview import KINDS, overview
from assessments.catalog.questions import AnyQuestion, Catalog, Framework, SubArea, Tier
from assessments.errors import (
    Closed,
    ExtensionRefused,
    NotAsked,
    NothingAnswered,
    QuestionsUnanswered,
    RetakesUsedUp,
    ScopeRefused,
)
from assessments.forms import (
    ConsultationForm,
    ProfileForm,
    ScopeForm,
    given,
    is_resolved,
    posted_field,
    stored_field,
)
from assessments.models import Assessment, Invitation

PROFILE = "assessment-profile"
"""Where the session keeps the profile between the two pages of the start."""


@require_safe
@login_required
def dashboard(request: UserRequest) -> HttpResponse:
    mine = list(Assessment.objects.visible_to(request.user))
    current = next((assessment for assessment in mine if assessment.is_open), None)
    context = {
        "current": current,
        "progress": current and current.progress,
        "history": [assessment for assessment in mine if assessment != current],
    }
    return render(request, "assessments/dashboard.html", context)


# --- starting ------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def start(request: UserRequest) -> HttpResponse:
    """The profile questions. They are kept in the session until the scope is chosen."""
    catalog = loading.current()
    mine = Assessment.objects.visible_to(request.user)
    present = mine.open(timezone.now()).first()
    if present is not None:
        messages.info(request, "You have an assessment in progress. This is it.")
        return redirect(present)
    if request.method == "POST":
        form = ProfileForm(catalog, request.POST)
        if form.is_valid():
            request.session[PROFILE] = form.profile
            return redirect("assessments:scope")
        return render(request, "assessments/start.html", {"form": form}, status=422)
    last = mine.first()
    known = request.session.get(PROFILE) or (last.profile if last else {})
    return render(request, "assessments/start.html", {"form": _filled_in(catalog, known)})


def _filled_in(catalog: Catalog, profile: Mapping[str, list[str]]) -> ProfileForm:
    many = {question.id for question in catalog.profile if question.many}
    return ProfileForm(
        catalog,
        initial={name: values if name in many else values[0] for name, values in profile.items()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def scope(request: UserRequest) -> HttpResponse:
    """The tier and the sections, with what the intake suggests for this profile."""
    profile = request.session.get(PROFILE)
    if profile is None:
        return redirect("assessments:start")
    catalog = loading.current()
    form = ScopeForm(catalog, profile, request.POST or None)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            assessment = starting.start(
                request.user,
                tier=form.chosen_tier,
                section_ids=form.cleaned_data["section_ids"],
                profile=profile,
                at=timezone.now(),
            )
        except ScopeRefused as error:
            if error.field == "profile":
                return redirect("assessments:start")
            form.add_error(error.field, error.message)
        except RetakesUsedUp as error:
            refused = error
        else:
            request.session.pop(PROFILE, None)
            return redirect(assessment)
    context = {"form": form, "refused": refused, "days": settings.ASSESSMENT_DAYS}
    status = 422 if refused or form.errors else 200
    return render(request, "assessments/scope.html", context, status=status)


# --- answering -----------------------------------------------------------------------------------


@require_safe
@login_required
def detail(request: UserRequest, pk: UUID) -> HttpResponse:
    """The task list, for as long as there are tasks."""
    assessment = _assessment(request, pk)
    if assessment.status == Assessment.Status.COMPLETED:
        return redirect("reports:results", pk)
    context = {
        "assessment": assessment,
        "may_extend": expiry.may_extend(assessment, at=timezone.now()),
        "progress": assessment.progress,
        "with_whom": _with_whom(assessment),
    }
    return render(request, "assessments/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def questions(request: UserRequest, pk: UUID, sub_area_id: str) -> HttpResponse:
    """The questions of one sub-area. Saves all of them, and goes on to the next page."""
    assessment = _assessment(request, pk)
    sub_area, asked = _page(assessment, sub_area_id)
    refusals: Mapping[str, Refusal] = {}
    if request.method == "POST":
        try:
            saved = answering.save(
                assessment,
                given(assessment.questionnaire.questions, request.POST),
                at=timezone.now(),
            )
        except Closed as error:
            return _closed(request, assessment, error)
        if not saved.refusals:
            return redirect(_after(request, assessment, sub_area))
        refusals = saved.refusals
        assessment = _assessment(request, pk)
    context = _page_context(request, assessment, sub_area, asked, refusals)
    return render(request, "assessments/questions.html", context, status=422 if refusals else 200)


@require_POST
@login_required
def save(request: UserRequest, pk: UUID) -> JsonResponse:
    """Answers as they are given: the page's script posts here what a button would post there."""
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), pk=pk)
    try:
        saved = answering.save(
            assessment,
            given(assessment.questionnaire.questions, request.POST),
            at=timezone.now(),
        )
    except Closed as error:
        return JsonResponse({"closed": error.status}, status=409)
    return what_came_of_it(
        saved, done=saved.done, total=len(saved.assessment.questionnaire.questions)
    )


def what_came_of_it(saved: Saved, *, done: int, total: int) -> JsonResponse:
    """As the page's script takes it, with how many of the questions it shows are done."""
    body = {
        "saved_at": f"{timezone.now():%H:%M} UTC",
        "revisions": {
            question_id: response.revision for question_id, response in saved.responses.items()
        },
        "refusals": {
            question_id: {"field": refusal.field, "message": refusal.message}
            for question_id, refusal in saved.refusals.items()
        },
        "done": done,
        "total": total,
    }
    return JsonResponse(body, status=422 if saved.refusals else 200)


@require_POST
@login_required
def mark(request: UserRequest, pk: UUID, section_id: str) -> HttpResponse:
    """A section to come back to, however much of it is answered; or not any more."""
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), pk=pk)
    come_back = "come_back" in request.POST
    try:
        answering.mark(assessment, section_id, come_back=come_back, at=timezone.now())
    except NotAsked:
        raise Http404 from None
    except Closed as error:
        return _closed(request, assessment, error)
    return redirect(f"{assessment.get_absolute_url()}#{section_id}-state")


def _assessment(request: UserRequest, pk: UUID) -> Assessment:
    return get_object_or_404(Assessment.objects.visible_to(request.user).with_responses(), pk=pk)


def _page(assessment: Assessment, sub_area_id: str) -> tuple[SubArea, tuple[AnyQuestion, ...]]:
    for section in assessment.questionnaire.sections:
        for sub_area, asked in section.pages:
            if sub_area.id == sub_area_id:
                return sub_area, asked
    raise Http404


def _with_whom(assessment: Assessment) -> list[Invitation]:
    """Which sections and questions colleagues are busy with."""
    live = list(assessment.invitations.live(timezone.now()))
    for invitation in live:
        invitation.assessment = assessment
    return live


def _page_context(
    request: UserRequest,
    assessment: Assessment,
    sub_area: SubArea,
    asked: tuple[AnyQuestion, ...],
    refusals: Mapping[str, Refusal],
) -> dict[str, object]:
    measured = assessment.progress
    section = assessment.questionnaire.sections_by_id[asked[0].section_id]
    order = [page.id for page, _ in section.pages]
    stored = assessment.responses_by_question
    former = carrying.former(assessment) if assessment.is_open else {}
    return {
        "assessment": assessment,
        "progress": measured,
        "section": section,
        "section_progress": next(s for s in measured.sections if s.section.id == section.id),
        "sub_area": sub_area,
        "page_number": order.index(sub_area.id) + 1,
        "page_count": len(order),
        "fields": [
            posted_field(question, request.POST, refusals[question.id], former.get(question.id))
            if question.id in refusals
            else stored_field(question, stored.get(question.id), former.get(question.id))
            for question in asked
        ],
        "refusals": [
            (question_id, refusal)
            for question_id, refusal in refusals.items()
            if question_id in {question.id for question in asked}
        ],
        "strangers": [
            (question_id, refusal)
            for question_id, refusal in refusals.items()
            if question_id not in {question.id for question in asked}
        ],
        "with_whom": [
            invitation
            for invitation in _with_whom(assessment)
            if any(invitation.covers(question) for question in asked)
        ],
        "following": _following(assessment, sub_area),
        "came_from_review": "review" in request.GET,
    }


def _following(assessment: Assessment, sub_area: SubArea) -> SubArea | None:
    pages = [page for section in assessment.questionnaire.sections for page, _ in section.pages]
    position = [page.id for page in pages].index(sub_area.id) + 1
    return pages[position] if position < len(pages) else None


def _after(request: UserRequest, assessment: Assessment, sub_area: SubArea) -> str:
    """Where a button of the questions' page leads once everything is saved."""
    if is_resolved(request.POST):
        return request.get_full_path()
    following = _following(assessment, sub_area)
    if "review" in request.GET or (following is None and "overview" not in request.POST):
        return reverse("assessments:review", args=[assessment.pk])
    if "overview" in request.POST or following is None:
        return reverse("assessments:detail", args=[assessment.pk])
    return reverse("assessments:questions", args=[assessment.pk, following.id])


def _closed(request: UserRequest, assessment: Assessment, error: Closed) -> HttpResponse:
    """What was typed cannot be stored any more; say so and show it, so that it can be copied."""
    context = {
        "assessment": assessment,
        "status": error.status,
        "typed": typed(assessment.questionnaire, request.POST),
    }
    return render(request, "assessments/closed.html", context, status=409)


def typed(questions: Iterable[AnyQuestion], post: QueryDict) -> list[tuple[str, str]]:
    """The texts of a page that could not be stored."""
    return [
        (question.id, text)
        for question in questions
        for text in (
            post.get(f"comment-{question.id}", "").strip(),
            post.get(f"reason-{question.id}", "").strip(),
        )
        if text
    ]


@require_safe
@login_required
def resume(request: UserRequest, pk: UUID) -> HttpResponse:
    """A lasting address for links: the next page with something open."""
    assessment = _assessment(request, pk)
    if not assessment.is_open:
        return redirect(assessment)
    measured = assessment.progress
    if measured.resume is None:
        return redirect("assessments:review", pk)
    return redirect("assessments:questions", pk, measured.resume.resume_page.sub_area.id)


# --- the days ------------------------------------------------------------------------------------


@require_safe
@login_required
def calendar(request: UserRequest, pk: UUID) -> HttpResponse:
    """The end of the days, for a calendar."""
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), pk=pk)
    return HttpResponse(
        deadline.event(assessment),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="posture-deadline.ics"'},
    )


@require_POST
@login_required
def extend(request: UserRequest, pk: UUID) -> HttpResponse:
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), pk=pk)
    try:
        extended = expiry.extend(assessment, at=timezone.now())
    except ExtensionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"You have until {extended.expires_at:%-d %B %Y, %H:%M} UTC.")
    return redirect(assessment)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: UserRequest, pk: UUID) -> HttpResponse:
    """A draft and all in it, after saying so."""
    assessment = _assessment(request, pk)
    if not assessment.is_open:
        messages.info(request, "Only an assessment in progress can be deleted.")
        return redirect(assessment)
    if request.method == "POST":
        try:
            expiry.delete_draft(assessment, at=timezone.now())
        except Closed as error:
            return _closed(request, assessment, error)
        messages.success(request, "The assessment and its answers are deleted.")
        return redirect("assessments:dashboard")
    measured = assessment.progress
    context = {"assessment": assessment, "progress": measured}
    return render(request, "assessments/delete.html", context)


# --- completing ----------------------------------------------------------------------------------


@require_safe
@login_required
def review(request: UserRequest, pk: UUID) -> HttpResponse:
    return _review(request, _assessment(request, pk))


def _review(request: UserRequest, assessment: Assessment, *, message: str = "") -> HttpResponse:
    if assessment.status == Assessment.Status.COMPLETED:
        return redirect("reports:results", assessment.pk)
    stored = assessment.responses_by_question
    context = {
        "assessment": assessment,
        "progress": assessment.progress,
        "come_back": [task for task in assessment.progress.sections if task.come_back],
        "message": message,
        "doubts": [
            (doubt, [assessment.questionnaire.questions[each] for each in (doubt.high, doubt.low)])
            for doubt in doubts.doubts(assessment.questionnaire, assessment.answers)
        ],
        "summary": [
            (
                section,
                [
                    shown
                    for question in section.questions
                    if (shown := stored_field(question, stored.get(question.id))).is_done
                ],
            )
            for section in assessment.questionnaire.sections
        ],
    }
    return render(request, "assessments/review.html", context, status=422 if message else 200)


@require_POST
@login_required
def complete(request: UserRequest, pk: UUID) -> HttpResponse:
    assessment = _assessment(request, pk)
    try:
        completion.complete(
            assessment,
            at=timezone.now(),
            unanswered_confirmed="unanswered_confirmed" in request.POST,
        )
    except QuestionsUnanswered as error:
        count = len(error.question_ids)
        return _review(
            request,
            assessment,
            message=f"{count} question{'s are' if count > 1 else ' is'} unanswered. "
            "Answer them, or confirm that they count as unanswered.",
        )
    except NothingAnswered:
        return _review(
            request, assessment, message="Answer at least one question before you complete."
        )
    except Closed:
        messages.info(request, "This assessment was closed already.")
    return redirect(assessment)


# --- afterwards ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def consultation(request: UserRequest, pk: UUID) -> HttpResponse:
    assessment = _assessment(request, pk)
    form = ConsultationForm(
        request.POST or None, initial={"details": assessment.consultation_details}
    )
    if request.method == "POST" and form.is_valid():
        wishes.request(assessment, form.cleaned_data["details"], at=timezone.now())
        messages.success(request, "Your request is noted. Somebody will be in touch with you.")
        return redirect(assessment)
    context = {"assessment": assessment, "form": form}
    return render(
        request, "assessments/consultation.html", context, status=422 if form.errors else 200
    )


# --- what is asked, for anybody to read ----------------------------------------------------------


@require_safe
def catalog(request: HttpRequest) -> HttpResponse:
    """The present version: its sections, its sub-areas, and how many questions each has."""
    context = {"overview": overview(loading.current()), "kinds": KINDS}
    return render(request, "assessments/catalog.html", context)


@require_safe
def frameworks(request: HttpRequest) -> HttpResponse:
    """How many controls of each framework have a question behind them, tier by tier."""
    questions = loading.current().questions.values()
    context = {
        "catalog": loading.current(),
        "frameworks": [
            {
                "id": framework.value,
                "name": name,
                "controls": len(published.controls(framework)),
                "tiers": {
                    tier: len(
                        {
                            control
                            for question in questions
                            if tier.includes(question.tier)
                            for control in question.controls(framework)
                        }
                    )
                    for tier in Tier
                },
            }
            for framework, name in published.NAMES.items()
        ],
    }
    return render(request, "assessments/frameworks.html", context)


@require_safe
def framework(request: HttpRequest, name: str) -> HttpResponse:
    """Each control of one framework with the questions behind it."""
    if name not in list(Framework):
        raise Http404
    shown = Framework(name)
    behind = published.behind(shown, loading.current().questions.values())
    context = {
        "catalog": loading.current(),
        "framework": shown,
        "name": published.NAMES[shown],
        "groups": [
            (group, [(control, behind[control]) for control in group.controls])
            for group in published.groups(shown)
        ],
    }
    return render(request, "assessments/framework.html", context)
