"""The site as it is served, a real browser before it, and a watch over both.

The server runs in this process, so that a test may change the rows and the settings under an open
page; its middleware, its headers and its static files are those of production.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError
from pytest_playwright import CreateContextCallback

from accounts.models import User

HEAR_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`Violation of ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
"""


# --- the site ------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def plain_static_files() -> None:
    """Here they are collected and hashed, as in production."""


class Quiet(WSGIRequestHandler):
    def log_message(self, *said: Any) -> None:
        """The browser's watch tells what went wrong; what went well need not be told."""


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[str]:
    """The address of the site."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    # What the API's viewer brings would take half a minute to compress, and no page here uses it.
    unused = ["drf_spectacular_sidecar", "rest_framework"]
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=unused)
    with ThreadedWSGIServer(("127.0.0.1", 0), Quiet) as site:
        site.set_app(get_wsgi_application())
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()


# --- the browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which asks nobody for anything but the site."""
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-features=Translate,OptimizationHints,MediaRouter",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ],
    }


@pytest.fixture(scope="session")
def base_url(server: str) -> str:
    return server


class Watch:
    """Hears all that goes wrong in the browser: errors, violations of the content policy, answers
    of the site without a strict one, requests that fail or are refused. A test names what it brings
    about on purpose.
    """

    def __init__(self, site: str) -> None:
        self.site = site
        self.heard: list[str] = []
        self._expected: list[str] = []

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(HEAR_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def expect(self, *patterns: str) -> None:
        self._expected += patterns

    @property
    def unexpected(self) -> list[str]:
        return [
            trouble
            for trouble in self.heard
            if not any(re.search(pattern, trouble) for pattern in self._expected)
        ]

    def _console(self, message: ConsoleMessage) -> None:
        # A refused request is heard below, with its address.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.heard.append(f"console {message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.heard.append(f"uncaught: {error.error}")

    def _failed(self, request: Request) -> None:
        # Given up because the page was left, or because it leads to a page that is not wanted.
        if request.failure != "net::ERR_ABORTED":
            self.heard.append(f"failed: {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.heard.append(f"{response.status} {response.request.method} {response.url}")
        policy = response.headers.get("content-security-policy", "none")
        if response.url.startswith(self.site) and not is_strict(policy):
            self.heard.append(f"policy of {response.url}: {policy}")


def is_strict(policy: str) -> bool:
    return (
        "default-src 'none'" in policy
        and ("script-src 'self'" in policy or "sandbox" in policy)
        and "unsafe" not in policy
    )


@pytest.fixture
def watch(server: str) -> Iterator[Watch]:
    watch = Watch(server)
    yield watch
    assert watch.unexpected == []


@pytest.fixture
def context(
    transactional_db: None, watch: Watch, new_context: CreateContextCallback
) -> BrowserContext:
    context = new_context()
    watch.over(context)
    return context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def sign_in(page: Page, user: User) -> None:
    """As if this person had signed in before; the form itself is filled in by the whole job."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "domain": "127.0.0.1", "path": "/"}]
    )
