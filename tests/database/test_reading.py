"""A GET never writes: it may be served from a replica, repeated, or fetched ahead of a click."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.models import Assessment
from tests.database.strangers import plant
from tests.factories import make_user
from tests.test_access import ACCESS

pytestmark = pytest.mark.django_db


@contextmanager
def read_only() -> Iterator[None]:
    on_sqlite = connection.vendor == "sqlite"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only=1" if on_sqlite else "SET LOCAL transaction_read_only=on")
        try:
            yield
        finally:
            if on_sqlite:
                cursor.execute("PRAGMA query_only=0")
            transaction.set_rollback(True)  # brings back that rows may be written


def test_a_write_would_be_noticed() -> None:
    user = make_user()

    with read_only(), pytest.raises(DatabaseError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(full_name="x")
    User.objects.filter(pk=user.pk).update(full_name="x")


@pytest.mark.usefixtures("worker")
def test_no_get_writes() -> None:
    owner = make_user("owner@example.org")
    things = plant(owner)
    people = {
        "anonymous": None,
        "owner": owner,
        "admin": make_user("admin@example.org", is_admin=True),
    }
    wrote = []

    for who, person in people.items():
        client = Client()
        if person is not None:
            client.force_login(person)
        for name, access in ACCESS.items():
            if access.method != "get":
                continue
            url = reverse(name, args=[arg.format(**things) for arg in access.args])
            try:
                with read_only():
                    client.get(url, dict(access.data))
            except DatabaseError as error:
                wrote.append((who, name, str(error).strip()))

    assert wrote == []
    assert Assessment.objects.count() == 2
