"""The console of the administrators: the Django admin over the same functions."""

from __future__ import annotations

import csv
import re
import threading
from contextlib import closing
from io import BytesIO

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from accounts import mailbox, people
from accounts.models import AdminAuditLog, User
from assessments import answering, consultation
from assessments.models import Assessment, AssessmentResponse
from assessments.scoring import State
from posture.database.subject import STAFF, acting_as
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import (
    PASSWORD,
    answer_all,
    days,
    make_assessment,
    make_completed,
    make_report,
    make_user,
    now,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def console(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def act(console: Client, model: str, action: str, *chosen: object) -> object:
    return console.post(
        reverse(f"admin:{model}_changelist"),
        {"action": action, "_selected_action": [str(pk) for pk in chosen]},
        follow=True,
    )


def test_lists_cost_the_same_for_one_or_many(
    console: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        make_completed(make_user(f"{number}@example.org"))
        for model, count in (
            ("accounts_user", 4),  # session, me, count, people
            ("assessments_assessment", 4),
            ("assessments_assessmentresponse", 4),
            ("reports_report", 4),
        ):
            with django_assert_num_queries(count):
                assert console.get(reverse(f"admin:{model}_changelist")).status_code == 200


# --- people --------------------------------------------------------------------------------------
@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_a_new_person_is_told_how_to_choose_a_password(console: Client) -> None:
    page = console.get(reverse("admin:accounts_user_add")).content.decode()
    console.post(
        reverse("admin:accounts_user_add"),
        {"email": "New@Example.org", "full_name": "New", "company_name": "Ltd"},
    )

    user = User.objects.get(email="new@example.org")
    assert not re.search(r'type="password"|name="password', page)
    assert not user.has_usable_password()
    message = mailbox.received()[0]
    assert message.to == "new@example.org"
    assert reverse("account_reset_password") in message.body


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_an_invited_person_gets_in_by_the_code(console: Client) -> None:
    console.post(
        reverse("admin:accounts_user_add"),
        {"email": "new@example.org", "full_name": "New", "company_name": "Ltd"},
    )
    browser = Client()
    password = "a password of their own"

    browser.post(reverse("account_reset_password"), {"email": "new@example.org"})
    code = re.search(r"^    (\S+)$", mailbox.received()[0].body, re.MULTILINE)
    assert code
    browser.post(reverse("account_confirm_password_reset_code"), {"code": code[1]})
    browser.post(
        reverse("account_complete_password_reset"), {"password1": password, "password2": password}
    )
    browser.post(reverse("account_login"), {"login": "new@example.org", "password": password})

    assert browser.get(reverse("assessments:dashboard")).status_code == 200
    assert EmailAddress.objects.get(email="new@example.org").verified


def test_a_second_account_for_an_address_is_refused_at_the_field(console: Client) -> None:
    make_user("there@example.org")

    response = console.post(
        reverse("admin:accounts_user_add"),
        {"email": "THERE@example.org", "full_name": "x", "company_name": "y"},
    )

    assert response.status_code == 200
    assert b"There is an account with this address already." in response.content
    assert User.objects.filter(email__iexact="there@example.org").count() == 1


def test_the_pages_of_a_person_show_no_password(console: Client) -> None:
    user = make_user()

    page = console.get(reverse("admin:accounts_user_change", args=[user.pk])).content.decode()

    assert user.password not in page
    assert not re.search(r'type="password"|name="password', page)


def test_deactivating_ends_the_sessions_and_nothing_else(console: Client, admin: User) -> None:
    user = make_user()
    make_completed(user)
    theirs = Client()
    theirs.force_login(user)

    act(console, "accounts_user", "deactivate", user.pk, admin.pk)

    assert theirs.get(reverse("assessments:dashboard")).status_code == 302
    assert Assessment.objects.filter(user=user).exists()
    admin.refresh_from_db()
    assert admin.is_active  # nobody locks themselves out


@pytest.mark.usefixtures("worker")
def test_asking_for_a_new_password_ends_the_present_one(
    console: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    user = make_user()
    theirs = Client()
    theirs.force_login(user)

    with django_capture_on_commit_callbacks(execute=True):
        act(console, "accounts_user", "send_reset", user.pk)

    user.refresh_from_db()
    assert not user.has_usable_password()
    assert theirs.get(reverse("assessments:dashboard")).status_code == 302
    assert mailbox.received()[0].to == user.email


def test_nobody_gives_up_or_takes_rights_by_a_slip(console: Client, admin: User) -> None:
    console.post(
        reverse("admin:accounts_user_change", args=[admin.pk]),
        {"full_name": "A", "company_name": "B", "email": "other@example.org"},
    )

    admin.refresh_from_db()
    assert (admin.full_name, admin.is_admin, admin.is_active) == ("A", True, True)
    assert admin.email == "admin@example.org"
    assert (
        console.post(
            reverse("admin:accounts_user_delete", args=[admin.pk]), {"post": "yes"}
        ).status_code
        == 403
    )


def test_an_administrator_deletes_a_person_with_everything(console: Client) -> None:
    user = make_user()
    make_completed(user)

    console.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"})

    assert not User.objects.filter(pk=user.pk).exists()
    for model in (Assessment, AssessmentResponse, Report):
        assert not model.objects.exists()


def test_the_last_administrator_stays(console: Client, admin: User) -> None:
    other = make_user("other-admin@example.org", is_admin=True)
    people.change(other, by=admin, is_admin=False)
    farewell = {"password": PASSWORD, "understood": "on"}

    page = console.post(reverse("accounts:delete"), farewell)
    answer = Api(admin, second_factor=True)("delete", "auth/me", {**farewell, "understood": True})

    assert page.status_code == 409
    assert b"You are the last administrator" in page.content
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    for refused in ({"is_admin": False}, {"is_active": False}):
        with pytest.raises(people.LastAdministrator):
            people.change(admin, by=other, **refused)
    with pytest.raises(people.LastAdministrator):
        people.delete(admin, by=other)
    people.change(other, by=admin, is_admin=True)
    assert console.post(reverse("accounts:delete"), farewell).status_code == 302
    assert User.objects.get(is_admin=True) == other


@pytest.mark.django_db(transaction=True)
def test_of_two_who_remove_each_other_one_stays() -> None:
    both = [make_user(f"{name}@example.org", is_admin=True) for name in "ab"]
    started = threading.Barrier(2)
    outcomes: list[str] = []

    def remove(other: User, by: User) -> None:
        with acting_as(STAFF), closing(connection):
            started.wait()
            try:
                people.change(other, by=by, is_admin=False)
                outcomes.append("removed")
            except people.LastAdministrator:
                outcomes.append("refused")

    threads = [
        threading.Thread(target=remove, args=pair)
        for pair in ((both[0], both[1]), (both[1], both[0]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused", "removed"]
    assert User.objects.filter(is_admin=True).count() == 1


def test_an_act_is_about_a_hundred_rows_or_none(console: Client) -> None:
    User.objects.bulk_create(User(email=f"{number}@example.org") for number in range(101))
    everybody = list(User.objects.filter(is_admin=False).values_list("pk", flat=True))
    address = reverse("admin:accounts_user_changelist")
    across = {"action": "deactivate", "select_across": "1", "_selected_action": [everybody[0]]}

    for response in (
        act(console, "accounts_user", "deactivate", *everybody),
        console.post(address, across, follow=True),
    ):
        assert "Nothing was done: 10" in str(response.content)  # type: ignore[attr-defined]  # 101, or 102
        assert User.objects.filter(is_active=False).count() == 0
    act(console, "accounts_user", "deactivate", *everybody[:100])
    assert User.objects.filter(is_active=False).count() == 100


# --- assessments and answers ---------------------------------------------------------------------
def test_an_assessment_is_shown_with_every_answer_and_cannot_be_changed(
    console: Client, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessment = make_assessment(owner)
    answering.save(
        assessment,
        {
            "GOV.1.1": answering.Given(
                state=State.ANSWERED, value="partly", comment="<b>Only</b> by word of mouth."
            )
        },
        at=now(),
    )
    url = reverse("admin:assessments_assessment_change", args=[assessment.pk])

    console.get(url)  # what Django remembers for the process
    # session, me, assessment with its user, its scorecard, responses
    with django_assert_num_queries(5):
        page = console.get(url).content.decode()
    console.post(url, {"status": "completed", "progress_percentage": "100"})

    assert "Partly" in page
    assert "&lt;b&gt;Only&lt;/b&gt; by word of mouth." in page
    assert 'name="_save"' not in page
    assessment.refresh_from_db()
    assert (assessment.status, assessment.progress_percentage) == ("in_progress", 4)


def test_the_result_of_a_completed_one_is_shown(console: Client, owner: User) -> None:
    assessment = make_completed(owner, 4)

    page = console.get(reverse("admin:assessments_assessment_change", args=[assessment.pk]))

    assert b"100.0 of 100, up to 100.0, level 3 Defined" in page.content


# --- reports -------------------------------------------------------------------------------------
def test_failed_reports_are_ordered_again_and_others_left_alone(
    console: Client, owner: User, stranger: User
) -> None:
    failed, pending = make_report(owner), make_report(stranger)
    Report.objects.filter(pk=failed.pk).update(status="failed", failure_reason="Why <so>?")

    page = console.get(reverse("admin:reports_report_change", args=[failed.pk]))
    act(console, "reports_report", "order_again", failed.pk, pending.pk)

    assert b"Why &lt;so&gt;?" in page.content
    assert list(
        Report.objects.filter(user=owner).order_by("requested_at").values_list("status", flat=True)
    ) == ["failed", "pending"]
    assert Report.objects.filter(user=stranger).count() == 1


# --- the front page, consultations, more days ----------------------------------------------------


def test_the_front_page_counts_what_there_is(
    console: Client, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_completed(owner)
    make_assessment(owner)
    quiet = make_assessment(make_user("quiet@example.org"))
    Assessment.objects.filter(pk=quiet.pk).update(
        started_at=now() - days(13), expires_at=now() + days(2)
    )
    left = answer_all(make_assessment(make_user("left@example.org")))
    AssessmentResponse.objects.filter(assessment=left, section_id="IAM").update(
        updated_at=now() + days(1)
    )
    wish = Assessment.objects.get(user=owner, status="completed")
    consultation.request(wish, "Call me.", at=now())
    cache.clear()

    # session, me, assessments, people, left off, reports, insights
    with django_assert_num_queries(7):
        page = console.get(reverse("admin:index"))
    with django_assert_num_queries(2):  # counted once a minute
        console.get(reverse("admin:index"))

    counted = page.context["counted"]
    assert {
        name: counted[name]
        for name in (
            "users", "in_progress", "completed", "stuck", "ends_soon", "open_consultations",
            "users_started", "users_answered", "users_completed", "failed", "to_review",
        )
    } == {
        "users": 4, "in_progress": 3, "completed": 1, "stuck": 1, "ends_soon": 1,
        "open_consultations": 1, "users_started": 3, "users_answered": 2, "users_completed": 1,
        "failed": 0, "to_review": 0,
    }  # fmt: skip
    assert counted["left_off"] == [("Identity and authentication", 1, 1)]
    for filtered, found in (("attention=stuck", 1), ("attention=ends_soon", 1), ("", 4)):
        listed = console.get(f"{reverse('admin:assessments_assessment_changelist')}?{filtered}")
        assert listed.context["cl"].result_count == found


def test_consultations_are_marked_and_saved_as_tables(console: Client, owner: User) -> None:
    wish = make_completed(owner)
    consultation.request(wish, '=HYPERLINK("https://evil.example")', at=now())

    act(console, "assessments_consultation", "mark_contacted", wish.pk)
    csv_file = console.post(
        reverse("admin:assessments_consultation_changelist"),
        {"action": "as_csv", "_selected_action": [str(wish.pk)]},
    )
    xlsx_file = console.post(
        reverse("admin:assessments_consultation_changelist"),
        {"action": "as_xlsx", "_selected_action": [str(wish.pk)]},
    )

    wish.refresh_from_db()
    assert wish.consultation_state == "contacted"
    assert AdminAuditLog.objects.get().action == "consultation.mark"
    rows = list(csv.reader(csv_file.content.decode("utf-8-sig").splitlines()))
    assert rows[1][1:] == [
        "Contacted", "Example Ltd", "Pat Person", owner.email, "'=HYPERLINK(\"https://evil.example\")",
    ]  # fmt: skip
    sheet = load_workbook(BytesIO(xlsx_file.content)).active
    assert sheet
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells == rows
    assert csv_file["Content-Disposition"] == 'attachment; filename="consultations.csv"'
    page = console.get(reverse("admin:assessments_consultation_change", args=[wish.pk]))
    assert page.status_code == 200


def test_more_days_are_given_in_the_console(console: Client, owner: User) -> None:
    completed = make_completed(owner)
    present = make_assessment(owner)

    page = act(console, "assessments_assessment", "give_seven_days", completed.pk, present.pk)

    before = present.expires_at
    present.refresh_from_db()
    assert present.expires_at == before + days(7)
    assert "The assessment is completed." in page.content.decode()  # type: ignore[attr-defined]
    assert AdminAuditLog.objects.get().action == "assessment.extend"


def test_by_the_api_too(admin: User, owner: User) -> None:
    api = Api(admin, second_factor=True)
    wish = make_completed(owner)
    consultation.request(wish, "Call me.", at=now())
    present = make_assessment(owner)

    marked = api.patch(f"admin/consultations/{wish.pk}", {"state": "closed"})
    listed = api.get("admin/consultations").json()["results"]
    more = api.post(f"admin/assessments/{present.pk}/extend", {"days": 3})

    assert (marked.status_code, more.status_code) == (204, 204)
    assert [each["state"] for each in listed] == ["closed"]
    assert api.get("admin/stats").json()["open_consultations"] == 0
