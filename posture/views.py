"""Pages that belong to no app: the front page, the method, refusals."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assessments import scoring
from assessments.catalog import loading


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


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Nearly always a page that was open for too long: say so, and how to go on."""
    return render(request, "csrf.html", status=403)
