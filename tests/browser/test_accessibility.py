"""Every page in every state, looked at by axe and measured, wide and narrow, light and dark."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Watch
from tests.browser.pages import SCENES, Scene

pytestmark = pytest.mark.browser

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 360)
NARROWEST = 320


@pytest.fixture
def scene(request: pytest.FixtureRequest, transactional_db: None) -> Scene:
    return SCENES[request.param]()


@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_nothing_stands_in_the_way(page: Page, scene: Scene, worker: None, watch: Watch) -> None:
    """0 violations of WCAG 2.2 AA and axe's good practice; no scrolling sideways."""
    faults = []
    for state in scene.walk(page, watch):
        faults += [f"{state.name}: {fault}" for fault in structure(page)]
        for scheme in SCHEMES:
            # Colours on their way from one scheme to the other belong to neither.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                faults += [f"{state.name}, {scheme}, {width}: {fault}" for fault in axe(page)]
        for width in (360, NARROWEST):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{state.name} is wider than {width}")
        page.set_viewport_size({"width": 1280, "height": 800})
    assert faults == []


def axe(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
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
