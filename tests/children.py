"""Processes of the service on the test's own database, as they run in earnest."""

from __future__ import annotations

import http.client
import os
import signal
import socket
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
        "REDIS_URL": settings.REDIS_URL,
    }


@contextmanager
def web(**more: str) -> Iterator[int]:
    """The web server as script/server runs it, with more in its environment; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port),
         "--interface", "wsgi", "--http", "1", "--no-ws", "--log-level", "warning",
         "--workers", "2", "--blocking-threads", "4", "posture.wsgi:application"],
        cwd=ROOT,
        env={**environment(), **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(lambda: _answers(port))
        yield port
    finally:
        kill(process)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def worker(log: Path, *, concurrency: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker with one child, in a process group of its own; gone afterwards."""
    arguments = ["--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]
    with celery(log, "worker", *arguments) as process:
        yield process


@contextmanager
def beat(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The scheduler."""
    with celery(log, "beat", "--schedule", str(log.with_suffix(".schedule"))) as process:
        yield process


@contextmanager
def celery(log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "posture", *arguments, "--loglevel", "INFO"],
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
