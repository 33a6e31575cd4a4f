"""The pages by which several people answer one assessment.

The owner's, who sends sections and questions; and the colleague's, who has no account. Whatever
a colleague sees or saves goes through the invitation that their cookie names, and reaches its
questions alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from accounts.http import UserRequest
from accounts.limits import Limit, by_address
from assessments import answering, inviting, visiting
from assessments.answering import Refusal
from assessments.errors import Closed, InvitationRefused, LinkEnded
from assessments.forms import (
    CodeForm,
    InvitationForm,
    ReturnForm,
    given,
    is_resolved,
    posted_field,
    stored_field,
)
from assessments.models import Assessment, AssessmentResponse, Invitation
from assessments.scoring import State
from assessments.views import typed, what_came_of_it

# --- the owner -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def invitations(request: UserRequest, pk: UUID) -> HttpResponse:
    """What is with whom, and the form that sends a section or a question."""
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), pk=pk)
    asked = (request.POST or request.GET).get("scope", "")
    form = InvitationForm(assessment.questionnaire, asked, request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            inviting.send(
                assessment,
                said["scope"],
                email=said["email"],
                name=said["name"],
                days=said["days"],
                at=timezone.now(),
            )
        except InvitationRefused as error:
            form.add_error(error.field or None, error.message)
        except Closed:
            messages.error(request, "Nothing was sent: the assessment is closed.")
            return redirect("assessments:colleagues", pk)
        else:
            messages.success(request, f"The link is on its way to {said['email']}.")
            return redirect("assessments:colleagues", pk)
    sent = list(assessment.invitations.all())
    for invitation in sent:
        invitation.assessment = assessment
    context = {"assessment": assessment, "form": form, "invitations": sent}
    return render(
        request, "assessments/colleagues.html", context, status=422 if form.errors else 200
    )


@require_POST
@login_required
def revoke(request: UserRequest, pk: UUID, invitation_id: UUID) -> HttpResponse:
    invitation = _mine(request, pk, invitation_id)
    try:
        inviting.revoke(invitation, at=timezone.now())
    except LinkEnded:
        messages.info(request, "This link had ended already.")
    else:
        messages.success(request, f"The link of {invitation.name} does not work any more.")
    return redirect("assessments:colleagues", pk)


@require_POST
@login_required
def send_again(request: UserRequest, pk: UUID, invitation_id: UUID) -> HttpResponse:
    invitation = _mine(request, pk, invitation_id)
    try:
        inviting.send_again(invitation, at=timezone.now())
    except InvitationRefused as error:
        messages.error(request, error.message)
    except Closed:
        messages.error(request, "Nothing was sent: the assessment is closed.")
    else:
        messages.success(request, f"A new link is on its way to {invitation.email}.")
    return redirect("assessments:colleagues", pk)


def _mine(request: UserRequest, pk: UUID, invitation_id: UUID) -> Invitation:
    rows = Invitation.objects.visible_to(request.user)
    return get_object_or_404(rows, pk=invitation_id, assessment_id=pk)


# --- the colleague: the link ---------------------------------------------------------------------


def _link(request: Request) -> str:
    """A link by its hash: what is counted lies in a cache, where no link should."""
    return hashlib.sha256(request._request.path_info.encode()).hexdigest()


ENTRANCE = (
    Limit("colleague-link", "20/h", by=_link, closed=True),
    Limit("colleague-address", "60/h", by=by_address, closed=True),
)
"""Codes asked for and codes tried, together. With the counter away nobody gets in."""


@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for a code, and takes it. Opening the page changes nothing: mail scanners do it too."""
    now = timezone.now()
    invitation = visiting.by_token(token)
    if invitation is None or not invitation.is_live:
        return _gone(request)
    if invitation.claimed_at:
        if visiting.by_cookie(request, invitation.pk):
            return redirect("assessments:shared", invitation.pk)
        return _gone(request)
    if request.method != "POST":
        return _door(request, invitation, CodeForm())
    form = CodeForm(request.POST)
    if refusal := _counted(request):
        form.add_error(None, str(refusal.detail))
        return _door(request, invitation, form, status=refusal.status_code)
    try:
        if "code" not in request.POST:
            visiting.send_code(invitation, at=now)
            return redirect("assessments:link", token)
        if not form.is_valid():
            return _door(request, invitation, form, status=422)
        secret = visiting.claim(invitation, form.cleaned_data["code"], at=now)
    except LinkEnded:
        return _gone(request)
    if secret is None:
        invitation.refresh_from_db(fields=["code_hash", "code_tries", "code_sent_at"])
        form.add_error("code", "This code is not right, or not good any more.")
        return _door(request, invitation, form, status=422)
    response = redirect("assessments:shared", invitation.pk)
    visiting.give_cookie(response, invitation, secret, at=now)
    return response


def _counted(request: HttpRequest) -> APIException | None:
    """The refusal, if this was asked too often or cannot be counted."""
    try:
        for limit in ENTRANCE:
            limit.take(Request(request))
    except APIException as error:
        return error
    return None


