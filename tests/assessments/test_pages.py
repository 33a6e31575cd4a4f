"""The pages of an assessment as their forms see them, without any script."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments import answering
from assessments.answering import Given
from assessments.models import Assessment, AssessmentResponse
from assessments.scoring import State
from tests.api.conftest import Api
from tests.factories import answer_all, days, make_assessment, make_completed, now

pytestmark = pytest.mark.django_db


def url(name: str, assessment: Assessment, *args: str) -> str:
    return reverse(f"assessments:{name}", args=[assessment.pk, *args])


def posted(question_id: str, **fields: str | list[str]) -> dict[str, object]:
    """What a browser sends for one question."""
    return {"question": question_id} | {
        f"{name.replace('_', '-')}-{question_id}": value for name, value in fields.items()
    }


def text_of(content: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


# --- query counts --------------------------------------------------------------------------------


def test_the_dashboard_costs_the_same_for_one_or_many(
    owner: User, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        make_completed(owner)
        with django_assert_num_queries(3):  # session, user, assessments
            owner_client.get(reverse("assessments:dashboard"))


def test_what_each_page_costs(
    owner: User, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessment = answer_all(make_assessment(owner), 2)

    # session, user, assessment, responses, and what is with colleagues
    for page, args, count in (
        ("detail", [], 5),
        ("review", [], 4),
        ("questions", ["IAM.3"], 5),
        ("colleagues", [], 4),
    ):
        with django_assert_num_queries(count):
            owner_client.get(url(page, assessment, *args))
    with django_assert_num_queries(4):
        owner_client.get(reverse("assessments:dashboard"))
    with django_assert_num_queries(4):  # session, user, assessment in progress, answers
        owner_client.get(url("consultation", assessment))


def test_what_saving_costs(
    owner: User, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessment = make_assessment(owner)

    # session, user, assessment, its responses; BEGIN aside: lock, responses, upsert, assessment
    with django_assert_num_queries(10):
        owner_client.post(url("save", assessment), posted("GOV.1.1", answer="yes"))


# --- answering -----------------------------------------------------------------------------------


def test_the_page_shows_what_is_stored(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)
    owner_client.post(
        url("questions", assessment, "VUL.2"),
        posted("VUL.2.1", number="12", comment="<i>slow</i>", planned="on"),
    )

    page = owner_client.get(url("questions", assessment, "VUL.2")).content.decode()

    assert 'value="12"' in page
    assert "&lt;i&gt;slow&lt;/i&gt;" in page
    assert re.search(r'name="planned-VUL.2.1"\s+checked', page)
    assert re.search(r'name="revision-VUL.2.1"\s+value="1"', page)
    assert "Falls into the band “8 to 14 days”" in page


def test_saving_goes_on_to_the_next_page_and_from_the_last_to_the_check(
    owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner)

    first = owner_client.post(
        url("questions", assessment, "GOV.1"), posted("GOV.1.1", answer="yes")
    )
    overview = owner_client.post(url("questions", assessment, "GOV.1"), {"overview": ""})
    last = owner_client.post(
        url("questions", assessment, "PHY.1"), posted("PHY.1.1", answer="not_done")
    )
    from_review = owner_client.post(url("questions", assessment, "GOV.1") + "?review", {})

    assert first["Location"] == url("questions", assessment, "RSK.2")
    assert overview["Location"] == url("detail", assessment)
    assert last["Location"] == url("review", assessment)
    assert from_review["Location"] == url("review", assessment)
    assert set(AssessmentResponse.objects.values_list("question_id", flat=True)) == {
        "GOV.1.1",
        "PHY.1.1",
    }


def test_an_untouched_question_is_left_alone(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)

    response = owner_client.post(
        url("questions", assessment, "GOV.1"), posted("GOV.1.1", revision="0", comment="")
    )

    assert response.status_code == 302
    assert not AssessmentResponse.objects.exists()


def test_a_number_and_i_dont_know_together_are_refused_and_both_kept(
    owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner)

    response = owner_client.post(
        url("questions", assessment, "VUL.2"),
        posted("VUL.2.1", number="12", answer="dont_know"),
    )

    page = response.content.decode()
    assert response.status_code == 422
    assert "<title>Error: " in page
    assert page.count("Give a whole number of days, or “Not measured”.") == 2
    assert 'value="12"' in page
    assert re.search(r'value="dont_know"\s+data-apart\s+checked', page)
    assert not AssessmentResponse.objects.exists()


NUMBERS = ["12.5", "1e3", "-3", "NaN", "Infinity", "٣", "9" * 400, "0x10", "12 days"]


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_whole_number_is_kept_in_its_field(
    owner: User, owner_client: Client, number: str
) -> None:
    assessment = make_assessment(owner)

    response = owner_client.post(
        url("questions", assessment, "VUL.2"), posted("VUL.2.1", number=number)
    )

    assert response.status_code == 422
    assert f'value="{number}"' in response.content.decode()
    assert not AssessmentResponse.objects.exists()


def test_not_applicable_needs_a_reason_and_keeps_what_was_typed(
    owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner)
    typed = posted("VUL.2.1", answer="not_applicable", reason="none", comment="ask Kim")

    response = owner_client.post(url("questions", assessment, "VUL.2"), typed)

    page = response.content.decode()
    assert response.status_code == 422
    assert "Say in at least 20 characters why this does not apply to you." in page
    assert ">\nnone</textarea>" in page
    assert ">\nask Kim</textarea>" in page
    assert not AssessmentResponse.objects.exists()


def test_a_comment_that_is_too_long_is_kept_in_full(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)
    comment = "y" * 5000

    response = owner_client.post(
        url("questions", assessment, "GOV.1"), posted("GOV.1.1", answer="yes", comment=comment)
    )

    page = response.content.decode()
    assert response.status_code == 422
    assert "Use at most 4,000 characters; this has 5,000." in page
    assert f">\n{comment}</textarea>" in page
    assert re.search(r'value="yes"\s+checked', page)


def test_a_conflict_shows_both_answers_and_saving_again_means_it(
    owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner)
    page = url("questions", assessment, "GOV.1")
    owner_client.post(page, posted("GOV.1.1", answer="yes", revision="0"))

    conflict = owner_client.post(page, posted("GOV.1.1", answer="no", revision="0"))

    shown = conflict.content.decode()
    assert conflict.status_code == 422
    assert "It now says “Yes”, by the owner of the assessment on" in shown
    assert re.search(r'value="no"\s+checked', shown)
    assert AssessmentResponse.objects.get().answer_value == "yes"
    assert re.search(r'name="revision-GOV.1.1"\s+value="1"', shown)
    again = owner_client.post(page, posted("GOV.1.1", answer="no", revision="1"))
    assert again.status_code == 302
    assert AssessmentResponse.objects.get().answer_value == "no"


@pytest.mark.parametrize(
    ("resolve", "answer", "comment"),
    [
        ("mine", "no", "Asked Kim."),
        ("theirs", "yes", "Says Robin."),
        ("both", "yes", "Says Robin.\n\nAlso said: No.\n\nAsked Kim."),
    ],
)
def test_of_two_answers_one_stays_or_both(
    owner: User, owner_client: Client, resolve: str, answer: str, comment: str
) -> None:
    assessment = make_assessment(owner)
    page = url("questions", assessment, "GOV.1")
    theirs = Given(state=State.ANSWERED, value="yes", comment="Says Robin.")
    answering.save(assessment, {"GOV.1.1": theirs}, at=now())
    mine = posted("GOV.1.1", answer="no", comment="Asked Kim.")
    assert b"Keep both" in owner_client.post(page, {**mine, "revision-GOV.1.1": "0"}).content

    resolved = {**mine, "revision-GOV.1.1": "1", "resolve-GOV.1.1": resolve}
    response = owner_client.post(page, resolved)

    assert (response.status_code, response["Location"]) == (302, page)
    stored = AssessmentResponse.objects.get()
    assert (stored.answer_value, stored.comment) == (answer, comment)


def test_what_does_not_fit_beside_the_other_is_said(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)
    page = url("questions", assessment, "GOV.1")
    theirs = Given(state=State.ANSWERED, value="yes", comment="x" * 3_000)
    answering.save(assessment, {"GOV.1.1": theirs}, at=now())

    mine = posted("GOV.1.1", answer="no", comment="y" * 3_000)
    both = {**mine, "revision-GOV.1.1": "1", "resolve-GOV.1.1": "both"}
    response = owner_client.post(page, both)

    assert response.status_code == 422
    assert b"Use at most 4,000 characters; this has 6,018." in response.content
    assert b"y" * 3_000 in response.content
    assert AssessmentResponse.objects.get().comment == "x" * 3_000


def test_unknown_question_ids_are_named_and_change_nothing(
    owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner)
    data = {"question": ["XXX.1.1", "<b>", "GOV.1.1"], "answer-GOV.1.1": "yes"}

    response = owner_client.post(url("questions", assessment, "GOV.1"), data)

    assert response.status_code == 422
    assert b"XXX.1.1: This question is not in your assessment." in response.content
    assert b"&lt;b&gt;: This question" in response.content
    assert AssessmentResponse.objects.get().question_id == "GOV.1.1"  # what was right is saved


@pytest.mark.parametrize("sub_area", ["XXX.1", "GOV.2", "gov.1", "GOV.1.1", "%00", "a" * 300])
def test_a_page_that_is_not_in_the_assessment_is_not_found(
    owner: User, owner_client: Client, sub_area: str
) -> None:
    assessment = make_assessment(owner)

    assert owner_client.get(url("questions", assessment, sub_area)).status_code == 404


def test_an_answer_after_the_end_is_refused_with_what_was_typed(
    owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner, at=now() - days(16))

    response = owner_client.post(
        url("questions", assessment, "GOV.1"),
        posted("GOV.1.1", answer="yes", comment="Typed <late> at night."),
    )

    assert response.status_code == 409
    assert b"The days of the assessment were over" in response.content
    assert b"Typed &lt;late&gt; at night." in response.content
    assert not AssessmentResponse.objects.exists()


def test_an_expired_assessment_can_be_read_but_offers_nothing_to_change(
    owner: User, owner_client: Client
) -> None:
    assessment = answer_all(make_assessment(owner, at=now() - days(16)), at=now() - days(10))

    overview = owner_client.get(url("detail", assessment)).content.decode()
    page = owner_client.get(url("questions", assessment, "GOV.1")).content.decode()
    review = owner_client.get(url("review", assessment)).content.decode()

    assert "The days of this assessment are over" in overview
    assert "disabled" in page
    assert "<button" not in page[page.index("<form class=") :].split("</form>")[0]
    assert "Complete and see the result" not in review


# --- saving as answers are given -----------------------------------------------------------------


def test_the_script_is_told_what_was_saved(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)

    response = owner_client.post(
        url("save", assessment), posted("GOV.1.1", answer="yes", revision="0")
    )

    body = response.json()
    assert response.status_code == 200
    assert body["revisions"] == {"GOV.1.1": 1}
    assert (body["done"], body["total"], body["refusals"]) == (1, 23, {})
    assert re.fullmatch(r"\d\d:\d\d UTC", body["saved_at"])


def test_the_script_is_told_what_was_refused_and_why(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)

    response = owner_client.post(url("save", assessment), posted("GOV.1.1", answer="perhaps"))

    assert response.status_code == 422
    assert response.json()["refusals"] == {
        "GOV.1.1": {"field": "answer", "message": "Choose one of the answers listed."}
    }


def test_the_script_is_told_that_it_is_too_late(owner: User, owner_client: Client) -> None:
    assessment = make_completed(owner)

    response = owner_client.post(url("save", assessment), posted("GOV.1.1", answer="no"))

    assert response.status_code == 409
    assert response.json() == {"closed": "completed"}


# --- completing ----------------------------------------------------------------------------------


def test_the_check_lists_what_is_open_first(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)
    owner_client.post(url("questions", assessment, "GOV.1"), posted("GOV.1.1", answer="yes"))

    page = text_of(owner_client.get(url("review", assessment)).content)

    assert "1 of 23 answered" in page
    assert page.index("Unanswered: 22") < page.index("GOV.1.1")
    assert page.index("Not answered") < page.index("Complete the assessment")


def test_completing_with_open_questions_asks_first(owner: User, owner_client: Client) -> None:
    assessment = make_assessment(owner)
    owner_client.post(url("questions", assessment, "GOV.1"), posted("GOV.1.1", answer="yes"))

    refused = owner_client.post(url("complete", assessment))
    confirmed = owner_client.post(url("complete", assessment), {"unanswered_confirmed": "on"})

    assert refused.status_code == 422
    assert b"22 questions are unanswered." in refused.content
    assert confirmed.status_code == 302
    assert Assessment.objects.get().status == "completed"


def test_completing_twice_shows_the_one_result(owner: User, owner_client: Client) -> None:
    assessment = answer_all(make_assessment(owner))

    for _ in range(2):
        response = owner_client.post(url("complete", assessment), follow=True)
        assert response.status_code == 200
        assert b"Your security posture" in response.content


# --- consultation --------------------------------------------------------------------------------


def test_a_consultation_is_asked_for_and_added_to(owner: User, owner_client: Client) -> None:
    assessment = make_completed(owner)

    empty = owner_client.post(url("consultation", assessment), {"details": "  "})
    asked = owner_client.post(url("consultation", assessment), {"details": "Call <me>."})
    first = Assessment.objects.get().consultation_requested_at
    owner_client.post(url("consultation", assessment), {"details": "Call me on Monday."})

    assert empty.status_code == 422
    assert asked.status_code == 302
    stored = Assessment.objects.get()
    assert stored.consultation_interest
    assert stored.consultation_details == "Call me on Monday."
    assert stored.consultation_requested_at == first


@pytest.mark.parametrize("details", ["a\x00b", "x" * 4001])
def test_bad_details_are_refused(owner: User, owner_client: Client, details: str) -> None:
    assessment = make_completed(owner)

    response = owner_client.post(url("consultation", assessment), {"details": details})

    assert response.status_code == 422
    assert not Assessment.objects.get().consultation_interest


def test_a_section_to_come_back_to_is_not_completed(owner: User, owner_client: Client) -> None:
    assessment = answer_all(make_assessment(owner))
    api = Api(owner)
    mark = reverse("assessments:mark", args=[assessment.pk, "IAM"])

    def iam() -> dict[str, object]:
        sections = api.get(f"assessments/{assessment.pk}/structure").json()["sections"]
        return next(section for section in sections if section["section_id"] == "IAM")

    assert (iam()["state"], iam()["come_back"]) == ("Completed", False)
    owner_client.post(mark, {"come_back": ""})

    assert (iam()["state"], iam()["come_back"]) == ("In progress", True)
    assert b"18 of 19" in owner_client.get(url("detail", assessment)).content
    assert b"You marked to come back to" in owner_client.get(url("review", assessment)).content
    page = reverse("assessments:questions", args=[assessment.pk, "IAM.3"])
    assert b"I am done with this section" in owner_client.get(page).content
    owner_client.post(mark)
    assert iam()["state"] == "Completed"
    address = f"/api/v1/assessments/{assessment.pk}/sections"
    assert api.patch(f"{address}/IAM", {"come_back": True}).status_code == 204
    assert iam()["state"] == "In progress"
    assert api.patch(f"{address}/XYZ", {"come_back": True}).status_code == 404
    assert owner_client.post(mark.replace("IAM", "XYZ")).status_code == 404


def test_a_closed_assessment_takes_no_mark(owner: User, owner_client: Client) -> None:
    assessment = make_completed(owner)

    marked = owner_client.post(
        reverse("assessments:mark", args=[assessment.pk, "IAM"]), {"come_back": ""}
    )

    assert marked.status_code == 409
    assert Assessment.objects.get().come_back_to == []
