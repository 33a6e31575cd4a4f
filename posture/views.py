"""Pages that belong to no app: the front page, the method, refusals."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import defaults
from django.views.decorators.http import require_safe

from accounts import second_factor
from assessments import scoring
from assessments.catalog import loading
from posture.problems import is_api, problem


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    catalog = loading.current()
    return render(request, "home.html", {"catalog": catalog})


@require_safe
def method(request: HttpRequest) -> HttpResponse:
    """How scores are made, with the figures that scoring really uses."""
    context = {
        "catalog": loading.current(),
        "formula": scoring.FORMULA,
        "levels": [
            (level, scoring.LEVEL_NAMES[level], least)
            for level, least in scoring.THRESHOLDS.items()
        ],
    }
    return render(request, "method.html", context)


def nowhere(request: HttpRequest, anything: str) -> HttpResponse:
    raise Http404


def console_door(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """An administrator who may not open the console yet gives the code, or sets it up."""
    if second_factor.may_open_console(request):
        return redirect("admin:index")
    messages.info(request, "The console opens with a second factor.")
    return redirect("accounts:authenticator")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Nearly always a page that was open for too long: say so, and how to go on."""
    return render(request, "csrf.html", status=403)


# What Django refuses by itself: for the API as a problem, for people as a page.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem(request, 400, "bad_request", "The request cannot be understood.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem(request, 403, "permission_denied", "This is not allowed.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem(request, 404, "not_found", "There is no such endpoint.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return problem(request, 500, "server_error", "This is our mistake; it is noted.")
    return defaults.server_error(request)
