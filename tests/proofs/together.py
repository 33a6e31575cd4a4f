"""An owner and 19 colleagues answer one assessment at once, through the real web server.

They all wait for the lock of the same assessment. Every answer that the server acknowledged must
be stored, with its revision and with the name of who gave it, and progress must be true.
"""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments import inviting, starting, visiting
from assessments.catalog import loading
from assessments.catalog.questions import ChoiceQuestion, Tier
from assessments.models import Assessment, AssessmentResponse, Invitation
from tests import children
from tests.factories import make_invitation, make_user, now
from tests.proofs.saving import Outcome


class Browser:
    """One person's browser, with the questions that they answer."""

    def __init__(
        self,
        client: Client,
        page: str,
        save: str,
        questions: Sequence[ChoiceQuestion],
        invitation: Invitation | None,
    ) -> None:
        shown = client.get(page)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.content.decode())
        assert token
        self.token = token[1]
        self.cookies = "; ".join(f"{name}={it.value}" for name, it in client.cookies.items())
        self.save = save
        self.questions = questions
        self.answered_by = invitation and invitation.pk
        self.random = random.Random(save)  # a repeatable choice, not a secret
        self.acknowledged: dict[str, tuple[str, int]] = {}

    def answer_until(self, end: float, port: int, outcome: Outcome) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < end:
            question = self.random.choice(self.questions)
            value = self.random.choice(list(question.SCALE))
            started = time.monotonic()
            try:
                status, body = self._save(connection, port, question.id, value)
            except (OSError, http.client.HTTPException) as error:
                outcome.errors.append(repr(error))
                connection.close()
                continue
            outcome.seconds.append(time.monotonic() - started)
            revision = re.search(r'"' + question.id + r'": (\d+)', body)
            if status != 200 or revision is None:
                outcome.errors.append(f"{status} {body[:200]}")
                continue
            self.acknowledged[question.id] = (value, int(revision[1]))
            outcome.saves += 1
        connection.close()

    def _save(
        self, connection: http.client.HTTPConnection, port: int, question_id: str, value: str
    ) -> tuple[int, str]:
        _, revision = self.acknowledged.get(question_id, ("", 0))
        connection.request(
            "POST",
            self.save,
            urlencode(
                {
                    "csrfmiddlewaretoken": self.token,
                    "question": question_id,
                    f"answer-{question_id}": value,
                    f"revision-{question_id}": revision,
                }
            ),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": self.cookies,
                "Host": f"127.0.0.1:{port}",
            },
        )
        response = connection.getresponse()
        return response.status, response.read().decode()


def owners(owner: User, assessment: Assessment) -> Browser:
    """The owner answers the first question of each section."""
    client = Client()
    client.force_login(owner)
    return Browser(
        client,
        reverse("assessments:review", args=[assessment.pk]),
        reverse("assessments:save", args=[assessment.pk]),
        [_choices(assessment, section.id)[0] for section in assessment.questionnaire.sections],
        None,
    )


def colleagues(assessment: Assessment, section_id: str) -> Browser:
    """The colleague answers the others of one section, in a browser that has claimed the link."""
    invitation = make_invitation(assessment, section_id, email=f"{section_id}@example.org")
    secret = f"the secret of the browser for {section_id}"
    invitation.mark_claimed(inviting.hashed(secret), at=now())
    invitation.save()
    given = HttpResponse()
    visiting.give_cookie(given, invitation, secret, at=now())
    client = Client()
    client.cookies.update(given.cookies)
    return Browser(
        client,
        reverse("assessments:shared", args=[invitation.pk]),
        reverse("assessments:shared-save", args=[invitation.pk]),
        _choices(assessment, section_id)[1:],
        invitation,
    )


def _choices(assessment: Assessment, section_id: str) -> list[ChoiceQuestion]:
    asked = assessment.questionnaire.sections_by_id[section_id].questions
    return [question for question in asked if isinstance(question, ChoiceQuestion)]


def answer(*, seconds: float) -> Outcome:
    """20 people save as fast as they are answered, for so long."""
    outcome = Outcome()
    owner = make_user("owner@example.org")
    sections = [section.id for section in loading.current().sections]
    assessment = starting.start(
        owner, tier=Tier.STANDARD, section_ids=sections, profile={}, at=now()
    )
    people = [owners(owner, assessment)]
    people += [colleagues(assessment, section_id) for section_id in sections]
    assert len(people) == 20
    assert settings.LOCAL  # the cookies' names are those of the server below
    with children.web() as port:
        end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=person.answer_until, args=(end, port, outcome))
            for person in people
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    outcome.lost += missing(assessment, people)
    return outcome


def missing(assessment: Assessment, people: Sequence[Browser]) -> list[str]:
    """What was acknowledged and is not what is stored."""
    stored = {
        row.question_id: (row.answer_value, row.revision, row.answered_by_id)
        for row in AssessmentResponse.objects.filter(assessment=assessment)
    }
    progress = Assessment.objects.get(pk=assessment.pk).progress_percentage
    expected = 100 * len(stored) // len(assessment.questionnaire.questions)
    wrong = [] if progress == expected else [f"progress {progress}, not {expected}"]
    return wrong + [
        f"{question_id}: {said}, stored {stored.get(question_id)}"
        for person in people
        for question_id, said in person.acknowledged.items()
        if stored.get(question_id) != (*said, person.answered_by)
    ]
