"""Counters of a machine without Redis: one file, which every process of the machine shares."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache


class FileCounters(BaseCache):
    """As much of a cache as limits need, with additions that lose nothing.

    Django's own caches read, add and write in three steps, and lose counts in between. This is
    a file beside the database and not a table in it: a count must not wait for a transaction,
    nor vanish when one is rolled back.
    """

    def __init__(self, location: str | Path, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._path = Path(location)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS counters"
            " (key TEXT PRIMARY KEY, count INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID"
        )
        return connection

    def _until(self, timeout: Any) -> float:
        end = self.get_backend_timeout(timeout)
        return float("inf") if end is None else float(end)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Begin to count, unless that was begun. What has expired goes meanwhile."""
        name = self.make_and_validate_key(key, version)
        with closing(self._open()) as counters:
            counters.execute("BEGIN IMMEDIATE")
            counters.execute("DELETE FROM counters WHERE until < ?", (time.time(),))
            added = counters.execute(
                "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (name, int(value), self._until(timeout)),
            ).rowcount
            counters.execute("COMMIT")
        return added == 1

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        name = self.make_and_validate_key(key, version)
        with closing(self._open()) as counters:
            row = counters.execute(
                "UPDATE counters SET count = count + ? WHERE key = ? RETURNING count",
                (delta, name),
            ).fetchone()
        if row is None:
            raise ValueError(f"{key!r} is not counted")
        return int(row[0])

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        name = self.make_and_validate_key(key, version)
        with closing(self._open()) as counters:
            row = counters.execute(
                "SELECT count FROM counters WHERE key = ? AND until >= ?", (name, time.time())
            ).fetchone()
        return default if row is None else int(row[0])

    def delete(self, key: str, version: int | None = None) -> bool:
        name = self.make_and_validate_key(key, version)
        with closing(self._open()) as counters:
            gone = counters.execute("DELETE FROM counters WHERE key = ?", (name,)).rowcount
        return gone == 1

    def clear(self) -> None:
        with closing(self._open()) as counters:
            counters.execute("DELETE FROM counters")
