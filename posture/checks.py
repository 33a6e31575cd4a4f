"""What must be so before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import connections


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
