"""What was given on a device is kept there until the server has it, and arrives exactly once."""

from __future__ import annotations

import random
import re
from contextlib import suppress

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Dialog, Error, Page, Route, expect

from accounts.models import User
from assessments.models import Assessment, AssessmentResponse
from tests.browser.conftest import Watch, sign_in
from tests.browser.test_saving import (
    COVERAGE,
    MATURITY,
    SAVED,
    address,
    answer,
    assessment,
    question,
    state,
    stored,
)
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.browser
__all__ = ["assessment"]

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('unsent/')).length"
FAULTS = ("lost request", "lost answer", "closed tab", "signed out", "second tab")


@pytest.fixture(autouse=True)
def failures_on_purpose(watch: Watch) -> None:
    watch.expect("net::ERR_", "403 POST .*/save/$")


def expect_nothing_kept(page: Page) -> None:
    """The content policy lets no test wait for an expression inside the page."""
    for _ in range(100):
        if page.evaluate(KEPT) == 0:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{page.evaluate(KEPT)} answers are still kept on the device")


def test_an_answer_outlives_its_tab_and_arrives_once(page: Page, assessment: Assessment) -> None:
    page.route("**/save/", lambda route: route.abort())
    page.goto(address(assessment))
    answer(page, COVERAGE, "95_100").check()
    question(page, COVERAGE).get_by_text("Add a note").click()
    question(page, COVERAGE).locator("[name^=comment-]").fill("Half of the sites.")
    expect(state(page)).to_have_text("Not saved, trying again")
    context = page.context
    page.close()
    assert not AssessmentResponse.objects.exists()

    page = context.new_page()
    page.goto(reverse("assessments:dashboard"))
    expect(page.get_by_text("1 answer is waiting on this device")).to_be_visible()
    page.goto(assessment.get_absolute_url())
    expect(page.get_by_text("1 answer is waiting on this device")).to_be_visible()
    page.get_by_role("link", name=COVERAGE).click()

    expect(state(page)).to_have_text(SAVED)
    response = AssessmentResponse.objects.get()
    assert (response.answer_value, response.comment) == ("95_100", "Half of the sites.")
    assert response.revision == 2  # as it was tried first, then with its note
    assert page.evaluate(KEPT) == 0
    page.goto(assessment.get_absolute_url())
    expect(page.get_by_text("waiting on this device")).to_have_count(0)


def test_an_answer_that_arrived_unheard_is_no_conflict_with_a_newer_one(
    page: Page, assessment: Assessment
) -> None:
    def swallow(route: Route) -> None:
        with suppress(Error):  # a try may be under way while the page is left
            route.fetch()
            route.abort()

    page.route("**/save/", swallow)
    page.goto(address(assessment))
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text("Not saved, trying again")
    assert stored(COVERAGE) == ("answered", "95_100")
    answer(page, COVERAGE, "none").check()
    page.unroute("**/save/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()

    expect(state(page)).to_have_text(SAVED)
    assert stored(COVERAGE) == ("answered", "none")
    assert AssessmentResponse.objects.get().revision == 2


def test_an_answer_outlives_its_session(page: Page, owner: User, assessment: Assessment) -> None:
    page.goto(address(assessment))
    Session.objects.all().delete()
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text("Not saved: you are signed out")

    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_label("E-mail address").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile(re.escape(address(assessment))))
    expect(state(page)).to_have_text(SAVED)
    assert stored(COVERAGE) == ("answered", "95_100")


def test_two_tabs_show_the_same(page: Page, assessment: Assessment) -> None:
    page.goto(address(assessment))
    tab = page.context.new_page()
    tab.goto(address(assessment))

    answer(tab, COVERAGE, "none").check()
    expect(answer(page, COVERAGE, "none")).to_be_checked()
    answer(page, COVERAGE, "95_100").check()

    expect(answer(tab, COVERAGE, "95_100")).to_be_checked()
    expect(state(page)).to_have_text(SAVED)
    assert stored(COVERAGE) == ("answered", "95_100")


def test_signing_out_says_what_is_not_saved_and_leaves_nothing(
    page: Page, assessment: Assessment
) -> None:
    page.route("**/save/", lambda route: route.abort())
    page.goto(address(assessment))
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text("Not saved, trying again")
    said: list[str] = []
    accept = False

    def decide(dialog: Dialog) -> None:
        said.append(dialog.message)
        if accept or dialog.type == "beforeunload":
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", decide)
    page.goto(reverse("assessments:dashboard"))
    said.clear()
    page.goto(reverse("account_logout"))
    button = page.get_by_role("main").get_by_role("button", name="Sign out")
    button.click()
    assert said == ["Not saved yet: 1 answer. Signing out removes them from this device. Sign out?"]
    assert page.evaluate(KEPT) == 1
    accept = True
    button.click()

    expect(page.get_by_role("link", name="Register").first).to_be_visible()
    assert page.evaluate(KEPT) == 0


def test_another_person_finds_nothing(page: Page, assessment: Assessment) -> None:
    page.route("**/save/", lambda route: route.abort())
    page.goto(address(assessment))
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text("Not saved, trying again")
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, make_user("somebody.else@example.org"))

    page.goto(reverse("assessments:dashboard"))

    expect_nothing_kept(page)
    expect(page.get_by_text("waiting on this device")).to_have_count(0)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_last_answers_are_stored(
    page: Page, owner: User, assessment: Assessment, seed: int
) -> None:
    """Faults at random between giving an answer and its acknowledgement."""
    endure(page, owner, assessment, random.Random(seed))  # repeatable, not secret


def endure(page: Page, owner: User, assessment: Assessment, chance: random.Random) -> None:
    context = page.context

    def opened() -> Page:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(address(assessment))
        return page

    def swallow(route: Route) -> None:
        route.fetch()
        route.abort()

    def cut(route: Route) -> None:
        route.abort()

    page.close()
    page = opened()
    wanted: dict[str, str] = {}
    for _ in range(4):
        fault = chance.choice(FAULTS)
        if fault == "signed out":
            Session.objects.all().delete()
        elif fault == "second tab":
            expect_nothing_kept(page)
            second = opened()
            page.close()
            page = second
        else:
            context.route("**/save/", swallow if fault == "lost answer" else cut)
        for question_id in chance.sample([COVERAGE, MATURITY], chance.choice([1, 2])):
            values = question(page, question_id).locator("input[type=radio]:not([data-apart])")
            chosen = values.nth(chance.randrange(values.count()))
            wanted[question_id] = str(chosen.get_attribute("value"))
            chosen.check()
        if fault in ("lost request", "lost answer"):
            expect(state(page)).not_to_have_text(re.compile("^Saving$"))
        context.unroute_all(behavior="ignoreErrors")
        if fault == "signed out":
            sign_in(page, owner)
        page.close()
        page = opened()
        expect_nothing_kept(page)
    expect(state(page)).to_have_text(SAVED)
    expect_nothing_kept(page)
    assert {question_id: stored(question_id) for question_id in wanted} == {
        question_id: ("answered", value) for question_id, value in wanted.items()
    }
    page.close()
