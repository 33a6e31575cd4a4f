"""Answers are saved as they are given, and the page never says more than the database knows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Dialog, Locator, Page, Route, expect
from pytest_playwright import CreateContextCallback

from accounts.models import User
from assessments import answering, completion, starting
from assessments.catalog.questions import NONE_OF_THESE, NOT_MEASURED, Tier
from assessments.models import Assessment, AssessmentResponse
from tests.browser.conftest import Watch, sign_in
from tests.factories import PASSWORD, now, worth

pytestmark = pytest.mark.browser

PAUSE = 1200  # answers.js
SAVED = re.compile(r"^Saved \d\d:\d\d UTC$")
REASON = "Nothing of ours is reachable."

# One page with a question of nearly every kind.
COVERAGE, MATURITY, NUMBER, PRACTICES, OPTIONAL = (f"CPR.2.{number}" for number in range(1, 6))


@pytest.fixture
def assessment(page: Page, owner: User) -> Assessment:
    """Deep, of one section; its owner has signed in."""
    sign_in(page, owner)
    return starting.start(
        owner, tier=Tier.DEEP, section_ids=["CPR"], profile={}, at=now() - timedelta(hours=2)
    )


def address(assessment: Assessment, sub_area_id: str = "CPR.2") -> str:
    return reverse("assessments:questions", args=[assessment.pk, sub_area_id])


def stop_the_clock(page: Page) -> None:
    """From here on only `page.clock.run_for` lets time pass for the page's own timers."""
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=20))


def question(page: Page, question_id: str) -> Locator:
    return page.locator(f'fieldset[data-question="{question_id}"]')


def answer(page: Page, question_id: str, value: str) -> Locator:
    return question(page, question_id).locator(f'[name^="answer-"][value="{value}"]')


def state(page: Page) -> Locator:
    return page.locator(".save-state")


def stored(question_id: str) -> tuple[str, object] | None:
    response = AssessmentResponse.objects.filter(question_id=question_id).first()
    return (response.state, response.answer_value) if response else None


# --- each kind of answer -------------------------------------------------------------------------


def test_each_kind_of_answer_is_saved_as_it_is_given(page: Page, assessment: Assessment) -> None:
    page.clock.install()
    page.goto(address(assessment))
    stop_the_clock(page)

    def given(at_once: Locator | None = None, typed: tuple[Locator, str] | None = None) -> None:
        """Something is done, and by then it must be saved: no time passes beyond the pause."""
        with page.expect_response("**/save/") as answered:
            if at_once:
                at_once.check()
                page.clock.run_for(1)
            if typed:
                typed[0].press_sequentially(typed[1])
                page.clock.run_for(PAUSE - 10)
                expect(state(page)).to_have_text("Not saved yet")
                page.clock.run_for(20)
        assert answered.value.ok
        expect(state(page)).to_have_text(SAVED)

    given(at_once=answer(page, COVERAGE, "under_25"))
    assert stored(COVERAGE) == ("answered", "under_25")
    given(at_once=answer(page, MATURITY, "dont_know"))
    assert stored(MATURITY) == ("dont_know", None)
    given(typed=(page.get_by_label("Number of"), "12"))
    assert stored(NUMBER) == ("answered", 12)
    boxes = question(page, PRACTICES).locator(".choices:not(.apart) input")
    values = [str(boxes.nth(place).get_attribute("value")) for place in (0, 2)]
    given(at_once=boxes.nth(0))
    given(at_once=boxes.nth(2))
    assert stored(PRACTICES) == ("answered", values)
    answer(page, OPTIONAL, "not_applicable").check()
    given(typed=(question(page, OPTIONAL).locator("[name^=reason-]"), REASON))
    assert stored(OPTIONAL) == ("not_applicable", None)

    question(page, COVERAGE).get_by_text("Add a note").click()
    given(typed=(question(page, COVERAGE).locator("[name^=comment-]"), "Half of the sites."))
    given(at_once=question(page, COVERAGE).locator("[name^=planned-]"))
    noted = AssessmentResponse.objects.get(question_id=COVERAGE)
    assert (noted.comment, noted.planned) == ("Half of the sites.", True)

    total = len(assessment.questionnaire.questions)
    expect(page.locator("[data-progress-text]")).to_have_text(f"5 of {total} answered")
    expect(page.locator("[data-page-progress]")).to_have_text("5 of 7")
    minute = AssessmentResponse.objects.latest("updated_at").updated_at
    assert state(page).text_content() in {
        f"Saved {minute + timedelta(minutes=later):%H:%M} UTC" for later in (0, 1)
    }


