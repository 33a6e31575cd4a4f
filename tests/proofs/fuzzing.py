"""Requests that nobody would think of, against the whole described API.

The real application in this process, with the limits off: they would answer most of it.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from assessments.models import Assessment, AssessmentResponse
from posture import openapi
from reports import production
from reports.models import Report
from tests.factories import make_assessment, make_completed, make_user, now

SETTINGS = Path(__file__).with_name("schemathesis.toml")
ENDS_THE_SIGN_IN = ("/api/v1/auth/logout", "/api/v1/auth/sign-ins/{id}")


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Thousands of lines would hide what matters."""


@contextmanager
def site() -> Iterator[str]:
    with (
        mock.patch("accounts.limits.Limit.take", return_value=None),
        ThreadedWSGIServer(("127.0.0.1", 0), Quiet) as server,
    ):
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@dataclass
class Outcome:
    asked: int = 0
    failures: list[str] = field(default_factory=list)
    report: str = ""

    def __str__(self) -> str:
        return f"{self.asked:,} requests, {len(self.failures)} failures"


def bearer(user: User) -> str:
    with mock.patch.object(tokens.AccessToken, "lifetime", timedelta(hours=6)):
        pair = tokens.begin(user, second_factor=user.is_admin, device="fuzzing", at=timezone.now())
    return f"Bearer {pair.access}"


def furnished(email: str, *, is_admin: bool = False) -> User:
    """A person with something of everything."""
    user = make_user(email, is_admin=is_admin)
    make_completed(user)
    production.produce(Report.objects.get(user=user).pk, now=now)
    make_assessment(user)
    return user


def described(user: User, examples: int, *, seed: int = 1) -> Outcome:
    """schemathesis over every operation, with all its checks, as this person."""
    outcome = Outcome()
    with site() as address:
        # Last what ends the sign-in: everything after it would only be refused.
        for choice in ("--exclude-path", "--include-path"):
            paths = [part for path in ENDS_THE_SIGN_IN for part in (choice, path)]
            command = [
                sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run",
                f"{address}/api/v1/openapi.json", "--checks", "all",
                "--max-examples", str(examples), "--continue-on-failure",
                "--seed", str(seed), "--no-color", "-H", f"Authorization: {bearer(user)}",
                "--phases", "examples,coverage,fuzzing", *paths,
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            outcome.report += done.stdout + done.stderr
            cases = re.search(r"([\d,]+) generated", done.stdout)
            outcome.asked += int(cases[1].replace(",", "")) if cases else 0
            if done.returncode:
                outcome.failures += re.findall(r"^- .*$", done.stdout, re.MULTILINE) or [
                    done.stdout[-2000:] + done.stderr[-2000:]
                ]
    return outcome


# --- what no description would lead to -----------------------------------------------------------

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**308, 1e400, float("nan"), 0.1, "",
    " ", "\x00", "\ud800", "\u202e", "a" * 5_000, "' OR 1=1 --", "../../etc/passwd", "{{7*7}}",
    "<script>", "\r\nBcc: x@example.org", "%00", "not_done", "answered", "IAM.3.1", "quick", [],
    [[]], {}, {"": ""}, {"$ne": 1}, ["a"] * 1_200, "x@example.org", "2026-11-22T00:00:00Z",
]  # fmt: skip


def bad(user: User, count: int, *, seed: int = 1) -> Outcome:
    """So many requests with names from the description and values from nowhere."""
    from django.test import Client

    chance = random.Random(seed)
    outcome = Outcome()
    schema = json.loads(openapi.schema()[0])
    components = schema["components"]["schemas"]
    things = _things(user)
    operations = [
        (path, method, operation)
        for path, methods in sorted(schema["paths"].items())
        for method, operation in sorted(methods.items())
        if path not in (*ENDS_THE_SIGN_IN, "/api/v1/auth/password/reset")
    ]
    client = Client(raise_request_exception=False, headers={"Authorization": bearer(user)})
    before = _rows()
    with mock.patch("accounts.limits.Limit.take", return_value=None):
        for _ in range(count):
            path, method, operation = chance.choice(operations)
            url = re.sub(r"\{(\w+)\}", lambda match: _place(match[1], things, chance), path)
            if chance.random() < 0.3:
                name = chance.choice(("cursor", "page_size", "search", "status"))
                url += f"?{name}={_plain(chance)}"
            headers = {}
            for name in ("If-Match", "If-None-Match", "Idempotency-Key", "X-Request-Id"):
                if chance.random() < 0.1:
                    headers[name] = _plain(chance)
            body = _body(operation, components, chance)
            response = client.generic(
                method.upper(), url, body, "application/json", headers=headers
            )
            outcome.asked += 1
            if response.status_code >= 500:
                outcome.failures.append(f"{response.status_code} {method} {url} {body[:200]!r}")
    outcome.failures += _wrong(before, by_admin=user.is_admin)
    return outcome


