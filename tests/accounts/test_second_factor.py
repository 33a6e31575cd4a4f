"""The console opens with a second factor; setting it up stores nothing before it is proven."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import people
from accounts.models import AdminAuditLog, User
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

PAGE = "/account/authenticator/"


@pytest.fixture(autouse=True)
def required(settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR = True
    cache.clear()


def code_of(secret: str) -> str:
    """What an authenticator shows now."""
    counter = int(time.time()) // auth.app_settings.TOTP_PERIOD
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))


def forget_used_codes() -> None:
    """As if the next code had come: a test does not wait for it."""
    cache.clear()


def step(client: Client, name: str, **values: str) -> Any:
    return client.post(PAGE, {"step": name, **values})


def set_up(client: Client) -> str:
    """The secret of an authenticator that was set up by the page."""
    begun = step(client, "begin", password=PASSWORD)
    page = begun.content.decode()
    secret = re.search(r'<code class="id">(\w+)</code>', page)
    note = re.search(r'name="enrolment"\s+value="([^"]+)"', page)
    assert secret
    assert note
    assert "<svg" in page
    assert "data:" not in page
    assert not Authenticator.objects.exists()
    answer = step(client, "activate", enrolment=note[1], code=code_of(secret[1]))
    assert answer.status_code == 302
    return secret[1]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_console_opens_once_a_second_factor_is_set_up(admin: User) -> None:
    client = signed_in(admin)
    console = reverse("admin:index")

    led = client.get(console, follow=True)
    assert led.redirect_chain[-1][0] == PAGE
    assert b"The console opens with a second factor." in led.content
    set_up(client)

    assert client.get(console).status_code == 200
    for name in ("accounts_user_changelist", "reports_report_changelist"):
        assert signed_in(admin).get(reverse(f"admin:{name}")).status_code == 302


def test_signing_in_asks_for_the_code_and_takes_each_once(admin: User) -> None:
    secret = set_up(signed_in(admin))
    client = Client()
    given = {"login": admin.email, "password": PASSWORD}

    asked = client.post(reverse("account_login"), given, follow=True)
    assert b"Your second factor" in asked.content
    assert client.get(reverse("assessments:dashboard")).status_code == 302
    used = client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    forget_used_codes()
    right = client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})

    assert used.status_code == wrong.status_code == 200  # it was used for setting up
    assert right.status_code == 302
    assert client.get(reverse("admin:index")).status_code == 200


def test_a_session_from_before_gives_the_code_on_the_page(admin: User) -> None:
    before = signed_in(admin)
    secret = set_up(signed_in(admin))
    assert before.get(reverse("admin:index")).status_code == 302

    refused = step(before, "prove", code="123456")
    used = step(before, "prove", code=code_of(secret))
    forget_used_codes()
    answer = step(before, "prove", code=code_of(secret))

    assert refused.status_code == used.status_code == 422
    assert answer["Location"] == reverse("admin:index")
    assert before.get(reverse("admin:index")).status_code == 200


def test_a_wrong_password_or_code_changes_nothing(admin: User) -> None:
    client = signed_in(admin)
    note = re.search(
        r'name="enrolment"\s+value="([^"]+)"',
        step(client, "begin", password=PASSWORD).content.decode(),
    )
    assert note

    answers = [
        step(client, "begin", password="wrong"),
        step(client, "activate", enrolment=note[1], code="000000"),
        step(client, "activate", enrolment=note[1], code=""),
        step(client, "activate", enrolment="forged", code="000000"),
        step(client, "prove", code="000000"),
        step(client, "nonsense"),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 302, 422, 200]
    assert note[1] in answers[1].content.decode()  # the same picture again
    assert not Authenticator.objects.exists()
    other = signed_in(make_user("other@example.org"))
    assert step(other, "activate", enrolment=note[1], code="000000").status_code == 302


def test_tries_are_limited(admin: User) -> None:
    client = signed_in(admin)

    answers = [step(client, "prove", code=f"{number:06}").status_code for number in range(12)]

    assert answers[-1] == 429


def test_doing_without_it_needs_the_password(owner: User) -> None:
    client = signed_in(owner)
    set_up(client)

    assert step(client, "remove", password="wrong").status_code == 422
    assert Authenticator.objects.exists()
    assert step(client, "remove", password=PASSWORD).status_code == 302
    assert not Authenticator.objects.exists()


def test_another_administrator_removes_a_lost_one(admin: User, owner: User) -> None:
    set_up(signed_in(owner))

    people.remove_second_factor(owner, by=admin)

    assert not Authenticator.objects.exists()
    assert AdminAuditLog.objects.get().action == "user.remove_second_factor"
    with pytest.raises(people.OwnAccount):
        people.remove_second_factor(admin, by=admin)


def test_whom_no_administrator_can_help_the_operator_does(owner: User) -> None:
    set_up(signed_in(owner))

    call_command("remove_second_factor", "Owner@example.org")

    assert not Authenticator.objects.exists()
    line = AdminAuditLog.objects.get()
    assert (line.admin_email, line.details) == (owner.email, {"by_operator": True})
    for address in (owner.email, "nobody@example.org"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", address)


def test_opening_the_page_costs_little(
    owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(owner)

    with django_assert_num_queries(3):  # session, me, authenticator
        assert client.get(PAGE).status_code == 200


# --- the console writes down what is done in it --------------------------------------------------


@pytest.fixture
def console(admin: User, settings: Settings) -> Client:
    settings.ADMIN_SECOND_FACTOR = False
    return signed_in(admin)


def test_a_change_in_the_console_is_in_the_audit_log(console: Client, owner: User) -> None:
    form = {"full_name": "New Name", "company_name": owner.company_name, "is_active": "on"}

    console.post(reverse("admin:accounts_user_change", args=[owner.pk]), {**form, "is_admin": "on"})

    owner.refresh_from_db()
    assert (owner.full_name, owner.is_admin) == ("New Name", True)
    line = AdminAuditLog.objects.get()
    assert line.action == "user.change"
    assert line.details == {"is_admin": True, "fields": ["full_name"]}


def test_deleting_in_the_console_is_in_the_audit_log(console: Client, owner: User) -> None:
    others = [make_user(f"{number}@example.org") for number in range(2)]
    ids = {owner.pk, *(other.pk for other in others)}

    console.post(reverse("admin:accounts_user_delete", args=[owner.pk]), {"post": "yes"})
    console.post(
        reverse("admin:accounts_user_changelist"),
        {
            "action": "delete_selected",
            "post": "yes",
            "_selected_action": [str(other.pk) for other in others],
        },
    )

    assert set(User.objects.values_list("email", flat=True)) == {"admin@example.org"}
    lines = AdminAuditLog.objects.filter(action="user.delete")
    assert set(lines.values_list("target_user_id", flat=True)) == ids


def test_the_audit_log_is_read_and_verified_in_the_console(
    console: Client, admin: User, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people.change(owner, by=admin, is_active=False)

    listed = console.get(reverse("admin:accounts_adminauditlog_changelist"))
    with django_assert_num_queries(6):  # session, me, head before, lines, head after, head to show
        verified = console.get(reverse("admin:accounts_adminauditlog_verify"))

    assert b"user.change" in listed.content
    assert b"All 1 lines are as they were written" in verified.content
