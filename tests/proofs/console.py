"""The console beside so many people that its pages are full, and beside a hundred thousand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from assessments.catalog import loading
from assessments.models import Assessment
from reports.models import Report
from tests.api.conftest import Api
from tests.database.identity import as_owner
from tests.factories import make_user, now

BATCH = 2_000
ROUNDS = 9
MOST_QUERIES = 10
MOST_TIMES = 2.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A list beside few and beside many people: seconds, and queries beside many."""

    name: str
    few: float
    many: float
    queries: int

    @property
    def good(self) -> bool:
        # What takes a few milliseconds more or less is noise; a search reads every row.
        slower = self.many > MOST_TIMES * self.few and self.many - self.few > 0.02
        return self.queries <= MOST_QUERIES and not (slower and "searched" not in self.name)

    def __str__(self) -> str:
        return (
            f"{self.name:28} {1000 * self.few:7.1f} ms {1000 * self.many:7.1f} ms "
            f"{self.many / self.few:5.2f} times  {self.queries:3} queries"
            f"{'' if self.good else '  TOO SLOW'}"
        )


def grow(few: int, many: int) -> list[Opened]:
    admin = make_user("admin@example.org", is_admin=True)
    client = Client()
    client.force_login(admin)
    api = Api(admin, second_factor=True)
    _people(0, few)
    before, _ = _measured(client, api)
    _people(few, many)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself after a while
    after, queries = _measured(client, api)
    return [Opened(name, before[name], after[name], queries[name]) for name in before]


def _people(start: int, end: int) -> None:
    """Each with an assessment; every tenth completed it, has a report and wants to be called."""
    catalog = loading.current()
    section_ids = [section.id for section in catalog.sections]
    at = now()
    for first in range(start, end, BATCH):
        users = User.objects.bulk_create(
            User(
                email=f"person-{number}@example.org",
                full_name=f"Person {number}",
                company_name=f"Company {number % 997}",
            )
            for number in range(first, min(first + BATCH, end))
        )
        assessments = Assessment.objects.bulk_create(
            _assessment(user, number, section_ids, catalog.version, at)
            for number, user in enumerate(users, start=first)
        )
        Report.objects.bulk_create(
            Report(
                assessment=each,
                user_id=each.user_id,
                report_type=Report.Type.STANDARD,
                status=Report.Status.PENDING,
                requested_at=at,
                sent_at=at,
            )
            for each in assessments
            if each.status == Assessment.Status.COMPLETED
        )


def _assessment(
    user: User, number: int, section_ids: list[str], version: str, at: object
) -> Assessment:
    started = now() - timedelta(minutes=number * 7919 % 20_000)
    done = number % 10 == 0
    return Assessment(
        user=user,
        tier="quick",
        catalog_version=version,
        section_ids=section_ids,
        attempt_number=1,
        started_at=started,
        expires_at=started + timedelta(days=15),
        last_saved_at=started,
        progress_percentage=100 if done else number % 100,
        status=Assessment.Status.COMPLETED if done else Assessment.Status.IN_PROGRESS,
        completed_at=started if done else None,
        scorecard={"sections": []} if done else None,
        consultation_interest=done,
        consultation_requested_at=started if done else None,
    )


def _measured(client: Client, api: Api) -> tuple[Mapping[str, float], Mapping[str, int]]:
    """Median seconds of each list, and how many queries it takes."""
    pages = {
        "front page": reverse("admin:index"),
        "people": reverse("admin:accounts_user_changelist"),
        "people, searched": reverse("admin:accounts_user_changelist") + "?q=person-77",
        "people, second page": reverse("admin:accounts_user_changelist") + "?p=2",
        "assessments": reverse("admin:assessments_assessment_changelist"),
        "assessments, stuck": reverse("admin:assessments_assessment_changelist")
        + "?attention=stuck",
        "consultations": reverse("admin:assessments_consultation_changelist"),
        "reports": reverse("admin:reports_report_changelist"),
        "audit log": reverse("admin:accounts_adminauditlog_changelist"),
        "API: people": "/api/v1/admin/users",
        "API: people, searched": "/api/v1/admin/users?search=person-77",
        "API: assessments": "/api/v1/admin/assessments",
        "API: statistics": "/api/v1/admin/stats",
    }
    seconds, queries = {}, {}
    for name, address in pages.items():
        ask = api.get if address.startswith("/api/") else client.get
        ask(address)  # what is counted once a minute is counted now
        taken = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            answer = ask(address)
            taken.append(time.perf_counter() - started)
            assert answer.status_code == 200, (name, answer.status_code)
        with CaptureQueriesContext(connection) as asked:
            ask(address)
        seconds[name], queries[name] = median(taken), len(asked)
    return seconds, queries
