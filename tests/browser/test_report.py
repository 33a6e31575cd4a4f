"""The page of a report follows along by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from reports.models import Report
from tests.browser.conftest import Watch, sign_in
from tests.browser.pages import fail, finish, press
from tests.factories import make_completed, make_report, now

pytestmark = pytest.mark.browser

LONGEST_WAIT = 15_000  # report.js


@pytest.fixture
def report(page: Page, owner: User) -> Report:
    """Pending, and its page is open."""
    sign_in(page, owner)
    report = make_report(owner)
    page.clock.install()
    page.goto(report.get_absolute_url())
    page.evaluate("window.unchanged = true")
    return report


def test_each_state_is_shown_in_place(page: Page, report: Report) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    heading = page.get_by_role("heading", level=2)
    expect(heading).to_have_text("Your report waits for its turn")

    token = report.claim(now=now())
    page.clock.run_for(LONGEST_WAIT)
    expect(heading).to_have_text("Your report is being made")
    expect(page).to_have_title("Standard report: being made | Posture")
    assert token
    report.give_up(token, reason="The disk was full.", now=now())
    page.clock.run_for(LONGEST_WAIT)
    expect(page.get_by_text("A try did not succeed: The disk was full.")).to_be_visible()
    finish(report)
    page.clock.run_for(LONGEST_WAIT)
    expect(heading).to_have_text("Your report is ready")
    expect(page.get_by_role("link", name="Download the report (PDF)")).to_be_visible()
    expect(page).to_have_title("Standard report: ready | Posture")

    asked.clear()
    page.clock.run_for(3 * LONGEST_WAIT)
    assert asked == []
    assert page.evaluate("window.unchanged")


def test_a_failed_report_is_ordered_again_from_its_page(page: Page, report: Report) -> None:
    fail(report)
    page.clock.run_for(LONGEST_WAIT)
    expect(page.get_by_role("heading", level=2)).to_have_text("Your report could not be made")
    expect(page.get_by_text("The finished report could not be stored.")).to_be_visible()

    press("Order the report again")(page)

    expect(page.get_by_role("heading", level=2)).to_have_text("Your report waits for its turn")
    assert Report.objects.filter(status=Report.Status.PENDING).count() == 1


def test_the_page_outlives_a_network_that_goes(page: Page, report: Report, watch: Watch) -> None:
    watch.expect("net::ERR_INTERNET_DISCONNECTED")

    page.context.set_offline(True)
    page.clock.run_for(LONGEST_WAIT)
    expect(page.get_by_role("heading", level=2)).to_have_text("Your report waits for its turn")
    page.context.set_offline(False)
    finish(report)
    page.clock.run_for(2 * LONGEST_WAIT)

    expect(page.get_by_role("heading", level=2)).to_have_text("Your report is ready")


def test_the_list_leads_to_each_report(page: Page, owner: User) -> None:
    sign_in(page, owner)
    make_completed(owner)
    finish(Report.objects.get())
    make_completed(owner)
    page.goto("/reports/")

    rows = page.locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("Waiting")
    expect(rows.nth(0).locator("td").last).to_be_empty()
    expect(rows.nth(1)).to_contain_text("Ready")
    expect(rows.nth(1).get_by_role("link", name="Download")).to_be_visible()
