"""Long forms that need a test's database on PostgreSQL (`on_postgresql.run`). Not collected."""

import pytest
from pytest_django import Settings

from tests.database.strangers import ask_at_random, filters_away
from tests.proofs.console import grow
from tests.proofs.reports import storm
from tests.proofs.rows import cost
from tests.proofs.together import answer
from tests.redis import RedisServer


@pytest.mark.django_db(transaction=True)
def test_rows() -> None:
    measured = cost(pairs=1_000)
    print(f"\n{measured}")
    assert measured.protected


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db
def test_strangers() -> None:
    outcome = ask_at_random(requests=10_000)
    print(f"\n{outcome}")
    assert outcome.leaks == outcome.errors == []


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db
def test_strangers_without_filters() -> None:
    with filters_away():
        outcome = ask_at_random(requests=10_000, seed=2)
    print(f"\nwithout any filter: {outcome}")
    assert outcome.leaks == outcome.errors == []


@pytest.mark.django_db(transaction=True)
def test_reports(redis: RedisServer) -> None:
    outcome = storm(redis, reports=200, child_kills=100, worker_kills=20, seconds=420)
    print(f"\n{outcome}")
    assert outcome.wrong == []


@pytest.mark.django_db(transaction=True)
def test_together() -> None:
    outcome = answer(seconds=120)
    print(f"\n{outcome}")
    assert outcome.saves > 0
    assert outcome.errors == outcome.lost == []


@pytest.mark.django_db(transaction=True)
def test_console(settings: Settings) -> None:
    settings.RATELIMIT_ENABLE = False
    lists = grow(few=2_000, many=100_000)
    print()
    for opened in lists:
        print(opened)
    assert all(opened.good for opened in lists)
