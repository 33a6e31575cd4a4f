"""Processes that end with us, and all that they started with them.

Every process we start leads a process group of its own, so that its children can be found
when it is dead, and so that Ctrl-C in the terminal reaches only us and we stop all in order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from script import ROOT, interruption
from script.interruption import Interrupted

PATIENCE = 10.0  # seconds to finish a request or a task before being killed


def start(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, output: int | IO[Any] | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
    )


def wait_for(
    process: subprocess.Popen[bytes],
    *,
    meanwhile: Callable[[], None] = lambda: None,
    patience: float = PATIENCE,
) -> int:
    """Its exit code. Where we are asked to stop, stops it and raises Interrupted."""
    while process.poll() is None:
        if interruption.asked():
            end(
                [process.pid],
                gone=lambda _: process.poll() is not None,
                wait=lambda: time.sleep(0.05),
                patience=patience,
                hurry=interruption.insisted,
            )
            raise Interrupted
        meanwhile()
        time.sleep(0.05)
    return process.returncode


def end(
    leaders: Collection[int],
    *,
    gone: Callable[[int], bool],
    wait: Callable[[], None],
    patience: float = PATIENCE,
    hurry: Callable[[], bool] = lambda: False,
) -> None:
    """Ask the leaders to stop, then kill what is left of their groups.

    Only the leaders are asked: a Celery worker whose children are told to stop as well takes
    their end for a crash. `wait` is called again and again until all are `gone`.
    """
    for leader in leaders:
        _send(os.kill, leader, signal.SIGTERM)
    _wait_until_gone(leaders, gone, wait, patience, hurry)
    for leader in leaders:
        kill_group(leader)
    _wait_until_gone(leaders, gone, wait, 2.0, lambda: False)


def kill_group(leader: int) -> None:
    _send(os.killpg, leader, signal.SIGKILL)


def _wait_until_gone(
    leaders: Collection[int],
    gone: Callable[[int], bool],
    wait: Callable[[], None],
    seconds: float,
    hurry: Callable[[], bool],
) -> None:
    deadline = time.monotonic() + seconds
    while not all(gone(leader) for leader in leaders):
        if time.monotonic() > deadline or hurry():
            return
        wait()


def _send(how: Callable[[int, int], None], to: int, number: signal.Signals) -> None:
    # Already gone; or it is sudo, which only the superuser may signal, and then we only wait.
    with suppress(ProcessLookupError, PermissionError):
        how(to, number)


class Guardian:
    """Stops our processes should we be killed ourselves (kill -9), when nothing of ours runs.

    A fork in a session of its own that reads from a pipe: when we end, however that happens,
    the pipe ends too, and what we last said was running is stopped.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        hears, self._tells = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(self._tells)
                _guard(hears)
            finally:
                os._exit(0)
        os.close(hears)

    def watch(self, leaders: Collection[int]) -> None:
        """From now on exactly these would be stopped."""
        with suppress(BrokenPipeError):  # killed itself; we are still there to stop them
            os.write(self._tells, (" ".join(map(str, leaders)) + "\n").encode())

    def dismiss(self) -> None:
        os.close(self._tells)
        os.waitpid(self._pid, 0)


def _guard(hears: int) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    leaders: set[int] = set()
    with open(hears) as lines:
        for line in lines:
            leaders = {int(word) for word in line.split()}
    end(leaders, gone=_is_gone, wait=lambda: time.sleep(0.05))


def _is_gone(leader: int) -> bool:
    try:
        os.kill(leader, 0)
    except ProcessLookupError:
        return True
    return False
