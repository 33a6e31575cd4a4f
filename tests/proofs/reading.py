"""People save in one region and read in another, while the replicas fall behind at random.

Nobody may read less than they were told is saved. Without their position they would: that run
shows that this one can fail.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import psycopg

from tests.regions import IAD, LAX, SYD, Person, Site, caught_up, three_regions


@dataclass
class Outcome:
    reads: int = 0
    stale: int = 0
    local: int = 0
    refused: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        waits = sorted(self.seconds) or [0.0]
        return (
            f"{self.reads} reads: {self.stale} stale, "
            f"{100 * self.local / max(self.reads, 1):.0f} % served where they were asked, "
            f"{len(self.refused)} refused; median {1000 * waits[len(waits) // 2]:.0f} ms, "
            f"p99 {1000 * waits[len(waits) * 99 // 100]:.0f} ms"
        )


def read_your_writes(site: Site, people: list[Person], *, reads: int, positions: bool) -> Outcome:
    """So many reads in the two regions that have replicas, three after each save."""
    outcome = Outcome()
    for person in people:
        person.remembers_positions = positions
        if not positions:
            person.cookies.pop("posture-position", None)
    stop = threading.Event()
    pausing = [
        threading.Thread(target=_pause, args=(replica.url("posture", "postgres"), stop, number))
        for number, replica in enumerate(site.cluster.replicas)
    ]
    working = [
        threading.Thread(target=_save_and_read, args=(person, reads // len(people), outcome))
        for person in people
    ]
    for thread in (*pausing, *working):
        thread.start()
    for thread in working:
        thread.join()
    stop.set()
    for thread in pausing:
        thread.join()
    caught_up(site)
    return outcome


def _save_and_read(person: Person, reads: int, outcome: Outcome) -> None:
    chance = random.Random(person.user)
    done = 0
    while done < reads:
        question_id, _, values = chance.choice(person.questions)
        saved = person.save(chance.choice((IAD, LAX, SYD)), question_id, chance.choice(values))
        if saved.status != 200:
            outcome.refused.append(f"save {saved.status}")
        for _ in range(3):
            edge = chance.choice((LAX, SYD))
            began = time.monotonic()
            answer, seen = person.seen_revision(edge, question_id)
            outcome.seconds.append(time.monotonic() - began)
            outcome.reads += 1
            done += 1
            if answer.status != 200:
                outcome.refused.append(f"read {answer.status}")
                continue
            outcome.local += answer.hops == [edge]
            outcome.stale += seen < person.revisions.get(question_id, 0)
            time.sleep(chance.uniform(0, 0.1))


def _pause(url: str, stop: threading.Event, seed: int) -> None:
    """The replica falls behind for 20 to 400 ms, again and again."""
    chance = random.Random(seed)
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.wait(chance.uniform(0.1, 0.8)):
            connection.execute("select pg_wal_replay_pause()")
            stop.wait(chance.uniform(0.02, 0.4))
            connection.execute("select pg_wal_replay_resume()")


def prove(*, reads: int, people: int) -> tuple[Outcome, Outcome]:
    """With the positions, and without them."""
    with three_regions() as site:
        persons = site.people(people)
        caught_up(site)
        return (
            read_your_writes(site, persons, reads=reads, positions=True),
            read_your_writes(site, persons, reads=reads, positions=False),
        )
