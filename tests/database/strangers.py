"""What B gets to see of A, by asking for A's ids in every way that the site has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.models import Assessment, AssessmentResponse, Invitation
from reports import ordering, production
from reports.models import Report
from tests.factories import (
    answer_all,
    make_assessment,
    make_completed,
    make_invitation,
    make_user,
    now,
)
from tests.test_access import ACCESS, note

CANARY = b"canary-of-the-other-company"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


@dataclass
class Outcome:
    requests: int = 0
    answered: dict[int, int] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        statuses = ", ".join(
            f"{status}: {self.answered[status]}" for status in sorted(self.answered)
        )
        return f"{self.requests} requests, {len(self.leaks)} with foreign bytes; {statuses}"


@contextmanager
def filters_away() -> Iterator[None]:
    """As if every view had forgotten to ask whose rows these are."""
    with pytest.MonkeyPatch.context() as patch:
        for model in (Assessment, AssessmentResponse, Invitation, Report):
            rows = type(model.objects.all())
            for name in ("visible_to", "visible_to_admin"):
                patch.setattr(rows, name, lambda self, _user: self.all())
        yield


def plant(owner: User) -> dict[str, str]:
    """Canaries in all that the owner wrote; the ids by which the access table asks."""
    done = make_completed(owner)
    report = Report.objects.get(assessment=done)
    production.produce(report.pk, now=now)
    enhanced = ordering.request_enhanced(
        done, context=CANARY.decode(), comments_consent=False, at=now()
    )
    production.produce(enhanced.pk, now=now)
    present = answer_all(make_assessment(owner))
    for assessment in (done, present):
        AssessmentResponse.objects.filter(assessment=assessment).update(comment=CANARY.decode())
        Assessment.objects.filter(pk=assessment.pk).update(consultation_details=CANARY.decode())
    invitation = make_invitation(present)
    Invitation.objects.filter(pk=invitation.pk).update(name=CANARY.decode())
    User.objects.filter(pk=owner.pk).update(
        full_name=f"{CANARY.decode()} person", company_name=f"{CANARY.decode()} company"
    )
    response = done.responses.first()
    assert response is not None
    return {
        "done": str(done.pk),
        "report": str(report.pk),
        "enhanced": str(enhanced.pk),
        "response": str(response.pk),
        "open": str(present.pk),
        "invitation": str(invitation.pk),
        "user": str(owner.pk),
        "line": str(note(owner).pk),
    }


def ask_at_random(*, requests: int, seed: int = 1) -> Outcome:
    """So many requests of B: any URL, any of A's ids in it, any method, any data."""
    chance = random.Random(seed)
    things = plant(make_user("a@example.org"))
    stranger = make_user("b@example.org")
    make_assessment(stranger)
    client = Client(raise_request_exception=False)
    client.force_login(stranger)
    # The console sends a stranger away before it looks; what takes an id is asked most.
    names = [name for name in ACCESS if not name.startswith(("account", "admin"))]
    names += 4 * [name for name in names if "{" in str(ACCESS[name].args)]
    names += [name for name in ACCESS if name.startswith("admin")][::4]
    outcome = Outcome()
    for _ in range(requests):
        name = chance.choice(names)
        args = [_any(arg, things, chance) for arg in ACCESS[name].args]
        url = reverse(name, args=args)
        method = chance.choice((*METHODS, *4 * [ACCESS[name].method]))
        response = getattr(client, method)(url, _data(things, chance))
        outcome.requests += 1
        status = response.status_code
        outcome.answered[status] = outcome.answered.get(status, 0) + 1
        said = response.content + repr(sorted(response.items())).encode()
        if CANARY in said:
            outcome.leaks.append(f"{method} {url}")
        if status == 500:
            outcome.errors.append(f"{method} {url}: {status}")
        if "_auth_user_id" not in client.session:
            client.force_login(stranger)
    return outcome


def _any(arg: str, things: dict[str, str], chance: random.Random) -> str:
    return chance.choice(list(things.values())) if arg.startswith("{") else arg


def _data(things: dict[str, str], chance: random.Random) -> dict[str, str]:
    question = chance.choice(("GOV.1.1", "IAM.3.1", "RES.2.1"))
    return chance.choice(
        (
            {},
            {"question": question, f"answer-{question}": "yes", f"revision-{question}": "0"},
            {"details": "x", "assessment": chance.choice(list(things.values()))},
            {"q": CANARY.decode()[:6], "user": things["user"], "unanswered_confirmed": "1"},
        )
    )
