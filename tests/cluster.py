"""A real PostgreSQL for the tests: made in about a second, and gone without a trace."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from script.system import postgresql_programs

OWNER = "postgres"  # of the databases, and, where we are root, of the processes and files
START_SECONDS = 30.0
STOP_SECONDS = 10.0

# Nothing of a test need survive a power cut, so nothing waits for the disk.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


class ClusterFailed(Exception):
    """PostgreSQL is missing, or did not start; with what it said last."""


class Cluster:
    """A throw-away PostgreSQL on a free port of 127.0.0.1, running while its `with` block lasts.

    Its server is our own child in a session of its own: Ctrl-C does not reach it before us, and
    when it is killed no zombie keeps its files in use.
    """

    def __init__(self) -> None:
        programs = postgresql_programs()
        if programs is None:
            raise ClusterFailed("PostgreSQL's server programs cannot be found.")
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="posture-postgresql-"))
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._server: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        try:
            self._initialize()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def url(self, database: str) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        assert self._server is not None, "the cluster runs only inside its `with` block"
        return self._server.pid

    def stop(self) -> None:
        """End the server at once, whoever is connected, and remove its files."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # "immediate": no farewell to anybody
            try:
                self._server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialize(self) -> None:
        if os.geteuid() == 0:  # PostgreSQL refuses to be root
            shutil.chown(self._folder, OWNER, pwd.getpwnam(OWNER).pw_gid)
        options = "--auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions"
        with self._log.open("wb") as log:
            made = self._run(
                "initdb", f"--pgdata={self._data}", f"-U{OWNER}", *options.split(), log=log
            )
            if made.wait() != 0:
                raise ClusterFailed(self._last_lines())

    def _start(self) -> None:
        self.port = _free_port()
        settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        with self._log.open("ab") as log:
            self._server = self._run(
                "postgres", "-D", str(self._data), "-p", str(self.port), *settings, log=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise ClusterFailed(self._last_lines())
            time.sleep(0.02)

    def _answers(self) -> bool:
        asked = self._run(
            "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), log=subprocess.DEVNULL
        )
        return asked.wait() == 0

    def _run(self, program: str, *arguments: str, log: int | IO[Any]) -> subprocess.Popen[bytes]:
        owner = OWNER if os.geteuid() == 0 else None
        return subprocess.Popen(
            [self._programs / program, *arguments],
            cwd="/",  # the checkout may be out of the owner's reach
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=owner,
            group=owner,
            extra_groups=[] if owner else None,
        )

    def _last_lines(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "PostgreSQL did not start. It said last:\n" + "\n".join(lines[-12:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
