"""What a page answers when the cache or the broker is away.

Pages that only read and save need neither. What counts attempts (sign-in, registration, reset)
or must send something cannot do without: it is refused, rather than done without its limits.
"""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from posture.problems import is_api, problem

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

SECONDS = 30
"""After which a client may try again; Redis is seldom away for longer."""


class Unavailable:
    """Answers 503 instead of 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, RedisError | OperationalError):
            return None
        logger.error("refused, the cache or the broker is away: %s", type(exception).__name__)
        if is_api(request):
            response = problem(request, 503, "unavailable", "Try again in a moment.")
        else:
            response = render(request, "503.html", status=503)
        response["Retry-After"] = str(SECONDS)
        return response