def test_a_text_is_saved_on_leaving_its_field_or_the_page(
    page: Page, assessment: Assessment
) -> None:
    """The pause is for those who go on typing."""
    page.clock.install()
    page.goto(address(assessment))
    stop_the_clock(page)
    number = page.get_by_label("Number of")

    with page.expect_response("**/save/"):
        number.fill("7")
        number.blur()
        page.clock.run_for(1)
    assert stored(NUMBER) == ("answered", 7)
    expect(state(page)).to_have_text(SAVED)
    with page.expect_response("**/save/"):
        number.fill("8")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # another tab
        page.clock.run_for(1)
    assert stored(NUMBER) == ("answered", 8)


def test_answers_that_stand_apart_exclude_the_others(page: Page, assessment: Assessment) -> None:
    page.goto(address(assessment))
    some = question(page, PRACTICES).locator(".choices:not(.apart) input")
    none = answer(page, PRACTICES, NONE_OF_THESE)
    unknown = answer(page, PRACTICES, "dont_know")

    some.nth(0).check()
    some.nth(1).check()
    none.check()
    assert not some.nth(0).is_checked()
    assert not some.nth(1).is_checked()
    unknown.check()
    assert not none.is_checked()
    some.nth(1).check()
    assert not unknown.is_checked()

    number = page.get_by_label("Number of")
    unmeasured = answer(page, NUMBER, NOT_MEASURED)
    number.fill("12")
    unmeasured.check()
    expect(number).to_have_value("")
    number.press_sequentially("3")  # while still in the field
    assert not unmeasured.is_checked()

    expect(state(page)).to_have_text(SAVED)
    assert stored(NUMBER) == ("answered", 3)
    assert stored(PRACTICES) == ("answered", [some.nth(1).get_attribute("value")])


def test_what_is_still_so_is_confirmed_by_one_tick(
    page: Page, owner: User, assessment: Assessment
) -> None:
    given = {question.id: worth(question, 3) for question in assessment.questionnaire}
    answering.save(assessment, given, at=now())
    completion.complete(assessment, at=now())
    starting.start(owner, tier=Tier.DEEP, section_ids=["CPR"], profile={}, at=now())
    latest = Assessment.objects.latest("attempt_number")
    page.goto(address(latest))
    expect(page.locator("[name^='answer-']:checked")).to_have_count(0)

    for question_id in (COVERAGE, NUMBER, PRACTICES):
        question(page, question_id).get_by_label("Still so:").check()
    expect(state(page)).to_have_text(SAVED)
    expect(answer(page, COVERAGE, "75_94")).to_be_checked()
    answer(page, COVERAGE, "95_100").check()
    expect(question(page, COVERAGE).get_by_label("Still so:")).not_to_be_checked()
    expect(state(page)).to_have_text(SAVED)

    def confirmed() -> dict[str, bool]:
        rows = latest.responses.values_list("question_id", "confirmed_unchanged")
        return dict(rows)

    page.wait_for_load_state("networkidle")
    assert confirmed() == {COVERAGE: False, NUMBER: True, PRACTICES: True}
    before = {r.question_id: r.answer_value for r in assessment.responses.all()}
    for question_id in (NUMBER, PRACTICES):
        assert latest.responses.get(question_id=question_id).answer_value == before[question_id]


def test_the_band_of_a_number_goes_with_the_number(page: Page, assessment: Assessment) -> None:
    page.goto(address(assessment))
    page.get_by_label("Number of").fill("12")
    page.get_by_label("Number of").blur()
    expect(state(page)).to_have_text(SAVED)
    page.reload()
    band = question(page, NUMBER).get_by_text("Falls into the band")
    expect(band).to_be_visible()

    page.get_by_label("Number of").fill("999")

    expect(band).to_have_count(0)


# --- when saving does not succeed ----------------------------------------------------------------


def test_the_network_goes_and_comes_back(page: Page, assessment: Assessment, watch: Watch) -> None:
    watch.expect("net::ERR_INTERNET_DISCONNECTED")
    page.goto(address(assessment))

    page.context.set_offline(True)
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text("Not saved, trying again")
    answer(page, MATURITY, "dont_know").check()
    page.get_by_label("Number of").fill("30")
    assert not AssessmentResponse.objects.exists()
    page.context.set_offline(False)

    expect(state(page)).to_have_text(SAVED)
    assert stored(COVERAGE) == ("answered", "95_100")
    assert stored(MATURITY) == ("dont_know", None)
    assert stored(NUMBER) == ("answered", 30)


