"""A replica that is gone costs one wait, not one for each query of a page."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connections
from django.db.backends.postgresql import base

from posture.database import absence
from posture.database.base import DatabaseWrapper
from posture.database.router import PRIMARY, REPLICA


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The aliases that somebody tried to connect to; none of them answers."""
    made: list[str] = []

    def refuse(wrapper: base.DatabaseWrapper) -> None:
        made.append(wrapper.alias)
        raise psycopg.OperationalError("nobody there")

    monkeypatch.setattr(base.DatabaseWrapper, "connect", refuse)
    monkeypatch.setattr(absence, "_until", 0.0)
    return made


def wrapper(alias: str) -> DatabaseWrapper:
    return DatabaseWrapper({**connections[PRIMARY].settings_dict, "OPTIONS": {}}, alias)


def fail_to_connect(alias: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        wrapper(alias).connect()


def test_a_replica_that_is_gone_is_left_alone(tries: list[str]) -> None:
    for _ in range(3):
        fail_to_connect(REPLICA)

    assert tries == [REPLICA]
    assert absence.is_away()


def test_it_is_asked_again_after_some_seconds(
    tries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_connect(REPLICA)
    monkeypatch.setattr(absence, "_until", 0.0)

    fail_to_connect(REPLICA)

    assert tries == [REPLICA, REPLICA]


def test_the_primary_is_always_asked(tries: list[str]) -> None:
    fail_to_connect(PRIMARY)
    fail_to_connect(PRIMARY)

    assert tries == [PRIMARY, PRIMARY]
    assert not absence.is_away()
