"""What a person gets of their own, and of nobody else."""

from __future__ import annotations

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts import people
from accounts.models import User
from assessments import answering, completion
from assessments.answering import Given
from assessments.scoring import State
from reports import my_data, ordering, production
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import (
    PASSWORD,
    make_assessment,
    make_completed,
    make_invitation,
    make_report,
    now,
    stored,
)

pytestmark = pytest.mark.django_db

COMMENT = "The server under the stairs."
OTHERS = "Nobody else may read this."


def opened(content: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_every_row_of_a_person_is_handed_over_or_kept_back_for_a_reason() -> None:
    of_a_person = {
        model._meta.label
        for model in apps.get_models()
        if any(field.name == "user" and field.related_model is User for field in model._meta.fields)
    }

    assert of_a_person == my_data.HANDED_OVER | set(my_data.KEPT_BACK)


def test_it_holds_everything_and_nothing_of_others(
    owner: User, stranger: User, admin: User
) -> None:
    for user, words in ((owner, COMMENT), (stranger, OTHERS)):
        assessment = make_assessment(user, section_ids=("IAM",))
        given = Given(state=State.DONT_KNOW, comment=words)
        answering.save(assessment, {"IAM.3.1": given}, at=now())
        make_invitation(assessment, "IAM", email=f"colleague-of-{user.email}")
        completion.complete(assessment, at=now(), unanswered_confirmed=True)
    report = Report.objects.get(user=owner)
    production.produce(report.pk, now=now)
    report.refresh_from_db()
    people.change(owner, by=admin, company_name="Renamed Ltd")
    Api(owner)

    files = opened(my_data.archive(owner, at=now()))

    assert set(files) == {
        "README.txt",
        "account.json",
        "assessments/1.json",
        "assessments/1.csv",
        "reports.json",
        f"reports/{report.file_name}",
    }
    account = json.loads(files["account.json"])
    assert account["email"] == owner.email
    assert [line["action"] for line in account["done_to_you"]] == ["user.change"]
    assert account["sign_ins"][0]["device"] == "test"
    taken = json.loads(files["assessments/1.json"])
    assert taken["answers"][0]["comment"] == COMMENT
    assert taken["colleagues"][0]["email"] == "colleague-of-owner@example.org"
    assert taken["scorecard"]
    assert files[f"reports/{report.file_name}"] == stored(report)
    everything = b"".join(files.values())
    for secret in (OTHERS, "stranger", admin.email, owner.password, "token_hash"):
        assert secret.encode() not in everything


def test_what_is_not_released_is_not_in_it(owner: User) -> None:
    assessment = make_completed(owner, section_ids=("IAM",))
    report = ordering.request_enhanced(assessment, context="", comments_consent=False, at=now())
    production.produce(report.pk, now=now)
    assert Report.objects.get(pk=report.pk).status == "completed"

    files = opened(my_data.archive(owner, at=now()))

    assert not any(name.endswith(".pdf") for name in files)
    assert {each["report_type"] for each in json.loads(files["reports.json"])} == {
        "standard",
        "ai_enhanced",
    }


def test_the_password_is_asked_first(owner: User, client: Client) -> None:
    client.force_login(owner)
    address = reverse("reports:everything")
    make_report(owner)

    asked = client.get(address)
    client.post(asked["Location"], {"password": PASSWORD})
    answer = client.get(address)

    assert asked.status_code == 302
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "no-store"
    assert "account.json" in opened(answer.content)
    by_api = Api(owner).get("auth/me/data")
    assert set(opened(by_api.content)) == set(opened(answer.content))
