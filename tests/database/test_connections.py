"""However many ask at once, a web server holds no more connections than its pools allow."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import closing

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests import children
from tests.factories import make_assessment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no server"),
]

CLIENTS = 16
PROCESSES = 2
"""Of the web server, each with 4 threads and a pool of its own."""


@pytest.mark.parametrize("pool", [8, 2])
def test_16_clients_share_the_connections_of_the_pools(
    owner: User, owner_client: Client, pool: int
) -> None:
    page = reverse("assessments:calendar", args=[make_assessment(owner).pk])
    name = settings.SESSION_COOKIE_NAME
    cookie = f"{name}={owner_client.cookies[name].value}"
    before = connections()
    answered: list[int] = []
    end = time.monotonic() + 2

    def ask(port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as asking:
            while time.monotonic() < end:
                asking.request("GET", page, headers={"Cookie": cookie})
                answer = asking.getresponse()
                answer.read()
                answered.append(answer.status)

    with children.web(DATABASE_POOL=str(pool)) as port:
        end = time.monotonic() + 2
        threads = [threading.Thread(target=ask, args=(port,)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        most = 0
        while any(thread.is_alive() for thread in threads):
            most = max(most, connections() - before)
            time.sleep(0.02)

    assert set(answered) == {200}
    assert 0 < most <= PROCESSES * min(pool, 4)


def connections() -> int:
    """To this test's database, by whomever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (count,) = cursor.fetchone()
    return int(count)
