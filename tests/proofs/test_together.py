import pytest
from django.db import connection

from tests.proofs.together import answer


@pytest.mark.skipif(connection.vendor != "postgresql", reason="where several people work at once")
@pytest.mark.django_db(transaction=True)
def test_twenty_people_answer_one_assessment_and_nothing_is_lost() -> None:
    outcome = answer(seconds=3)

    assert outcome.errors == []
    assert outcome.lost == []
    assert outcome.saves > 50
