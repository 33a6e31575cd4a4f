"""Whom the tests' connection signs in as.

The owner makes the test database and empties it; every test runs as the application, with no
right that it has not in production.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections

from posture.database.base import DatabaseWrapper
from posture.database.subject import NOBODY, acting_as
from tests.cluster import OWNER

APP = "posture_app"


@contextmanager
def signed_in_as(user: str) -> Iterator[None]:
    """Nothing on SQLite, which knows no users."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not isinstance(connection, DatabaseWrapper):
        yield
        return
    before = connection.settings_dict["USER"]
    _sign_in(connection, user)
    try:
        yield
    finally:
        _sign_in(connection, before)


@contextmanager
def as_owner() -> Iterator[None]:
    """To change the schema, as a migration does."""
    with acting_as(NOBODY), signed_in_as(OWNER):
        yield


def _sign_in(connection: DatabaseWrapper, user: str) -> None:
    connection.close()
    connection.close_pool()
    connection.settings_dict["USER"] = user
