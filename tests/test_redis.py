"""The service with its Redis stopped, emptied and paused: real web server, real worker."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import User
from assessments.catalog.questions import ChoiceQuestion
from assessments.models import AssessmentResponse
from posture.tasks import HEARTBEAT, heartbeat
from reports.models import RESEND_AFTER, Report
from tests import children
from tests.factories import PASSWORD, answer_all, make_assessment, make_completed, make_user
from tests.proofs.reports import pass_time
from tests.redis import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)

SERVED = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # The names that the pages of production have, without the compression, which takes longest.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
PATIENCE = 5.0
"""No page may keep anybody for longer, whatever Redis does."""


class Answer(NamedTuple):
    status: int
    body: str
    headers: dict[str, str]
    seconds: float


class Browser:
    """Keeps cookies, fills the token into its forms, and times every answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, page: str | None = None, **data: str) -> Answer:
        """The form on that page, or on the same address, filled in and sent."""
        form = self.get(page or path).body
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token, form[:500]
        return self._ask("POST", path, urlencode({"csrfmiddlewaretoken": token[1], **data}))

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(
            method,
            path,
            body,
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            },
        )
        response = connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        connection.close()
        return Answer(
            response.status,
            text,
            {name.lower(): value for name, value in response.getheaders()},
            time.monotonic() - started,
        )


@pytest.fixture
def port(redis: RedisServer) -> Iterator[int]:
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        with override_settings(STORAGES=SERVED):
            call_command("collectstatic", interactive=False, verbosity=0)
    with children.web() as port:
        yield port


@pytest.fixture
def owner_browser(port: int) -> Browser:
    """Signed in without the form; the session is in the database, as all are."""
    browser = Browser(port)
    client = Client()
    client.force_login(make_user("owner@example.org"))
    name = settings.SESSION_COOKIE_NAME
    browser.cookies[name] = client.cookies[name].value
    return browser


def stop(redis: RedisServer) -> None:
    redis.stop()


def pause(redis: RedisServer) -> None:
    redis.pause()


@pytest.mark.parametrize("take_away", [stop, pause])
def test_without_redis_pages_and_answers_go_on_and_sign_in_is_refused(
    redis: RedisServer,
    port: int,
    owner_browser: Browser,
    take_away: Callable[[RedisServer], None],
) -> None:
    assessment = make_assessment(User.objects.get())
    question = next(q for q in assessment.questionnaire if isinstance(q, ChoiceQuestion))
    review = reverse("assessments:review", args=[assessment.pk])
    take_away(redis)

    read = [
        owner_browser.get(path)
        for path in (reverse("home"), reverse("assessments:dashboard"), review, "/account/profile/")
    ]
    saved = owner_browser.post(
        reverse("assessments:save", args=[assessment.pk]),
        review,
        question=question.id,
        **{f"answer-{question.id}": next(iter(question.SCALE)), f"revision-{question.id}": "0"},
    )
    stranger = Browser(port)
    refused = {
        "login": stranger.post("/account/login/", login="owner@example.org", password=PASSWORD),
        "signup": stranger.post(
            "/account/signup/", email="new@example.org", password1=PASSWORD,
            full_name="New Person", company_name="New Ltd",
        ),
        "reset": stranger.post("/account/password/reset/", email="owner@example.org"),
    }  # fmt: skip

    assert [answer.status for answer in read] == [200] * 4
    assert saved.status == 200
    assert AssessmentResponse.objects.filter(assessment=assessment).count() == 1
    assert {name: answer.status for name, answer in refused.items()} == dict.fromkeys(refused, 503)
    for answer in refused.values():
        assert "Not possible just now" in answer.body
        assert answer.headers["retry-after"] == "30"
        assert answer.headers["cache-control"] == "no-store"
    assert User.objects.count() == 1
    assert max(answer.seconds for answer in [*read, saved, *refused.values()]) < PATIENCE


