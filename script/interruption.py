"""Signals that ask a command to stop.

They are only noted. Whoever waits looks here, so that nothing is cut off at a place where a
process has been started and nobody knows of it yet.
"""

import signal
from types import FrameType


class Interrupted(Exception):
    """The command was asked to stop before its work was done."""


_signals: list[int] = []


def heed_signals() -> None:
    """From here on Ctrl-C, SIGTERM and a closed terminal are noted instead of ending us."""
    signal.signal(signal.SIGINT, _note)
    signal.signal(signal.SIGTERM, _note)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored: started under nohup
        signal.signal(signal.SIGHUP, _note)


def hang_up() -> None:
    """As if the terminal were closed."""
    _signals.append(signal.SIGHUP)


def asked() -> bool:
    return bool(_signals)


def insisted() -> bool:
    """Asked again while stopping: whoever presses Ctrl-C twice wants no more waiting."""
    return len(_signals) > 1


def _note(number: int, frame: FrameType | None) -> None:
    _signals.append(number)
