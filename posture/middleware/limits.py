"""Limits on what a request may carry, applied before anything is parsed."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

GetResponse = Callable[[HttpRequest], HttpResponse]


class BodyLimit:
    """Refuses a body that is too large or of unknown length, without reading it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            return render(request, "411.html", status=411)
        length = request.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > settings.MAX_BODY_BYTES:
            return render(request, "413.html", status=413)
        return self.get_response(request)
