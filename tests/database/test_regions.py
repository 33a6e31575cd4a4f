"""Three regions, end to end: web servers, a primary, its replicas and the proxy's stand-in."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.urls import get_resolver

from tests import children
from tests.proofs.reading import read_your_writes
from tests.regions import IAD, LAX, SYD, Person, Site, caught_up, three_regions
from tests.test_access import url_names


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with three_regions() as running:
        yield running


@pytest.fixture(scope="module")
def people(site: Site) -> list[Person]:
    made = site.people(4)
    caught_up(site)
    return made


@pytest.fixture
def person(people: list[Person]) -> Person:
    return people[0]


def question(person: Person, number: int) -> tuple[str, list[str]]:
    question_id, _, values = person.questions[number]
    return question_id, values


def test_saving_goes_to_the_primary_region_and_reading_stays(site: Site, person: Person) -> None:
    question_id, values = question(person, 0)

    saved = person.save(LAX, question_id, values[0])
    caught_up(site)
    reads = {edge: person.seen_revision(edge, question_id) for edge in (IAD, LAX, SYD)}

    assert (saved.status, saved.hops) == (200, [LAX, IAD])
    assert saved.headers["posture-position"]
    for edge, (answer, revision) in reads.items():
        assert (answer.status, answer.hops, revision) == (200, [edge], 1)


def test_a_replica_that_is_behind_is_passed_over_by_who_wrote_and_by_nobody_else(
    site: Site, people: list[Person]
) -> None:
    person, other = people[0], people[1]
    question_id, values = question(person, 1)
    site.cluster.replicas[0].pause_replay()
    try:
        person.save(LAX, question_id, values[0])
        mine, revision = person.seen_revision(LAX, question_id)
        others, _ = other.seen_revision(LAX, question_id)
        forged = person.cookies["posture-position"]
        person.cookies["posture-position"] = "FFFFFFFF/FFFFFFFF" + forged[forged.index(":") :]
        unsigned, stale = person.seen_revision(LAX, question_id)
        person.cookies["posture-position"] = forged
    finally:
        site.cluster.replicas[0].resume_replay()

    assert (mine.hops, revision) == ([LAX, IAD], 1)
    assert others.hops == [LAX]
    assert (unsigned.hops, stale) == (
        [LAX],
        0,
    )  # a position that we did not sign counts for nothing


def test_administrators_are_served_in_their_region(site: Site, people: list[Person]) -> None:
    admin = people[-1]
    assert admin.ask(LAX, "GET", "/console/").hops == [LAX]  # not known before they do something

    question_id, values = question(admin, 0)
    admin.save(LAX, question_id, values[0])
    caught_up(site)
    console = admin.ask(LAX, "GET", "/console/assessments/assessment/")

    assert (console.status, console.hops) == (200, [LAX, SYD])
    assert console.text.count("@example.org") >= 4  # as staff, on a replica
    assert admin.ask(IAD, "GET", "/assessments/").hops == [IAD, SYD]
    site.cluster.replicas[1].pause_replay()
    try:
        admin.save(SYD, question_id, values[-1])
        behind = admin.ask(LAX, "GET", "/assessments/")
    finally:
        site.cluster.replicas[1].resume_replay()
    assert (behind.status, behind.hops) == (200, [LAX, SYD, IAD])


NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/reports/{NOBODYS}/download/", 404),
        (f"/api/v1/reports/{NOBODYS}/download", 401),
        (f"/api/reports/{NOBODYS}/download", 401),
        ("/api/v1/auth/me/data", 401),
        ("/account/data/", 302),
        (f"/console/reports/report/{NOBODYS}/preview/", 302),
    ],
)
def test_downloads_go_where_the_files_are(person: Person, path: str, status: int) -> None:
    assert [person.ask(edge, "GET", path).hops for edge in (LAX, IAD)] == [[LAX, IAD], [IAD]]
    assert person.ask(LAX, "GET", path).status == status


def test_every_view_of_files_exists() -> None:
    assert set(url_names(get_resolver())) >= settings.VIEWS_OF_FILES


def test_what_the_proxy_sets_cannot_be_forged(site: Site, person: Person) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{site.proxy}/",
        headers={"fly-replay-failed": "region=iad", "X-Test-Edge": LAX, "Host": "127.0.0.1"},
    )
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


def test_without_the_primary_region_nothing_is_said_to_be_saved(site: Site, person: Person) -> None:
    question_id, values = question(person, 2)
    caught_up(site)
    port = site.machines.ports.pop(IAD)
    try:
        refused = person.save(LAX, question_id, values[0])
        read = person.ask(LAX, "GET", "/assessments/")
    finally:
        site.machines.ports[IAD] = port

    assert (refused.status, refused.hops) == (503, [LAX, IAD, LAX])
    assert "Nothing was saved" in refused.text
    assert refused.headers["retry-after"] == "5"
    assert (read.status, read.hops) == (200, [LAX])
    with psycopg.connect(site.cluster.url("posture", "postgres")) as connection:
        stored = connection.execute(
            "select count(*) from assessment_responses where assessment_id = %s"
            " and question_id = %s",
            [person.assessment, question_id],
        ).fetchone()
    assert stored == (0,)


def test_without_its_replica_a_region_reads_from_the_primary(site: Site, person: Person) -> None:
    replica = site.cluster.replicas[0]
    replica.stop()
    try:
        person.cookies.pop("posture-position", None)
        answers = [person.ask(LAX, "GET", "/assessments/") for _ in range(2)]
    finally:
        replica.start({"cluster_name": replica.name})

    assert [(answer.status, answer.hops) for answer in answers] == 2 * [(200, [LAX, IAD])]
    caught_up(site)
    children.wait_for(lambda: person.ask(LAX, "GET", "/assessments/").hops == [LAX])


def test_one_section_saved_in_three_regions_at_once_loses_no_answer(
    site: Site, people: list[Person]
) -> None:
    """One person on two devices: of answers to one question one wins, and the other is told."""
    person = people[2]
    device = Person(
        site, person.user, person.assessment, person.token, dict(person.cookies), person.questions
    )
    question_id, values = question(person, 0)
    others = [question(person, number) for number in (1, 2, 3)]
    start = threading.Barrier(5)
    answers: dict[str, tuple[int, str]] = {}

    def save(name: str, who: Person, edge: str, about: str, value: str) -> None:
        start.wait()
        answer = who.save(edge, about, value, revision=0)
        answers[name] = (answer.status, answer.text)

    threads = [
        threading.Thread(target=save, args=("one", person, LAX, question_id, values[0])),
        threading.Thread(target=save, args=("two", device, SYD, question_id, values[-1])),
        *(
            threading.Thread(target=save, args=(about, who, edge, about, theirs[0]))
            for (about, theirs), who, edge in zip(
                others, (person, device, person), (IAD, LAX, SYD), strict=True
            )
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers[name][0] for name in ("one", "two")) == [200, 422]
    lost = next(answers[name][1] for name in ("one", "two") if answers[name][0] == 422)
    assert "changed elsewhere" in json.loads(lost)["refusals"][question_id]["message"]
    assert [answers[about][0] for about, _ in others] == [200, 200, 200]
    for about in (question_id, *(about for about, _ in others)):
        assert person.seen_revision(SYD, about)[1] == 1
    person.revisions |= device.revisions  # for the tests after this one


def test_nobody_reads_less_than_they_were_told_is_saved(site: Site, people: list[Person]) -> None:
    outcome = read_your_writes(site, people[:3], reads=120, positions=True)

    assert (outcome.stale, outcome.refused) == (0, [])
    assert outcome.local > outcome.reads / 4


def test_without_positions_they_would(site: Site, people: list[Person]) -> None:
    assert read_your_writes(site, people[:3], reads=120, positions=False).stale > 0
