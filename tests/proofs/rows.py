"""What row-level security costs, and that it holds: PostgreSQL alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from posture.database.subject import NOBODY, STAFF, acting_as
from tests.database.identity import as_owner
from tests.factories import make_assessment, make_user

TABLES = ("assessments", "assessment_responses", "reports")


@dataclass
class Cost:
    protected: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        protected, bare = (
            1000 * sorted(times)[len(times) // 2] for times in (self.protected, self.bare)
        )
        return (
            f"{len(self.protected)} pairs of requests: {bare:.2f} ms without row-level security, "
            f"{protected:.2f} ms with it, {protected - bare:+.2f} ms (medians)"
        )


def cost(*, pairs: int, batch: int = 25) -> Cost:
    """The same page with policies and subject, and without both, by turns in one run."""
    with acting_as(STAFF):
        owner = make_user("owner@example.org")
        assessment = make_assessment(owner)
    client = Client()
    with acting_as(NOBODY):
        client.force_login(owner)
        url = reverse("assessments:detail", args=[assessment.pk])
        measured = Cost()
        _time(client, url, batch)
        while len(measured.protected) < pairs:
            measured.protected += _time(client, url, batch)
            with _unprotected():
                measured.bare += _time(client, url, batch)
    return measured


def _time(client: Client, url: str, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        assert client.get(url).status_code == 200
        taken.append(time.perf_counter() - started)
    return taken


@contextmanager
def _unprotected() -> Iterator[None]:
    """No policies, no subject, no transaction."""
    _alter("DISABLE")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("posture.middleware.subject.subject_of", lambda *_: NOBODY)
            yield
    finally:
        _alter("ENABLE")


def _alter(how: str) -> None:
    with as_owner(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")
    connection.ensure_connection()