@pytest.mark.parametrize("take_away", [stop, pause])
def test_an_assessment_completed_without_redis_has_its_report_when_redis_is_back(
    redis: RedisServer,
    owner_browser: Browser,
    tmp_path: Path,
    take_away: Callable[[RedisServer], None],
) -> None:
    assessment = answer_all(make_assessment(User.objects.get()))
    with children.worker(tmp_path / "worker"):
        children.wait_for(lambda: b" ready." in (tmp_path / "worker").read_bytes())
        take_away(redis)

        completed = owner_browser.post(
            reverse("assessments:complete", args=[assessment.pk]),
            reverse("assessments:review", args=[assessment.pk]),
        )
        waiting = Report.objects.get()
        if take_away is stop:
            redis.start()
        else:
            redis.resume()
        pass_time(RESEND_AFTER)
        children.wait_for(lambda: Report.objects.get().status == "completed")

    assert completed.status == 302
    assert completed.seconds < PATIENCE
    assert waiting.status == "pending"
    assert Report.objects.get().tries == 1


def test_the_limits_begin_anew_when_redis_was_emptied(redis: RedisServer, port: int) -> None:
    """What an emptied Redis costs: the counts of the last minutes, and no session."""
    make_user("owner@example.org")

    def is_refused() -> bool:
        wrong = Browser(port).post("/account/login/", login="owner@example.org", password="wrong")
        return "Too many failed login attempts" in wrong.body

    before = [is_refused() for _ in range(7)]
    redis.empty()

    assert before == [False] * 5 + [True] * 2
    assert not is_refused()


def test_sessions_outlive_redis(redis: RedisServer, owner_browser: Browser) -> None:
    redis.empty()
    redis.stop()

    assert owner_browser.get(reverse("assessments:dashboard")).status == 200


def test_a_worker_goes_on_by_itself_when_redis_is_back(redis: RedisServer, tmp_path: Path) -> None:
    """Stopped and started again it is another, empty Redis; paused, the same one."""
    log = tmp_path / "worker"
    with children.worker(log):
        children.wait_for(lambda: b" ready." in log.read_bytes())
        for number, (away, back) in enumerate(
            [(RedisServer.stop, RedisServer.start), (RedisServer.pause, RedisServer.resume)]
        ):
            away(redis)
            time.sleep(7)  # longer than the worker's patience with a silent broker
            back(redis)
            make_completed(make_user(f"{number}@example.org"))
            children.wait_for(
                lambda: set(Report.objects.values_list("status", flat=True)) == {"completed"},
                seconds=40,
            )

    assert Report.objects.count() == 2


def test_only_a_certificate_for_that_name_is_believed(tmp_path: Path) -> None:
    """By the cache and by the broker's client, which believes any unless it is told."""
    for name in ("localhost", "elsewhere"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "2",
             "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.crt",
             "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
            check=True,
            capture_output=True,
        )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    files = ["--tls-cert-file", tmp_path / "localhost.crt", "--tls-key-file",
             tmp_path / "localhost.key", "--tls-auth-clients", "no"]  # fmt: skip
    with RedisServer("--tls-port", str(port), *map(str, files)):
        ours = [
            reached(f"rediss://{name}:{port}/0", tmp_path / f"{authority}.crt")
            for name, authority in (
                ("localhost", "localhost"),
                ("127.0.0.1", "localhost"),
                ("localhost", "elsewhere"),
            )
        ]

    assert ours == ["cache broker", "", ""]


def reached(address: str, authority: Path) -> str:
    """What of the two a process with these settings reaches."""
    code = (
        "import django; django.setup()\n"
        "from contextlib import suppress\n"
        "from django.core.cache import cache\n"
        "from posture.celery import app\n"
        "with suppress(Exception):\n"
        "    cache.get('anything'); print('cache')\n"
        "with suppress(Exception):\n"
        "    app.connection_for_write().ensure_connection(max_retries=1); print('broker')\n"
    )
    environment = {**children.environment(), "REDIS_URL": address, "REDIS_CA": str(authority)}
    asked = subprocess.run(
        [sys.executable, "-c", code],
        cwd=children.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return " ".join(asked.stdout.split())


def test_what_is_quickly_done_does_not_queue_behind_reports(
    redis: RedisServer, tmp_path: Path
) -> None:
    for number in range(5):
        make_completed(make_user(f"{number}@example.org"))
    heartbeat.delay()

    with children.worker(tmp_path / "worker"):
        children.wait_for(lambda: cache.get(HEARTBEAT) is not None)
        waiting = Report.objects.exclude(status="completed").count()

    assert waiting >= 3
