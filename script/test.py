"""script/test: every check and every test, each with the seconds that it took."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from script import ROOT, bootstrap, processes, system
from script.environment import PYTHON
from script.processes import Guardian
from script.steps import say
from tests.cluster import Cluster, ClusterFailed

HELP = """\
script/test                runs lint, format, types, import contracts and migrations, then every
                           test on SQLite and on PostgreSQL, and the browser tests; all of it even
                           where one fails, with a summary at the end
script/test ARGUMENTS      runs only pytest with these arguments, on SQLite"""

ON_SQLITE = ("-m", "not browser")
ON_POSTGRESQL = (
    *("-m", "not browser"),
    "--with-database",  # what asks none, or brings its own, has run already
)
IN_BROWSER = ("-m", "browser")
AT_ONCE = "3"  # processes that share a run's tests; some of them wait


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    seconds: float
    passed: int
    failed: int
    skipped: int = 0

    def __str__(self) -> str:
        word = "FAILED" if self.failed else "passed"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        counts = f"  {self.passed} passed, {self.failed} failed{skipped}"
        single = self.passed + self.failed == 1
        return f"{word} {self.seconds:6.1f} s  {self.name}{'' if single else counts}"


def main() -> int:
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        say(HELP)
        return 0
    bootstrap.prepare_tests()
    env = _environment()
    if arguments:
        # In our place, so that it has the terminal: a debugger works.
        os.execve(PYTHON, _python("pytest", *arguments), env)
    guardian = Guardian()
    try:
        with tempfile.TemporaryDirectory(prefix="posture-test-") as folder:
            suite = Suite({**env, "POSTURE_VAR": folder}, Path(folder), guardian)
            outcomes = [*suite.checks(), *suite.tests()]
    finally:
        guardian.watch([])
        guardian.dismiss()
    return _summary(outcomes)


def _environment() -> dict[str, str]:
    """That of the local server, whatever else is set where the tests are started."""
    env = dict(os.environ)
    for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "HOST", "PORT", "POSTURE_VAR"):
        env.pop(name, None)
    env["DJANGO_SETTINGS_MODULE"] = "posture.settings"
    env["LOCAL"] = "1"
    env["SECRET_KEY"] = secrets.token_urlsafe(50)
    env["CHROMIUM"] = system.chromium() or ""
    return env


def _python(module: str, *arguments: str) -> list[str]:
    return [str(PYTHON), "-m", module, *arguments]


@dataclass(frozen=True, slots=True)
class Suite:
    """The steps, each run in view of all. Any of them raises Interrupted when asked to stop."""

    env: Mapping[str, str]
    folder: Path
    guardian: Guardian

    def checks(self) -> Iterator[Outcome]:
        python, manage = str(PYTHON), "manage.py"
        lint_imports = "from importlinter.cli import lint_imports_command as lint; lint()"
        commands = {
            "lint": _python("ruff", "check", "."),
            "format": _python("ruff", "format", "--check", "."),
            "templates' lint": _python("djlint", "--quiet", "--lint", "templates"),
            "templates' format": _python("djlint", "--quiet", "--check", "templates"),
            "types": _python("mypy"),
            "import contracts": [python, "-c", lint_imports, "--no-logo"],
            "system checks": [python, manage, "check"],
            "migrations": [python, manage, "makemigrations", "--check", "--dry-run"],
        }
        for name, command in commands.items():
            seconds, exit_code = self._run(name, command, self.env)
            failed = int(exit_code != 0)
            yield Outcome(name, seconds, passed=1 - failed, failed=failed)

    def tests(self) -> Iterator[Outcome]:
        yield self._pytest("tests on SQLite", ON_SQLITE)
        started = time.monotonic()
        try:
            with Cluster() as cluster:
                yield self._pytest("tests on PostgreSQL", ON_POSTGRESQL, cluster)
        except ClusterFailed as failure:
            say(f"\n== tests on PostgreSQL\n{failure}")
            yield Outcome("tests on PostgreSQL", time.monotonic() - started, passed=0, failed=1)
        if (ROOT / "tests" / "browser").is_dir():
            yield self._pytest("tests in the browser", IN_BROWSER)

    def _pytest(self, name: str, which: Sequence[str], cluster: Cluster | None = None) -> Outcome:
        results = self.folder / "results.xml"
        results.unlink(missing_ok=True)
        command = _python("pytest", "-n", AT_ONCE, *which, f"--junit-xml={results}")
        on_postgresql = {"DATABASE_URL": cluster.url("posture")} if cluster else {}
        also_running = [cluster.pid] if cluster else []
        seconds, exit_code = self._run(name, command, {**self.env, **on_postgresql}, *also_running)
        if not results.exists():  # it broke down before any test
            return Outcome(name, seconds, passed=0, failed=1)
        counts = ElementTree.parse(results).getroot().find("testsuite")
        assert counts is not None
        total, failures, errors, skipped = (
            int(counts.get(count, "0")) for count in ("tests", "failures", "errors", "skipped")
        )
        bad = failures + errors
        return Outcome(
            name,
            seconds,
            passed=total - bad - skipped,
            failed=bad or int(exit_code != 0),
            skipped=skipped,
        )

    def _run(
        self, name: str, command: Sequence[str], env: Mapping[str, str], *also_running: int
    ) -> tuple[float, int]:
        """The step's seconds and exit code."""
        say(f"\n== {name}")
        started = time.monotonic()
        process = processes.start(command, env=env, output=None)
        self.guardian.watch([process.pid, *also_running])
        exit_code = processes.wait_for(process)
        self.guardian.watch(also_running)
        seconds = time.monotonic() - started
        say(f"== {name}: {'FAILED' if exit_code else 'passed'}, {seconds:.1f} s")
        return seconds, exit_code


def _summary(outcomes: Sequence[Outcome]) -> int:
    say("\n== summary")
    for outcome in outcomes:
        say(str(outcome))
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    say(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
