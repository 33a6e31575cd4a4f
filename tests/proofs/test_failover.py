"""The short form of `script/prove failover`."""

from tests.proofs.failover import kill_primaries


def test_a_primary_that_dies_takes_no_acknowledged_answer_with_it() -> None:
    outcome = kill_primaries(rounds=1, writers=3, seconds=1)

    assert outcome.rounds == 1
    assert outcome.acknowledged > 20
    assert outcome.lost == []
