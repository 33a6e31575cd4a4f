"""script/server, started for real in a copy of the checkout that shares this run's packages."""

from __future__ import annotations

import fcntl
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from script import ROOT, environment, processes, system
from script.steps import CannotContinue

# Longer than anything takes on a busy machine; a test that waits this long has failed.
PATIENCE = 180.0


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it is checked out, with the packages of this run and nothing written yet."""
    copy = tmp_path_factory.mktemp("server") / "checkout"
    leave = shutil.ignore_patterns(".git", ".venv", "var", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=leave)
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


@pytest.fixture(scope="module")
def scripts_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is needed to be refused, where not even an environment may be."""
    copy = tmp_path_factory.mktemp("scripts") / "checkout"
    shutil.copytree(ROOT / "script", copy / "script")
    return copy


@pytest.fixture
def server(checkout: Path) -> Iterator[Server]:
    """A server that was said to be ready, and whose worker is so too."""
    with Server(checkout) as server:
        server.wait_for("Posture is ready")
        wait_until(lambda: len(server.pids("worker")) == 2, lambda: server.said)
        yield server


class Server:
    """A running script/server with all that it has said."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.port = free_port()
        self._said = checkout / f"said-{self.port}"

    def __enter__(self) -> Self:
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                ["script/server", "--no-demo"],
                cwd=self.checkout,
                env=persons_environment(PORT=str(self.port)),
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # again and again: without patience
            time.sleep(0.1)

    @property
    def said(self) -> str:
        return self._said.read_text()

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.said, lambda: f"no {words!r} in:\n{self.said}")

    def wait_for_program(self, name: str) -> None:
        wait_until(lambda: bool(self.pids(name)), lambda: f"no {name} in:\n{self.said}")

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def pids(self, name: str) -> set[int]:
        """The processes of one program: the one we started and those that it started."""
        words = {"web": " granian ", "worker": " posture worker ", "beat": " posture beat "}[name]
        return {pid for pid, command in processes_of(self.checkout).items() if words in command}

    def kill(self, name: str) -> set[int]:
        """Kill the one we started and nothing else; all that belonged to it."""
        pids = self.pids(name)
        os.kill(min(pid for pid in pids if os.getpgid(pid) == pid), signal.SIGKILL)
        return pids


def persons_environment(**more: str) -> dict[str, str]:
    """That of a person who starts the server, not that of this test run."""
    of_tests = (
        "DATABASE_URL DJANGO_SETTINGS_MODULE HOST LOCAL PORT POSTURE_VAR REDIS_URL SECRET_KEY"
    )
    kept = {name: value for name, value in os.environ.items() if name not in of_tests.split()}
    return kept | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)


def processes_of(checkout: Path) -> dict[int, str]:
    """All that runs with the environment of this checkout or inside its folder."""
    return {
        pid: command
        for pid, command, folder in (_from_proc() if sys.platform == "linux" else _from_ps())
        if str(checkout) in command or folder == checkout
    }


def _from_proc() -> Iterator[tuple[int, str, Path | None]]:
    """Not by `ps`, which a small Debian does not have."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            command = (process / "cmdline").read_text().replace("\0", " ")
            yield int(process.name), command, (process / "cwd").readlink()


def _from_ps() -> Iterator[tuple[int, str, Path | None]]:
    ps = ["ps", "-A", "-ww", "-o", "pid=,args="]
    for line in subprocess.run(ps, capture_output=True, text=True, check=True).stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), f"{command} ", None


def refusal(checkout: Path, *prefix: str, **env: str) -> str:
    """What script/server says when it does not start: one line, and no traceback."""
    run = subprocess.run(
        [*prefix, checkout / "script" / "server", "--no-demo"],
        env=persons_environment(**env),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1, run.stderr
    return run.stderr.strip()


def test_both_health_pages_answer_and_ctrl_c_leaves_no_process(server: Server) -> None:
    assert f"http://127.0.0.1:{server.port}/" in server.said
    assert server.status("/health/live") == 200
    assert server.status("/health/ready") == 200
    assert all(server.pids(name) for name in ("web", "worker", "beat"))

    assert server.stop(signal.SIGINT) == 0

    assert processes_of(server.checkout) == {}
    assert "worker | worker: Warm shutdown" in server.said
    assert server.said.endswith("Stopped.\n")
    assert "Traceback" not in server.said


def test_ctrl_c_twice_ends_all_without_waiting_for_the_worker(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)
    server.wait_for("Stopping")
    os.kill(min(server.pids("worker")), signal.SIGSTOP)  # it would never end by itself
    asked = time.monotonic()

    assert server.stop(signal.SIGINT) == 0

    assert time.monotonic() - asked < processes.PATIENCE
    assert processes_of(server.checkout) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_before_it_is_ready_it_leaves_no_process(
    checkout: Path, number: signal.Signals
) -> None:
    with Server(checkout) as server:
        server.wait_for("Migrating")

        # Where this machine is so busy that it serves already, it is stopped as usual.
        assert server.stop(number) in {130, 0}

    assert processes_of(checkout) == {}
    assert server.said.endswith("Stopped.\n")
    assert "Traceback" not in server.said


def test_a_killed_supervisor_leaves_no_process(server: Server) -> None:
    server.process.kill()

    wait_until(
        lambda: processes_of(server.checkout) == {},
        lambda: f"left: {processes_of(server.checkout)}",
    )


def test_the_killed_are_started_again_and_sigterm_leaves_no_process(server: Server) -> None:
    for name, delay in (("worker", 1), ("web", 1), ("worker", 2)):
        killed = server.kill(name)

        server.wait_for(f"{name} was killed by SIGKILL; it starts again in {delay} s.")
        server.wait_for_program(name)
        assert not server.pids(name) & killed, "its children live on beside their successors"

    wait_until(lambda: answers(server), lambda: server.said)

    assert server.stop(signal.SIGTERM) == 0

    assert processes_of(server.checkout) == {}


def answers(server: Server) -> bool:
    try:
        return server.status("/health/ready") == 200
    except OSError:
        return False


def test_a_second_run_only_migrates_and_keeps_the_secret(checkout: Path) -> None:
    secret = checkout / "var" / "secret"
    with Server(checkout) as first:
        first.wait_for("Posture is ready")
    key = secret.read_text()

    with Server(checkout) as second:
        second.wait_for("Posture is ready")

    steps = [line.split(" .")[0] for line in second.said.splitlines() if re.search(r" \.+ ", line)]
    assert steps == ["Migrating the database"]
    assert secret.read_text() == key
    assert len(key) >= 50
    assert secret.stat().st_mode & 0o777 == 0o600


def test_a_busy_port_is_said(scripts_alone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        sentence = refusal(scripts_alone, PORT=str(port))

    assert sentence == (
        f"Port {port} on 127.0.0.1 is in use; stop the program that uses it,"
        f" or choose another port: PORT={port + 1} script/server"
    )


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "8000.0"])
def test_a_port_that_is_none_is_said(scripts_alone: Path, port: str) -> None:
    sentence = refusal(scripts_alone, PORT=port)

    assert sentence == f"PORT is {port!r}; it must be a number from 1 to 65535."


