"""What a supervisor, a load balancer and a monitor ask. No answer names a host or an error."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import FileSystemStorage, storages
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from posture.tasks import HEARTBEAT

logger = logging.getLogger(__name__)

REPLICA = "replica"
LAG_LIMIT = 30.0
"""Seconds a replica may be behind before somebody should look."""

HEARTBEAT_LIMIT = 120.0
"""Seconds without a sign of the worker; longer than one report may take."""

FREE_LIMIT = 0.05
"""The share of the reports' disk that must be free."""


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Says nothing about what it needs."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Requests can be served: the database answers and has every table it should.

    In a region with a replica that is the replica: while the primary is away reading goes on.
    """
    try:
        executor = MigrationExecutor(connections[_nearest()])
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "unready", "because": "database"}, status=503)
    if missing:
        return JsonResponse({"status": "unready", "because": "migrations"}, status=503)
    return JsonResponse({"status": "ready"})


class Finding(NamedTuple):
    ok: bool
    seconds: float | None = None
    """How far behind, or how long ago."""


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Every part by itself. 503 if one of them needs somebody, though pages may well go on."""
    parts = {name: _asked(name, question) for name, question in QUESTIONS.items() if _is_used(name)}
    well = all(finding.ok for finding in parts.values())
    answer: dict[str, object] = {"status": "well" if well else "unwell"}
    for name, finding in parts.items():
        answer[name] = {"ok": finding.ok}
        if finding.seconds is not None:
            answer[name] = {"ok": finding.ok, "seconds": round(finding.seconds, 1)}
    return JsonResponse(answer, status=200 if well else 503)


def _asked(name: str, question: Callable[[], Finding]) -> Finding:
    try:
        return question()
    except Exception as error:  # noqa: BLE001  # whatever it is, the other parts are still asked
        logger.warning("health: %s is away: %s", name, type(error).__name__)
        return Finding(ok=False)


def _is_used(name: str) -> bool:
    if name == "replica":
        return REPLICA in settings.DATABASES
    return name != "redis" or bool(settings.REDIS_URL)


def _nearest() -> str:
    return REPLICA if REPLICA in settings.DATABASES else DEFAULT_DB_ALIAS


def _database() -> Finding:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding(ok=True)


def _replica() -> Finding:
    with connections[REPLICA].cursor() as cursor:
        return replication(cursor)


def replication(cursor: Asks) -> Finding:
    """Idle, the last transaction is old and nothing is missing: then it is not behind."""
    cursor.execute(
        "SELECT pg_is_in_recovery(), EXISTS (SELECT FROM pg_stat_get_wal_receiver() AS r"
        " WHERE r.pid IS NOT NULL),"
        " CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
        " ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END"
    )
    is_replica, receives, behind = cursor.fetchone()
    if not is_replica:  # promoted
        return Finding(ok=True, seconds=0)
    if behind is None or not receives:
        return Finding(ok=False)
    return Finding(ok=behind <= LAG_LIMIT, seconds=float(behind))


class Asks(Protocol):
    def execute(self, query: Any, /) -> Any: ...
    def fetchone(self) -> Any: ...


def _redis() -> Finding:
    cache.get(HEARTBEAT)
    return Finding(ok=True)


def _worker() -> Finding:
    """Scheduler, broker and worker: the first sends, the last writes down when it came."""
    seen = cache.get(HEARTBEAT)
    if seen is None:
        return Finding(ok=False)
    ago = max(0.0, time.time() - seen)
    return Finding(ok=ago <= HEARTBEAT_LIMIT, seconds=ago)


def _storage() -> Finding:
    storage = storages["default"]
    storage.exists("reports/anything")  # one question to whatever it is
    if isinstance(storage, FileSystemStorage):
        folder = Path(storage.location)
        while not folder.exists():  # the first report makes it
            folder = folder.parent
        disk = shutil.disk_usage(folder)
        return Finding(ok=os.access(folder, os.W_OK) and disk.free >= FREE_LIMIT * disk.total)
    return Finding(ok=True)


QUESTIONS: dict[str, Callable[[], Finding]] = {
    "database": _database,
    "replica": _replica,
    "redis": _redis,
    "worker": _worker,
    "storage": _storage,
}