def test_without_a_network_the_button_leaves_the_page_as_it_is(
    page: Page, assessment: Assessment, watch: Watch
) -> None:
    watch.expect("net::ERR_INTERNET_DISCONNECTED")
    page.goto(address(assessment))
    question(page, COVERAGE).get_by_text("Add a note").click()
    note = question(page, COVERAGE).locator("[name^=comment-]")

    page.context.set_offline(True)
    note.fill("A thought that must not be lost.")
    page.get_by_role("button", name="Save and continue").click()
    expect(state(page)).to_have_text("Not saved, trying again")
    expect(note).to_have_value("A thought that must not be lost.")
    page.context.set_offline(False)

    expect(state(page)).to_have_text(SAVED)
    assert AssessmentResponse.objects.get().comment == "A thought that must not be lost."


def test_a_server_that_is_away_is_asked_again_and_again(
    page: Page, assessment: Assessment, watch: Watch
) -> None:
    watch.expect("503 POST ", "^policy of .*save/: none")  # an answer of no site
    refused = []

    def refuse(route: Route) -> None:
        refused.append(route.request)
        if len(refused) > 3:
            route.continue_()
        else:
            route.fulfill(status=503, body="restarting")

    page.route("**/save/", refuse)
    page.clock.install()
    page.goto(address(assessment))
    stop_the_clock(page)

    answer(page, COVERAGE, "95_100").check()
    for seconds in (0.001, 2, 4, 8):  # twice as long each time
        with page.expect_response("**/save/"):
            page.clock.run_for(int(1000 * seconds))

    expect(state(page)).to_have_text(SAVED)
    assert len(refused) == 4
    assert stored(COVERAGE) == ("answered", "95_100")


def test_a_session_that_ended_costs_nothing(
    page: Page, owner: User, assessment: Assessment, watch: Watch
) -> None:
    watch.expect("403 POST .*/save/$")  # the page's token is of the session before
    page.goto(address(assessment))
    Session.objects.all().delete()

    answer(page, COVERAGE, "95_100").check()
    page.get_by_label("Number of").fill("30")
    expect(state(page)).to_have_text("Not saved: you are signed out")
    assert not AssessmentResponse.objects.exists()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    tab = opened.value
    tab.get_by_label("E-mail address").fill(owner.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab).to_have_title("Dashboard | Posture")
    tab.close()
    answer(page, MATURITY, "dont_know").check()

    expect(state(page)).to_have_text(SAVED)
    expect(page.get_by_role("link", name="Sign in in another tab")).to_be_hidden()
    assert stored(COVERAGE) == ("answered", "95_100")
    assert stored(NUMBER) == ("answered", 30)
    assert stored(MATURITY) == ("dont_know", None)
    page.get_by_role("button", name="Save and continue").click()  # the form has the new token too
    expect(page).to_have_url(re.compile("/CPR.3/$"))


def test_not_applicable_waits_for_its_reason_and_says_so(
    page: Page, assessment: Assessment
) -> None:
    page.goto(address(assessment))
    reason = question(page, OPTIONAL).locator("[name^=reason-]")
    expect(reason).to_be_hidden()

    answer(page, OPTIONAL, "not_applicable").check()
    expect(reason).to_be_visible()
    expect(state(page)).to_have_text("Not saved yet: the reason is missing")
    answer(page, COVERAGE, "95_100").check()  # others do not wait for it
    expect(page.locator("[data-progress-text]")).to_contain_text("1 of ")
    expect(state(page)).to_have_text("Not saved yet: the reason is missing")
    assert stored(COVERAGE)
    assert stored(OPTIONAL) is None
    reason.fill(REASON)

    expect(state(page)).to_have_text(SAVED)
    assert AssessmentResponse.objects.get(question_id=OPTIONAL).na_reason == REASON


def test_a_refusal_is_shown_at_its_question_until_it_is_mended(
    page: Page, assessment: Assessment, watch: Watch
) -> None:
    watch.expect("422 POST .*/save/$")
    page.goto(address(assessment))
    note = question(page, COVERAGE).locator("[name^=comment-]")

    note.evaluate(
        "(note) => {"
        "  note.value = 'y'.repeat(5000);"
        "  note.dispatchEvent(new Event('change', {bubbles: true}));"
        "}"
    )
    message = page.get_by_text("Use at most 4,000 characters; this has 5,000.")
    expect(message).to_be_visible()
    expect(note).to_have_accessible_description(re.compile("Use at most 4,000 characters"))
    expect(note).to_have_attribute("aria-invalid", "true")
    expect(state(page)).to_have_text("Not saved: see the message at the question")
    answer(page, MATURITY, "dont_know").check()
    expect(page.locator("[data-progress-text]")).to_contain_text("1 of ")
    expect(state(page)).to_have_text("Not saved: see the message at the question")
    assert set(AssessmentResponse.objects.values_list("question_id", flat=True)) == {MATURITY}
    note.fill("y" * 4000)

    expect(state(page)).to_have_text(SAVED)
    expect(message).to_have_count(0)
    assert len(AssessmentResponse.objects.get(question_id=COVERAGE).comment) == 4000


