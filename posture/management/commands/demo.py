"""A company to look around with: a completed assessment, a report, and people to sign in as."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from assessments import answering, completion, starting
from assessments.answering import Given
from assessments.catalog import loading
from assessments.catalog.questions import (
    NONE_OF_THESE,
    AnyQuestion,
    ChoiceQuestion,
    NumberQuestion,
    PracticesQuestion,
    Tier,
)
from assessments.models import Assessment
from assessments.scoring import State
from posture.database.subject import STAFF, acting_as

PROFILE = {
    "sector": ["manufacturing"],
    "size": ["10_49"],
    "regions": ["europe"],
    "development": ["none"],
    "cloud": ["saas"],
    "ot": ["building"],
    "payments": ["none"],
    "personal_data": ["customers"],
    "remote": ["some"],
    "regulated": ["supplier"],
    "suppliers": ["some"],
    "ai": ["tools"],
}

STEPS = {
    "GOV.1.1": 4, "RSK.2.1": 2, "CPR.1.1": 3, "AST.1.1": 3, "TPR.3.1": 1, "PPL.3.1": 3,
    "IAM.3.1": 2, "IAM.3.2": 3, "ACC.2.1": 2, "DAT.1.1": 3, "END.2.1": 4, "CFG.1.1": 1,
    "NET.1.1": 1, "CLD.2.1": 2, "APP.1.1": 1, "VUL.2.1": 2, "MON.3.1": 1, "MON.4.1": 2,
    "INC.1.1": 3, "INC.6.1": 0, "RES.2.1": 3, "PHY.1.1": 4,
}  # fmt: skip
"""How far along its scale each answer is, 0 the worst. RES.3.1 is not known."""

NOTES = {
    "IAM.3.1": "The two oldest servers still take a password alone; replacement is ordered.",
    "RES.2.1": "Weekly copy to a disk that is kept in the bank.",
    "INC.6.1": "Planned for the spring, together with the insurer.",
}


class Command(BaseCommand):
    help = "Loads the demo company, once, and prints its sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as(STAFF):
            self.load()

    def load(self) -> None:
        if not settings.LOCAL:
            raise CommandError("The demo prints a password; it is for LOCAL=1 only.")
        password = _password(settings.VAR / "demo-password")
        admin = _person("admin@demo.example", "Robin Falk", "Northgate Advisory", password)
        owner = _person("alex@demo.example", "Alex Doe", "Brenner Tools Ltd", password)
        User.objects.filter(pk=admin.pk).update(is_admin=True)
        if not Assessment.objects.visible_to(owner).exists():
            _complete_assessment(owner)
        for role, user in (("respondent", owner), ("administrator", admin)):
            self.stdout.write(f"{role} {user.email} {password}")


def _password(file: Path) -> str:
    """One for this machine, made once: a known one would be a way in."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9))
    return file.read_text()


def _person(email: str, full_name: str, company_name: str, password: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(
            email, password, full_name=full_name, company_name=company_name
        )
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _complete_assessment(owner: User) -> None:
    now = timezone.now()
    catalog = loading.current()
    assessment = starting.start(
        owner,
        tier=Tier.QUICK,
        section_ids=[section.id for section in catalog.sections],
        profile=PROFILE,
        at=now,
    )
    given = {question.id: _given(question) for question in assessment.questionnaire}
    saved = answering.save(assessment, given, at=now)
    assert not saved.refusals, saved.refusals
    completion.complete(assessment, at=now)


def _given(question: AnyQuestion) -> Given:
    if question.id not in STEPS:
        return Given(state=State.DONT_KNOW)
    return Given(
        state=State.ANSWERED,
        value=_value(question, STEPS[question.id]),
        comment=NOTES.get(question.id, ""),
        planned=question.id in NOTES,
    )


def _value(question: AnyQuestion, step: int) -> object:
    """The answer at this place on the question's scale of five."""
    if isinstance(question, ChoiceQuestion):
        values = list(question.SCALE)
        return values[step * (len(values) - 1) // 4]
    if isinstance(question, PracticesQuestion):
        chosen = [practice.value for practice in question.practices]
        return chosen[: len(chosen) * step // 4] or [NONE_OF_THESE]
    assert isinstance(question, NumberQuestion)
    limit = question.bands[step * (len(question.bands) - 1) // 4].limit
    return question.maximum if limit is None else limit
