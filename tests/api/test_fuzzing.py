"""A short version of the proof `fuzzing`."""

import pytest

from tests.proofs.fuzzing import bad, furnished


@pytest.mark.django_db
@pytest.mark.parametrize("is_admin", [False, True])
def test_no_odd_request_breaks_anything(worker: None, is_admin: bool) -> None:
    outcome = bad(furnished("fuzz@example.org", is_admin=is_admin), 400, seed=7)

    assert outcome.failures == []
    assert outcome.asked == 400
