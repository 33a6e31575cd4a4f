"""Which region answers a request, and from which database it reads.

Writes happen in the primary region. Reads happen where the request arrived, from the replica
there, unless that replica has not yet seen what this client has written. A request that belongs
elsewhere is answered with `fly-replay`, and Fly's proxy sends it there, whole.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import MiddlewareNotUsed
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from accounts.models import User
from posture.database import absence, position
from posture.database.router import REPLICA, reading_from

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
READ_ONLY_TRANSACTION = "25006"
PREFIX = "posture-" if settings.LOCAL else "__Host-"
POSITION = PREFIX + "position"
ADMINISTRATOR = PREFIX + "administrator"
HEADER = "Posture-Position"
"""Of responses to unsafe requests, and of requests, for clients that keep no cookies."""

_administrators = signing.TimestampSigner(salt="posture.middleware.regions")


class Regions:
    """Not used where the environment names no region."""

    def __init__(self, get_response: GetResponse) -> None:
        if not (settings.REGION and settings.PRIMARY_REGION):
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.here: str = settings.REGION
        self.is_primary = settings.REGION == settings.PRIMARY_REGION
        self.has_replica = REPLICA in settings.DATABASES
        got_request_exception.connect(_remember_failure)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Never from the request: whoever could say where it runs could say where it writes.
        came_back = "fly-replay-failed" in request.headers
        if request.method not in SAFE:
            return _nothing_saved(request) if came_back else self._write(request)
        if _reads_a_file(request) and not self.is_primary:
            return _nothing_saved(request) if came_back else _to_primary("file")
        if self._is_for_administrators_region(request):
            return _replay(settings.ADMIN_REGION, "administrator")
        return self._read(request, came_back=came_back)

    def _write(self, request: HttpRequest) -> HttpResponse:
        if not self.is_primary:
            return _to_primary("method")
        response = self.get_response(request)
        failure = _failure(request)
        if getattr(failure.__cause__, "sqlstate", None) == READ_ONLY_TRANSACTION:
            # A primary that has become a replica: a failover that has not reached us yet.
            return _nothing_saved(request)
        if response.status_code < 500:
            token = position.signed(position.written())
            _set_cookie(response, POSITION, token, max_age=position.LIFE)
            response[HEADER] = token
        self._mark_administrator(request, response)
        return response

    def _is_for_administrators_region(self, request: HttpRequest) -> bool:
        """Not if it was sent here, or sent back: it would go round in circles."""
        return (
            self.here != settings.ADMIN_REGION
            and "fly-replay-src" not in request.headers
            and "fly-replay-failed" not in request.headers
            and not _reads_a_file(request)
            and _is_administrators(request)
        )

    def _read(self, request: HttpRequest, *, came_back: bool) -> HttpResponse:
        if not self.has_replica:
            return self.get_response(request)
        if absence.is_away():
            return self._read_from_primary(request, came_back, "replica")
        if not _may_read_replica(request):
            return self._read_from_primary(request, came_back, "behind")
        with reading_from(REPLICA):
            response = self.get_response(request)
        if response.status_code == 500 and _is_replicas(_failure(request)):
            logger.warning("the replica failed; the request goes to the primary")
            connections[REPLICA].close()
            return self._read_from_primary(request, came_back, "replica")
        return response

    def _read_from_primary(self, request: HttpRequest, came_back: bool, why: str) -> HttpResponse:
        if self.is_primary:
            return self.get_response(request)
        # Behind, and nobody to ask: an old page would deny what its reader has saved.
        return _nothing_saved(request) if came_back else _to_primary(why)

    def _mark_administrator(self, request: HttpRequest, response: HttpResponse) -> None:
        """So that their next request is known before its session is read.

        It decides where a request is answered, never what it may do.
        """
        user = getattr(request, "user", None)
        marked = ADMINISTRATOR in request.COOKIES
        if isinstance(user, User) and user.is_staff:
            token = _administrators.sign("1")
            _set_cookie(response, ADMINISTRATOR, token, max_age=settings.SESSION_COOKIE_AGE)
        elif marked:
            response.delete_cookie(ADMINISTRATOR, samesite="Lax")


def _to_primary(why: str) -> HttpResponse:
    return _replay(settings.PRIMARY_REGION, why)


def _replay(region: str, state: str) -> HttpResponse:
    response = HttpResponse(status=409)
    response["fly-replay"] = f"region={region};state={state};timeout=5s;fallback=force_self"
    response["Cache-Control"] = "no-store"
    return response


def _nothing_saved(request: HttpRequest) -> HttpResponse:
    response: HttpResponse
    if request.path_info.startswith("/api/"):
        problem = {
            "type": "about:blank",
            "title": "The primary region cannot be reached; nothing was saved.",
            "status": 503,
            "code": "primary_unreachable",
        }
        response = HttpResponse(
            json.dumps(problem), status=503, content_type="application/problem+json"
        )
    else:
        response = render(request, "unreachable.html", status=503)
    response["Retry-After"] = "5"
    response["Cache-Control"] = "no-store"
    return response


def _may_read_replica(request: HttpRequest) -> bool:
    token = request.headers.get(HEADER) or request.COOKIES.get(POSITION, "")
    wanted = position.unsigned(token)
    if wanted is None:
        return True
    try:
        return position.reached(wanted)
    except DatabaseError:
        logger.warning("the replica does not answer", exc_info=True)
        return False


def _reads_a_file(request: HttpRequest) -> bool:
    if not isinstance(default_storage, FileSystemStorage):
        return False
    try:
        return resolve(request.path_info).view_name in settings.VIEWS_OF_FILES
    except Resolver404:
        return False


def _is_administrators(request: HttpRequest) -> bool:
    """By a cookie that we signed, or by what a token claims.

    The token is not verified here: who forges one is answered in another region, and no more.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer":
        return bool(_claims(token).get("is_admin"))
    try:
        _administrators.unsign(
            request.COOKIES.get(ADMINISTRATOR, ""), max_age=settings.SESSION_COOKIE_AGE
        )
    except signing.BadSignature:
        return False
    return True


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _set_cookie(response: HttpResponse, name: str, value: str, *, max_age: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


class _NoFailure(Exception):
    """Nothing went wrong."""


def _remember_failure(request: HttpRequest | None = None, **_: Any) -> None:
    """Django turns an exception into an answer where it happens; this keeps the exception."""
    if request is not None:
        request.META["posture.failure"] = sys.exc_info()[1]


def _failure(request: HttpRequest) -> BaseException:
    failure: BaseException = request.META.get("posture.failure") or _NoFailure()
    return failure


def _is_replicas(failure: BaseException) -> bool:
    return isinstance(failure, OperationalError | InterfaceError)
