"""The whole job, as somebody does it who has never been here: from the front page to the file.

A real worker sends the code and makes the report, beside the server and on its database.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_playwright import CreateContextCallback

from accounts.models import User
from assessments.models import Assessment
from reports.models import Report
from tests import children
from tests.browser.conftest import Watch
from tests.browser.pages import fill, fill_in_the_profile, press
from tests.factories import PASSWORD, stored, value_at

pytestmark = pytest.mark.browser

PATIENCE = 90_000  # milliseconds; a worker starts, and makes a report, on a busy machine
LAST = "Perimeter, entry, secure areas"


@pytest.fixture
def context(request: pytest.FixtureRequest, context: BrowserContext) -> BrowserContext:
    """With JavaScript, or without where the test asks for that."""
    if getattr(request, "param", True):
        return context
    new_context: CreateContextCallback = request.getfixturevalue("new_context")
    watch: Watch = request.getfixturevalue("watch")
    without = new_context(java_script_enabled=False)
    watch.over(without)
    return without


@pytest.fixture
def real_worker(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    with children.worker(tmp_path / "worker.log"):
        yield


@pytest.mark.parametrize(
    "context", [True, False], ids=["with script", "without script"], indirect=True
)
def test_a_stranger_gets_a_result_and_a_report(
    page: Page, context: BrowserContext, real_worker: None
) -> None:
    register(page)
    start_the_quick_assessment(page)
    answer_everything(page, context)
    complete(page)
    download_the_report(page)


def register(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Start your assessment").click()
    typed = {
        "Your full name": "Kim Example",
        "Company": "Example Ltd",
        "E-mail address": "Kim@Example.org",
        "Password": PASSWORD,
    }
    fill(typed, "Create account")(page)
    expect(page).to_have_title("Confirm your address | Posture")

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the local mailbox").click()
    mailbox = opened.value
    mailbox.wait_for_load_state()
    message = mailbox.get_by_role("article").filter(has_text="kim@example.org")
    children.wait_for(lambda: bool(mailbox.reload() and message.count()), seconds=60)
    code = re.search(r"code is (\S+)", message.inner_text())
    assert code
    mailbox.close()

    fill({"Code": code[1].lower()}, "Confirm")(page)
    expect(page).to_have_title("Dashboard | Posture")
    assert User.objects.get().email == "kim@example.org"


def start_the_quick_assessment(page: Page) -> None:
    page.get_by_role("link", name="Start an assessment").click()
    fill_in_the_profile(page)
    page.get_by_role("radio", name="Quick").check()
    press("Start the assessment")(page)
    expect(page).to_have_title("Your assessment, 0 of 23 answered | Posture")


def answer_everything(page: Page, context: BrowserContext) -> None:
    """The best of each question's answers; the page about second factors by keyboard alone."""
    questions = Assessment.objects.get().questionnaire.questions
    page.get_by_role("link", name="Begin: Governance").click()
    answered = 0
    while "Check your answers" not in page.title():
        here = page.url
        page.wait_for_load_state()
        for fieldset in page.locator("fieldset[data-question]").all():
            question = questions[str(fieldset.get_attribute("data-question"))]
            best = value_at(question, 4)
            answered += 1
            if question.kind == "number":
                fieldset.get_by_label("Number of").fill(str(best))
            elif question.sub_area_id == "IAM.3":
                choose_by_keyboard(page, question.id, str(best))
            else:
                fieldset.locator(f'input[value="{best}"]').check()
        if "/IAM.3/" in here:
            send_by_keyboard(page, with_script=page.locator("html.has-script").count() == 1)
        elif LAST in page.title():
            press("Save and check your answers")(page)
        else:
            press("Save and continue")(page)
        expect(page).not_to_have_url(here)
    assert answered == 23


def choose_by_keyboard(page: Page, question_id: str, value: str) -> None:
    tab_to(page, f'[name="answer-{question_id}"]')
    page.keyboard.press("Space")
    while page.locator(f'[name="answer-{question_id}"]:checked').input_value() != value:
        page.keyboard.press("ArrowDown")


def send_by_keyboard(page: Page, *, with_script: bool) -> None:
    if with_script:
        page.keyboard.press("Control+Enter")
    else:
        tab_to(page, "button[name=continue]")
        page.keyboard.press("Enter")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


def complete(page: Page) -> None:
    expect(page.get_by_text("23 of 23 answered.")).to_be_visible()
    press("Complete and see the result")(page)
    expect(page).to_have_title("Your result: 100.0 of 100, level 3 | Posture")
    expect(page.get_by_role("heading", name="Level 3, Defined")).to_be_visible()
    expect(page.locator(".gauge-figure")).to_have_text("100.0")
    assert Assessment.objects.get().status == Assessment.Status.COMPLETED


def download_the_report(page: Page) -> None:
    """The page says by itself when the report is ready."""
    page.get_by_role("link", name="The report (PDF)").first.click()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        "Your report is ready", timeout=PATIENCE
    )
    expect(page).to_have_title("Standard report: ready | Posture")

    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download the report (PDF)").click()

    report = Report.objects.get()
    content = Path(downloading.value.path()).read_bytes()
    assert content.startswith(b"%PDF")
    assert content == stored(report)
    assert hashlib.sha256(content).hexdigest() == report.sha256
    assert downloading.value.suggested_filename == report.file_name
    expect(page.get_by_text(f"{report.pages} pages, made on")).to_be_visible()
