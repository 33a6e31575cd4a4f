"""The days of an assessment: a few more once, reminders that know how far one is, giving up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries

from accounts import mailbox
from accounts.models import AdminAuditLog, User
from assessments import expiry
from assessments.errors import Closed, ExtensionRefused
from assessments.models import Assessment, AssessmentResponse
from tests.api.conftest import Api
from tests.factories import answer_all, days, make_assessment, make_completed, make_user, now

pytestmark = pytest.mark.django_db


def ending(user: User, left: float, **values: Any) -> Assessment:
    """In progress, with so many days left; over where that is negative."""
    assessment = make_assessment(user)
    Assessment.objects.filter(pk=assessment.pk).update(
        started_at=now() - days(40), expires_at=now() + days(left), **values
    )
    return Assessment.objects.get(pk=assessment.pk)


# --- seven days more -----------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "gives"), [(6.9, 13.9), (0.1, 7.1), (-0.1, 7), (-29, 7)])
def test_seven_days_are_added_once(owner: User, left: float, gives: float) -> None:
    assessment = ending(owner, left)
    expiry.expire_due(now())

    extended = expiry.extend(assessment, at=now())

    assert abs(extended.expires_at - (now() + days(gives))) < timedelta(minutes=1)
    assert extended.is_open
    with pytest.raises(ExtensionRefused, match="taken already"):
        expiry.extend(assessment, at=now())


@pytest.mark.parametrize("left", [7.1, -30.1])
def test_not_too_early_and_not_too_late(owner: User, left: float) -> None:
    with pytest.raises(ExtensionRefused, match="from a week before"):
        expiry.extend(ending(owner, left), at=now())


def test_a_completed_one_has_no_days(owner: User, admin: User) -> None:
    completed = make_completed(owner)

    with pytest.raises(ExtensionRefused, match="completed"):
        expiry.extend(completed, at=now())
    with pytest.raises(ExtensionRefused, match="completed"):
        expiry.extend_by_admin(completed, days=3, by=admin, at=now())


def test_only_one_can_be_in_progress(owner: User) -> None:
    over = ending(owner, -1)
    expiry.expire_due(now())
    make_assessment(owner)

    with pytest.raises(ExtensionRefused, match="only one can be"):
        expiry.extend(over, at=now())

    over.refresh_from_db()
    assert (over.status, over.extended_at) == ("expired", None)


def test_an_administrator_gives_more_and_it_is_written_down(owner: User, admin: User) -> None:
    assessment = ending(owner, -3)
    expiry.extend(assessment, at=now())

    extended = expiry.extend_by_admin(assessment, days=10, by=admin, at=now())

    assert abs(extended.expires_at - (now() + days(17))) < timedelta(minutes=1)
    assert AdminAuditLog.objects.get().details == {"assessment": str(assessment.pk), "days": 10}


def test_by_the_page_and_by_the_api(owner: User, owner_client: Client) -> None:
    assessment = ending(owner, -1)
    page = owner_client.get(assessment.get_absolute_url())
    assert b"Take seven days more" in page.content

    said = owner_client.post(reverse("assessments:extend", args=[assessment.pk]), follow=True)
    refused = Api(owner).post(f"assessments/{assessment.pk}/extend")

    assert b"You have until" in said.content
    assert b"Take seven days more" not in said.content
    assert (refused.status_code, refused.json()["code"]) == (409, "extension_refused")


# --- reminders -----------------------------------------------------------------------------------


def reminded() -> list[str]:
    """Subjects, oldest first."""
    return [message.subject for message in reversed(mailbox.received())]


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_each_day_is_reminded_of_once(owner: User) -> None:
    assessment = ending(owner, 10)
    at = assessment.expires_at
    counts = [
        expiry.remind_due(at - days(left))
        for left in (10, 7.1, 6.9, 6.9, 5, 3.1, 2.9, 2.9, 0.9, 0.9, 0.1, -0.1)
    ]

    assert counts == [0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0]


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_after_a_pause_only_the_most_urgent_goes_out(owner: User) -> None:
    ending(owner, 0.5)

    assert [expiry.remind_due(now()) for _ in range(3)] == [1, 0, 0]
    assert reminded() == ["Posture: 1 day left for your assessment"]


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (0, "your assessment waits for its first answer. It has 23 questions"),
        (1, "1 of 23 questions are answered. Go on with Risk: 1 left there"),
        (23, "everything is answered. Look at your answers once more"),
    ],
)
def test_it_knows_how_far_somebody_is(owner: User, answered: int, words: str) -> None:
    assessment = ending(owner, 2)
    answer_all(assessment)
    kept = [question.id for question in assessment.questionnaire][:answered]
    AssessmentResponse.objects.exclude(question_id__in=kept).delete()

    expiry.remind_due(now())

    (message,) = mailbox.received()
    assert words in message.body
    assert reverse("assessments:resume", args=[assessment.pk]) in message.body


def test_nobody_else_is_reminded(owner: User) -> None:
    make_completed(owner)
    ending(make_user("over@example.org"), -1)
    ending(make_user("early@example.org"), 9)
    gone = ending(make_user("gone@example.org"), 2)
    User.objects.filter(pk=gone.user_id).update(is_active=False)
    unwilling = make_user("unwilling@example.org")
    ending(unwilling, 2)
    unwilling_api = Api(unwilling)
    assert unwilling_api.get("auth/me").json()["reminders"] is True
    assert unwilling_api("patch", "auth/me", {"reminders": False}).json()["reminders"] is False

    assert expiry.remind_due(now()) == 0
    client = Client()
    client.force_login(unwilling)
    profile = {"full_name": "Pat", "company_name": "Example Ltd", "paper": "A4"}
    profile["reminders"] = "on"
    client.post(reverse("accounts:profile"), profile)
    assert expiry.remind_due(now()) == 1


# --- going on, and giving up ---------------------------------------------------------------------


def test_resuming_leads_to_the_next_open_question(
    owner: User, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessment = make_assessment(owner)
    address = reverse("assessments:resume", args=[assessment.pk])

    with django_assert_num_queries(4):  # session, me, assessment, responses
        first = owner_client.get(address)
    answer_all(assessment)
    done = owner_client.get(address)

    assert first["Location"] == reverse("assessments:questions", args=[assessment.pk, "GOV.1"])
    assert done["Location"] == reverse("assessments:review", args=[assessment.pk])


def test_the_end_is_an_entry_for_a_calendar(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)

    answer = owner_client.get(reverse("assessments:calendar", args=[assessment.pk]))

    (entry,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert entry.decoded("dtstart") == assessment.expires_at.replace(microsecond=0)
    assert len(entry.walk("VALARM")) == 1
    assert owner.email.encode() not in answer.content
    assert answer["Content-Type"].startswith("text/calendar")


def test_a_draft_is_deleted_after_saying_what_goes(owner: User, owner_client: Client) -> None:
    assessment = answer_all(make_assessment(owner))
    address = reverse("assessments:delete", args=[assessment.pk])

    asked = owner_client.get(address)
    assert b"23 of 23 answers go with it" in asked.content
    assert Assessment.objects.count() == 1
    owner_client.post(address)

    assert not Assessment.objects.exists()
    assert not AssessmentResponse.objects.exists()
    assert make_assessment(owner).attempt_number == 1


def test_what_is_not_a_draft_stays(owner: User, owner_client: Client) -> None:
    completed = make_completed(owner)
    over = ending(owner, -1)

    for assessment in (completed, over):
        with pytest.raises(Closed):
            expiry.delete_draft(assessment, at=now())
        owner_client.post(reverse("assessments:delete", args=[assessment.pk]))
        assert Api(owner).delete(f"assessments/{assessment.pk}").status_code == 409
    assert Assessment.objects.count() == 2
    draft = make_assessment(make_user("other@example.org"))
    assert Api(owner).delete(f"assessments/{draft.pk}").status_code == 404
    assert Api(draft.user).delete(f"assessments/{draft.pk}").status_code == 204
