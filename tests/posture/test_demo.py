from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.models import Assessment
from reports.models import Report

pytestmark = pytest.mark.django_db


def demo() -> dict[str, tuple[str, str]]:
    out = StringIO()
    call_command("demo", stdout=out)
    lines = [line.split() for line in out.getvalue().splitlines()]
    return {role: (email, password) for role, email, password in lines}


def test_the_demo_company_is_loaded_once_and_its_sign_ins_work() -> None:
    people = demo()
    assert demo() == people

    assert set(people) == {"respondent", "administrator"}
    assert User.objects.count() == 2
    assert Assessment.objects.get().status == "completed"
    assert Report.objects.count() == 1
    for role, page in (("respondent", "assessments:dashboard"), ("administrator", "admin:index")):
        client = Client()
        email, password = people[role]
        client.post(reverse("account_login"), {"login": email, "password": password})
        assert client.get(reverse(page)).status_code == 200


def test_the_demo_result_has_something_to_show() -> None:
    demo()

    overall = Assessment.objects.get().result.overall

    assert overall is not None
    assert 40 < overall.score < 70
    assert overall.potential > overall.score
    states = {response.state for response in Assessment.objects.get().responses.all()}
    assert states == {"answered", "dont_know"}
