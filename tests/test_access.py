"""Who may open what: one row for every URL of the site, and no URL without a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import audit
from accounts.models import AdminAuditLog, User
from reports import ordering, production
from reports.models import Report
from tests.factories import make_assessment, make_completed, make_invitation, make_user, now

KINDS = ("anonymous", "stranger", "owner", "admin", "inactive")


class Access(NamedTuple):
    """The status that each kind of caller gets. An inactive person is as good as anonymous."""

    method: str
    anonymous: int
    stranger: int
    owner: int
    admin: int
    args: tuple[str, ...] = ()
    data: dict[str, str] = {}

    def expected(self, who: str) -> int:
        return self.anonymous if who == "inactive" else int(getattr(self, who))


OPEN = ("{open}",)
DONE = ("{done}",)
REPORT = ("{report}",)
SENT = ("{open}", "{invitation}")

# An administrator has no more rights on the pages than anybody; theirs is the console.
ACCESS = {
    "home": Access("get", 200, 200, 200, 200),
    "method": Access("get", 200, 200, 200, 200),
    "assessments:catalog": Access("get", 200, 200, 200, 200),
    "assessments:frameworks": Access("get", 200, 200, 200, 200),
    "assessments:framework": Access("get", 200, 200, 200, 200, ("iso",)),
    "live": Access("get", 200, 200, 200, 200),
    "ready": Access("get", 200, 200, 200, 200),
    "health": Access("get", 503, 503, 503, 503),  # no worker runs here
    "metrics": Access("get", 404, 404, 404, 404),  # for a monitor inside the network only
    "assessments:dashboard": Access("get", 302, 200, 200, 200),
    "assessments:start": Access("get", 302, 200, 302, 200),  # the owner has one in progress
    "assessments:scope": Access("get", 302, 302, 302, 302),  # without a profile, back to it
    "assessments:detail": Access("get", 302, 404, 200, 404, OPEN),
    "assessments:questions": Access("get", 302, 404, 200, 404, ("{open}", "IAM.3")),
    "assessments:save": Access("post", 302, 404, 200, 404, OPEN),
    "assessments:mark": Access("post", 302, 404, 302, 404, ("{open}", "IAM")),
    "assessments:colleagues": Access("get", 302, 404, 200, 404, OPEN),
    "assessments:send-again": Access("post", 302, 404, 302, 404, SENT),
    "assessments:revoke": Access("post", 302, 404, 302, 404, SENT),
    # A colleague's pages are for the browser that has claimed the link, whoever is signed in.
    "assessments:link": Access("get", 404, 404, 404, 404, ("no-such-link",)),
    "assessments:shared": Access("get", 404, 404, 404, 404, ("{invitation}",)),
    "assessments:shared-questions": Access("get", 404, 404, 404, 404, ("{invitation}", "IAM.3")),
    "assessments:shared-save": Access("post", 404, 404, 404, 404, ("{invitation}",)),
    "assessments:shared-return": Access("post", 404, 404, 404, 404, ("{invitation}",)),
    "assessments:resume": Access("get", 302, 404, 302, 404, OPEN),
    "assessments:calendar": Access("get", 302, 404, 200, 404, OPEN),
    "assessments:extend": Access("post", 302, 404, 302, 404, OPEN),
    "assessments:delete": Access("get", 302, 404, 200, 404, OPEN),
    "assessments:review": Access("get", 302, 404, 200, 404, OPEN),
    "assessments:complete": Access("post", 302, 404, 422, 404, OPEN),  # nothing is answered yet
    "assessments:consultation": Access("get", 302, 404, 200, 404, OPEN),
    "reports:results": Access("get", 302, 404, 200, 404, DONE),
    "reports:frameworks": Access("get", 302, 404, 200, 404, DONE),
    "reports:framework": Access("get", 302, 404, 200, 404, ("{done}", "csf")),
    "reports:change": Access("get", 302, 404, 200, 404, DONE),
    "reports:scenarios": Access("get", 302, 404, 200, 404, DONE),
    "reports:delete-scenario": Access("post", 302, 404, 404, 404, ("{done}", "none")),
    "reports:to-ask": Access("get", 302, 404, 200, 404, OPEN),
    "reports:answers-csv": Access("get", 302, 404, 200, 404, OPEN),
    "reports:plan-xlsx": Access("get", 302, 404, 200, 404, DONE),
    "reports:result-json": Access("get", 302, 404, 200, 404, DONE),
    "reports:section": Access("get", 302, 404, 200, 404, ("{done}", "IAM")),
    "reports:latest": Access("get", 302, 404, 302, 404, DONE),
    "reports:order": Access("post", 302, 404, 302, 404, DONE),
    "reports:enhanced": Access("get", 302, 404, 302, 404, DONE),  # the owner has one
    "reports:everything": Access("get", 302, 302, 302, 302),  # the password is asked again
    "reports:index": Access("get", 302, 200, 200, 200),
    "reports:detail": Access("get", 302, 404, 200, 404, REPORT),
    "reports:status": Access("get", 302, 404, 200, 404, REPORT),
    "reports:download": Access("get", 302, 404, 200, 404, REPORT),
    "accounts:profile": Access("get", 302, 200, 200, 200),
    "accounts:authenticator": Access("get", 302, 200, 200, 200),
    "accounts:stay": Access("get", 302, 204, 204, 204),
    "accounts:sessions": Access("get", 302, 200, 200, 200),
    "accounts:end-session": Access("post", 302, 302, 302, 302),
    "accounts:delete": Access("get", 302, 200, 200, 200),
    "accounts:mailbox": Access("get", 200, 200, 200, 200),  # on a machine of one's own only
    "mfa_authenticate": Access("get", 302, 302, 302, 302),  # nobody has an authenticator
    "account_login": Access("get", 200, 302, 302, 302),
    "account_logout": Access("get", 302, 200, 200, 200),
    "account_signup": Access("get", 200, 302, 302, 302),
    "account_inactive": Access("get", 200, 200, 200, 200),
    "account_reauthenticate": Access("get", 302, 200, 200, 200),
    "account_email": Access("get", 302, 200, 200, 200),
    "account_email_verification_sent": Access("get", 302, 302, 302, 302),  # nothing is pending
    "account_change_password": Access("get", 302, 200, 200, 200),
    "account_set_password": Access("get", 302, 302, 302, 302),
    "account_reset_password": Access("get", 200, 200, 200, 200),
    "account_confirm_login_code": Access("get", 302, 302, 302, 302),
    "account_confirm_password_reset_code": Access("get", 302, 302, 302, 302),
    "account_complete_password_reset": Access("get", 302, 302, 302, 302),
    "account_password_reset_completed": Access("get", 200, 200, 200, 200),
    "admin:index": Access("get", 302, 302, 302, 200),
    "admin:login": Access("get", 302, 403, 403, 302),
    "admin:logout": Access("post", 302, 302, 302, 200),
    "admin:password_change": Access("get", 302, 302, 302, 200),
    "admin:password_change_done": Access("get", 302, 302, 302, 200),
    "admin:autocomplete": Access("get", 302, 302, 302, 403),  # no field completes itself
    "admin:jsi18n": Access("get", 302, 302, 302, 200),
    "admin:view_on_site": Access("get", 404, 404, 404, 404, ("1", "1")),
    "nowhere": Access("get", 404, 404, 404, 404, ("1/1/",)),
    "admin:app_list": Access("get", 302, 302, 302, 200, ("accounts",)),
    "admin:accounts_user_changelist": Access("get", 302, 302, 302, 200),
    "admin:accounts_user_add": Access("get", 302, 302, 302, 200),
    "admin:accounts_user_history": Access("get", 302, 302, 302, 200, ("{user}",)),
    "admin:accounts_user_delete": Access("get", 302, 302, 302, 200, ("{user}",)),
    "admin:accounts_user_change": Access("get", 302, 302, 302, 200, ("{user}",)),
    "admin:assessments_assessment_changelist": Access("get", 302, 302, 302, 200),
    "admin:assessments_assessment_add": Access("get", 302, 302, 302, 403),
    "admin:assessments_assessment_history": Access("get", 302, 302, 302, 200, OPEN),
    "admin:assessments_assessment_delete": Access("get", 302, 302, 302, 403, OPEN),
    "admin:assessments_assessment_change": Access("get", 302, 302, 302, 200, OPEN),
    "admin:assessments_assessmentresponse_changelist": Access("get", 302, 302, 302, 200),
    "admin:assessments_assessmentresponse_add": Access("get", 302, 302, 302, 403),
    "admin:assessments_assessmentresponse_history": Access(
        "get", 302, 302, 302, 200, ("{response}",)
    ),
    "admin:assessments_assessmentresponse_delete": Access(
        "get", 302, 302, 302, 403, ("{response}",)
    ),
    "admin:assessments_assessmentresponse_change": Access(
        "get", 302, 302, 302, 200, ("{response}",)
    ),
    "admin:accounts_adminauditlog_verify": Access("get", 302, 302, 302, 200),
    "admin:accounts_adminauditlog_changelist": Access("get", 302, 302, 302, 200),
    "admin:accounts_adminauditlog_add": Access("get", 302, 302, 302, 403),
    "admin:accounts_adminauditlog_history": Access("get", 302, 302, 302, 200, ("{line}",)),
    "admin:accounts_adminauditlog_delete": Access("get", 302, 302, 302, 403, ("{line}",)),
    "admin:accounts_adminauditlog_change": Access("get", 302, 302, 302, 200, ("{line}",)),
    # The one assessment that is asked for has no wish to be called.
    "admin:assessments_consultation_changelist": Access("get", 302, 302, 302, 200),
    "admin:assessments_consultation_add": Access("get", 302, 302, 302, 403),
    "admin:assessments_consultation_history": Access("get", 302, 302, 302, 302, DONE),
    "admin:assessments_consultation_delete": Access("get", 302, 302, 302, 403, DONE),
    "admin:assessments_consultation_change": Access("get", 302, 302, 302, 302, DONE),
    "admin:reports_report_review": Access("get", 302, 302, 302, 200, ("{enhanced}",)),
    "admin:reports_report_preview": Access("get", 302, 302, 302, 200, ("{enhanced}",)),
    "admin:reports_report_act": Access("get", 302, 302, 302, 302, ("{enhanced}",)),
    "admin:reports_report_changelist": Access("get", 302, 302, 302, 200),
    "admin:reports_report_add": Access("get", 302, 302, 302, 403),
    "admin:reports_report_history": Access("get", 302, 302, 302, 200, REPORT),
    "admin:reports_report_delete": Access("get", 302, 302, 302, 403, REPORT),
    "admin:reports_report_change": Access("get", 302, 302, 302, 200, REPORT),
}
NAMELESS = {"admin:None"}
"""The console's own redirects to the addresses above."""


