"""Every page in every state, looked at by axe and measured, wide and narrow, light and dark."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import get_resolver, resolve
from playwright.sync_api import Page

from tests.browser.conftest import Watch
from tests.browser.pages import NOWHERE, SCENES, Scene
from tests.test_access import url_names

pytestmark = pytest.mark.browser

Options = dict[str, list[str]]

# What axe finds depends on the colours or on the layout, not on which of them come together; and
# only these rules look at either.
LOOKS: tuple[tuple[Literal["light", "dark"], int, Options], ...] = (
    ("light", 1280, {}),
    (
        "dark",
        360,
        {
            "runOnly": [
                "color-contrast",
                "target-size",
                "meta-viewport",
                "scrollable-region-focusable",
            ]
        },
    ),
)
NARROWEST = 320

# Reached by pressing something on another page.
PRESSED = {
    "account_login",
    "account_email_verification_sent",
    "account_confirm_password_reset_code",
    "account_complete_password_reset",
    "account_password_reset_completed",
    "assessments:scope",
    "reports:scenarios",
}
# Files, data, redirects; and pages that nobody gets to without a second factor.
PAGELESS = {
    "account_confirm_login_code",
    "account_set_password",
    "assessments:save",
    "assessments:complete",
    "assessments:mark",
    "assessments:revoke",
    "assessments:send-again",
    "assessments:shared-save",
    "assessments:shared-return",
    "assessments:resume",
    "assessments:calendar",
    "assessments:extend",
    "reports:answers-csv",
    "reports:plan-xlsx",
    "reports:result-json",
    "reports:everything",
    "reports:delete-scenario",
    "reports:latest",
    "reports:order",
    "reports:status",
    "accounts:stay",
    "accounts:end-session",
    "health",
    "metrics",
    "nowhere",
    "live",
    "ready",
    "mfa_authenticate",
}


@pytest.fixture
def scene(request: pytest.FixtureRequest, transactional_db: None) -> Scene:
    return SCENES[request.param]()


def test_no_page_is_left_out(transactional_db: None) -> None:
    """Those of the API and of the console are not for respondents."""
    shown = {
        resolve(state.path).view_name
        for furnish in SCENES.values()
        for state in furnish().states
        if state.path not in ("", NOWHERE)
    }
    pages = {
        name
        for name in url_names(get_resolver())
        if not name.startswith(("api", "admin:")) and name not in PRESSED | PAGELESS
    }
    assert shown - {"admin:login"} == pages


@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_nothing_stands_in_the_way(page: Page, scene: Scene, worker: None, watch: Watch) -> None:
    """0 violations of WCAG 2.2 AA and axe's good practice; no scrolling sideways."""
    faults = []
    for state in scene.walk(page, watch):
        faults += [f"{state.name}: {fault}" for fault in structure(page)]
        for scheme, width, options in LOOKS:
            # Colours on their way from one scheme to the other belong to neither.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 800})
            faults += [f"{state.name}, {scheme}, {width}: {fault}" for fault in axe(page, options)]
        for width in (360, NARROWEST):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{state.name} is wider than {width}")
        page.set_viewport_size({"width": 1280, "height": 800})
    assert faults == []


def axe(page: Page, options: Options) -> list[str]:
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']}: {violation['help']}: {node['target']}"
        for violation in found
        for node in violation["nodes"]
    ]


def structure(page: Page) -> list[str]:
    """What axe does not insist on: what a screen reader steps through."""
    wanted = {"h1": 1, "main": 1}
    if "Something went wrong here" not in page.title():  # needs nothing that could be broken
        wanted |= {"body > header": 1, "body > footer": 1, "a.skip-link[href='#content']": 1}
    return [
        f"{page.locator(what).count()} of {what}"
        for what, count in wanted.items()
        if page.locator(what).count() != count
    ]
