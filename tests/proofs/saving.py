"""Many clients save answers at once, through the real web server on the present database.

Every answer that the server acknowledged must be stored, with the revision it was given.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client
from django.urls import reverse

from assessments.catalog.questions import ChoiceQuestion
from assessments.models import Assessment, AssessmentResponse
from tests import children
from tests.factories import make_assessment, make_user


@dataclass
class Outcome:
    saves: int = 0
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        waits = sorted(self.seconds) or [0.0]
        return (
            f"{self.saves} saves acknowledged, {len(self.errors)} errors, {len(self.lost)} lost; "
            f"median {1000 * waits[len(waits) // 2]:.0f} ms, "
            f"p99 {1000 * waits[len(waits) * 99 // 100]:.0f} ms, "
            f"longest {1000 * waits[-1]:.0f} ms"
        )


class Respondent:
    """One signed-in browser, as the server sees it."""

    def __init__(self, number: int, port: int) -> None:
        user = make_user(f"respondent-{number}@example.org")
        self.assessment = make_assessment(user)
        self.port = port
        self.random = random.Random(number)  # a repeatable choice, not a secret
        self.acknowledged: dict[str, tuple[str, int]] = {}
        self.revisions: dict[str, int] = {}
        signed_in = Client()
        signed_in.force_login(user)
        page = signed_in.get(reverse("assessments:review", args=[self.assessment.pk]))
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
        assert token
        self.token = token[1]
        self.cookies = "; ".join(
            f"{name}={signed_in.cookies[name].value}"
            for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
        )
        self.questions = [
            question
            for question in self.assessment.questionnaire
            if isinstance(question, ChoiceQuestion)
        ]

    def answer_until(self, end: float, outcome: Outcome) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while time.monotonic() < end:
            question = self.random.choice(self.questions)
            value = self.random.choice(list(question.SCALE))
            started = time.monotonic()
            try:
                status, body = self._save(connection, question.id, value)
            except (OSError, http.client.HTTPException) as error:
                outcome.errors.append(repr(error))
                connection.close()
                continue
            outcome.seconds.append(time.monotonic() - started)
            if status != 200:
                outcome.errors.append(f"{status} {body[:200]}")
                continue
            revision = int(re.search(r'"' + question.id + r'": (\d+)', body)[1])  # type: ignore[index]
            self.revisions[question.id] = revision
            self.acknowledged[question.id] = (value, revision)
            outcome.saves += 1
        connection.close()

    def _save(
        self, connection: http.client.HTTPConnection, question_id: str, value: str
    ) -> tuple[int, str]:
        connection.request(
            "POST",
            reverse("assessments:save", args=[self.assessment.pk]),
            urlencode(
                {
                    "csrfmiddlewaretoken": self.token,
                    "question": question_id,
                    f"answer-{question_id}": value,
                    f"revision-{question_id}": self.revisions.get(question_id, 0),
                }
            ),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": self.cookies,
                "Host": f"127.0.0.1:{self.port}",
            },
        )
        response = connection.getresponse()
        return response.status, response.read().decode()

    def missing(self) -> list[str]:
        """What was acknowledged and is not what is stored."""
        stored = {
            response.question_id: (response.answer_value, response.revision)
            for response in AssessmentResponse.objects.filter(assessment=self.assessment)
        }
        progress = Assessment.objects.get(pk=self.assessment.pk).progress_percentage
        expected = 100 * len(stored) // len(self.assessment.questionnaire.questions)
        wrong = [] if progress == expected else [f"progress {progress}, not {expected}"]
        return wrong + [
            f"{question_id}: {said}, stored {stored.get(question_id)}"
            for question_id, said in self.acknowledged.items()
            if stored.get(question_id) != said
        ]


def storm(*, clients: int, seconds: float) -> Outcome:
    """So many respondents save as fast as they are answered, for so long."""
    outcome = Outcome()
    with children.web() as port:
        respondents = [Respondent(number, port) for number in range(clients)]
        end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=respondent.answer_until, args=(end, outcome))
            for respondent in respondents
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for respondent in respondents:
        outcome.lost += respondent.missing()
    return outcome
