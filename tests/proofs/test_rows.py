"""The short form of `script/prove rows`."""

import pytest
from django.db import connection

from tests.proofs.rows import cost


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row-level security")
@pytest.mark.django_db(transaction=True)
def test_row_level_security_costs_a_fraction_of_a_page() -> None:
    measured = cost(pairs=50)

    protected, bare = sorted(measured.protected)[25], sorted(measured.bare)[25]
    assert protected < 2 * bare + 0.005
