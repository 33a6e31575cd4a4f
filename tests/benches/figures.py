"""What `script/bench` measures, each on a test's database on PostgreSQL. Not collected."""

import pytest

from tests.benches import api, pages


@pytest.fixture(autouse=True)
def plain_static_files() -> None:
    """They are collected and hashed, as in production."""


@pytest.mark.django_db(transaction=True)
def test_api() -> None:
    for figures in api.measure(seconds=3.0, rounds=3):
        print(figures)


@pytest.mark.django_db(transaction=True)
def test_pages() -> None:
    for figures in pages.measure(rounds=5):
        print(figures)
