"""What holds for the whole API: TLS or nothing, its version, and what is about to go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

from posture.problems import is_api, problem

GetResponse = Callable[[HttpRequest], HttpResponse]

VERSION = "1"


class Deprecation(NamedTuple):
    """An endpoint that will go: since when that is known, when it goes, what to use instead."""

    since: date
    sunset: date
    successor: str


DEPRECATED: dict[str, Deprecation] = {}
"""By the name of its URL. At least six months lie between the two dates (docs/api.md)."""


class Api:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api(request):
            return self.get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            # Redirected, a token would have crossed the network in the open unnoticed.
            return problem(request, 403, "https_required", "Use https.")
        response = self.get_response(request)
        response["API-Version"] = VERSION
        match = request.resolver_match
        if match and (going := DEPRECATED.get(match.url_name or "")):
            response["Deprecation"] = f"@{_seconds(going.since)}"
            response["Sunset"] = http_date(_seconds(going.sunset))
            response["Link"] = f'<{going.successor}>; rel="successor-version"'
        return response


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
