"""One line in the log for each request: by which route, with what status, how long."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from posture.logs import request_id

logger = logging.getLogger("posture.requests")

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestLog:
    """Names the route, not the address: an address may hold what somebody typed.

    Inside RequestId, so that this line and all others of the request carry its number.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        before = request_id.set(getattr(request, "request_id", ""))
        try:
            response = self.get_response(request)
            match = request.resolver_match
            logger.info(
                "answered",
                extra={
                    "method": request.method,
                    "route": match.route if match else "",
                    "status": response.status_code,
                    "milliseconds": round(1000 * (time.perf_counter() - started), 1),
                },
            )
            return response
        finally:
            request_id.reset(before)
