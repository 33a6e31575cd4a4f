"""The short form of `script/prove reports`."""

import pytest

from tests.proofs.reports import storm
from tests.redis import RedisServer


@pytest.mark.django_db(transaction=True)
def test_every_report_is_completed_once_though_workers_die(redis: RedisServer) -> None:
    outcome = storm(redis, reports=8, child_kills=5, worker_kills=2, seconds=12, haste=8)

    assert outcome.wrong == []
    assert (outcome.child_kills, outcome.worker_kills) == (5, 2)
    assert outcome.tries > outcome.reports
