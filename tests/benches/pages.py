"""How soon a page can be read on a weak line, in a real browser with an empty cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from statistics import median

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, sync_playwright

from assessments import starting
from assessments.catalog import loading
from assessments.catalog.questions import Tier
from tests import children
from tests.factories import answer_all, make_completed, make_user, now

LATENCY = 400
"""Milliseconds to and fro, and bits a second each way: a phone at the edge of its network."""

RATE = 400_000

PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
BYTES = """performance.getEntriesByType('resource').concat(
  performance.getEntriesByType('navigation')).reduce((sum, each) => sum + each.transferSize, 0)"""


def measure(*, rounds: int) -> Iterator[str]:
    call_command(
        "collectstatic", interactive=False, verbosity=0, ignore_patterns=["drf_spectacular_sidecar"]
    )
    user = make_user("bench@example.org")
    sections = [section.id for section in loading.current().sections]
    done = make_completed(user)
    deep = starting.start(user, tier=Tier.DEEP, section_ids=sections, profile={}, at=now())
    answer_all(deep)
    client = Client()
    client.force_login(user)
    cookie = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "domain": "127.0.0.1",
        "path": "/",
    }
    pages = {
        "front page": reverse("home"),
        "task list": reverse("assessments:detail", args=[deep.pk]),
        "questions": reverse("assessments:questions", args=[deep.pk, "IAM.3"]),
        "check (420)": reverse("assessments:review", args=[deep.pk]),
        "result": reverse("reports:results", args=[done.pk]),
    }
    yield f"{RATE // 1000} kbit/s, {LATENCY} ms to and fro, nothing in the cache"
    yield "page            first paint  all loaded      bytes"
    with children.web() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu"],
        )
        for name, path in pages.items():
            runs = [_open(browser, f"http://127.0.0.1:{port}{path}", cookie) for _ in range(rounds)]
            painted, loaded, size = (median(figures) for figures in zip(*runs, strict=True))
            yield f"{name:16}{painted:8.0f} ms {loaded:8.0f} ms {size:10,.0f}"
        browser.close()


def _open(browser: Browser, address: str, cookie: dict[str, str]) -> tuple[float, float, float]:
    context = browser.new_context()
    context.add_cookies([cookie])  # type: ignore[list-item]  # the names are those it wants
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY,
            "downloadThroughput": RATE / 8,
            "uploadThroughput": RATE / 8,
        },
    )
    page.goto(address, wait_until="load")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    figures = page.evaluate(PAINTED), page.evaluate(LOADED), page.evaluate(BYTES)
    context.close()
    return figures
