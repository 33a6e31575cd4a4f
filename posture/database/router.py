"""Which database a query goes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connections
from django.db.models import Model

PRIMARY = "default"
REPLICA = "replica"

_reading: ContextVar[str] = ContextVar("reading", default=PRIMARY)


def alias_for_reading() -> str:
    return _reading.get()


@contextmanager
def reading_from(alias: str) -> Iterator[None]:
    """Reads inside the block go to this database: decided once for a request, never per query,
    so that no page mixes two points in time."""
    before = _reading.set(alias)
    try:
        yield
    finally:
        _reading.reset(before)


class PrimaryAndReplica:
    """The primary is the default, so tasks, commands and the shell never see lag.

    `posture.middleware.regions` allows the replica for safe requests. A transaction on the
    primary, or an instance that came from there, keeps reads there.
    """

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        instance = hints.get("instance")
        if (
            _reading.get() == PRIMARY
            or connections[PRIMARY].in_atomic_block
            or (instance is not None and instance._state.db == PRIMARY)
        ):
            return PRIMARY
        return _reading.get()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return PRIMARY

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == PRIMARY
