"""The API's endpoints: what each costs, and how many a second beside a view that does nothing.

The server is the real one, 2 processes of 4 threads on PostgreSQL, and 16 connections ask it from
this process: what a machine can do is shared between them, so only ratios within a run say much.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from unittest import mock

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tokens
from assessments import starting
from assessments.catalog import loading
from assessments.catalog.questions import AnyQuestion, Tier
from assessments.models import Assessment
from tests import children
from tests.factories import make_user, now, worth

CONNECTIONS = 16
FRAMES = ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT")
"""What is sent around statements, and is none."""


@dataclass
class Work:
    """One request, and what it took. `rates` are requests a second, one for each round."""

    name: str
    method: str
    path: str
    body: bytes = b""
    statements: int = 0
    size: int = 0
    alone: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def measure(*, seconds: float, rounds: int) -> Iterator[str]:
    """Each work by turns with the empty view, so that a busy moment hits both."""
    user = make_user("bench@example.org")
    sections = [section.id for section in loading.current().sections]
    deep = starting.start(user, tier=Tier.DEEP, section_ids=sections, profile={}, at=now())
    with mock.patch.object(tokens.AccessToken, "lifetime", timedelta(hours=6)):
        pair = tokens.begin(user, second_factor=False, device="bench", at=timezone.now())
    headers = {
        "Authorization": f"Bearer {pair.access}",
        "Accept-Encoding": "br, gzip",
        "Content-Type": "application/json",
    }
    works = _works(deep)
    environment = {"DJANGO_SETTINGS_MODULE": "tests.benches.settings"}
    with children.web(**environment) as port:
        for work in works:
            _count(work, headers)
            work.alone = [_ask(port, work, headers) for _ in range(20)]
        for _ in range(rounds):
            for work in works:
                work.rates.append(_rate(port, work, headers, seconds))
    empty = median(works[0].rates)
    signed_in = median(works[1].rates)
    yield "work                       statements    bytes  ms alone   req/s  of empty  signed in"
    for work in works:
        rate = median(work.rates)
        yield (
            f"{work.name:28}{work.statements:9}{work.size:9,}{1000 * median(work.alone):10.1f}"
            f"{rate:8.0f}{100 * rate / empty:8.0f} %{100 * rate / signed_in:9.0f} %"
        )


def _works(deep: Assessment) -> list[Work]:
    questions = list(deep.questionnaire)
    section = [question for question in questions if question.section_id == "IAM"]
    mine = f"/api/v1/assessments/{deep.pk}"
    return [
        Work("an empty view", "GET", "/bench/empty"),
        Work("an empty view, signed in", "GET", "/api/v1/bench/empty"),
        Work("one row, signed in", "GET", "/api/v1/bench/row"),
        Work("save everything (420)", "POST", f"{mine}/responses", _batch(questions)),
        Work("save a section (22)", "POST", f"{mine}/responses", _batch(section)),
        Work("save one", "POST", f"{mine}/responses", _batch(section[:1])),
        Work("catalog", "GET", "/api/v1/catalog"),
        Work("current", "GET", "/api/v1/assessments/current"),
        Work("all answers (420)", "GET", f"{mine}/responses"),
    ]


def _batch(questions: Iterable[AnyQuestion]) -> bytes:
    responses = [
        {"question_id": question.id, "state": "answered", "value": worth(question, 2).value}
        for question in questions
    ]
    return json.dumps({"responses": responses}).encode()


def _count(work: Work, headers: dict[str, str]) -> None:
    """Statements and bytes, by the same application in this process."""
    if "/bench/" in work.path:
        return  # known to the other server only
    client = Client(headers=headers)
    with CaptureQueriesContext(connection) as queries:
        answer = client.generic(work.method, work.path, work.body, "application/json")
    assert answer.status_code == 200, answer.content
    work.statements = sum(not query["sql"].startswith(FRAMES) for query in queries)
    work.size = len(answer.content)


def _ask(port: int, work: Work, headers: dict[str, str]) -> float:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    started = time.perf_counter()
    _once(asking, work, headers)
    taken = time.perf_counter() - started
    asking.close()
    return taken


def _once(asking: http.client.HTTPConnection, work: Work, headers: dict[str, str]) -> None:
    asking.request(work.method, work.path, work.body or None, headers)
    answer = asking.getresponse()
    content = answer.read()
    assert answer.status == 200, (work.name, answer.status, content[:300])


def _rate(port: int, work: Work, headers: dict[str, str], seconds: float) -> float:
    end = time.perf_counter() + seconds
    done = [0] * CONNECTIONS

    def ask(number: int) -> None:
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.perf_counter() < end:
            _once(asking, work, headers)
            done[number] += 1
        asking.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - started)
