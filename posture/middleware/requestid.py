"""A number for each request, so that an answer can be found again in the logs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

PLAIN = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestId:
    """Takes the caller's `X-Request-Id` where it is harmless, and always answers with one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        number = given if PLAIN.fullmatch(given) else uuid.uuid4().hex
        request.request_id = number  # type: ignore[attr-defined]  # read by the problems
        response = self.get_response(request)
        response["X-Request-Id"] = number
        return response
