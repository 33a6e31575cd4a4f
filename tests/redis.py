"""A real Redis for the tests, that can be stopped, emptied and paused."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from django.conf import settings
from django.test import override_settings
from kombu import pools
from redis import Redis
from redis.exceptions import RedisError

from posture.celery import app

START_SECONDS = 10.0


class RedisMissing(Exception):
    """There is no redis-server on this machine, or it did not start."""


class RedisServer:
    """On a free port of 127.0.0.1 and always the same one, running unless it is told not to be.

    It keeps nothing on disk: stopped and started again, it is empty.
    """

    def __init__(self, *options: str) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise RedisMissing("redis-server cannot be found.")
        self._program = program
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis(port=self.port, socket_timeout=2)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self.stop()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--daemonize", "no", *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RedisMissing("redis-server did not start.")
            time.sleep(0.02)

    def stop(self) -> None:
        """kill -9, also while it is paused."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        self.client.flushall()

    def pause(self) -> None:
        """It still takes connections, and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


@contextmanager
def in_use(server: RedisServer) -> Iterator[RedisServer]:
    """This process, and those that tests.children starts, cache and send by this Redis."""
    cached = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": server.url,
        "OPTIONS": dict(settings.REDIS_PATIENCE),
    }
    before = {name: app.conf[name] for name in ("broker_url", "broker_transport_options")}
    patience = {"socket_connect_timeout": 1, "socket_timeout": 3}
    with override_settings(REDIS_URL=server.url, CACHES={"default": cached, "limits": cached}):
        _send_by({"broker_url": server.url, "broker_transport_options": patience})
        try:
            yield server
        finally:
            _send_by(before)


def _send_by(broker: dict[str, object]) -> None:
    """Celery keeps its connections; those to the broker of before must go."""
    app.conf.update(broker)
    vars(app.amqp)["_producer_pool"] = None
    vars(app)["_pool"] = None
    pools.reset()
