from __future__ import annotations

import time
from typing import Any, NamedTuple

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from posture.checks import sqlite_waits_for_its_turn
from posture.health import HEARTBEAT_LIMIT
from posture.tasks import HEARTBEAT, heartbeat
from tests.redis import RedisServer


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


@pytest.mark.django_db
def test_health_of_all_parts(client: Client) -> None:
    heartbeat()

    response = client.get("/health")

    assert response.status_code == 200
    assert response.json() == {
        "status": "well",
        "database": {"ok": True},
        "worker": {"ok": True, "seconds": 0.0},
        "storage": {"ok": True},
    }


@pytest.mark.django_db
def test_health_with_redis_tells_when_it_is_away(client: Client, redis: RedisServer) -> None:
    heartbeat()
    assert client.get("/health").json()["redis"] == {"ok": True}

    redis.stop()
    response = client.get("/health")

    assert response.status_code == 503
    assert {name for name, part in parts(response).items() if not part["ok"]} == {"redis", "worker"}
    assert str(redis.port).encode() not in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("last", [None, HEARTBEAT_LIMIT + 1])
def test_health_without_a_worker(client: Client, last: float | None) -> None:
    if last is not None:
        cache.set(HEARTBEAT, time.time() - last)

    response = client.get("/health")

    assert response.status_code == 503
    assert [name for name, part in parts(response).items() if not part["ok"]] == ["worker"]


@pytest.mark.django_db
def test_health_without_the_database(client: Client) -> None:
    def away(*_: object) -> None:
        raise OperationalError("could not connect to server: secret-host")

    heartbeat()
    with connection.execute_wrapper(away):
        response = client.get("/health")

    assert response.status_code == 503
    assert [name for name, part in parts(response).items() if not part["ok"]] == ["database"]
    assert b"secret-host" not in response.content


@pytest.mark.django_db
def test_health_without_room_for_reports(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat()
    monkeypatch.setattr("shutil.disk_usage", lambda _: Disk(total=100, free=4))

    response = client.get("/health")

    assert [name for name, part in parts(response).items() if not part["ok"]] == ["storage"]


@pytest.mark.django_db
def test_a_platform_may_ask_by_the_address_of_a_machine(client: Client) -> None:
    by_address = {"host": "172.19.3.2:8000"}

    assert client.get("/health/live", headers=by_address).status_code == 200
    assert client.get("/health/ready", headers=by_address).status_code == 200
    assert client.get("/", headers=by_address).status_code == 400


class Disk(NamedTuple):
    total: int
    free: int


def parts(response: Any) -> dict[str, dict[str, Any]]:
    return {name: part for name, part in response.json().items() if name != "status"}


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
