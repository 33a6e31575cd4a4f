"""script/bootstrap: everything that must be installed before Posture or its tests run."""

from __future__ import annotations

import argparse

from script import environment, system


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bootstrap", description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what the tests need")
    if parser.parse_args().tests:
        prepare_tests()
    else:
        prepare()
    return 0


def prepare() -> None:
    """Have what Posture needs to run. Quick when nothing is missing."""
    _prepare((system.PANGO,), environment.RUNTIME)


def prepare_tests() -> None:
    """Have what Posture and its tests need. Quick when nothing is missing."""
    _prepare((system.PANGO, *system.FOR_TESTS), environment.WITH_TESTS)


def _prepare(needs: tuple[system.Need, ...], requirements: tuple[str, ...]) -> None:
    must_be_made = environment.must_be_made()
    system.provide((*needs, system.VIRTUAL_ENVIRONMENTS) if must_be_made else needs)
    if must_be_made:
        environment.make()
    environment.install(requirements)
