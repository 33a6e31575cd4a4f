"""Keeps a few programs running: relays what they say, starts the dead again, stops them all."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self

from script import interruption, processes
from script.steps import say

FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0
STEADY_AFTER = 60.0  # seconds of life after which a death is a first one again
TURN = 0.2


@dataclass(slots=True)
class Program:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    due: float = 0.0


@dataclass(slots=True)
class Output:
    """What one run of a program prints; it may outlive the run by some lines."""

    name: str
    pipe: IO[bytes]
    unfinished: bytes = field(default=b"")


class Supervisor:
    """Runs the programs while its `with` block lasts; the block calls `turn` again and again."""

    def __init__(self, programs: Sequence[Program], env: Mapping[str, str]) -> None:
        self._programs = programs
        self._env = env
        self._width = max(len(program.name) for program in programs)
        self._outputs = selectors.DefaultSelector()
        self._guardian = processes.Guardian()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        running = {
            program.process.pid: program.process
            for program in self._programs
            if program.process is not None
        }
        processes.end(
            running,
            gone=lambda pid: running[pid].poll() is not None,
            wait=self._relay,
            hurry=interruption.insisted,
        )
        self._relay()
        self._guardian.watch([])
        self._guardian.dismiss()

    def turn(self) -> None:
        """Start what is due, notice what died, and relay output for a moment."""
        now = time.monotonic()
        for program in self._programs:
            if program.process is None:
                if now >= program.due:
                    self._start(program)
            elif program.process.poll() is not None:
                self._bury(program, program.process)
        self._relay()

    def _start(self, program: Program) -> None:
        program.process = processes.start(program.command, env=self._env, output=subprocess.PIPE)
        program.started = time.monotonic()
        self._tell_guardian()
        pipe = program.process.stdout
        assert pipe is not None
        self._outputs.register(pipe, selectors.EVENT_READ, Output(program.name, pipe))

    def _bury(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        # Its children would keep the port, or go on with tasks beside their successors.
        processes.kill_group(process.pid)
        program.process = None
        self._tell_guardian()
        now = time.monotonic()
        if now - program.started > STEADY_AFTER:
            program.delay = FIRST_DELAY
        program.due = now + program.delay
        self._relay()
        say(f"{program.name} {_how_it_ended(process)}; it starts again in {program.delay:.0f} s.")
        program.delay = min(2 * program.delay, LONGEST_DELAY)

    def _tell_guardian(self) -> None:
        self._guardian.watch([p.process.pid for p in self._programs if p.process is not None])

    def _relay(self) -> None:
        if not self._outputs.get_map():
            time.sleep(TURN)
        for key, _ in self._outputs.select(TURN):
            output: Output = key.data
            chunk = os.read(key.fd, 65536)
            *lines, output.unfinished = (output.unfinished + (chunk or b"\n")).split(b"\n")
            for line in lines:
                if line.strip():
                    self._say_for(output.name, line)
            if not chunk:
                self._outputs.unregister(output.pipe)
                output.pipe.close()

    def _say_for(self, name: str, line: bytes) -> None:
        say(f"{name:{self._width}} | {line.decode(errors='replace').rstrip()}")


def _how_it_ended(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
