"""Where a person is signed in: browsers by their sessions, programs by their families of tokens.

What is listed was written when they signed in; using a session writes nothing.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from accounts import tokens
from accounts.models import TokenFamily, User

BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
"""In this order, because each names those after it too."""

NAMES = {"Edg": "Edge", "OPR": "Opera"}
SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux")


class SignedIn(NamedTuple):
    """A session; `number` is what ends it, and opens nothing."""

    number: int
    session_key: str
    device: str
    address: str
    since: datetime


def sessions(user: User, *, at: datetime) -> list[SignedIn]:
    """The newest first. Two queries, and none of them writes."""
    return [
        SignedIn(row.pk, row.session_key, device(row.user_agent), row.ip, row.created_at)
        for row in _live(user, at=at).order_by("-created_at")
    ]


def families(user: User, *, at: datetime) -> QuerySet[TokenFamily]:
    return TokenFamily.objects.filter(user=user, ended_at=None, expires_at__gt=at)


@transaction.atomic
def end(
    user: User,
    *,
    session: str = "",
    family: str = "",
    others_than: str | None = None,
    at: datetime,
) -> int:
    """End one session by its number, one family by its id, or everything but one session. How many
    were ended; those that are over already are none.
    """
    rows, lines = _live(user, at=at), families(user, at=at)
    if others_than is not None:
        rows = rows.exclude(session_key=others_than)
    else:
        rows = rows.filter(pk=int(session)) if session.isdecimal() else rows.none()
        lines = lines.filter(pk=family) if _is_id(family) else lines.none()
    keys = list(rows.values_list("session_key", flat=True))
    count = len(keys) + lines.count()
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    tokens.end(lines, TokenFamily.End.SIGNED_OUT, at=at)
    return count


def device(user_agent: str) -> str:
    """Browser and system in words, as far as the browser says them."""
    browser = next((name for name in BROWSERS if f"{name}/" in user_agent), "")
    system = next((name for name in SYSTEMS if name in user_agent), "")
    words = " on ".join(filter(None, (NAMES.get(browser, browser), system)))
    return words or re.sub(r"[^\w./ -]", "", user_agent)[:60] or "Unknown device"


def _live(user: User, *, at: datetime) -> QuerySet[UserSession]:
    live: QuerySet[UserSession] = UserSession.objects.filter(
        user=user,
        session_key__in=Session.objects.filter(expire_date__gt=at).values("session_key"),
    )
    return live


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
