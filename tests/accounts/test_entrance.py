"""Registering, verifying, signing in and out, and choosing a new password, as a browser does."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import mailbox
from accounts.models import User
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("worker")]

TYPED = {
    "full_name": "Kim Example",
    "company_name": "Example Ltd",
    "email": "Kim@Example.org",
    "password1": PASSWORD,
}


def last_code() -> str:
    """From the newest message in the mailbox, where the worker put it."""
    match = re.search(r"^    (\S+)$", mailbox.received()[0].body, re.MULTILINE)
    assert match
    return match[1]


def post(client: Client, name: str, **data: str) -> object:
    return client.post(reverse(name), data, follow=True)


# --- registering ---------------------------------------------------------------------------------


def test_registering_verifying_and_being_signed_in(client: Client) -> None:
    asked = client.post(reverse("account_signup"), TYPED)
    assert asked["Location"] == reverse("account_email_verification_sent")
    assert client.get(reverse("assessments:dashboard")).status_code == 302  # not yet signed in

    verified = client.post(asked["Location"], {"code": last_code()})

    assert verified["Location"] == reverse("assessments:dashboard")
    assert client.get(verified["Location"]).status_code == 200
    user = User.objects.get()
    assert (user.email, user.full_name, user.company_name) == (
        "kim@example.org",
        "Kim Example",
        "Example Ltd",
    )
    assert not user.is_admin
    assert EmailAddress.objects.get().verified


def test_a_wrong_code_verifies_nothing_and_three_end_it(client: Client) -> None:
    client.post(reverse("account_signup"), TYPED)
    page = reverse("account_email_verification_sent")

    for _ in range(3):
        client.post(page, {"code": "WRONG1"})
    client.post(page, {"code": last_code()})

    assert not EmailAddress.objects.get().verified
    assert client.get(reverse("assessments:dashboard")).status_code == 302


def test_nobody_learns_whether_an_address_is_known(client: Client) -> None:
    """The same page for a new address and one that has an account; the mail tells its owner."""
    make_user("known@example.org")

    answers = []
    for email in ("known@example.org", "new@example.org"):
        other = Client()
        response = other.post(reverse("account_signup"), {**TYPED, "email": email}, follow=True)
        content = response.content.decode().replace(email, "")
        answers.append(re.sub(r'value="\w{64}"', "", content))

    assert answers[0] == answers[1]
    subjects = {message.to: message.subject for message in mailbox.received()}
    assert subjects["known@example.org"] == "Posture: You have an account already"
    assert "Your code is" not in subjects["known@example.org"]
    assert User.objects.filter(email="known@example.org").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password1", "too short"),
        ("password1", "x" * 129),
        ("password1", "password1234"),
        ("password1", "kim@example.org1"),
        ("email", "not an address"),
        ("email", "a" * 250 + "@example.org"),
        ("full_name", ""),
        ("full_name", "x" * 121),
        ("full_name", "Kim\r\nBcc: all@example.org"),
        ("company_name", "a\x00b"),
        ("company_name", "a\x1bb"),
        ("company_name", "a\u2028b"),
    ],
)
def test_bad_details_are_refused_and_what_was_typed_is_kept(
    client: Client, field: str, value: str
) -> None:
    response = client.post(reverse("account_signup"), {**TYPED, field: value})

    assert response.status_code == 200  # allauth shows its forms again with 200
    page = response.content.decode()
    assert 'class="error-summary"' in page
    assert "<title>Error: " in page
    kept = next(name for name in ("full_name", "company_name") if name != field)
    assert f'value="{TYPED[kept]}"' in page
    assert PASSWORD not in page
    assert not User.objects.exists()


def test_fields_that_are_not_asked_are_not_taken(client: Client) -> None:
    client.post(
        reverse("account_signup"),
        {**TYPED, "is_admin": "on", "is_active": "", "id": "1", "is_staff": "on"},
    )

    user = User.objects.get()
    assert (user.is_admin, user.is_active) == (False, True)


# --- signing in ----------------------------------------------------------------------------------


def test_signing_in_gives_a_new_session_and_out_ends_it(client: Client) -> None:
    make_user("kim@example.org")
    client.get(reverse("account_login"))
    before = client.session.session_key

    client.post(reverse("account_login"), {"login": "KIM@example.org", "password": PASSWORD})

    assert client.session.session_key != before
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert client.get(reverse("assessments:dashboard")).status_code == 200
    client.post(reverse("account_logout"))
    assert client.get(reverse("assessments:dashboard")).status_code == 302


def test_a_sign_in_that_fails_says_the_same_for_all_reasons(client: Client) -> None:
    make_user("kim@example.org")
    inactive = make_user("gone@example.org")
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    pages = []

    for email, password in (
        ("kim@example.org", "wrong password!"),
        ("nobody@example.org", PASSWORD),
        ("gone@example.org", "wrong password!"),
    ):
        response = Client().post(reverse("account_login"), {"login": email, "password": password})
        content = response.content.decode().replace(email, "")
        pages.append(re.sub(r'value="\w{64}"', "", content))

    assert pages[0] == pages[1] == pages[2]
    assert "The email address and/or password you specified are not correct." in pages[0]


def test_one_address_has_ten_tries_a_minute(client: Client) -> None:
    make_user("kim@example.org")
    answers = [
        client.post(reverse("account_login"), {"login": f"a{n}@example.org", "password": "x" * 12})
        for n in range(12)
    ]

    assert [answer.status_code for answer in answers].count(429) == 2
    assert answers[-1].status_code == 429
    assert b"Too many tries" in answers[-1].content


@pytest.mark.parametrize("away", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(client: Client, away: str) -> None:
    make_user("kim@example.org")

    response = client.post(
        reverse("account_login"),
        {"login": "kim@example.org", "password": PASSWORD, "next": away},
    )

    assert "evil" not in response["Location"]


def test_a_deactivated_person_is_out_at_once(client: Client) -> None:
    user = make_user("kim@example.org")
    client.force_login(user)

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(reverse("assessments:dashboard")).status_code == 302


# --- choosing a new password ---------------------------------------------------------------------

NEW = "another long password"


def reset(client: Client, email: str) -> None:
    client.post(reverse("account_reset_password"), {"email": email})


def test_a_new_password_by_a_code(client: Client) -> None:
    user = make_user("kim@example.org")
    elsewhere = Client()
    elsewhere.force_login(user)

    reset(client, "kim@example.org")
    client.post(reverse("account_confirm_password_reset_code"), {"code": last_code()})
    done = client.post(
        reverse("account_complete_password_reset"), {"password1": NEW, "password2": NEW}
    )

    assert done.status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert elsewhere.get(reverse("assessments:dashboard")).status_code == 302  # signed out


def test_a_code_is_good_once_and_for_its_own_browser(client: Client) -> None:
    make_user("kim@example.org")
    reset(client, "kim@example.org")
    code = last_code()

    thief = Client()
    thief.post(reverse("account_confirm_password_reset_code"), {"code": code})
    stolen = thief.post(
        reverse("account_complete_password_reset"), {"password1": NEW, "password2": NEW}
    )

    assert stolen["Location"] != reverse("account_password_reset_completed")
    assert User.objects.get().check_password(PASSWORD)


def test_asking_for_an_unknown_address_looks_the_same(client: Client) -> None:
    make_user("kim@example.org")
    pages = []

    for email in ("kim@example.org", "nobody@example.org"):
        other = Client()
        response = other.post(reverse("account_reset_password"), {"email": email}, follow=True)
        content = response.content.decode().replace(email, "")
        pages.append(re.sub(r'value="\w{64}"', "", content))

    assert pages[0] == pages[1]
    assert "There is no account" in mailbox.received()[0].subject


# --- what the passwords are kept as --------------------------------------------------------------


def test_passwords_are_hashed_by_bcrypt_and_not_cut(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
    user = make_user("kim@example.org")
    user.set_password("y" * 72 + "one end of a long one")

    assert user.password.startswith("bcrypt_sha256$$2b$12$")
    assert BCryptSHA256PasswordHasher.rounds == 12
    assert not user.check_password("y" * 72 + "another end of it")


def test_forms_help_password_managers(client: Client) -> None:
    for name, kind in (("account_login", "current-password"), ("account_signup", "new-password")):
        page = client.get(reverse(name)).content.decode()
        assert f'autocomplete="{kind}"' in page
        assert "onpaste" not in page
