"""What the machine must bring beside Python: found, or installed by apt, or asked for."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from script.steps import CannotContinue, StepFailed, run

HOMEBREW_LIBRARIES = Path("/opt/homebrew/lib")


@dataclass(frozen=True, slots=True)
class Need:
    name: str
    is_present: Callable[[], bool]
    packages: Mapping[str, str]  # what to install, by package manager


def provide(needs: Iterable[Need]) -> None:
    """Install what is missing, or raise CannotContinue naming the one command that does."""
    missing = [need for need in needs if not need.is_present()]
    if not missing:
        return
    names = " and ".join(need.name for need in missing)
    manager = _package_manager(missing)
    if manager is None:
        raise CannotContinue(
            f"{names} cannot be found; install what is missing from this system's packages,"
            " then start again."
        )
    packages = [name for need in missing for name in need.packages[manager].split()]
    install = [manager, "install", *packages]
    as_root = _as_root()
    if manager != "apt-get" or as_root is None:
        sudo = [] if manager == "brew" else ["sudo"]
        raise CannotContinue(
            f"{names} cannot be found; install what is missing with `{' '.join(sudo + install)}`,"
            " then start again."
        )
    _install_with_apt(packages, as_root)
    importlib.invalidate_caches()
    still_missing = [need.name for need in missing if not need.is_present()]
    if still_missing:
        raise CannotContinue(
            f"{' and '.join(still_missing)} still cannot be found,"
            f" though `{' '.join(install)}` went well."
        )


def _package_manager(missing: Iterable[Need]) -> str | None:
    for manager in ("apt-get", "dnf", "brew"):
        if shutil.which(manager) and all(manager in need.packages for need in missing):
            return manager
    return None


def _as_root() -> list[str] | None:
    """What to put before a command to run it as root without a question, if there is a way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def _install_with_apt(packages: list[str], as_root: list[str]) -> None:
    apt = [
        *(*as_root, "env", "DEBIAN_FRONTEND=noninteractive"),
        *("apt-get", "-o", "DPkg::Lock::Timeout=120"),
    ]
    # A package database must not be left half-way: apt is given the time to end by itself.
    patience = 300.0
    # One source among several may be unreachable; whether it matters, installing tells.
    with suppress(StepFailed):
        run("Reading the package lists", [*apt, "update"], patience=patience)
    run(
        f"Installing {' '.join(packages)}",
        [*apt, "install", "-y", "--no-install-recommends", *packages],
        patience=patience,
    )


def _virtual_environments_work() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


def _pango_loads() -> bool:
    """Whether the libraries load that WeasyPrint loads, by the names that it tries."""
    if sys.platform == "darwin" and HOMEBREW_LIBRARIES.is_dir():
        # Only Homebrew's own Python looks there; this tells every other, in our children too.
        os.environ.setdefault("DYLD_FALLBACK_LIBRARY_PATH", f"{HOMEBREW_LIBRARIES}:/usr/lib")
    return all(
        _loads(linux) or _loads(mac) or _loads(ctypes.util.find_library(name))
        for linux, mac, name in (
            ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib", "gobject-2.0"),
            ("libpango-1.0.so.0", "libpango-1.0.dylib", "pango-1.0"),
            ("libharfbuzz.so.0", "libharfbuzz.0.dylib", "harfbuzz"),
            ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib", "harfbuzz-subset"),
            ("libfontconfig.so.1", "libfontconfig.1.dylib", "fontconfig"),
            ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "pangoft2-1.0"),
        )
    )


def _loads(library: str | None) -> bool:
    if library is None:
        return False  # CDLL(None) would load ourselves
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def postgresql_programs() -> Path | None:
    """The folder of PostgreSQL's newest server programs; Debian keeps them off the PATH."""
    folders = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True),
        *(Path(found).resolve().parent for found in [shutil.which("initdb")] if found),
    ]
    for folder in folders:
        if all((folder / program).is_file() for program in ("initdb", "postgres", "pg_isready")):
            return folder
    return None


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdecimal())


def chromium() -> str | None:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    return None


VIRTUAL_ENVIRONMENTS = Need(
    "Python's venv module",
    _virtual_environments_work,
    {"apt-get": f"python3.{sys.version_info.minor}-venv"},
)
PANGO = Need(
    "Pango (WeasyPrint writes the PDF reports with it)",
    _pango_loads,
    {
        "apt-get": "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
        "dnf": "pango harfbuzz",
        "brew": "pango",
    },
)
FOR_TESTS = (
    Need(
        "PostgreSQL",
        lambda: postgresql_programs() is not None,
        {"apt-get": "postgresql", "dnf": "postgresql-server", "brew": "postgresql"},
    ),
    Need(
        "Redis",
        lambda: shutil.which("redis-server") is not None,
        {"apt-get": "redis-server", "dnf": "redis", "brew": "redis"},
    ),
    Need(
        "Chromium",
        lambda: chromium() is not None,
        {"apt-get": "chromium", "dnf": "chromium", "brew": "chromium"},
    ),
    Need(
        "pdftoppm",
        lambda: shutil.which("pdftoppm") is not None,
        {"apt-get": "poppler-utils", "dnf": "poppler-utils", "brew": "poppler"},
    ),
)
