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


@proof
def together() -> bool:
    """An owner and 19 colleagues answer one assessment for 2 minutes: no error, nothing lost."""
    from tests.proofs import on_postgresql

    return on_postgresql.run("test_together")


@proof
def reports() -> bool:
    """200 reports, 100 children and 20 workers killed, the broker emptied: each made once."""
    from tests.proofs import on_postgresql

    return on_postgresql.run("test_reports")


@proof
def reading() -> bool:
    """5,000 reads from replicas that fall behind: none stale; without positions, some."""
    from tests.proofs.reading import prove

    kept, forgotten = prove(reads=5_000, people=6)
    print(f"with positions:    {kept}")
    print(f"without positions: {forgotten}")
    return not kept.stale and not kept.refused and forgotten.stale > 0


@proof
def failover() -> bool:
    """10 times the primary is killed while 8 people save: no acknowledged answer is lost."""
    from tests.proofs.failover import kill_primaries

    outcome = kill_primaries(rounds=10, writers=8, seconds=4)
    print(outcome)
    for line in outcome.lost[:20]:
        print("  ", line)
    return outcome.rounds == 10 and not outcome.lost


@proof
def rows() -> bool:
    """What row-level security costs a page: 1,000 pairs of requests, by turns."""
    from tests.proofs import on_postgresql

    return on_postgresql.run("test_rows")


@proof
def strangers() -> bool:
    """20,000 random requests for another's rows, half of them with no filter in any view."""
    from tests.proofs import on_postgresql

    return on_postgresql.run("test_strangers")


@proof
def fuzzing() -> bool:
    """schemathesis over the whole API as owner and administrator, and 40,000 odd requests."""
    from tests.proofs.fuzzing import bad, described, furnished

    good = True
    for is_admin in (False, True):
        user = furnished(f"fuzz-{is_admin}@example.org", is_admin=is_admin)
        for outcome in (described(user, 50), bad(user, 20_000)):
            print(outcome)
            for line in outcome.failures[:20]:
                print("  ", line)
            good = good and outcome.asked > 0 and not outcome.failures
    return good


@proof
def enhancement() -> bool:
    """Every scripted fault of the AI service, five times: always a report, always an honest one."""
    from tests.proofs import on_postgresql

    return all(
        on_postgresql.run("test_", "tests/reports/enhancement/test_pipeline.py") for _ in range(5)
    )


@proof
def console() -> bool:
    """Every list of the console with 2,000 people, and with 100,000: at most twice as slow."""
    from tests.proofs import on_postgresql

    return on_postgresql.run("test_console")


@proof
def refreshing() -> bool:
    """100 refresh tokens, each used 20 times at once: exactly one use wins each time."""
    from tests.api.test_tokens import race
    from tests.factories import make_user

    owner = make_user()
    winners = [race(owner, 20).count("renewed") for _ in range(100)]
    print(f"{len(winners)} races of 20, winners: {sorted(set(winners))}")
    return winners == [1] * 100


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