def _door(
    request: HttpRequest, invitation: Invitation, form: CodeForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "invitation": invitation,
        "form": form,
        "code_sent": visiting.awaits_code(invitation, at=timezone.now()),
    }
    return render(request, "assessments/colleague/link.html", context, status=status)


def _gone(request: HttpRequest) -> HttpResponse:
    """The same for a link that never was, that has ended, and that is somebody else's."""
    return render(request, "assessments/colleague/gone.html", status=404)


# --- the colleague: the questions ----------------------------------------------------------------


@require_http_methods(["GET", "HEAD"])
def shared(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is asked, how far it is, and the way to hand it back."""
    invitation = _claimed(request, pk)
    if invitation is None or not (invitation.is_live or invitation.returned_at):
        return _gone(request)
    if not invitation.is_live:
        return render(request, "assessments/colleague/returned.html", {"invitation": invitation})
    return _overview(request, invitation, ReturnForm())


def _overview(request: HttpRequest, invitation: Invitation, form: ReturnForm) -> HttpResponse:
    context = {**_progress(invitation), "invitation": invitation, "form": form}
    status = 422 if form.errors else 200
    return render(request, "assessments/colleague/overview.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: HttpRequest, pk: UUID, sub_area_id: str) -> HttpResponse:
    """The questions of one sub-area, of those that the colleague is asked."""
    invitation = _claimed(request, pk)
    if invitation is None:
        return _gone(request)
    refusals: Mapping[str, Refusal] = {}
    if request.method == "POST":
        try:
            saved = answering.save(
                invitation.assessment,
                given(invitation.questions, request.POST),
                at=timezone.now(),
                by=invitation,
            )
        except (Closed, LinkEnded):
            return _closed(request, invitation)
        if not saved.refusals:
            return redirect(_after(request, invitation, sub_area_id))
        refusals = saved.refusals
    elif not invitation.is_live:
        return _gone(request)
    found = [(area, asked) for area, asked in invitation.pages if area.id == sub_area_id]
    if not found:
        raise Http404
    sub_area, asked = found[0]
    stored = _responses(invitation)
    context = {
        **_progress(invitation),
        "invitation": invitation,
        "sub_area": sub_area,
        "fields": [
            posted_field(question, request.POST, refusals[question.id])
            if question.id in refusals
            else stored_field(question, stored.get(question.id))
            for question in asked
        ],
        "refusals": refusals.items(),
        "following": _following(invitation, sub_area_id),
        "last_saved_at": max((answer.updated_at for answer in stored.values()), default=None),
    }
    status = 422 if refusals else 200
    return render(request, "assessments/colleague/questions.html", context, status=status)


def _closed(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """What was typed cannot be stored any more; show it, so that it can be copied."""
    context = {"typed": typed(invitation.questions.values(), request.POST)}
    return render(request, "assessments/colleague/closed.html", context, status=409)


@require_POST
def save(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answers as they are given, as for the owner."""
    invitation = _claimed(request, pk)
    if invitation is None:
        return _gone(request)
    try:
        saved = answering.save(
            invitation.assessment,
            given(invitation.questions, request.POST),
            at=timezone.now(),
            by=invitation,
        )
    except (Closed, LinkEnded):
        return JsonResponse({"closed": "ended"}, status=409)
    stored = _responses(invitation)
    return what_came_of_it(
        saved,
        done=sum(answer.state != State.UNANSWERED for answer in stored.values()),
        total=len(invitation.questions),
    )


@require_POST
def hand_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    invitation = _claimed(request, pk)
    if invitation is None:
        return _gone(request)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _overview(request, invitation, form) if invitation.is_live else _gone(request)
    with suppress(LinkEnded):  # the page says how it ended
        visiting.hand_back(invitation, form.cleaned_data["message"], at=timezone.now())
    return redirect("assessments:shared", pk)


def _claimed(request: HttpRequest, pk: UUID) -> Invitation | None:
    return visiting.by_cookie(request, pk)


def _responses(invitation: Invitation) -> Mapping[str, AssessmentResponse]:
    """What is stored of the questions that the colleague is asked, whoever said it."""
    rows = invitation.assessment.responses.filter(question_id__in=list(invitation.questions))
    return {response.question_id: response for response in rows}


def _progress(invitation: Invitation) -> dict[str, object]:
    done = {
        question_id
        for question_id, response in _responses(invitation).items()
        if response.state != State.UNANSWERED
    }
    return {
        "done": len(done),
        "total": len(invitation.questions),
        "pages": [
            (sub_area, sum(question.id in done for question in asked), len(asked))
            for sub_area, asked in invitation.pages
        ],
    }


def _following(invitation: Invitation, sub_area_id: str) -> str | None:
    order = [sub_area.id for sub_area, _ in invitation.pages]
    if sub_area_id in order[:-1]:
        return order[order.index(sub_area_id) + 1]
    return None


def _after(request: HttpRequest, invitation: Invitation, sub_area_id: str) -> str:
    if is_resolved(request.POST):
        return request.get_full_path()
    following = _following(invitation, sub_area_id)
    if following is None or "overview" in request.POST:
        return reverse("assessments:shared", args=[invitation.pk])
    return reverse("assessments:shared-questions", args=[invitation.pk, following])
