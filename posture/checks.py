"""What must be so before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from posture.database.base import DatabaseWrapper


@register("database", deploy=False)
def sqlite_waits_for_its_turn(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Half of all simultaneous saves fail on SQLite unless writers queue from the first."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "sqlite":
            continue
        options = connection.settings_dict["OPTIONS"]
        commands = options.get("init_command", "")
        if (
            options.get("transaction_mode") != "IMMEDIATE"
            or options.get("timeout", 0) < 20
            or "journal_mode=WAL" not in commands
            or "synchronous=FULL" not in commands
        ):
            messages.append(
                Error(
                    f"The SQLite database {alias!r} must use WAL, IMMEDIATE transactions, "
                    "a timeout of 20 s and synchronous FULL.",
                    id="posture.E001",
                )
            )
    return messages


UNPROTECTED = {
    # Read before anybody is signed in, to find out who it is.
    "account_emailaddress",
    "idempotency_keys",
    "mfa_authenticator",
    "token_families",
    "usersessions_usersession",
    # Written by administrators alone.
    "django_admin_log",
}
"""Tables that have a `user_id` and need no row-level security, each for the reason above it."""


@register("database", deploy=True)
def rows_are_protected(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """On PostgreSQL a person's rows are theirs even where a view forgets its filter.

    Also run when the web server and the worker start (`require_protected_rows`).
    """
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                messages += [*_role_that_sees_too_much(cursor), *_unprotected_tables(cursor)]
    return messages


def require_protected_rows() -> None:
    """Raises ImproperlyConfigured; a database that is away is for the health checks to say."""
    connection = connections["default"]
    try:
        errors = rows_are_protected(databases=["default"])
    except DatabaseError:
        return
    finally:
        connection.close()
        if isinstance(connection, DatabaseWrapper):
            connection.close_pool()  # a worker forks: its children need pools of their own
    if errors:
        raise ImproperlyConfigured("\n".join(str(error) for error in errors))


def _role_that_sees_too_much(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = session_user"
    )
    name, superuser, bypasses = cursor.fetchone()
    if superuser or bypasses:
        yield Error(
            f"The role {name!r} in DATABASE_URL is a superuser or bypasses row-level security.",
            hint="Use posture_app (posture/database/roles.sql).",
            id="posture.E002",
        )


def _unprotected_tables(cursor: Any) -> Iterator[CheckMessage]:
    cursor.execute(
        """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND a.attname = 'user_id' AND NOT a.attisdropped
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                   AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))
        ORDER BY c.relname
        """
    )
    for (table,) in cursor.fetchall():
        if table not in UNPROTECTED:
            yield Error(
                f"The table {table!r} has a user_id and no forced row-level security.",
                hint="Protect it in a migration, or say why not in posture.checks.UNPROTECTED.",
                id="posture.E003",
            )