def url_names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from url_names(pattern, inner)
        else:
            assert isinstance(pattern, URLPattern)
            yield f"{namespace}{pattern.name}"


def test_every_url_is_in_the_table() -> None:
    names = {name for name in url_names(get_resolver()) if not name.startswith("api")}
    assert names - NAMELESS == set(ACCESS)  # the API has a table of its own, tests/api


@pytest.fixture
def things(owner: User, worker: None) -> dict[str, str]:
    """What the owner has: a completed assessment with its report, and one in progress."""
    done = make_completed(owner)
    report = Report.objects.get(assessment=done)
    production.produce(report.pk, now=now)
    enhanced = ordering.request_enhanced(done, context="", comments_consent=False, at=now())
    production.produce(enhanced.pk, now=now)
    response = done.responses.first()
    assert response is not None
    present = make_assessment(owner)
    return {
        "done": str(done.pk),
        "report": str(report.pk),
        "enhanced": str(enhanced.pk),
        "response": str(response.pk),
        "open": str(present.pk),
        "invitation": str(make_invitation(present).pk),
        "user": str(owner.pk),
        "line": str(note(owner).pk),
    }


def note(owner: User) -> AdminAuditLog:
    """A line of the audit log."""
    with transaction.atomic():
        return audit.record(make_user("noted@example.org", is_admin=True), "test.act", owner.pk)


