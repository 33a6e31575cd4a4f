"""The content policy is strict on every page, nothing on any page breaks it, and a breach is heard.

The watch over each browser test hears every violation and every answer without a strict policy, and
test_accessibility opens every page; here are the console of the administrators and the breaches.
"""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Route
from pytest_django import Settings

from accounts.models import User
from assessments.models import AssessmentResponse
from reports import ordering, production
from reports.models import Report
from tests import peer
from tests.browser.conftest import Watch, sign_in
from tests.factories import make_completed, now

pytestmark = pytest.mark.browser

RED = "[...document.all].some((element) => getComputedStyle(element).color === 'rgb(255, 0, 0)')"


def violations(watch: Watch) -> list[str]:
    return [trouble for trouble in watch.heard if "iolation of " in trouble]


def test_the_console_does_not_break_the_policy(
    page: Page, admin: User, owner: User, watch: Watch, settings: Settings
) -> None:
    assessment = make_completed(owner)
    response = AssessmentResponse.objects.filter(assessment=assessment).first()
    assert response
    enhanced = ordering.request_enhanced(assessment, context="", comments_consent=False, at=now())
    with peer.serving(settings):
        production.produce(enhanced.pk, now=now)
    rows = {
        "accounts_user": owner,
        "assessments_assessment": assessment,
        "assessments_assessmentresponse": response,
        "reports_report": Report.objects.get(report_type="standard"),
    }
    addresses = [reverse(f"admin:{page}") for page in ("index", "password_change")]
    for model, row in rows.items():
        addresses.append(reverse(f"admin:{model}_changelist"))
        addresses += [
            reverse(f"admin:{model}_{page}", args=[row.pk]) for page in ("change", "history")
        ]
    for name in ("add", "changelist"):
        addresses.append(reverse(f"admin:accounts_user_{name}"))
    addresses.append(reverse("admin:accounts_user_delete", args=[owner.pk]))
    addresses.append(reverse("admin:reports_report_review", args=[enhanced.pk]))
    addresses += [
        reverse(f"admin:accounts_adminauditlog_{name}") for name in ("changelist", "verify")
    ]
    sign_in(page, admin)

    for address in addresses:
        page.goto(address)
        assert "Posture console" in page.title(), address
        assert violations(watch) == [], address
    page.get_by_role("button", name="Toggle theme").first.click()
    page.goto(reverse("admin:accounts_user_changelist"))
    page.get_by_label("Select all objects on this page for an action").check()
    assert violations(watch) == []


@pytest.mark.parametrize(
    ("directive", "planted"),
    [
        ("script-src-elem", "<script>document.title = 'planted'</script>"),
        ("script-src-attr", "<img src='/x' onerror=\"document.title = 'planted'\">"),
        ("script-src-elem", "<script src='http://127.0.0.1:9/x.js'></script>"),
        ("style-src-elem", "<style>h1 { color: red }</style>"),
        ("style-src-attr", "<p style='color: red'>planted</p>"),
        ("img-src", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"),
        ("frame-src", "<iframe src='/method/'></iframe>"),
        ("form-action", "<form action='http://127.0.0.1:9/'><button>Planted</button></form>"),
    ],
)
def test_what_is_planted_in_a_page_does_nothing_and_is_heard(
    page: Page, watch: Watch, directive: str, planted: str
) -> None:
    """The policy is the one that the site sends with this page."""
    watch.expect("iolat", "404 GET .*/x$", "failed: GET .* csp$")

    def plant(route: Route) -> None:
        response = route.fetch()
        body = response.text().replace("</main>", f"{planted}</main>")
        route.fulfill(response=response, body=body)

    page.route("**/method/", plant)
    page.goto(reverse("method"))
    if directive == "form-action":
        page.get_by_role("button", name="Planted").click(no_wait_after=True)

    page.wait_for_timeout(100)
    assert page.title() != "planted"
    assert not page.evaluate(RED)
    assert any(f"Violation of {directive}:" in trouble for trouble in violations(watch))
