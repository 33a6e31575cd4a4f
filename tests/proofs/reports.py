"""Reports are made while workers are killed and the broker loses everything.

Each must be completed exactly once: one transition to completed, one file, with its hash.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import connection
from django.db.models import F, Max, Sum
from django.test import override_settings

from posture.database.subject import STAFF, acting_as
from reports import production
from reports.models import Report
from reports.tasks import produce_report
from tests import children
from tests.database.identity import as_owner
from tests.factories import make_completed, make_user, now, stored
from tests.redis import RedisServer

WORKERS = 2
CHILDREN = 2
FAST = "django.contrib.auth.hashers.MD5PasswordHasher"


@dataclass
class Outcome:
    reports: int = 0
    child_kills: int = 0
    worker_kills: int = 0
    messages_lost: int = 0
    tries: int = 0
    most_tries: int = 0
    seconds: float = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.reports} reports, {self.child_kills} children and {self.worker_kills} workers "
            f"killed, {self.messages_lost} messages lost with the broker: {len(self.wrong)} wrong; "
            f"{self.tries} tries, at most {self.most_tries} for one, {self.seconds:.0f} s"
        )


def storm(
    server: RedisServer,
    *,
    reports: int,
    child_kills: int,
    worker_kills: int,
    seconds: float,
    haste: int = 0,
) -> Outcome:
    """Kill for so many seconds, at random moments, then wait for the last report.

    With haste, so many seconds more pass in every second for the leases and the lost messages,
    so that a short run need not wait for them.
    """
    outcome = Outcome(reports=reports)
    chance = random.Random(5)  # a repeatable choice, not a secret
    with (
        tempfile.TemporaryDirectory() as folder,
        override_settings(PASSWORD_HASHERS=[FAST]),
        acting_as(STAFF),
        completions_counted(),
        ExitStack() as running,
    ):
        for number in range(reports):
            make_completed(make_user(f"{number}@example.org"))
        running.enter_context(children.beat(Path(folder) / "beat"))
        workers = [running.enter_context(Worker(Path(folder) / str(n))) for n in range(WORKERS)]
        started = time.monotonic()
        blows = sorted(
            [(chance.uniform(0, seconds), "child") for _ in range(child_kills)]
            + [(chance.uniform(0, seconds), "worker") for _ in range(worker_kills)]
            + [(seconds / 3, "broker")]
        )
        while blows or Report.objects.filter(status__in=("pending", "generating")).exists():
            for worker in workers:
                worker.supervise()
            passed = time.monotonic() - started
            if passed > seconds + 600:
                break
            if haste:
                pass_time(timedelta(seconds=haste / 2))
            if blows and passed >= blows[0][0]:
                blow = blows.pop(0)[1]
                if blow == "broker":
                    outcome.messages_lost = queued(server)
                    server.empty()
                elif blow == "worker":
                    chance.choice(workers).kill()
                    outcome.worker_kills += 1
                elif chance.choice(workers).kill_a_child(chance):
                    outcome.child_kills += 1
                else:  # that worker is still starting; another moment
                    blows.insert(0, (passed + 0.2, "child"))
            else:
                time.sleep(0.5 if not blows else min(0.5, max(0, blows[0][0] - passed)))
        outcome.seconds = time.monotonic() - started
        outcome.wrong = list(faults())
        if Report.objects.count() != reports:
            outcome.wrong.append(f"there are {Report.objects.count()} reports")
        figures = Report.objects.aggregate(Sum("tries"), Max("tries"))
        outcome.tries, outcome.most_tries = figures["tries__sum"], figures["tries__max"]
    return outcome


class Worker:
    """Starts anew when it was killed, as a supervisor would have it."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.running = ExitStack()

    def __enter__(self) -> Self:
        worker = children.worker(self.log, concurrency=CHILDREN)
        self.process = self.running.enter_context(worker)
        return self

    def __exit__(self, *_: object) -> None:
        self.running.close()

    def supervise(self) -> None:
        """A worker ends itself when a child dies in its first moment."""
        if self.process.poll() is not None:
            self.kill()

    def kill(self) -> None:
        """kill -9, with all its children."""
        self.running.close()
        self.__enter__()

    def kill_a_child(self, chance: random.Random) -> bool:
        pid = self.process.pid
        with suppress(OSError):
            found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if found:
                os.kill(int(chance.choice(found)), signal.SIGKILL)
                return True
        return False


def queued(server: RedisServer) -> int:
    return sum(server.client.llen(queue) for queue in ("celery", "reports"))


def pass_time(by: timedelta) -> None:
    """As if that long ago, and the scheduler had looked since."""
    for moment in ("sent_at", "lease_until"):
        Report.objects.filter(**{f"{moment}__isnull": False}).update(**{moment: F(moment) - by})
    for report in production.reap(now=now()):
        produce_report.delay(str(report.pk))


@contextmanager
def completions_counted() -> Iterator[None]:
    """The database itself notes every change by which a report is, or stays, completed."""
    note = "INSERT INTO completions VALUES (NEW.id)"
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE completions (report varchar(36))")
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION note_completion() RETURNS trigger LANGUAGE plpgsql"
                f" AS $$ BEGIN {note}; RETURN NULL; END $$"
            )
            note = "EXECUTE FUNCTION note_completion()"
        else:
            note = f"BEGIN {note}; END"
        cursor.execute(
            "CREATE TRIGGER completions AFTER UPDATE OF file ON reports"
            f" FOR EACH ROW WHEN (NEW.status = 'completed') {note}"
        )
    try:
        yield
    finally:
        with as_owner(), connection.cursor() as cursor:
            on = " ON reports" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER completions{on}")
            if connection.vendor == "postgresql":
                cursor.execute("DROP FUNCTION note_completion()")
            cursor.execute("DROP TABLE completions")


def faults() -> Iterator[str]:
    """What is not as it must be, in one line each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT replace(report, '-', ''), count(*) FROM completions GROUP BY 1")
        times = dict(cursor.fetchall())
    kept = set()
    for report in Report.objects.all():
        if report.status != Report.Status.COMPLETED:
            yield f"{report.pk} is {report.status} after {report.tries} tries"
            continue
        if times.get(report.pk.hex) != 1:
            yield f"{report.pk} was completed {times.get(report.pk.hex, 0)} times"
        if hashlib.sha256(stored(report)).hexdigest() != report.sha256:
            yield f"{report.pk} has another file than the one that was made"
        kept.add(report.file.name)
    media = Path(settings.MEDIA_ROOT)
    for path in media.glob("reports/*/*"):
        if str(path.relative_to(media)) not in kept:
            yield f"{path.name} belongs to no report"
