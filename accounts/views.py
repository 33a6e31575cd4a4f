"""The pages about oneself. Signing up, in and out are allauth's."""

from __future__ import annotations

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import people, second_factor, signed_in
from accounts.forms import CodeForm, DeleteAccountForm, PasswordForm, ProfileForm
from accounts.http import UserRequest
from accounts.mailbox import received

LAST_ADMINISTRATOR = "You are the last administrator. Make somebody else one first."


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: UserRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your details are saved.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: UserRequest) -> HttpResponse:
    form = DeleteAccountForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            people.delete_own(request.user)
        except people.LastAdministrator:
            form.add_error(None, LAST_ADMINISTRATOR)
            return render(request, "accounts/delete.html", {"form": form}, status=409)
        logout(request)
        messages.success(request, "Your account and everything in it is deleted.")
        return redirect("home")
    return render(request, "accounts/delete.html", {"form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def authenticator(request: UserRequest) -> HttpResponse:
    """The second factor: set it up, give its code, do without it. Opening it changes nothing."""
    steps = {"begin": _begin, "activate": _activate, "prove": _prove, "remove": _remove}
    step = steps.get(request.POST.get("step", ""))
    if request.method != "POST" or step is None:
        return _authenticator(request)
    if not ratelimit.consume(request, action="reauthenticate", user=request.user):
        return render(request, "429.html", status=429)
    return step(request)


def _authenticator(request: UserRequest, *, status: int = 200, **context: object) -> HttpResponse:
    present = second_factor.of(request.user)
    context = {
        "present": present,
        "given": second_factor.is_given(request),
        "required": request.user.is_staff and settings.ADMIN_SECOND_FACTOR,
        "password_form": PasswordForm(user=request.user),
        "code_form": CodeForm(),
        **context,
    }
    return render(request, "accounts/authenticator.html", context, status=status)


def _begin(request: UserRequest) -> HttpResponse:
    form = PasswordForm(request.POST, user=request.user)
    if not form.is_valid():
        return _authenticator(request, password_form=form, status=422)
    try:
        return _authenticator(request, enrolment=second_factor.begin(request.user))
    except second_factor.Exists:
        return redirect("accounts:authenticator")


def _activate(request: UserRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    note = request.POST.get("enrolment", "")
    try:
        enrolment = second_factor.read(request.user, note)
        if form.is_valid():
            second_factor.activate(request.user, note, form.cleaned_data["code"])
            second_factor.note_given(request, request.user)
            messages.success(request, "From now on signing in asks for a code.")
            return redirect("accounts:authenticator")
    except second_factor.Exists:
        return redirect("accounts:authenticator")
    except second_factor.NotProven:
        try:
            enrolment = second_factor.read(request.user, note)
        except second_factor.NotProven:
            messages.error(request, "That took too long. Begin again.")
            return redirect("accounts:authenticator")
        form.add_error("code", "The code is wrong, or was used before. Wait for the next.")
    return _authenticator(request, enrolment=enrolment, code_form=form, status=422)


def _prove(request: UserRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            second_factor.prove(request.user, form.cleaned_data["code"])
        except second_factor.NotProven:
            form.add_error("code", "The code is wrong, or was used before. Wait for the next.")
        else:
            second_factor.note_given(request, request.user)
            return redirect("admin:index" if request.user.is_staff else "accounts:authenticator")
    return _authenticator(request, code_form=form, status=422)


def _remove(request: UserRequest) -> HttpResponse:
    form = PasswordForm(request.POST, user=request.user)
    if not form.is_valid() or not second_factor.is_given(request):
        return _authenticator(request, password_form=form, status=422)
    second_factor.remove(request.user)
    messages.success(request, "Signing in asks for your password alone.")
    return redirect("accounts:authenticator")


# --- sessions ------------------------------------------------------------------------------------


@require_safe
@login_required
def stay(request: UserRequest) -> HttpResponse:
    """Nothing but a use of the session, for the page that warns before it ends."""
    return HttpResponse(status=204)


@require_safe
@login_required
def sessions(request: UserRequest) -> HttpResponse:
    """Where one is signed in, with a browser or by a program."""
    context = {
        "sessions": signed_in.sessions(request.user, at=timezone.now()),
        "current": request.session.session_key,
        "families": signed_in.families(request.user, at=timezone.now()),
    }
    return render(request, "accounts/sessions.html", context)


@require_POST
@login_required
def end_session(request: UserRequest) -> HttpResponse:
    """One session or sign-in of one's own, or with `others` every one but this."""
    ended = signed_in.end(
        request.user,
        session=request.POST.get("session", ""),
        family=request.POST.get("family", ""),
        others_than=request.session.session_key if "others" in request.POST else None,
        at=timezone.now(),
    )
    messages.success(request, f"{ended} ended." if ended else "It was ended already.")
    return redirect("accounts:sessions")


@require_safe
def mailbox(request: UserRequest) -> HttpResponse:
    """The messages of a machine that has no mail server. Its URL exists only there."""
    return render(request, "accounts/mailbox.html", {"received": received()})


def _status(form: ProfileForm | DeleteAccountForm) -> int:
    return 422 if form.is_bound and form.errors else 200