def _things(user: User) -> list[str]:
    assessments = [str(pk) for pk in Assessment.objects.values_list("pk", flat=True)]
    reports = [str(pk) for pk in Report.objects.values_list("pk", flat=True)]
    return [*assessments, *reports, str(user.pk)]


def _place(name: str, things: list[str], chance: random.Random) -> str:
    if name == "version":
        return "2026.1"
    if name in ("question_id", "section_id"):
        return chance.choice(("IAM.3.1", "GOV.1.1", "IAM", "x", "%00", "é", "a" * 60))
    return chance.choice(things)


def _plain(chance: random.Random) -> str:
    value = str(chance.choice(ODD)).encode("ascii", "ignore").decode()[:300]
    return re.sub(r"[^\x21-\x7e]", "", value).replace("#", "") or "x"


def _body(operation: dict[str, Any], components: dict[str, Any], chance: random.Random) -> bytes:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None or chance.random() < 0.05:
        return chance.choice((b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":NaN}', b"1" * 5_000))
    value = _value(content["schema"], components, chance)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _value(schema: dict[str, Any], components: dict[str, Any], chance: random.Random) -> Any:
    """Mostly of the described shape, so that what is wrong is reached deep inside."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[1]]
    if chance.random() < 0.2:
        return chance.choice(ODD)
    match schema.get("type"):
        case "object":
            said = {
                name: _value(inner, components, chance)
                for name, inner in schema.get("properties", {}).items()
                if chance.random() < 0.85
            }
            if chance.random() < 0.05:
                said[str(chance.choice(ODD))] = chance.choice(ODD)
            # Nobody's account goes while the others are being asked.
            return {**said, "understood": False} if "understood" in said else said
        case "array":
            return [
                _value(schema.get("items", {}), components, chance)
                for _ in range(chance.randrange(4))
            ]
        case "boolean":
            return chance.random() < 0.5
        case "integer":
            return chance.choice((0, 1, 2, 7, 2**31))
    return chance.choice(schema.get("enum") or ODD)


def _rows() -> dict[str, Any]:
    return {
        "people": list(User.objects.order_by("pk").values_list("pk", "password", "is_admin")),
        "scorecards": list(
            Assessment.objects.filter(status="completed")
            .order_by("pk")
            .values_list("pk", "scorecard")
        ),
    }


def _wrong(before: dict[str, Any], *, by_admin: bool) -> list[str]:
    """Rows that no rule allows, or that nobody should have changed."""
    found = []
    for response in AssessmentResponse.objects.select_related("assessment"):
        question = response.assessment.questionnaire.questions.get(response.question_id)
        if question is None or response.user_id != response.assessment.user_id:
            found.append(f"a response to {response.question_id}")
        elif (
            response.state == "answered"
            and question.checked(response.answer_value) != response.answer_value
        ):
            found.append(f"{response.question_id} is {response.answer_value!r}")
    after = _rows()
    for pk, scorecard in before["scorecards"]:
        if (pk, scorecard) not in after["scorecards"]:
            found.append(f"the scorecard of {pk} changed")
    admins = {pk for pk, _, is_admin in before["people"] if is_admin}
    # An administrator may make others one.
    if not by_admin and {pk for pk, _, is_admin in after["people"] if is_admin} - admins:
        found.append("somebody became an administrator")
    return found
