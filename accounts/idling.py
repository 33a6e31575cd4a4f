"""A session ends when it is not used, and however it is used after half a day.

When it was last used stands in a signed cookie of the browser and not in the database, because a
page that is only read writes nothing, wherever it is served. The cookie is good for its own session
alone; until there is one, the session counts as used when it began.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

IDLE = timedelta(minutes=30)
COOKIE = "posture-used" if settings.LOCAL else "__Host-used"
BEGAN = "began"
"""Where a session keeps when it began, in seconds."""


def begin(request: HttpRequest, **_: object) -> None:
    """Somebody has signed in."""
    request.session[BEGAN] = int(time.time())


def is_over(request: HttpRequest) -> bool:
    """Is this the session of somebody who has not used it, or has had it for too long?"""
    session = request.session
    if SESSION_KEY not in session:
        return False
    now, began = time.time(), session.get(BEGAN, 0)
    if now - began > settings.SESSION_COOKIE_AGE:
        return True
    return now - began > IDLE.total_seconds() and not _used_lately(request)


def note_use(session: SessionBase, response: HttpResponse) -> None:
    response.set_cookie(
        COOKIE,
        _signer().sign(_mark(session)),
        secure=not settings.LOCAL,
        httponly=True,
        samesite="Lax",
    )


def _used_lately(request: HttpRequest) -> bool:
    try:
        mark = _signer().unsign(request.COOKIES.get(COOKIE, ""), max_age=IDLE)
    except BadSignature:
        return False
    return constant_time_compare(mark, _mark(request.session))


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="accounts.idling")


def _mark(session: SessionBase) -> str:
    return salted_hmac("accounts.idling", session.session_key or "").hexdigest()
