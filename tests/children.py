"""Processes of the service on the test's own database, as they run in earnest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """What a child needs to find this test's database, files and broker."""
    there = connection.settings_dict
    if connection.vendor == "sqlite":
        address = f"sqlite:///{there['NAME']}"
    else:
        person = f"{quote(there['USER'])}:{quote(there['PASSWORD'])}"
        address = f"postgresql://{person}@{there['HOST']}:{there['PORT']}/{there['NAME']}"
    return {
        **os.environ,
        "LOCAL": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "POSTURE_VAR": str(settings.VAR),
        "DATABASE_URL": address,
    }


@contextmanager
def worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker with one child, in a process group of its own; gone afterwards."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "posture", "worker", "--concurrency", "1",
             "--loglevel", "INFO", "--without-gossip", "--without-mingle"],
            cwd=ROOT,
            env=environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9, the children too, as when the machine dies."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(what: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.05)
