"""script/server: Posture on this machine, from a bare checkout to a page in the browser."""

from __future__ import annotations

import argparse
import errno
import fcntl
import hashlib
import http.client
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from script import ROOT, bootstrap, interruption
from script.environment import PYTHON
from script.steps import CannotContinue, run, say
from script.supervisor import Program, Supervisor

PATIENCE_UNTIL_READY = 60.0

HELP = """\
Makes everything ready (a virtual environment, packages, an SQLite database, a demo company),
then runs the web server, the worker and the scheduler until Ctrl-C.

HOST and PORT in the environment choose the address (127.0.0.1 and 8000), POSTURE_VAR the
folder of everything that is written (var)."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    ip: str  # the web server wants no name

    @property
    def reachable_host(self) -> str:
        """Where this machine reaches it; a server on every interface has no address of its own."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    def __str__(self) -> str:
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="script/server", description=HELP, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--no-demo", action="store_true", help="start without the demo company")
    with_demo = not parser.parse_args().no_demo
    started = time.monotonic()

    address = _free_address(os.environ)
    var = Path(os.environ.get("POSTURE_VAR") or ROOT / "var").absolute()
    with _held(var):
        bootstrap.prepare()
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "posture.settings",
            "LOCAL": "1",
            "SECRET_KEY": _secret(var / "secret"),
            "POSTURE_VAR": str(var),
            "HOST": address.host,
            "PORT": str(address.port),
            "PYTHONUNBUFFERED": "1",
        }
        run("Migrating the database", _manage("migrate", "--no-input"), env=env)
        sign_ins = run("Loading the demo company", _manage("demo"), env=env) if with_demo else ""
        _collect_static_files(var, env)

        say("Starting web, worker and beat")
        with Supervisor(_programs(address, var), env) as supervisor:
            _wait_until_ready(supervisor, address)
            if not interruption.asked():
                say(f"\nPosture is ready after {time.monotonic() - started:.1f} s: {address}")
                say(f"\nDemo sign-ins\n{sign_ins}" if sign_ins else "", end="")
                say("\nCtrl-C stops it.")
            while not interruption.asked():
                supervisor.turn()
            say("\nStopping; Ctrl-C again does not wait for unfinished work.")
    say("Stopped.")
    return 0


def _free_address(env: Mapping[str, str]) -> Address:
    """Where HOST and PORT want the server. Raises CannotContinue where it cannot be."""
    host = env.get("HOST") or "127.0.0.1"
    port = env.get("PORT") or "8000"
    if not (port.isascii() and port.isdecimal()) or not 1 <= int(port) <= 65535:
        raise CannotContinue(f"PORT is {port!r}; it must be a number from 1 to 65535.")
    try:
        family, kind, _, _, name = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(name)
            return Address(host, int(port), probe.getsockname()[0])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotContinue(
                f"Port {port} on {host} is in use; stop the program that uses it,"
                f" or choose another port: PORT={int(port) + 1} script/server"
            ) from error
        raise CannotContinue(f"Port {port} on {host} cannot be used: {error.strerror}.") from error


@contextmanager
def _held(var: Path) -> Iterator[None]:
    """Keep the folder to ourselves: a second scheduler or worker would spoil the first one's files.

    The lock is an open file, so it ends with us, or later with the guardian of our children.
    """
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(var / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotContinue(
            f"Nothing can be written in {var}: {error.strerror};"
            " make it writable, or choose another folder: POSTURE_VAR=/another/folder script/server"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise CannotContinue(
            f"Posture is already running with {var}; stop it first,"
            " or choose another folder: POSTURE_VAR=/another/folder script/server"
        ) from error
    finally:
        os.close(lock)


def _secret(path: Path) -> str:
    """The key of this machine's sessions and links: made once, readable by its owner alone."""
    try:
        return path.read_text()
    except FileNotFoundError:
        secret = secrets.token_urlsafe(50)
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(secret)
        unfinished.rename(path)
        return secret


def _manage(*arguments: str) -> list[str]:
    return [str(PYTHON), "manage.py", *arguments]


def _collect_static_files(var: Path, env: Mapping[str, str]) -> None:
    """Copy them under their hashed names, unless that was done and nothing changed since."""
    stamp = var / "static-collected"
    state = hashlib.sha256()
    for path in sorted((ROOT / "static").rglob("*")):
        status = path.stat()
        state.update(f"{path.relative_to(ROOT)} {status.st_size} {status.st_mtime_ns}\n".encode())
    for name in ("requirements.txt", "posture/settings.py", "posture/staticfiles.py"):
        state.update((ROOT / name).read_bytes())
    collected = (var / "static" / "staticfiles.json").exists()
    if collected and stamp.exists() and stamp.read_text() == state.hexdigest():
        return
    run("Collecting static files", _manage("collectstatic", "--no-input", "--clear"), env=env)
    stamp.write_text(state.hexdigest())


def _programs(address: Address, var: Path) -> list[Program]:
    python = str(PYTHON)
    celery = [
        python,
        # It warns against being root; in a container on one's own machine that is how it is.
        "-Wignore:You're running the worker with superuser",
        *("-m", "celery", "--quiet", "--app", "posture"),
    ]
    granian = [
        *(python, "-m", "granian", "--host", address.ip, "--port", str(address.port)),
        *("--interface", "wsgi", "--http", "1", "--no-ws", "--log-level", "warning"),
        *("--workers", "2", "--blocking-threads", "4"),
        *("--respawn-failed-workers", "--workers-kill-timeout", "5"),
    ]
    return [
        Program("web", [*granian, "posture.wsgi:application"]),
        Program(
            "worker",
            [*celery, "worker", "--concurrency", "1", "--loglevel", "warning", "--without-mingle"],
        ),
        Program(
            "beat",
            [*celery, "beat", "--schedule", str(var / "beat-schedule"), "--loglevel", "warning"],
        ),
    ]


def _wait_until_ready(supervisor: Supervisor, address: Address) -> None:
    """Return once the web server says that it is ready, or once we are asked to stop."""
    complain_at = time.monotonic() + PATIENCE_UNTIL_READY
    while not interruption.asked():
        supervisor.turn()
        answer = _readiness(address)
        if answer == "200":
            return
        if time.monotonic() > complain_at:
            say(f"{address}health/ready has not said 200 for a minute; it says: {answer}")
            complain_at = float("inf")


def _readiness(address: Address) -> str:
    connection = http.client.HTTPConnection(address.reachable_host, address.port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
