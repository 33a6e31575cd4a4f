"""A replica that cannot be reached is left alone for some seconds.

Each try costs its pool's patience, and a page makes several: whoever asks meanwhile is sent to the
primary at once. Known to this process alone, so each finds out once.
"""

from __future__ import annotations

import time

LEFT_ALONE = 5.0
"""Seconds."""

_until = 0.0


def note() -> None:
    global _until  # noqa: PLW0603  # what this process has found out
    _until = time.monotonic() + LEFT_ALONE


def is_away() -> bool:
    return time.monotonic() < _until
