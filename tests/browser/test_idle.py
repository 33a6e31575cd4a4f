"""A session that nobody uses says so before it ends, and nothing is lost by it."""

from __future__ import annotations

import re
import time

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts import idling
from accounts.models import User
from assessments.models import Assessment
from tests.browser.conftest import sign_in
from tests.browser.test_saving import COVERAGE, SAVED, address, answer, assessment, state, stored
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser
__all__ = ["assessment"]

MINUTE = 60_000


def test_one_key_keeps_the_session(page: Page, owner: User) -> None:
    sign_in(page, owner)
    page.clock.install()  # for both tabs
    page.goto(reverse("assessments:dashboard"))
    other = page.context.new_page()
    other.goto(reverse("reports:index"))
    warning = page.get_by_role("dialog", name="Are you still there?")
    assert idling.IDLE.total_seconds() == 30 * 60  # as idle.js has it

    page.clock.run_for(24 * MINUTE)
    expect(warning).to_be_hidden()
    page.clock.run_for(1 * MINUTE)
    expect(warning).to_be_visible()
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    expect(other.get_by_role("dialog")).to_be_visible()
    page.bring_to_front()
    with page.expect_response("**/stay/") as kept:
        page.keyboard.press("Enter")

    assert kept.value.status == 204
    expect(warning).to_be_hidden()
    expect(other.get_by_role("dialog")).to_be_hidden()


def test_who_was_away_comes_back_to_the_same_question(
    page: Page, owner: User, assessment: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.clock.install()
    page.goto(address(assessment))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 31 * 60)
    answer(page, COVERAGE, "95_100").check()
    expect(state(page)).to_have_text("Not saved: you are signed out")
    page.clock.run_for(31 * MINUTE)
    page.on("dialog", lambda dialog: dialog.accept())

    page.get_by_role("dialog").get_by_role("link", name="Sign in again").click()
    page.get_by_label("E-mail address").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile(re.escape(address(assessment))))
    expect(state(page)).to_have_text(SAVED)
    assert stored(COVERAGE) == ("answered", "95_100")
