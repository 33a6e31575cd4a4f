"""Sessions end for want of use, and are listed and ended by their person."""

from __future__ import annotations

import re
import time

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import idling, signed_in
from accounts.models import AdminAuditLog, User
from tests.api.conftest import Api
from tests.factories import PASSWORD, make_report

pytestmark = pytest.mark.django_db

PAGE = "/account/profile/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self.ahead)

    def pass_by(self, *, minutes: float) -> None:
        self.ahead += 60 * minutes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def sign_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers)
    answer = client.post(
        reverse("account_login"), {"login": user.email, "password": PASSWORD, "next": PAGE}
    )
    assert answer.status_code == 302
    return client


# --- for want of use -----------------------------------------------------------------------------


def test_a_session_ends_after_half_an_hour_without_use(owner: User, clock: Clock) -> None:
    client = sign_in(owner)
    for _ in range(4):
        clock.pass_by(minutes=29)
        assert client.get(PAGE).status_code == 200
    clock.pass_by(minutes=31)

    answer = client.get(PAGE)

    assert answer.status_code == 302
    assert answer["Location"] == f"/account/login/?next={PAGE}"
    assert client.get(PAGE).status_code == 302


def test_and_after_half_a_day_however_it_is_used(owner: User, clock: Clock) -> None:
    client = sign_in(owner)
    for _ in range(47):
        clock.pass_by(minutes=15)
        assert client.get(reverse("accounts:stay")).status_code == 204
    clock.pass_by(minutes=16)

    assert client.get(PAGE).status_code == 302


def test_what_a_page_asks_by_itself_is_no_use(owner: User, clock: Clock) -> None:
    report = make_report(owner)
    client = sign_in(owner)
    for _ in range(2):
        clock.pass_by(minutes=16)
        status = client.get(reverse("reports:status", args=[report.pk])).status_code

    assert status == 302


@pytest.mark.parametrize("damage", ["", "x", "swapped", "another"])
def test_the_cookie_is_good_for_its_session_alone(
    owner: User, stranger: User, clock: Clock, damage: str
) -> None:
    client, other = sign_in(owner), sign_in(stranger)
    clock.pass_by(minutes=20)
    assert client.get(PAGE).status_code == other.get(PAGE).status_code == 200
    clock.pass_by(minutes=15)
    value = client.cookies[idling.COOKIE].value
    forged = {"swapped": other.cookies[idling.COOKIE].value, "another": value[::-1]}

    client.cookies[idling.COOKIE] = forged.get(damage, damage)

    assert client.get(PAGE).status_code == 302


def test_using_a_session_writes_nothing(
    owner: User, clock: Clock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(owner)
    clock.pass_by(minutes=20)

    with django_assert_num_queries(2):  # session, me
        assert client.get(reverse("accounts:stay")).status_code == 204
    clock.pass_by(minutes=31)
    with django_assert_num_queries(1):  # session
        assert client.get(PAGE).status_code == 302


# --- where one is signed in ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "
                "Safari/537.36 Edg/140.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1 "
                "Version/26.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        ("curl/8.5 <script>", "curl/8.5 script"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_told_in_words(user_agent: str, words: str) -> None:
    assert signed_in.device(user_agent) == words


def test_each_session_is_listed_and_can_be_ended(
    owner: User, stranger: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    here, there = sign_in(owner), sign_in(owner, **{"User-Agent": FIREFOX})
    sign_in(stranger, **{"User-Agent": "Opera OPR/1"})
    Api(owner)

    with django_assert_num_queries(4):  # session, me, sessions, families
        page = here.get(reverse("accounts:sessions")).content.decode()

    assert page.count("This one") == 1
    assert "Firefox on Linux" in page
    assert "Opera" not in page
    number = re.search(r'name="session"\s+value="(\d+)"', page)
    assert number
    here.post(reverse("accounts:end-session"), {"session": number[1]})
    assert there.get(PAGE).status_code == 302
    assert here.get(PAGE).status_code == 200
    assert not any(session.session_key in page for session in Session.objects.all())


def test_nobody_ends_anothers(owner: User, stranger: User) -> None:
    mine, theirs = sign_in(owner), sign_in(stranger)
    api = Api(stranger)
    number = UserSession.objects.get(user=stranger).pk

    for said in ({"session": str(number)}, {"family": str(api.family.pk)}, {"session": "x"}, {}):
        answer = mine.post(reverse("accounts:end-session"), said, follow=True)
        assert b"It was ended already." in answer.content

    assert theirs.get(PAGE).status_code == 200
    assert api.get("auth/me").status_code == 200


def test_everything_else_is_ended_at_once(owner: User) -> None:
    here, there, api = sign_in(owner), sign_in(owner), Api(owner)

    answer = here.post(reverse("accounts:end-session"), {"others": ""}, follow=True)

    assert b"2 ended." in answer.content
    assert there.get(PAGE).status_code == 302
    assert api.get("auth/me").status_code == 401
    assert here.get(PAGE).status_code == 200


def test_an_administrator_sees_and_ends_them(owner: User, admin: User, client: Client) -> None:
    theirs = sign_in(owner, **{"User-Agent": FIREFOX})
    api = Api(owner)
    client.force_login(admin)
    change = reverse("admin:accounts_user_change", args=[owner.pk])
    assert b"Firefox on Linux, 127.0.0.1; test" in client.get(change).content

    client.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "end_sessions", "_selected_action": [str(owner.pk), str(admin.pk)]},
    )

    assert theirs.get(PAGE).status_code == 302
    assert api.get("auth/me").status_code == 401
    assert client.get(change).status_code == 200
    line = AdminAuditLog.objects.get()
    assert (line.action, line.target_user_id) == ("user.end_sessions", owner.pk)


def test_they_go_with_their_person(owner: User) -> None:
    sign_in(owner)

    owner.delete()

    assert not UserSession.objects.exists()
