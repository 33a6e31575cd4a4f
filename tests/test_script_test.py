"""script/test, run for real on a project of one file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from script import ROOT
from tests.cluster import ROLES

PROJECT = """
[tool.ruff]
line-length = 100
[tool.mypy]
files = ["tests/test_small.py"]
[tool.pytest.ini_options]
addopts = "-p tests.environment"
markers = ["browser: as in the whole project"]
[tool.importlinter]
root_package = "tests"
[[tool.importlinter.contracts]]
name = "There is nothing to refuse"
type = "forbidden"
source_modules = ["tests"]
forbidden_modules = ["tests.cluster"]
"""

MANAGE = """import sys

sys.exit("check" in sys.argv[1:2])
"""

TESTS = """import os

import pytest


@pytest.fixture
def db() -> None:
    pass


def test_that_passes(db: None) -> None:
    assert os.environ["SECRET_KEY"]


def test_that_only_passes_on_postgresql(db: None) -> None:
    assert os.environ.get("DATABASE_URL", "").startswith("postgresql://")


def test_that_asks_no_database() -> None:
    assert not os.environ.get("DATABASE_URL")


@pytest.mark.skip
def test_that_is_skipped(db: None) -> None:
    pass
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "script", folder / "script", ignore=shutil.ignore_patterns("*.pyc"))
    for name in ("requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    for name in ("posture/database", "templates", "tests"):
        (folder / name).mkdir(parents=True)
    (folder / "posture" / "settings.py").touch()
    shutil.copy(ROLES, folder / "posture" / "database")
    (folder / "templates" / "page.html").write_text("<p>Hello</p>\n")
    for name in ("cluster.py", "environment.py"):
        shutil.copy(ROOT / "tests" / name, folder / "tests")
    (folder / "tests" / "__init__.py").touch()
    (folder / "tests" / "test_small.py").write_text(TESTS)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "manage.py").write_text(MANAGE)
    return folder


def script_test(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # DATABASE_URL as a person may have it set: it must not reach the tests on SQLite.
    env = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    return subprocess.run(
        [project / "script" / "test", *arguments],
        env={name: value for name, value in env.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_step_runs_and_the_last_line_counts_them(project: Path) -> None:
    run = script_test(project)

    summary = run.stdout.partition("\n== summary\n")[2].splitlines()
    words = [line.split()[0] for line in summary[:-1]]
    names = [line.partition(" s  ")[2] for line in summary[:-1]]
    assert dict(zip(names, words, strict=True)) == {
        "lint": "passed",
        "format": "passed",
        "templates' lint": "passed",
        "templates' format": "passed",
        "types": "passed",
        "import contracts": "passed",
        "system checks": "FAILED",
        "migrations": "passed",
        "tests on SQLite  2 passed, 1 failed, 1 skipped": "FAILED",
        "tests on PostgreSQL  2 passed, 0 failed, 1 skipped": "passed",
    }
    assert summary[-1] == "11 passed, 2 failed"
    assert run.returncode == 1


def test_with_arguments_it_is_pytest_on_sqlite_alone(project: Path) -> None:
    run = script_test(project, "tests/test_small.py", "-k", "only", "-q")

    assert run.stdout.splitlines()[-1].startswith("1 failed, 3 deselected in ")
    assert run.returncode == 1
