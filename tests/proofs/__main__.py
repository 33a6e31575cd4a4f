"""`script/prove NAME`: one proof at its full size, on a database of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable

import tests.environment  # noqa: F401  # before the settings are read

PROOFS: dict[str, Callable[[], bool]] = {}


def proof(function: Callable[[], bool]) -> Callable[[], bool]:
    PROOFS[function.__name__] = function
    return function


@proof
def saving() -> bool:
    """50 clients save at once for a minute: no error, and no acknowledged answer lost."""
    from tests.proofs.saving import storm

    outcome = storm(clients=50, seconds=60)
    print(outcome)
    for line in (outcome.errors + outcome.lost)[:20]:
        print("  ", line)
    return outcome.saves > 0 and not outcome.errors and not outcome.lost


def main() -> int:
    import django
    from django.test.utils import get_runner, setup_test_environment

    if len(sys.argv) != 2 or sys.argv[1] not in PROOFS:
        for name, prove in PROOFS.items():
            print(f"script/prove {name:12} {prove.__doc__}")
        return 2
    django.setup()
    setup_test_environment()
    from django.conf import settings
    from django.core.management import call_command

    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    call_command("collectstatic", interactive=False, verbosity=0)
    try:
        return 0 if PROOFS[sys.argv[1]]() else 1
    finally:
        runner.teardown_databases(databases)


sys.exit(main())
