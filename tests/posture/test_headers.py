"""What every response says, whoever answers: a view, a file, a refusal, an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from pytest_django import Settings

from accounts.models import User
from posture import urls as site_urls
from reports import ordering, production
from reports.models import Report
from tests.factories import make_assessment, make_completed, make_invitation, now
from tests.test_access import ACCESS, note

pytestmark = pytest.mark.django_db


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("an inside that nobody may see")


urlpatterns = [*site_urls.urlpatterns, path("broken/", broken)]

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}


@pytest.fixture
def secure(settings: Settings) -> Client:
    """As behind TLS: what the settings turn on outside a local machine."""
    settings.SECURE_HSTS_SECONDS = 63072000
    settings.SECURE_SSL_REDIRECT = True
    settings.ROOT_URLCONF = "tests.posture.test_headers"
    return Client(raise_request_exception=False)


REQUESTS = {
    "page": ("get", "/", {}, 200),
    "sign-in": ("get", "/account/login/", {}, 200),
    "redirect": ("get", "/assessments/", {}, 302),
    "not found": ("get", "/nothing/here/", {}, 404),
    "bad host": ("get", "/", {"HTTP_HOST": "evil.example"}, 400),
    "no token": ("post", "/account/login/", {}, 403),
    "too large": ("post", "/account/login/", {"CONTENT_LENGTH": "1000001"}, 413),
    "no length": ("post", "/account/login/", {"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
    "error": ("get", "/broken/", {}, 500),
    "health": ("get", "/health/live", {}, 200),
    "console": ("get", "/console/", {}, 302),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_response_carries_the_headers(secure: Client, settings: Settings, name: str) -> None:
    method, url, extra, status = REQUESTS[name]
    settings.ALLOWED_HOSTS = ["testserver"]
    secure.handler.enforce_csrf_checks = True

    response = getattr(secure, method)(url, secure=True, **extra)

    assert response.status_code == status
    assert set(response["Content-Security-Policy"].split("; ")) == POLICY
    assert response["Strict-Transport-Security"] == ("max-age=63072000; includeSubDomains; preload")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "camera=()" in response["Permissions-Policy"]


def test_a_file_carries_the_headers_too(secure: Client, settings: Settings) -> None:
    """WhiteNoise answers before the other middleware; the outermost one still sees it."""
    file = Path(settings.STATIC_ROOT) / "probe.css"
    file.write_text("p{}")
    try:
        response = Client().get("/static/probe.css", secure=True)
        response.close()
    finally:
        file.unlink()

    assert response.status_code == 200
    assert set(response["Content-Security-Policy"].split("; ")) == POLICY
    assert response["Strict-Transport-Security"]
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert staticfiles_storage.url("css/site.css").startswith("/static/")


def test_an_error_shows_nothing_of_the_inside(secure: Client) -> None:
    response = secure.get("/broken/", secure=True)

    assert b"Something went wrong here" in response.content
    assert b"inside that nobody" not in response.content
    assert b"Traceback" not in response.content


def test_plain_http_is_sent_to_https_but_for_health(secure: Client) -> None:
    assert secure.get("/account/login/")["Location"] == "https://testserver/account/login/"
    assert secure.get("/health/live").status_code == 200


def test_personal_pages_are_not_kept_anywhere(owner: User) -> None:
    client = Client()
    client.force_login(owner)

    for name in ("assessments:dashboard", "reports:index", "accounts:profile"):
        assert client.get(reverse(name))["Cache-Control"] == "no-store"


def test_a_body_over_the_limit_is_refused_unread(client: Client) -> None:
    within = client.post("/account/login/", {"login": "x" * 100_000, "password": "y"})
    over = client.post("/account/login/", {"login": "x" * 1_000_000, "password": "y"})

    assert within.status_code == 200
    assert over.status_code == 413
    assert b"This is too much at once" in over.content


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "²"])
def test_a_length_that_is_none_is_refused(client: Client, length: str) -> None:
    assert client.post("/account/login/", CONTENT_LENGTH=length).status_code in (400, 413)


def test_a_form_from_elsewhere_is_refused_with_a_way_on() -> None:
    response = Client(enforce_csrf_checks=True).post("/account/login/", {"login": "x"})

    assert response.status_code == 403
    assert b"This page was open too long" in response.content


def test_no_page_changes_anything_by_being_opened(owner: User) -> None:
    """Every address by GET, with a database that refuses to write."""
    done = make_completed(owner)
    report = Report.objects.get(assessment=done)
    response = done.responses.first()
    assert response is not None
    enhanced = ordering.request_enhanced(done, context="", comments_consent=False, at=now())
    production.produce(enhanced.pk, now=now)
    present = make_assessment(owner)
    things = {
        "done": str(done.pk),
        "report": str(report.pk),
        "response": str(response.pk),
        "open": str(present.pk),
        "invitation": str(make_invitation(present).pk),
        "user": str(owner.pk),
        "enhanced": str(enhanced.pk),
        "line": str(note(owner).pk),
    }
    client = Client()
    client.force_login(owner)
    anonymous = Client()
    written: list[tuple[str, str]] = []

    def only_reads(execute: Any, sql: str, *args: Any) -> Any:
        if not sql.lstrip().upper().startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            written.append((name, sql[:80]))
        return execute(sql, *args)

    with connection.execute_wrapper(only_reads):
        for name, access in ACCESS.items():
            url = reverse(name, args=[arg.format(**things) for arg in access.args])
            client.get(url)
            anonymous.get(url)

    assert written == []
