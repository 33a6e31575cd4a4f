"""The answers of the assessment before: suggestions, and nothing more until they are confirmed."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments import answering, carrying, completion
from assessments.answering import Given
from assessments.models import Assessment, AssessmentResponse
from assessments.scoring import State
from reports import production
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import make_assessment, make_invitation, now, worth

pytestmark = pytest.mark.django_db

YES = Given(state=State.ANSWERED, value="yes")
STILL = Given(state=State.UNANSWERED, confirmed=True)
REASON = "Nothing of ours can be reached from outside."


@pytest.fixture
def retake(owner: User) -> Assessment:
    """The second attempt. In the first GOV.1.1 was "yes" with a note and IAM.3.1 was not known."""
    first = make_assessment(owner, section_ids=("GOV", "IAM", "VUL"))
    given = {question.id: worth(question, 3) for question in first.questionnaire}
    given["GOV.1.1"] = Given(state=State.ANSWERED, value="yes", comment="The CEO herself.")
    given["IAM.3.1"] = Given(state=State.DONT_KNOW)
    given["VUL.2.1"] = Given(state=State.NOT_APPLICABLE, na_reason=REASON)
    assert not answering.save(first, given, at=now()).refusals
    completion.complete(first, at=now())
    return make_assessment(owner)


def test_a_suggestion_counts_for_nothing(retake: Assessment) -> None:
    assert set(carrying.former(retake)) == {"GOV.1.1", "IAM.3.2", "VUL.2.1"}
    assert retake.answers == {}
    assert len(completion.unanswered(retake)) == 23


def test_a_confirmed_one_is_the_answer_of_then(retake: Assessment) -> None:
    saved = answering.save(retake, {"GOV.1.1": STILL, "VUL.2.1": STILL}, at=now())

    yes, none = saved.responses["GOV.1.1"], saved.responses["VUL.2.1"]
    assert (yes.state, yes.answer_value, yes.comment) == ("answered", "yes", "The CEO herself.")
    assert (none.state, none.na_reason) == ("not_applicable", REASON)
    assert yes.confirmed_unchanged
    assert none.confirmed_unchanged
    assert saved.done == 2


@pytest.mark.parametrize("question_id", ["IAM.3.1", "RES.2.1"])
def test_what_was_not_known_or_not_asked_cannot_be_confirmed(
    retake: Assessment, question_id: str
) -> None:
    saved = answering.save(retake, {question_id: STILL}, at=now())

    assert saved.refusals[question_id].message == (
        "There is no earlier answer to confirm; choose one."
    )


def test_another_answer_is_not_unchanged_whatever_is_ticked(retake: Assessment) -> None:
    no = Given(state=State.ANSWERED, value="no", confirmed=True)
    answering.save(retake, {"GOV.1.1": STILL}, at=now())

    saved = answering.save(retake, {"GOV.1.1": no}, at=now())

    assert not saved.responses["GOV.1.1"].confirmed_unchanged
    same = Given(state=State.ANSWERED, value="yes", confirmed=True)
    assert (
        answering.save(retake, {"GOV.1.1": same}, at=now()).responses["GOV.1.1"].confirmed_unchanged
    )


def test_the_last_completed_before_it_is_asked(owner: User, retake: Assessment) -> None:
    answering.save(retake, {"GOV.1.1": Given(state=State.ANSWERED, value="no")}, at=now())
    completion.complete(retake, at=now(), unanswered_confirmed=True)

    third = make_assessment(owner)

    assert {q: former.value for q, former in carrying.former(third).items()} == {"GOV.1.1": "no"}


def test_an_answer_that_the_catalog_does_not_have_any_more_is_no_suggestion(
    retake: Assessment,
) -> None:
    AssessmentResponse.objects.filter(question_id="GOV.1.1").update(answer_value="perhaps")

    assert "GOV.1.1" not in carrying.former(retake)


def test_a_colleague_confirms_nothing(retake: Assessment) -> None:
    invitation = make_invitation(retake, "GOV")
    invitation.mark_claimed("browser", at=now())
    invitation.save()

    saved = answering.save(retake, {"GOV.1.1": STILL}, at=now(), by=invitation)

    assert "GOV.1.1" in saved.refusals
    assert not retake.responses.exists()


def test_what_a_colleague_leaves_as_it_is_stays_confirmed(retake: Assessment) -> None:
    answering.save(retake, {"GOV.1.1": STILL}, at=now())
    invitation = make_invitation(retake, "GOV")
    invitation.mark_claimed("browser", at=now())
    invitation.save()
    same = Given(state=State.ANSWERED, value="yes", comment="The CEO herself.", confirmed=False)

    answering.save(retake, {"GOV.1.1": same}, at=now(), by=invitation)

    stored = retake.responses.get()
    assert (stored.confirmed_unchanged, stored.revision, stored.answered_by) == (True, 1, None)
    more = Given(state=State.ANSWERED, value="yes", comment="And her deputy.")
    answering.save(retake, {"GOV.1.1": more}, at=now(), by=invitation)
    stored.refresh_from_db()
    assert (stored.confirmed_unchanged, stored.answered_by) == (True, invitation)


def test_the_owner_takes_the_mark_away(retake: Assessment) -> None:
    answering.save(retake, {"GOV.1.1": STILL}, at=now())
    yes = Given(state=State.ANSWERED, value="yes", comment="The CEO herself.", confirmed=False)

    answering.save(retake, {"GOV.1.1": yes}, at=now())

    assert not retake.responses.get().confirmed_unchanged


def test_the_database_refuses_to_call_nothing_unchanged(retake: Assessment) -> None:
    answering.save(retake, {"GOV.1.1": Given(state=State.DONT_KNOW)}, at=now())

    with pytest.raises(IntegrityError), transaction.atomic():
        retake.responses.update(confirmed_unchanged=True)


def test_the_page_suggests_and_confirms(
    owner_client: Client, retake: Assessment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse("assessments:questions", args=[retake.pk, "GOV.1"])

    # session, user, assessment, answers, colleagues, answers of then
    with django_assert_num_queries(6):
        page = owner_client.get(address).content.decode()

    assert "Still so: Yes" in page
    filled = re.search(r'data-former="([^"]*)"', page)
    assert filled
    assert json.loads(html.unescape(filled[1])) == [
        ["confirmed-GOV.1.1", "on"],
        ["answer-GOV.1.1", "yes"],
        ["comment-GOV.1.1", "The CEO herself."],
        ["reason-GOV.1.1", ""],
    ]
    posted = {"question": "GOV.1.1", "revision-GOV.1.1": "0", "confirmed-GOV.1.1": "on"}
    assert owner_client.post(address, posted).status_code == 302
    assert retake.responses.get().confirmed_unchanged
    again = owner_client.get(address).content.decode()
    assert re.search(r'data-former="[^"]*"\s+checked', again)


def test_by_the_api(owner: User, retake: Assessment) -> None:
    api = Api(owner)
    mine = f"assessments/{retake.pk}"
    former = api.get(f"{mine}/former-answers").json()["results"]
    assert {each["question_id"] for each in former} == {"GOV.1.1", "IAM.3.2", "VUL.2.1"}

    batch = [{"question_id": each["question_id"], "confirmed_unchanged": True} for each in former]
    assert api.post(f"{mine}/responses", {"responses": batch}).json()["done"] == 3
    one = api.put(f"{mine}/responses/GOV.1.1", {"value": "no", "confirmed_unchanged": True}).json()

    assert (one["value"], one["confirmed_unchanged"]) == ("no", False)
    again = api.post(
        f"{mine}/responses",
        {"responses": [{"question_id": "IAM.3.2", "value": former[1]["value"]}]},
    )
    assert again.status_code == 200
    stored = api.get(f"{mine}/responses").json()["results"]
    assert {each["question_id"]: each["confirmed_unchanged"] for each in stored} == {
        "GOV.1.1": False,
        "IAM.3.2": True,
        "VUL.2.1": True,
    }


def test_the_report_says_what_was_confirmed(retake: Assessment) -> None:
    answering.save(retake, {"GOV.1.1": STILL, "IAM.3.2": STILL}, at=now())
    completed = completion.complete(retake, at=now(), unanswered_confirmed=True)

    document = production.document(Report.objects.get(assessment=completed))

    assert document.method.unchanged_sentence == (
        "2 answers of the assessment before were confirmed as unchanged, and not chosen anew."
    )
    topics = [topic for section in document.sections for topic in section.topics]
    cards = [card for topic in topics for card in topic.cards]
    assert {card.question_id for card in cards if card.confirmed_unchanged} == {
        "GOV.1.1",
        "IAM.3.2",
    }


def test_a_first_assessment_asks_for_nothing(
    owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessment = make_assessment(owner)

    with django_assert_num_queries(0):
        assert carrying.former(assessment) == {}
