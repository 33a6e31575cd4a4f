import pytest

from tests.proofs.saving import storm


@pytest.mark.django_db(transaction=True)
def test_no_acknowledged_answer_is_lost_when_many_save_at_once() -> None:
    outcome = storm(clients=12, seconds=3)

    assert outcome.errors == []
    assert outcome.lost == []
    assert outcome.saves > 10
