"""The throw-away PostgreSQL of the tests."""

from __future__ import annotations

import os
import socket
import time

import psycopg
import pytest

from tests.cluster import SETTINGS, STOP_SECONDS, Cluster, ClusterFailed


def test_a_cluster_serves_a_database_and_leaves_nothing() -> None:
    with Cluster() as cluster:
        with psycopg.connect(cluster.url("postgres")) as connection:
            settings = connection.execute(
                "select current_setting('server_encoding'), current_setting('fsync')"
            ).fetchone()
        pid, port = cluster.pid, cluster.port

    assert settings == ("UTF8", "off")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert not cluster.folder.exists()


def test_it_stops_at_once_though_somebody_is_connected() -> None:
    with Cluster() as cluster:
        connection = psycopg.connect(cluster.url("postgres"), autocommit=True)
        asked = time.monotonic()

    assert time.monotonic() - asked < STOP_SECONDS
    with pytest.raises(psycopg.OperationalError), connection:
        connection.execute("select 1")


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, "fsync", "perhaps")
    cluster = Cluster()

    with (
        pytest.raises(ClusterFailed, match='parameter "fsync" requires a Boolean value'),
        cluster,
    ):
        pass

    assert not cluster.folder.exists()
