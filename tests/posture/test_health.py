from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from posture.checks import sqlite_waits_for_its_turn


def test_live_needs_nothing(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "live"}


@pytest.mark.django_db
def test_ready_with_every_table(client: Client) -> None:
    response = client.get("/health/ready")

    assert (response.status_code, response.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_unready_while_a_migration_is_missing(client: Client) -> None:
    MigrationRecorder.Migration.objects.filter(app="reports").delete()

    response = client.get("/health/ready")

    assert (response.status_code, response.json()["because"]) == (503, "migrations")


@pytest.mark.django_db
def test_unready_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("could not connect to server: secret-host")

    with connection.execute_wrapper(away):
        response = client.get("/health/ready")

    assert (response.status_code, response.json()["because"]) == (503, "database")
    assert b"secret-host" not in response.content


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"transaction_mode": "DEFERRED"},
        {"timeout": 5},
        {"init_command": "PRAGMA journal_mode=WAL;"},
        {"init_command": "PRAGMA synchronous=FULL;"},
    ],
)
def test_sqlite_without_its_options_does_not_start(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
) -> None:
    assert sqlite_waits_for_its_turn(databases=["default"]) == []

    present = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(
        connection.settings_dict, "OPTIONS", {**present, **options} if options else {}
    )

    assert [message.id for message in sqlite_waits_for_its_turn(databases=["default"])] == [
        "posture.E001"
    ]
