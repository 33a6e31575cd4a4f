"""What a command does before its real work: one line per step, a sentence where it fails."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

from script import interruption, processes
from script.interruption import Interrupted

DOT_EVERY = 2.0  # seconds; a long installation shows that it lives
LAST_LINES = 12


class CannotContinue(Exception):
    """Why the command stops, as a sentence for the person who started it."""


class StepFailed(CannotContinue):
    pass


def command(main: Callable[[], int]) -> int:
    """Run a whole command; its refusals are sentences, not tracebacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        return main()
    except CannotContinue as refusal:
        print(refusal, file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        print(f"The system refused: {error}.", file=sys.stderr, flush=True)
        return 1
    except Interrupted:
        say("\nStopped.")
        return 130


def say(text: str, *, end: str = "\n") -> None:
    try:
        print(text, end=end, flush=True)
    except OSError:
        # The terminal or the reader of our pipe is gone, and whoever started us with it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        interruption.hang_up()


def run(
    title: str,
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    patience: float = processes.PATIENCE,
) -> str:
    """Run one step quietly and return what it printed.

    Raises StepFailed with its last lines, or Interrupted after it was stopped.
    """
    started = time.monotonic()
    next_dot = started + DOT_EVERY

    def show_life() -> None:
        nonlocal next_dot
        if time.monotonic() >= next_dot:
            say(".", end="")
            next_dot += DOT_EVERY

    say(f"{title} .", end="")
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = processes.start(command, env=env, output=output)
        exit_code = processes.wait_for(process, meanwhile=show_life, patience=patience)
        output.seek(0)
        printed = output.read()
    seconds = time.monotonic() - started
    if exit_code != 0:
        say(f" failed after {seconds:.1f} s")
        last = "\n".join(f"    {line}" for line in printed.splitlines()[-LAST_LINES:])
        raise StepFailed(f"{title} failed. It said last:\n{last}")
    say(f" {seconds:.1f} s")
    return printed
