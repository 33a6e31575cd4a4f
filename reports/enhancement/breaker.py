"""Spares a model that does not answer: after some failures in a row nobody asks for a while.

Shared by all workers through the cache that counts limits (Redis, or a file on one machine). When
the pause is over exactly one asks, for everybody. With the cache away every call is let through:
the breaker is not the thing that stops a report.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import caches
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

THRESHOLD = 5
"""Failures within WINDOW that open it."""

WINDOW = 30
PAUSE = 30
PROBE = 60
"""Seconds: how long the one that asks for everybody may take."""

MEMORY = 600
"""Seconds for which it stays half open without anybody asking."""

FAILURES, TRIPPED, OPEN, PROBING = (
    f"enhancement-{name}" for name in ("failures", "tripped", "open", "probing")
)


class Open(Exception):
    """The model failed too often; nobody asks it now."""


@contextmanager
def guard(failures: tuple[type[Exception], ...]) -> Iterator[None]:
    """Around one call. Raises Open instead of calling; counts it if it raises one of these."""
    if not _may_call():
        raise Open
    try:
        yield
    except failures:
        _quietly(_failed)
        raise
    _quietly(_succeeded)


def _may_call() -> bool:
    cache = caches["limits"]
    try:
        if not cache.get(TRIPPED):
            return True
        return not cache.get(OPEN) and bool(cache.add(PROBING, 1, PROBE))
    except (RedisError, OSError, sqlite3.Error) as error:
        logger.warning("the breaker steps aside: %s", type(error).__name__)
        return True


def _quietly(note: object) -> None:
    assert callable(note)
    try:
        note()
    except (RedisError, OSError, sqlite3.Error) as error:
        logger.warning("the breaker notes nothing: %s", type(error).__name__)


def _failed() -> None:
    cache = caches["limits"]
    if cache.get(TRIPPED):
        cache.add(OPEN, 1, PAUSE)
        cache.delete(PROBING)
        return
    cache.add(FAILURES, 0, WINDOW)
    try:
        failures = cache.incr(FAILURES)
    except ValueError:  # its window ended in this moment
        failures = 1
    if failures >= THRESHOLD:
        # Open first: between the two nobody may take it for half open.
        cache.add(OPEN, 1, PAUSE)
        cache.add(TRIPPED, 1, MEMORY)
        cache.delete(FAILURES)
        logger.warning("the model failed %s times; nobody asks it for %s s", failures, PAUSE)


def _succeeded() -> None:
    cache = caches["limits"]
    for name in (TRIPPED, OPEN, PROBING, FAILURES):
        cache.delete(name)
