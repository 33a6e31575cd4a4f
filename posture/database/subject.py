"""In whose name the database is asked.

The policies on assessments, answers and reports show a person their own rows, staff all rows,
and anybody else none. The default is the safe one: whoever forgets to say who is asking, sees
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Protocol, runtime_checkable
from uuid import UUID

from django.db import connections


class Role(Enum):
    NOBODY = "nobody"
    STAFF = "staff"


NOBODY = Role.NOBODY
STAFF = Role.STAFF

Subject = UUID | Role
"""A person by their id, or one of the two that are no person."""

_acting: ContextVar[Subject] = ContextVar("acting", default=NOBODY)


@runtime_checkable
class CarriesSubject(Protocol):
    """A connection of `posture.database.base`; SQLite's know nothing of subjects."""

    def tell_subject(self) -> None:
        """Make an open transaction the present subject's."""


def acting() -> Subject:
    return _acting.get()


@contextmanager
def acting_as(subject: Subject) -> Iterator[None]:
    """Everything asked inside the block is asked in this subject's name.

    A transaction that is open already changes hands, and is given back at the end.
    """
    before = _acting.set(subject)
    try:
        _tell_open_transactions()
        yield
    finally:
        _acting.reset(before)
        _tell_open_transactions()


def become(subject: Subject) -> None:
    """As `acting_as`, until the end of the block that is running.

    For a request whose person becomes known only inside its view, as with a token.
    """
    _acting.set(subject)
    _tell_open_transactions()


def _tell_open_transactions() -> None:
    for connection in connections.all(initialized_only=True):
        if isinstance(connection, CarriesSubject):
            connection.tell_subject()
