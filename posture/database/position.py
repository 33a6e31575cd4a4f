"""How far the primary had written when somebody's answer was saved, so that they never read less.

A position is a place in the primary's log. Whoever has written carries it, signed, for five
minutes; a replica may serve them once it has replayed that far.
"""

from __future__ import annotations

import re
import time

from django.core import signing
from django.db import connections

from posture.database.router import PRIMARY, REPLICA

LIFE = 300
"""Seconds. It bounds how long a position from before a failover can mislead."""

PATIENCE = 0.05
STEP = 0.004

PATTERN = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}")

_signer = signing.TimestampSigner(salt="posture.database.position")


def written() -> str:
    """The primary's position. To be asked after COMMIT: before it, the commit is not in it.

    The flushed position, not the inserted one: that lies beyond the end of a page about once in
    200 writes, and an idle primary does not send it for 15 seconds.
    """
    with connections[PRIMARY].cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_flush_lsn()")
        position: str = cursor.fetchone()[0]
    return position


def reached(position: str) -> bool:
    """Has the replica replayed so far? It is given a moment to catch up."""
    end = time.monotonic() + PATIENCE
    while not _replayed(position):
        if time.monotonic() > end:
            return False
        time.sleep(STEP)
    return True


def _replayed(position: str) -> bool:
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, NOT pg_is_in_recovery())",
            [position],
        )
        return bool(cursor.fetchone()[0])


def signed(position: str) -> str:
    return _signer.sign(position)


def unsigned(token: str) -> str | None:
    """The position that we gave this client; None for anything else, or if it is too old."""
    try:
        position = _signer.unsign(token, max_age=LIFE)
    except signing.BadSignature:
        return None
    return position if PATTERN.fullmatch(position) else None
