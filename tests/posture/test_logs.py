"""The log lines of production, searched for what people typed."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments import answering
from assessments.answering import Given
from assessments.scoring import State
from posture.logs import JsonLines
from reports import pdf
from tests.factories import PASSWORD, answer_all, make_assessment, make_user

CANARIES = ("canary-in-", "kanarie")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """All that is logged, whatever by, as production would write it."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonLines())
    root, requests = logging.getLogger(), logging.getLogger("posture.requests")
    before = root.level, requests.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    requests.setLevel(logging.INFO)
    yield Lines(output)
    root.removeHandler(handler)
    root.setLevel(before[0])
    requests.setLevel(before[1])


class Lines:
    def __init__(self, output: io.StringIO) -> None:
        self.output = output

    @property
    def text(self) -> str:
        return self.output.getvalue()

    def parsed(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def by(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.parsed() if line["logger"] == logger]


@pytest.mark.django_db(transaction=True)
def test_no_line_holds_what_somebody_typed(
    client: Client, lines: Lines, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registering, guessing, answering, failing reports, a fault in a page, a refused row."""
    person = {"email": "canary-in-email@kanarie.example", "password1": "canary-in-password-1"}
    client.raise_request_exception = False
    client.post("/account/signup/", {**person, "full_name": "canary-in-name",
                                     "company_name": "canary-in-company"})  # fmt: skip
    for password in ("canary-in-guess", PASSWORD):
        client.post("/account/login/", {"login": person["email"], "password": password})
    user = make_user("second@kanarie.example")
    client.force_login(user)
    assessment = make_assessment(user)
    question = next(iter(assessment.questionnaire))
    address = reverse("assessments:save", args=[assessment.pk])
    client.post(address, {"question": question.id, f"answer-{question.id}": "canary-in-answer",
                          f"comment-{question.id}": "canary-in-comment"})  # fmt: skip
    client.get("/assessments/canary-in-path/?q=canary-in-query")
    answering.save(
        answer_all(assessment),
        {question.id: Given(state=State.DONT_KNOW, comment="canary-in-comment")},
        at=assessment.started_at,
    )

    def fail(*_: object, **__: object) -> object:
        raise ValueError("canary-in-exception", user.email)

    with monkeypatch.context() as patch:
        patch.setattr(pdf, "render", fail)
        client.post(reverse("assessments:complete", args=[assessment.pk]), {"confirm": "on"})
    with monkeypatch.context() as patch:
        patch.setattr("assessments.models.Assessment.answers", property(fail))
        broken = client.get(reverse("reports:results", args=[assessment.pk]))
    with pytest.raises(IntegrityError):
        make_user("second@kanarie.example")
    logging.getLogger("reports").warning("sent to %s: %s", user.email, ValueError("canary-in-arg"))
    try:
        raise ValueError("canary-in-task")
    except ValueError as error:
        logging.getLogger("celery.app.trace").exception(
            "Task %(name)s raised unexpected: %(exc)s\n%(traceback)s",
            {"name": "t", "exc": repr(error), "traceback": "canary-in-traceback"},
        )

    assert broken.status_code == 500
    fault = lines.by("django.request")[-1]
    assert fault["request_id"] == broken.headers["X-Request-Id"]
    assert fault["exception"] == "ValueError"
    assert len(lines.parsed()) > 8
    assert [word for word in CANARIES if word in lines.text.lower()] == []


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_number(client: Client, lines: Lines, owner: User) -> None:
    client.force_login(owner)
    missing = "00000000-0000-4000-8000-000000000000"

    response = client.get(f"/assessments/{missing}/", headers={"X-Request-Id": "from-the-edge-1"})

    (line,) = lines.by("posture.requests")
    assert response.headers["X-Request-Id"] == "from-the-edge-1"
    assert line["request_id"] == "from-the-edge-1"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == "assessments/<uuid:pk>/"
    assert line["milliseconds"] > 0


def test_a_line_break_in_a_value_stays_in_its_line(lines: Lines) -> None:
    logging.getLogger("reports").warning("made by %s", 'eve\r\n{"level": "INFO"}\u2028x')

    (line,) = lines.by("reports")
    assert line["message"] == 'made by eve\r\n{"level": "INFO"}\u2028x'
    assert len(lines.text.splitlines()) == 1


def test_an_exception_tells_its_kind_and_places(lines: Lines) -> None:
    def stumble() -> None:
        raise RuntimeError("canary-in-exception")

    try:
        stumble()
    except RuntimeError:
        logging.getLogger("reports").exception("stumbled over %s", 7)

    (line,) = lines.by("reports")
    assert line["message"] == "stumbled over 7"
    assert line["exception"] == "RuntimeError"
    assert line["at"][-1].endswith(" stumble")


def test_a_colleagues_link_is_in_no_line(lines: Lines) -> None:
    """Django names the address of what is refused."""
    path = reverse("assessments:link", args=["the-token-of-a-link"])

    logging.getLogger("posture").warning("Not Found: %s", path)

    assert lines.by("posture")[0]["message"] == "Not Found: /shared/link/[link]/"