def test_an_old_python_is_said(scripts_alone: Path, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)

    sentence = refusal(scripts_alone, PATH=str(tmp_path))

    assert sentence == "Posture needs Python 3.11 or newer, and python3 is 3.9."


def test_a_missing_python_is_said(scripts_alone: Path, tmp_path: Path) -> None:
    sentence = refusal(scripts_alone, PATH=str(tmp_path))

    assert sentence == "Posture needs Python 3.11 or newer, and there is none on the PATH."


def test_a_newer_python_is_found_behind_an_old_one(scripts_alone: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "python3", tmp_path / "python3.13"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)
    new.symlink_to(Path(sys.executable).resolve())

    assert "PORT" in refusal(scripts_alone, PATH=str(tmp_path), PORT="none")


def test_a_read_only_folder_is_said(scripts_alone: Path) -> None:
    # Even the superuser has to obey the permissions without this capability.
    as_anybody = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    scripts_alone.chmod(0o555)
    try:
        sentence = refusal(scripts_alone, *as_anybody, PORT=str(free_port()))
    finally:
        scripts_alone.chmod(0o755)

    assert sentence == (
        f"Nothing can be written in {scripts_alone / 'var'}: Permission denied; make it writable,"
        " or choose another folder: POSTURE_VAR=/another/folder script/server"
    )


def test_a_file_in_place_of_the_folder_is_said(scripts_alone: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    sentence = refusal(scripts_alone, PORT=str(free_port()), POSTURE_VAR=str(file))

    assert sentence.startswith(f"Nothing can be written in {file}: File exists; ")


def test_a_second_server_in_the_same_folder_is_refused(scripts_alone: Path, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        sentence = refusal(scripts_alone, PORT=str(free_port()), POSTURE_VAR=str(tmp_path))

    assert sentence.startswith(f"Posture is already running with {tmp_path}; ")


@pytest.mark.skipif(sys.platform != "linux", reason="needs the dynamic linker's search path")
def test_a_missing_pango_is_said(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "libpango-1.0.so.0").touch()  # found first, and no library
    (tmp_path / "python3").symlink_to(Path(sys.executable).resolve())  # and no package manager

    sentence = refusal(
        checkout, PORT=str(free_port()), PATH=str(tmp_path), LD_LIBRARY_PATH=str(tmp_path)
    )

    assert sentence == (
        "Pango (WeasyPrint writes the PDF reports with it) cannot be found;"
        " install what is missing from this system's packages, then start again."
    )


def test_without_root_the_one_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    missing = [
        system.Need("Pango", lambda: False, {"apt-get": "libpango-1.0-0 libpangoft2-1.0-0"}),
        system.Need("Redis", lambda: False, {"apt-get": "redis-server"}),
        system.Need("Chromium", lambda: True, {"apt-get": "chromium"}),
    ]

    with pytest.raises(CannotContinue) as refused:
        system.provide(missing)

    assert str(refused.value) == (
        "Pango and Redis cannot be found; install what is missing with"
        " `sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 redis-server`, then start again."
    )


def test_what_the_package_manager_said_last_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\necho E: Unable to locate package\nexit 100\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(CannotContinue, match=r"(?s)libpango failed\..*E: Unable to locate package"):
        system.provide([system.Need("Pango", lambda: False, {"apt-get": "libpango"})])


def test_an_environment_that_is_only_linked_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebodys = tmp_path / "somebodys"
    somebodys.mkdir()
    (somebodys / "kept").touch()
    link = tmp_path / "link"
    link.symlink_to(somebodys)
    monkeypatch.setattr(environment, "FOLDER", link)

    with pytest.raises(CannotContinue, match="remove the link"):
        environment.make()

    assert (somebodys / "kept").exists()
