"""What `script/bench` measures, each on a test's database on PostgreSQL. Not collected."""

import pytest

from tests.benches import api


@pytest.mark.django_db(transaction=True)
def test_api() -> None:
    for figures in api.measure(seconds=3.0, rounds=3):
        print(figures)
