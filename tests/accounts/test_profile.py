from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import mailbox
from accounts.models import User
from assessments.models import Assessment, AssessmentResponse
from reports.models import Report
from tests.factories import PASSWORD, make_completed, make_user

pytestmark = pytest.mark.django_db


def test_name_and_company_can_be_changed(owner: User, owner_client: Client) -> None:
    response = owner_client.post(
        reverse("accounts:profile"),
        {"full_name": "Jo", "company_name": "Jo & Co <b>", "paper": "A4"},
    )

    owner.refresh_from_db()
    assert response.status_code == 302
    assert (owner.full_name, owner.company_name) == ("Jo", "Jo & Co <b>")


def test_what_is_wrong_is_said_and_kept_and_nothing_is_stored(
    owner: User, owner_client: Client
) -> None:
    response = owner_client.post(
        reverse("accounts:profile"), {"full_name": "a\nb", "company_name": "New", "paper": "A4"}
    )

    owner.refresh_from_db()
    assert response.status_code == 422
    assert b"Leave out line breaks and control characters." in response.content
    assert b'value="New"' in response.content
    assert owner.full_name == "Pat Person"


def test_only_the_two_fields_are_taken(owner: User, owner_client: Client) -> None:
    owner_client.post(
        reverse("accounts:profile"),
        {
            "full_name": "Jo",
            "company_name": "Co",
            "paper": "A4",
            "is_admin": "on",
            "email": "x@example.org",
        },
    )

    owner.refresh_from_db()
    assert (owner.is_admin, owner.email) == (False, "owner@example.org")


def test_pages_about_oneself_cost_two_queries(
    owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("accounts:profile", "accounts:delete"):
        with django_assert_num_queries(2):  # session, user
            owner_client.get(reverse(name))


@pytest.mark.parametrize(
    "typed",
    [{}, {"password": PASSWORD}, {"password": "wrong", "understood": "on"}, {"understood": "on"}],
)
def test_an_account_is_not_deleted_by_a_slip(
    owner: User, owner_client: Client, typed: dict[str, str]
) -> None:
    response = owner_client.post(reverse("accounts:delete"), typed)

    assert response.status_code == 422 if typed else 200
    assert User.objects.filter(pk=owner.pk).exists()


def test_an_account_is_deleted_with_everything_in_it(owner: User, owner_client: Client) -> None:
    make_completed(owner)
    make_completed(make_user("other@example.org"))

    response = owner_client.post(
        reverse("accounts:delete"), {"password": PASSWORD, "understood": "on"}, follow=True
    )

    assert b"Your account and everything in it is deleted." in response.content
    assert not User.objects.filter(pk=owner.pk).exists()
    for model in (Assessment, AssessmentResponse, Report):
        assert set(model.objects.values_list("user__email", flat=True)) == {"other@example.org"}
    assert not any(
        session.get_decoded().get("_auth_user_id") == str(owner.pk)
        for session in Session.objects.all()
    )


@pytest.mark.usefixtures("worker")
def test_a_changed_password_ends_the_other_sessions(owner: User, owner_client: Client) -> None:
    elsewhere = Client()
    elsewhere.force_login(owner)
    new = "another long password"

    owner_client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )

    assert owner_client.get(reverse("accounts:profile")).status_code == 200
    assert elsewhere.get(reverse("accounts:profile")).status_code == 302


@pytest.mark.usefixtures("worker")
def test_a_changed_address_is_confirmed_before_it_counts(owner: User, owner_client: Client) -> None:
    owner_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    owner_client.post(reverse("account_email"), {"email": "new@example.org", "action_add": ""})
    owner.refresh_from_db()
    assert owner.email == "owner@example.org"
    body = next(m.body for m in mailbox.received() if m.to == "new@example.org")
    code = re.search(r"^    (\S+)$", body, re.MULTILINE)
    assert code

    owner_client.post(reverse("account_email_verification_sent"), {"code": code[1]})

    owner.refresh_from_db()
    assert owner.email == "new@example.org"