def test_of_two_devices_neither_answer_is_lost_silently(
    page: Page,
    owner: User,
    assessment: Assessment,
    watch: Watch,
    new_context: CreateContextCallback,
) -> None:
    watch.expect("422 POST ")
    page.goto(address(assessment))
    tab = new_context().new_page()
    sign_in(tab, owner)
    tab.goto(address(assessment))

    answer(tab, COVERAGE, "none").check()
    expect(state(tab)).to_have_text(SAVED)
    answer(page, COVERAGE, "95_100").check()

    conflict = question(page, COVERAGE).get_by_text("This answer was changed elsewhere")
    expect(conflict).to_be_visible()
    expect(state(page)).to_have_text("Not saved: see the message at the question")
    assert stored(COVERAGE) == ("answered", "none")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("alert")).to_contain_text("This answer was changed elsewhere")
    expect(conflict).to_contain_text("It now says “None”, by the owner of the assessment on")
    expect(state(page)).to_have_text("Not saved: see the message at the question")
    expect(answer(page, COVERAGE, "95_100")).to_be_checked()
    assert stored(COVERAGE) == ("answered", "none")
    page.get_by_role("button", name="Keep both: mine into the note").click()
    expect(answer(page, COVERAGE, "none")).to_be_checked()
    expect(conflict).to_be_hidden()
    page.reload()
    expect(answer(page, COVERAGE, "none")).to_be_checked()
    both = AssessmentResponse.objects.get(question_id=COVERAGE)
    assert (both.answer_value, both.comment) == ("none", "Also said: All or nearly all.")


def test_an_assessment_completed_elsewhere_is_said_to_be_closed(
    page: Page, assessment: Assessment, watch: Watch
) -> None:
    watch.expect("409 POST .*/save/$")
    page.goto(address(assessment))
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text(SAVED)
    completion.complete(assessment, at=now(), unanswered_confirmed=True)

    answer(page, COVERAGE, "none").check()

    expect(state(page)).to_contain_text("Not saved: this assessment is closed.")
    assert stored(COVERAGE) == ("answered", "95_100")


# --- leaving the page ----------------------------------------------------------------------------


def test_leaving_with_something_unsaved_asks(page: Page, assessment: Assessment) -> None:
    page.clock.install()
    page.goto(address(assessment))
    stop_the_clock(page)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Number of").press_sequentially("30")
    page.evaluate("location.href = '/method/'")
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    assert page.url.endswith(address(assessment))
    with page.expect_response("**/save/"):
        page.clock.run_for(PAUSE)
    expect(state(page)).to_have_text(SAVED)
    page.get_by_role("link", name="All sections").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your assessment")
    assert asked == ["beforeunload"]


def test_the_button_waits_for_what_is_being_saved_and_asks_nothing(
    page: Page, assessment: Assessment
) -> None:
    """Else the form would send revisions that are out of date, and conflict with itself."""
    held: list[Route] = []
    page.route("**/save/", lambda route: route.continue_() if held else held.append(route))
    page.on("dialog", lambda dialog: pytest.fail(f"asked: {dialog.type}"))
    page.goto(address(assessment))
    number = page.get_by_label("Number of")

    with page.expect_request("**/save/"):
        number.fill("1")
        number.blur()
    number.fill("12")
    number.press("Control+Enter")
    page.wait_for_timeout(200)
    assert page.url.endswith(address(assessment))
    held[0].continue_()

    expect(page).to_have_url(re.compile("/CPR.3/$"))
    assert stored(NUMBER) == ("answered", 12)
    assert AssessmentResponse.objects.get().revision == 2


def test_going_back_shows_what_is_stored(page: Page, assessment: Assessment) -> None:
    page.goto(address(assessment))
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text(SAVED)
    page.get_by_role("button", name="Save and continue").click()
    expect(page).to_have_url(re.compile("/CPR.3/$"))
    AssessmentResponse.objects.update(answer_value="none", revision=5)  # on another device

    page.go_back()
    expect(answer(page, COVERAGE, "none")).to_be_checked()
    answer(page, COVERAGE, "under_25").check()

    expect(state(page)).to_have_text(SAVED)
    assert stored(COVERAGE) == ("answered", "under_25")
