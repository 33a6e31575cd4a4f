"""The pages about oneself. Signing up, in and out are allauth's."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import DeleteAccountForm, ProfileForm
from accounts.http import UserRequest
from accounts.mailbox import received


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
        user = request.user
        logout(request)
        user.delete()
        messages.success(request, "Your account and everything in it is deleted.")
        return redirect("home")
    return render(request, "accounts/delete.html", {"form": form}, status=_status(form))


@require_safe
def mailbox(request: UserRequest) -> HttpResponse:
    """The messages of a machine that has no mail server. Its URL exists only there."""
    return render(request, "accounts/mailbox.html", {"received": received()})


def _status(form: ProfileForm | DeleteAccountForm) -> int:
    return 422 if form.is_bound and form.errors else 200
