"""script/compile: pins the packages that requirements.in and requirements-dev.in ask for."""

from __future__ import annotations

import os
import sys

from script import environment
from script.steps import CannotContinue, run

OLDEST_PYTHON = "3.11"


def main() -> int:
    if environment.must_be_made():
        environment.make()
    _require_oldest_python()
    environment.install(environment.WITH_TESTS)
    env = {**os.environ, "CUSTOM_COMPILE_COMMAND": "script/compile"}
    for asked, pinned in (
        ("requirements.in", "requirements.txt"),
        ("requirements-dev.in", "requirements-dev.txt"),
    ):
        options = (
            f"--quiet --strip-extras --no-annotate --no-emit-index-url --no-emit-options"
            f" --output-file={pinned} {asked}"
        )
        command = [str(environment.PYTHON), "-m", "piptools", "compile", *options.split()]
        run(f"Pinning {pinned}", [*command, *sys.argv[1:]], env=env)
    return 0


def _require_oldest_python() -> None:
    """What only the oldest Python needs would be left out by a newer one."""
    version = environment.python_version()
    if not version.startswith(f"{OLDEST_PYTHON}."):
        raise CannotContinue(
            f"Pins are made with Python {OLDEST_PYTHON}, the oldest that is supported, and"
            f" {environment.FOLDER} has {version}; make it anew with python{OLDEST_PYTHON} -m venv."
        )