@pytest.mark.django_db
def test_access(things: dict[str, str], owner: User) -> None:
    """All rows against one set of rows in the database: making it costs more than asking."""
    people = {
        "owner": owner,
        "stranger": make_user("stranger@example.org"),
        "admin": make_user("admin@example.org", is_admin=True),
        "inactive": make_user("inactive@example.org"),
    }
    User.objects.filter(pk=people["inactive"].pk).update(is_active=False)
    clients = {"anonymous": Client()}
    for who, person in people.items():
        clients[who] = Client()
        clients[who].force_login(person)
    wrong = []

    for name, access in ACCESS.items():
        url = reverse(name, args=[arg.format(**things) for arg in access.args])
        for who in KINDS:
            response = getattr(clients[who], access.method)(url, dict(access.data))
            if response.status_code != access.expected(who):
                wrong.append((name, who, response.status_code, access.expected(who)))
            if name == "admin:logout" and who in people:
                clients[who].force_login(people[who])

    assert wrong == []


@pytest.mark.django_db
def test_a_stranger_learns_nothing_from_a_refusal(things: dict[str, str]) -> None:
    """A foreign id answers like one that does not exist."""
    client = Client()
    client.force_login(make_user("stranger@example.org"))
    missing = "00000000-0000-4000-8000-000000000000"

    for name, access in ACCESS.items():
        if access.stranger == 404:
            foreign = reverse(name, args=[arg.format(**things) for arg in access.args])
            nobodys = reverse(
                name, args=[arg.format(**dict.fromkeys(things, missing)) for arg in access.args]
            )
            answers = [getattr(client, access.method)(url) for url in (foreign, nobodys)]
            assert answers[0].status_code == answers[1].status_code == 404, name
            assert without_token(answers[0].content) == without_token(answers[1].content), name


def without_token(content: bytes) -> bytes:
    """The page without what protects its form, which differs each time."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", content)


@pytest.mark.django_db
def test_an_administrator_who_loses_the_role_loses_the_console_at_once(admin: User) -> None:
    client = Client()
    client.force_login(admin)
    assert client.get(reverse("admin:index")).status_code == 200

    User.objects.filter(pk=admin.pk).update(is_admin=False)

    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.django_db
def test_no_page_takes_a_method_that_it_does_not_name(things: dict[str, str], owner: User) -> None:
    client = Client()
    client.force_login(owner)

    for name in ("assessments:save", "assessments:complete", "reports:order"):
        key = "{done}" if name.startswith("reports") else "{open}"
        assert client.get(reverse(name, args=[key.format(**things)])).status_code == 405
    for name, access in ACCESS.items():
        if name.startswith(("reports:", "assessments:")):
            url = reverse(name, args=[arg.format(**things) for arg in access.args])
            for method in ("put", "patch", "delete"):
                assert getattr(client, method)(url).status_code == 405, (name, method)
