"""The primary dies while people save, again and again, and a replica takes its place.

With `synchronous_standby_names` a commit is acknowledged when a replica has it too; so whatever
a page called saved must be there afterwards, with the value and the revision it was told.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg

from tests.regions import IAD, Person, one_region


@dataclass
class Outcome:
    rounds: int = 0
    acknowledged: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.rounds} failovers, {self.acknowledged} saves acknowledged, {self.refused} "
            f"refused meanwhile, {len(self.lost)} lost; no save for at most "
            f"{max(self.gaps, default=0):.1f} s (median "
            f"{sorted(self.gaps)[len(self.gaps) // 2] if self.gaps else 0:.1f} s)"
        )


class Writer:
    """Saves as fast as it is answered, and remembers what it was told."""

    def __init__(self, person: Person, outcome: Outcome) -> None:
        self.person = person
        self.outcome = outcome
        self.told: dict[str, tuple[str, int]] = {}
        self.last = time.monotonic()
        self.stop = threading.Event()

    def run(self) -> None:
        chance = random.Random(self.person.user)
        while not self.stop.is_set():
            question_id, _, values = chance.choice(self.person.questions)
            value = chance.choice(values)
            try:
                answer = self.person.save(IAD, question_id, value)
            except OSError:
                answer = None
            if answer is not None and answer.status == 200:
                self.told[question_id] = (value, self.person.revisions[question_id])
                self.outcome.acknowledged += 1
                self.last = time.monotonic()
            else:
                self.outcome.refused += 1
                self._catch_up(question_id)

    def _catch_up(self, question_id: str) -> None:
        """It may have been stored though nobody could say so: see what is there."""
        self.stop.wait(0.05)
        with suppress(OSError):
            _, seen = self.person.seen_revision(IAD, question_id)
            if seen >= 0:
                self.person.revisions[question_id] = seen

    def lost(self, connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
        """What was acknowledged and is neither there nor followed by a later revision."""
        rows = connection.execute(
            "select question_id, answer_value #>> '{}', revision from assessment_responses"
            " where assessment_id = %s",
            [self.person.assessment],
        ).fetchall()
        stored = {str(question_id): (value, revision) for question_id, value, revision in rows}
        return [
            f"{question_id}: told {told}, stored {stored.get(question_id)}"
            for question_id, told in self.told.items()
            if stored.get(question_id) != told
            and not int(str(stored.get(question_id, ("", 0))[1])) > told[1]
        ]


def kill_primaries(*, rounds: int, writers: int, seconds: float) -> Outcome:
    """So many failovers, so long apart, under so many writers."""
    outcome = Outcome()
    with one_region(synchronous=1) as site:
        people = site.people(writers)
        busy = [Writer(person, outcome) for person in people]
        threads = [threading.Thread(target=writer.run) for writer in busy]
        for thread in threads:
            thread.start()
        try:
            for number in range(rounds):
                time.sleep(seconds)
                began = time.monotonic()
                dead = site.cluster.fail_over()
                promoted = time.monotonic()
                while not any(writer.last > promoted for writer in busy):
                    time.sleep(0.005)
                    assert time.monotonic() < began + 60, "nobody can save any more"
                outcome.gaps.append(max(writer.last for writer in busy) - began)
                site.cluster.add_replica(f"replica_of_round_{number}", dead.port)
                site.cluster.require_synchronous()
                outcome.rounds += 1
        finally:
            for writer in busy:
                writer.stop.set()
            for thread in threads:
                thread.join()
        with psycopg.connect(site.cluster.url("posture", "postgres")) as connection:
            for writer in busy:
                outcome.lost += writer.lost(connection)
    return outcome
