"""A real PostgreSQL for the tests, made in about a second, and gone without a trace."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from script import ROOT
from script.system import postgresql_programs

SUPERUSER = "postgres"  # of the servers, and, where we are root, of the processes and files
OWNER = "posture_owner"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
ROLES = ROOT / "posture" / "database" / "roles.sql"

# Nothing of a test need survive a power cut, so nothing waits for the disk.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "hot_standby_feedback": "on",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",
}


class ClusterFailed(Exception):
    """PostgreSQL is missing, or did not start; with what it said last."""


class Server:
    """One PostgreSQL server: its folder, its port, and the process while it runs.

    The process is our own child in a session of its own: Ctrl-C does not reach it before us, and
    when it is killed no zombie keeps its files in use.
    """

    def __init__(self, folder: Path, name: str, programs: Path, port: int) -> None:
        self.name = name
        self.port = port
        self.data = folder / name
        self._log = folder / f"{name}.log"
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def url(self, database: str, user: str = OWNER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def initialize(self) -> None:
        options = "--auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions"
        self.call("initdb", f"--pgdata={self.data}", f"-U{SUPERUSER}", *options.split())
        with (self.data / "pg_hba.conf").open("a") as file:
            file.write("host replication all 127.0.0.1/32 trust\n")

    def copy_from(self, primary: Server) -> None:
        """Become its streaming replica, with a slot of its own there."""
        there = f"host=127.0.0.1 port={primary.port} user={SUPERUSER} application_name={self.name}"
        options = "-R -X stream -c fast --no-sync -C"
        self.call(
            "pg_basebackup", "-D", str(self.data), "-d", there, *options.split(), "-S", self.name
        )

    def start(self, settings: Mapping[str, str]) -> None:
        arguments = [f"-c{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
        with self._log.open("ab") as log:
            self._process = self._run(
                "postgres", "-D", str(self.data), "-p", str(self.port), *arguments, log=log
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ClusterFailed(self._last_lines())
            time.sleep(0.01)

    def stop(self) -> None:
        """At once, whoever is connected."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)  # "immediate": no farewell to anybody
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """As a power cut does: kill -9, and the children too, or they hold the shared memory.

        Each child leads a process group of its own, so they are found by their parent.
        """
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)  # no new child between finding and killing
        for child in _children(self.pid):
            _kill(child)
        self._process.kill()
        self._process.wait()
        self._process = None

    def promote(self) -> None:
        """A replica becomes a primary."""
        self.call("pg_ctl", "-D", str(self.data), "-w", "promote")

    def follow(self, primary: Server) -> None:
        """A running replica gets its rows from this primary from now on."""
        there = f"host=127.0.0.1 port={primary.port} user={SUPERUSER} application_name={self.name}"
        self.ask("postgres", f"alter system set primary_conninfo = '{there}'")
        self.ask("postgres", f"alter system set primary_slot_name = '{self.name}'")
        self.ask("postgres", "select pg_reload_conf()")

    def pause_replay(self) -> None:
        self.ask("postgres", "select pg_wal_replay_pause()")
        while self.ask("postgres", "select pg_get_wal_replay_pause_state()") != "paused":
            time.sleep(0.001)

    def resume_replay(self) -> None:
        self.ask("postgres", "select pg_wal_replay_resume()")

    def ask(self, database: str, sql: str) -> str:
        """The answer of one statement, as the superuser."""
        return self.call("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d",
                         self.url(database, SUPERUSER), "-c", sql).strip()  # fmt: skip

    def call(self, program: str, *arguments: str) -> str:
        """What the program printed. Raises ClusterFailed."""
        done = subprocess.run(
            [self._programs / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd="/",
            **_as_superuser(),
        )
        if done.returncode != 0:
            raise ClusterFailed(f"{program} failed:\n{done.stdout[-2000:]}")
        return str(done.stdout)

    def _answers(self) -> bool:
        where = ("-h", "127.0.0.1", "-p", str(self.port))
        return self._run("pg_isready", "-q", *where, log=subprocess.DEVNULL).wait() == 0

    def _run(self, program: str, *arguments: str, log: int | IO[Any]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._programs / program, *arguments],
            cwd="/",  # the checkout may be out of the superuser's reach
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **_as_superuser(),
        )

    def _last_lines(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "PostgreSQL did not start. It said last:\n" + "\n".join(lines[-12:])


class Cluster:
    """A throw-away PostgreSQL on a free port of 127.0.0.1, running while its `with` block lasts.

    It has the roles of production; `url` signs in as the owner of the tables. With replicas, the
    first `synchronous` of them that answer have every commit before it is acknowledged.
    """

    def __init__(self, *, replicas: int = 0, synchronous: int = 0) -> None:
        programs = postgresql_programs()
        if programs is None:
            raise ClusterFailed("PostgreSQL's server programs cannot be found.")
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="posture-postgresql-"))
        self._names = [f"replica{number}" for number in range(1, replicas + 1)]
        self._synchronous = synchronous
        self.primary = self._server("primary", _free_port())
        self.replicas: list[Server] = []

    def __enter__(self) -> Self:
        try:
            if os.geteuid() == 0:  # PostgreSQL refuses to be root
                shutil.chown(self.folder, SUPERUSER, pwd.getpwnam(SUPERUSER).pw_gid)
            self.primary.initialize()
            self.primary.start({})
            self._make_roles()
            for name in self._names:
                self.add_replica(name, _free_port())
            self.require_synchronous()
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

    def url(self, database: str, user: str = OWNER) -> str:
        return self.primary.url(database, user)

    @property
    def port(self) -> int:
        return self.primary.port

    @property
    def pid(self) -> int:
        return self.primary.pid

    def stop(self) -> None:
        """End the servers at once, whoever is connected, and remove their files."""
        for server in (*self.replicas, self.primary):
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_replica(self, name: str, port: int) -> Server:
        replica = self._server(name, port)
        self.replicas.append(replica)
        replica.copy_from(self.primary)
        replica.start({"cluster_name": name})
        return replica

    def require_synchronous(self) -> None:
        """From now on a commit is acknowledged when so many replicas have it too."""
        if not self._synchronous:
            return
        names = ", ".join(replica.name for replica in self.replicas)
        self.primary.ask(
            "postgres",
            f"alter system set synchronous_standby_names = 'ANY {self._synchronous} ({names})'",
        )
        self.primary.ask("postgres", "select pg_reload_conf()")

    def fail_over(self) -> Server:
        """Kill the primary; the replica that has most follows it, and the others that one.

        Returns the one that died.
        """
        dead = self.primary
        dead.kill()
        self.primary = max(self.replicas, key=_received)
        self.primary.promote()
        self.replicas.remove(self.primary)
        for replica in self.replicas:
            self.primary.ask(
                "postgres", f"select pg_create_physical_replication_slot('{replica.name}')"
            )
            replica.follow(self.primary)
        return dead

    def _make_roles(self) -> None:
        """In template1 too, from which every database of the tests is made."""
        self.primary.ask("postgres", f"create role {OWNER} login createdb")
        roles = ROLES.read_text()
        self.primary.ask("template1", roles)
        self.primary.ask("postgres", roles)

    def _server(self, name: str, port: int) -> Server:
        return Server(self.folder, name, self._programs, port)


def _received(replica: Server) -> int:
    return int(replica.ask("postgres", "select pg_last_wal_receive_lsn() - '0/0'::pg_lsn"))


def _as_superuser() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": SUPERUSER, "group": SUPERUSER, "extra_groups": []}


def _children(pid: int) -> Sequence[int]:
    ask = ["ps", "-A", "-o", "pid=,ppid="]
    listed = subprocess.run(ask, capture_output=True, text=True, check=True)
    pairs = (line.split() for line in listed.stdout.splitlines())
    return [int(child) for child, parent in pairs if int(parent) == pid]


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
