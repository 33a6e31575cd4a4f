"""A frontend of another origin in a real browser: CORS, cookies, CSRF as its author meets them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import caches
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import User
from assessments.models import Assessment
from tests.browser.conftest import Quiet, Watch
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FILES = Path(__file__).parents[1] / "api" / "client"


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """The browser's watch tells what went wrong."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The origin of the other frontend: plain files."""
    handler = partial(Files, directory=str(FILES))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        thread = threading.Thread(target=files.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{files.server_port}"
        files.shutdown()
        thread.join()


@pytest.fixture
def person(transactional_db: None, settings: Settings, elsewhere: str) -> User:
    settings.CORS_ALLOWED_ORIGINS = [elsewhere]
    settings.CSRF_TRUSTED_ORIGINS = [elsewhere]
    caches["limits"].clear()
    return make_user("pat@example.org")


def sign_in(page: Page, elsewhere: str, server: str, person: User) -> None:
    page.goto(f"{elsewhere}/index.html?api={server}")
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_another_frontend_signs_in_answers_and_downloads(
    page: Page, server: str, elsewhere: str, person: User, worker: None, watch: Watch
) -> None:
    watch.expect(r"^403 PATCH .*/auth/me$", r"^401 GET .*/auth/me$")

    sign_in(page, elsewhere, server, person)
    expect(page.locator("#person")).to_have_text("Pat Person, Example Ltd")
    assert page.evaluate("document.cookie") == ""

    page.get_by_role("button", name="Answer everything").click()
    expect(page.locator("#progress")).to_have_text('23 of 23, first "1"')
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#score")).to_have_text("0 of 100, up to 100", timeout=60_000)
    page.get_by_role("button", name="Download the report").click()
    expect(page.locator("#report")).to_have_text("%PDF- as it was made", timeout=30_000)
    assert Assessment.objects.get().status == "completed"

    page.get_by_role("button", name="Forget the CSRF token").click()
    expect(page.locator("#refusal")).to_have_text("csrf_failed")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#gone")).to_have_text("not_authenticated")


def test_an_origin_that_is_not_listed_gets_nothing(
    page: Page, server: str, elsewhere: str, person: User, settings: Settings, watch: Watch
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.posture.test"]
    watch.expect("CORS policy", "^failed: ", "^console error")

    sign_in(page, elsewhere, server, person)

    expect(page.locator("#refusal")).to_have_text("TypeError: Failed to fetch")
    expect(page.locator("#person")).to_have_text("")


@pytest.fixture
def site_with_viewer(transactional_db: None, settings: Settings) -> Iterator[str]:
    """The site with the viewer's own files, as they come: hashing them would take half a minute."""
    name = "drf_spectacular_sidecar/swagger-ui-dist"
    files = finders.find(name)
    assert isinstance(files, str)
    there = Path(settings.STATIC_ROOT) / name
    shutil.copytree(files, there, dirs_exist_ok=True)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with ThreadedWSGIServer(("127.0.0.1", 0), Quiet) as site:
        site.set_app(get_wsgi_application())
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()
    shutil.rmtree(there)


def test_the_viewer_of_the_description_keeps_to_its_policy(
    page: Page, site_with_viewer: str
) -> None:
    page.goto(f"{site_with_viewer}/api/v1/docs")

    expect(page.get_by_text("Save any number of answers").first).to_be_visible(timeout=60_000)
