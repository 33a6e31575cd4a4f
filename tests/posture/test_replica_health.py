"""What the health check sees of a real replica."""

from __future__ import annotations

import time

import psycopg
import pytest

from posture import health
from posture.health import Finding, replication
from tests.cluster import Cluster


def test_a_replica_is_well_behind_or_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LAG_LIMIT", 0.2)
    with Cluster(replicas=1) as cluster:
        replica = cluster.replicas[0]
        with psycopg.connect(replica.url("postgres"), autocommit=True) as connection:

            def seen() -> Finding:
                with connection.cursor() as cursor:
                    return replication(cursor)

            def become(*, ok: bool) -> Finding:
                end = time.monotonic() + 10
                while seen().ok != ok and time.monotonic() < end:
                    time.sleep(0.02)
                return seen()

            cluster.primary.ask("template1", "create table first (x int)")
            assert become(ok=True) == Finding(ok=True, seconds=0)

            replica.pause_replay()
            cluster.primary.ask("template1", "create table second (x int)")
            behind = become(ok=False)
            assert behind.seconds is not None
            assert behind.seconds > 0.2

            replica.resume_replay()
            assert become(ok=True) == Finding(ok=True, seconds=0)

            cluster.primary.kill()
            assert become(ok=False) == Finding(ok=False)
