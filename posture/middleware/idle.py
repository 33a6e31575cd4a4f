"""Sessions that nobody uses."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse

from accounts import idling

GetResponse = Callable[[HttpRequest], HttpResponse]


class Idle:
    """Whose session is over is nobody, and comes back to the same page after signing in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if idling.is_over(request):
            # Empty, so that Django takes the cookie back. A page that is read writes nothing.
            request.session = SessionStore()
        response = self.get_response(request)
        match = request.resolver_match
        asked_by_a_page = match is not None and match.view_name in settings.VIEWS_OF_SCRIPTS
        if SESSION_KEY in request.session and not asked_by_a_page:
            idling.note_use(request.session, response)
        return response
