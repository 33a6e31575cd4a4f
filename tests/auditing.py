"""The audit log with its guards down, as somebody who may alter the tables would have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.db import connection

from tests.database.identity import as_owner

_guards = import_module("accounts.migrations.0005_audit_log_append_only")


@contextmanager
def unguarded() -> Iterator[None]:
    """Lines can be changed and removed inside the block."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE admin_audit_log DISABLE TRIGGER USER")
        yield
        with connection.cursor() as cursor:
            for name in ("append", "refuse", "refuse_all"):
                cursor.execute(f"ALTER TABLE admin_audit_log ENABLE ALWAYS TRIGGER {name}")
        return
    with connection.cursor() as cursor:
        for statement in _guards.SQLITE_BACK:
            cursor.execute(statement)
    yield
    with connection.cursor() as cursor:
        for statement in _guards.SQLITE:
            cursor.execute(statement)


@contextmanager
def tampering() -> Iterator[None]:
    """As the tables' owner, outside any transaction of the test."""
    with as_owner(), unguarded():
        yield
