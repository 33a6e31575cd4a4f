"""Limits on what a request may carry, applied before anything is parsed."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from posture.problems import is_api, problem

GetResponse = Callable[[HttpRequest], HttpResponse]


class BodyLimit:
    """Refuses a body that is too large or of unknown length, without reading it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            return _refused(request, 411, "length_required", "Say how long the body is.")
        length = request.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > settings.MAX_BODY_BYTES:
            return _refused(
                request, 413, "body_too_large", f"At most {settings.MAX_BODY_BYTES:,} bytes."
            )
        return self.get_response(request)


def _refused(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if is_api(request):
        return problem(request, status, code, detail)
    return render(request, f"{status}.html", status=status)
