"""Everything can be done by keyboard alone, and the focus is always seen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from assessments.models import Assessment, AssessmentResponse
from tests.browser.conftest import Watch, sign_in
from tests.browser.pages import make_mixed, make_standard
from tests.factories import answer_all, make_assessment

pytestmark = pytest.mark.browser

SIZES = [(1280, 800), (360, 640)]

# What has the focus, the box around it that is seen to have it, and what may lie over that box.
FOCUS = """
() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  const seen = focused.closest(".choice") ?? focused;
  const box = seen.getBoundingClientRect();
  const outlines = [getComputedStyle(seen), getComputedStyle(seen, "::after")];
  const bar = [...document.querySelectorAll(".sticky-actions, .outcome")].find(
    (bar) => !bar.contains(focused) && getComputedStyle(bar).position === "sticky",
  );
  const over = bar?.getBoundingClientRect();
  return {
    name: `${focused.localName} ${focused.name ?? ""} ${focused.textContent.trim().slice(0, 40)}`,
    outlined: outlines.some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2),
    top: box.top,
    bottom: box.bottom,
    height: innerHeight,
    covered: Boolean(over) && box.bottom > over.top + 1 && box.top < over.bottom - 1
      && box.right > over.left && box.left < over.right,
  };
}
"""


def tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


def faults(page: Page) -> list[str]:
    """What is wrong with the focus as it is now."""
    focus: dict[str, Any] | None = page.evaluate(FOCUS)
    if focus is None:
        return ["nothing has the focus"]
    found = []
    if not focus["outlined"]:
        found.append("no outline")
    if focus["covered"]:
        found.append("covered by the bar")
    if focus["top"] < 0 or focus["bottom"] > focus["height"] + 1:
        found.append("out of view")
    place = f"{focus['name']} at {focus['top']:.0f} to {focus['bottom']:.0f}"
    return [f"{place}: {fault}" for fault in found]


def walk(page: Page) -> list[str]:
    """Tab through the page, along every scale, and back again."""
    found = []
    stops = 0
    page.keyboard.press("Tab")
    while page.evaluate(FOCUS) is not None:
        found += faults(page)
        stops += 1
        if page.locator("[type=radio]:focus").count():
            for _ in range(page.locator("fieldset:focus-within [name^=answer-]").count()):
                page.keyboard.press("ArrowDown")
                found += faults(page)
        page.keyboard.press("Tab")
    for _ in range(stops):
        page.keyboard.press("Shift+Tab")
        found += faults(page)
    return found


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_focus_is_seen_and_never_covered(
    page: Page, owner: User, width: int, height: int
) -> None:
    sign_in(page, owner)
    done = make_mixed(make_assessment(owner))
    assessment = answer_all(make_standard(owner), 2)
    page.set_viewport_size({"width": width, "height": height})
    addresses = {
        "start": reverse("method"),
        "questions": reverse("assessments:questions", args=[assessment.pk, "VUL.2"]),
        "tasks": reverse("assessments:detail", args=[assessment.pk]),
        "results": reverse("reports:results", args=[done.pk]),
    }
    found = []

    for name, address in addresses.items():
        page.goto(address)
        for summary in page.locator("fieldset summary").all():
            summary.click()
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        found += [f"{name}: {fault}" for fault in walk(page)]

    assert found == []


def test_the_start_by_keyboard(page: Page, owner: User) -> None:
    sign_in(page, owner)
    page.goto(reverse("assessments:start"))
    groups = page.locator("form.profile fieldset")

    for number in range(groups.count()):
        if groups.nth(number).is_visible():
            name = groups.nth(number).locator("input").first.get_attribute("name")
            tab_to(page, f"[name={name}]")
            page.keyboard.press("Space")
            assert faults(page) == []
    tab_to(page, "main button[type=submit]")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Choose the scope | Posture")
    tab_to(page, "[name=tier]")
    while page.locator("[name=tier]:checked").input_value() != "quick":
        page.keyboard.press("ArrowUp")
    tab_to(page, "main button[type=submit]")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Your assessment")
    assert Assessment.objects.get().tier == "quick"


def test_a_page_of_questions_by_keyboard(page: Page, owner: User) -> None:
    sign_in(page, owner)
    assessment = make_assessment(owner)
    page.goto(reverse("assessments:questions", args=[assessment.pk, "NET.1"]))

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "[name='answer-NET.1.1']")
    page.keyboard.press("Space")
    while page.locator("[name='answer-NET.1.1']:checked").input_value() != "not_applicable":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("There is no network of ours at all.")
    tab_to(page, "summary:has-text('Add a note')")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Since the move.")
    page.keyboard.press("Control+Enter")

    expect(page).to_have_url(re.compile("/questions/CLD.2/$"))
    response = AssessmentResponse.objects.get()
    assert (response.state, response.comment) == ("not_applicable", "Since the move.")
    assert response.na_reason == "There is no network of ours at all."


def test_a_slip_takes_the_focus_to_what_is_said_about_it(
    page: Page, owner: User, watch: Watch
) -> None:
    watch.expect("422 POST ")
    sign_in(page, owner)
    assessment = make_assessment(owner)
    address = reverse("assessments:questions", args=[assessment.pk, "VUL.2"])
    page.goto(f"{address}?review#VUL.2.1")  # as the check links there

    tab_to(page, "[name='number-VUL.2.1']")
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Number of days")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("9")
    page.keyboard.press("Enter")

    expect(page).to_have_title("Check your answers | Posture")
    assert AssessmentResponse.objects.get().answer_value == 9


def test_the_check_by_keyboard(page: Page, owner: User, watch: Watch) -> None:
    watch.expect("422 POST ")
    sign_in(page, owner)
    assessment = make_assessment(owner)
    review = reverse("assessments:review", args=[assessment.pk])
    page.goto(review)

    tab_to(page, ".answer a")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/questions/GOV.1/.review#GOV.1.1$"))
    expect(page.locator("html.has-script")).to_be_visible()
    tab_to(page, "[name='answer-GOV.1.1']")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 of 23 answered.")).to_be_visible()
    tab_to(page, ".deep button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    tab_to(page, "[name=unanswered_confirmed]")
    page.keyboard.press("Space")
    tab_to(page, ".deep button")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Your security posture")


def test_the_account_menu_by_keyboard(page: Page, owner: User) -> None:
    sign_in(page, owner)
    page.goto(reverse("assessments:dashboard"))

    tab_to(page, ".account-menu summary")
    page.keyboard.press("Enter")
    tab_to(page, ".account-menu a")
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(page).to_have_title("Your account | Posture")
    tab_to(page, ".account-menu summary")
    page.keyboard.press("Enter")
    tab_to(page, ".account-menu button")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
