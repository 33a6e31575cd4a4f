"""The service in three regions on one machine: a primary, two replicas, three web servers, a proxy.

`iad` has the primary; `lax` and `syd` read from replicas of their own; `syd` is where
administrators are served.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests import children, flyproxy
from tests.cluster import Cluster

IAD, LAX, SYD = "iad", "lax", "syd"
POSITION = "posture-position"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    hops: list[str]


class Site:
    """What runs, and how to start and stop parts of it."""

    def __init__(self, cluster: Cluster, folder: str) -> None:
        self.cluster = cluster
        self.machines = flyproxy.Machines({})
        self.proxy = 0
        self.environment = {
            **os.environ,
            "LOCAL": "1",
            "SECRET_KEY": "for-three-regions-" + "0123456789" * 5,
            "POSTURE_VAR": folder,
            "REDIS_URL": "",
            "PRIMARY_REGION": IAD,
            "ADMIN_REGION": SYD,
            "DATABASE_URL": cluster.url("posture", "posture_app"),
            "LOG_LEVEL": "ERROR",
            "DEBUG": "1",  # pages without the minute that collecting their files takes
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=children.ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def people(self, number: int) -> list[Person]:
        made = json.loads(self.run("-m", "tests.respondents", str(number)))
        return [Person(site=self, **one) for one in made]

    def start(self, region: str, **environment: str) -> None:
        port = _free_port()
        self.processes[region] = subprocess.Popen(
            [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port),
             "--interface", "wsgi", "--http", "1", "--no-ws", "--log-level", "warning",
             "--workers", "1", "--blocking-threads", "4", "posture.wsgi:application"],
            cwd=children.ROOT,
            env={**self.environment, "REGION": region, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.machines.ports[region] = port

    def stop(self, region: str) -> None:
        children.kill(self.processes.pop(region))

    def wait(self) -> None:
        for port in self.machines.ports.values():
            children.wait_for(lambda port=port: children._answers(port))  # type: ignore[misc]  # bound now


@dataclass
class Person:
    """One signed-in browser; `edge` says in which region it is just now."""

    site: Site
    user: str
    assessment: str
    token: str
    cookies: dict[str, str]
    questions: list[tuple[str, str, list[str]]]
    revisions: dict[str, int] = field(default_factory=dict)
    remembers_positions: bool = True

    def ask(self, edge: str, method: str, path: str, data: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.proxy, timeout=30)
        body = None if data is None else urlencode({"csrfmiddlewaretoken": self.token, **data})
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-Test-Edge": edge,
            "Host": "127.0.0.1",
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition("=")
                if cookie != POSITION or self.remembers_positions:
                    self.cookies[cookie] = rest.partition(";")[0].strip('"')
        hops = response.getheader("X-Test-Hops", "")
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            text,
            hops.split(","),
        )

    def save(self, edge: str, question_id: str, value: str, revision: int | None = None) -> Answer:
        """Remembers the revision that was acknowledged."""
        known = self.revisions.get(question_id, 0) if revision is None else revision
        answer = self.ask(
            edge,
            "POST",
            f"/assessments/{self.assessment}/save/",
            {
                "question": question_id,
                f"answer-{question_id}": value,
                f"revision-{question_id}": str(known),
            },
        )
        if answer.status == 200:
            self.revisions[question_id] = json.loads(answer.text)["revisions"][question_id]
        return answer

    def seen_revision(self, edge: str, question_id: str) -> tuple[Answer, int]:
        """The revision that the question's page shows."""
        page = question_id.rsplit(".", 1)[0]
        answer = self.ask(edge, "GET", f"/assessments/{self.assessment}/questions/{page}/")
        found = re.search(
            rf'name="revision-{re.escape(question_id)}"[^>]*value="(\d+)"', answer.text
        )
        return answer, int(found[1]) if found else -1


@contextmanager
def three_regions(*, synchronous: int = 0) -> Iterator[Site]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="posture-regions-"))
        cluster = stack.enter_context(Cluster(replicas=2, synchronous=synchronous))
        cluster.primary.ask("postgres", "create database posture owner posture_owner")
        site = Site(cluster, folder)
        site.run("manage.py", "migrate", "--verbosity", "0", DATABASE_URL=cluster.url("posture"))
        try:
            site.start(IAD)
            for region, replica in zip((LAX, SYD), cluster.replicas, strict=True):
                site.start(region, REPLICA_URL=replica.url("posture", "posture_app"))
            site.wait()
            site.proxy = stack.enter_context(flyproxy.serve(site.machines))
            yield site
        finally:
            for region in list(site.processes):
                site.stop(region)


@contextmanager
def one_region(*, synchronous: int) -> Iterator[Site]:
    """The primary region alone, which finds the primary among three servers by itself."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="posture-region-"))
        cluster = stack.enter_context(Cluster(replicas=2, synchronous=synchronous))
        cluster.primary.ask("postgres", "create database posture owner posture_owner")
        site = Site(cluster, folder)
        site.run("manage.py", "migrate", "--verbosity", "0", DATABASE_URL=cluster.url("posture"))
        hosts = ",".join(f"127.0.0.1:{s.port}" for s in (cluster.primary, *cluster.replicas))
        site.environment["DATABASE_URL"] = (
            f"postgresql://posture_app@{hosts}/posture?target_session_attrs=read-write"
        )
        try:
            site.start(IAD)
            site.wait()
            site.proxy = stack.enter_context(flyproxy.serve(site.machines))
            yield site
        finally:
            for region in list(site.processes):
                site.stop(region)


def caught_up(site: Site) -> None:
    """Wait until both replicas have replayed everything."""
    position = site.cluster.primary.ask("postgres", "select pg_current_wal_flush_lsn()")
    for replica in site.cluster.replicas:
        while replica.ask("postgres", f"select pg_last_wal_replay_lsn() >= '{position}'") != "t":
            time.sleep(0.01)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
