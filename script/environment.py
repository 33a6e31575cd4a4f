"""The virtual environment: made once, and installed into only when a requirement changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from script import ROOT
from script.steps import CannotContinue, run

FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
RUNTIME = ("requirements.txt",)
WITH_TESTS = ("requirements.txt", "requirements-dev.txt")


def must_be_made() -> bool:
    """Also where it is left half made, or where its Python has gone from the machine."""
    return _ask("import pip") is None


def make() -> None:
    if FOLDER.is_symlink():
        # Making it anew empties it, and what it points to is not ours.
        raise CannotContinue(
            f"{FOLDER} links to an environment without pip or with an old Python; remove the link."
        )
    _require_writable(FOLDER if FOLDER.exists() else ROOT)
    run(
        "Making the virtual environment",
        [sys.executable, "-m", "venv", "--clear", str(FOLDER)],
    )


def install(requirements: Sequence[str]) -> None:
    """Install these files' pins, unless that was done and neither they nor Python changed."""
    python = python_version()
    stamps = {
        FOLDER / f"installed-{name}": f"{_digest(ROOT / name)} {python}" for name in requirements
    }
    if all(_read(stamp) == content for stamp, content in stamps.items()):
        return
    _require_writable(FOLDER)
    files = [argument for name in requirements for argument in ("-r", name)]
    run(
        f"Installing {' and '.join(requirements)}",
        [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
            "--quiet",
            *files,
        ],
    )
    for stamp, content in stamps.items():
        stamp.write_text(content)


def python_version() -> str:
    return _ask("print(sys.version)") or ""


def _ask(code: str) -> str | None:
    """What the environment's Python prints; None where it cannot run that."""
    check = "import sys; assert sys.version_info >= (3, 11); "
    try:
        answer = subprocess.run(
            [PYTHON, "-c", check + code], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def _require_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise CannotContinue(f"{folder} cannot be written to; packages are installed there.")
