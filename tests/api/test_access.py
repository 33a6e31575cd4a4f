"""Who may ask what of the API: one row for each URL and method, five kinds of caller, nine
methods."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from django.urls import reverse

from accounts.models import User
from posture import api_urls
from reports import ordering, production
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import make_assessment, make_completed, make_invitation, make_user, now

KINDS = ("anonymous", "stranger", "owner", "admin", "inactive")
METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace", "connect")


class Row(NamedTuple):
    """The status for each kind of caller. Who is inactive is as good as anonymous."""

    anonymous: int
    stranger: int
    owner: int
    admin: int
    data: object = None
    args: tuple[str, ...] = ()

    def expected(self, who: str) -> int:
        return self.anonymous if who == "inactive" else int(getattr(self, who))


OPEN = ("{open}",)
DONE = ("{done}",)
REPORT = ("{report}",)
ENHANCED = ("{enhanced}",)
NOBODY = {"email": "nobody@example.org"}

EVERYBODY = (200, 200, 200, 200)
SIGNED_IN = (401, 200, 200, 200)
MINE = (401, 404, 200, 404)
ADMINS = (401, 403, 403, 200)

TABLE: dict[str, dict[str, Row]] = {
    "register": {"post": Row(400, 400, 400, 400, {})},
    "verify": {"post": Row(422, 422, 422, 422, {"claim": "x", "code": "y"})},
    "login": {"post": Row(401, 401, 401, 401, {**NOBODY, "password": "x"})},
    "refresh": {"post": Row(401, 401, 401, 401, {"refresh": "x"})},
    "logout": {"post": Row(401, 204, 204, 204)},
    "csrf": {"get": Row(*EVERYBODY)},
    "jwks": {"get": Row(*EVERYBODY)},
    "me": {
        "get": Row(*SIGNED_IN),
        "patch": Row(*SIGNED_IN, {"full_name": "Pat"}),
        "delete": Row(401, 400, 400, 400, {"password": "wrong", "understood": True}),
    },
    "password": {
        "post": Row(
            401, 400, 400, 400, {"current_password": "wrong", "new_password": "a new one, long"}
        )
    },
    "password-reset": {"post": Row(202, 202, 202, 202, NOBODY)},
    "password-reset-confirm": {
        "post": Row(
            422, 422, 422, 422, {"claim": "x", "code": "y", "new_password": "a new one, long"}
        )
    },
    "second-factor": {
        "post": Row(401, 400, 400, 400, {"password": "wrong"}),
        "put": Row(401, 422, 422, 422, {"enrolment": "x", "code": "y"}),
        "delete": Row(401, 400, 400, 400, {"password": "wrong"}),
    },
    "my-data": {"get": Row(*SIGNED_IN)},
    "sign-ins": {"get": Row(*SIGNED_IN)},
    "sign-in": {"delete": Row(401, 404, 204, 404, args=("{sign_in}",))},
    "catalog": {"get": Row(*SIGNED_IN)},
    "catalog-version": {"get": Row(*SIGNED_IN, args=("2026.1",))},
    "catalog-section": {"get": Row(*SIGNED_IN, args=("2026.1", "IAM"))},
    "intake": {"post": Row(*SIGNED_IN, {"profile": {}})},
    "assessments": {"get": Row(*SIGNED_IN)},
    "start": {"post": Row(401, 422, 200, 422, {"tier": "quick", "section_ids": []})},
    "current": {"get": Row(*MINE)},
    "assessment": {
        "get": Row(*MINE, args=OPEN),
        "delete": Row(401, 404, 409, 404, args=DONE),
    },
    "structure": {"get": Row(*MINE, args=OPEN)},
    "section": {"patch": Row(401, 404, 204, 404, {"come_back": True}, args=("{open}", "IAM"))},
    "responses": {
        "get": Row(*MINE, args=OPEN),
        "post": Row(*MINE, {"responses": []}, args=OPEN),
    },
    "response": {
        "get": Row(*MINE, args=("{done}", "{question}")),
        "put": Row(*MINE, {"state": "dont_know"}, args=("{open}", "{question}")),
    },
    "former-answers": {"get": Row(*MINE, args=OPEN)},
    "doubts": {"get": Row(*MINE, args=OPEN)},
    "save": {"post": Row(*MINE, {"responses": []}, args=OPEN)},
    "extend": {"post": Row(401, 404, 409, 404, args=OPEN)},
    "complete": {"post": Row(401, 404, 409, 404, {}, args=OPEN)},
    "consultation": {
        "get": Row(*MINE, args=OPEN),
        "post": Row(*MINE, {"details": "Call me."}, args=OPEN),
    },
    "invitations": {
        "get": Row(*MINE, args=OPEN),
        "post": Row(
            401,
            404,
            201,
            404,
            {"scope_id": "GOV", "name": "Kim", "email": "kim@example.org"},
            args=OPEN,
        ),
    },
    "invitation": {"delete": Row(401, 404, 204, 404, args=("{open}", "{invitation}"))},
    "scorecard": {"get": Row(*MINE, args=DONE)},
    "roadmap": {"get": Row(*MINE, args=DONE)},
    "what-if": {"post": Row(*MINE, {"question_ids": []}, args=DONE)},
    "change": {"get": Row(*MINE, args=DONE)},
    "scenarios": {
        "get": Row(*MINE, args=DONE),
        "post": Row(401, 404, 422, 404, {"name": "More", "question_ids": []}, args=DONE),
    },
    "scenario": {"delete": Row(401, 404, 404, 404, args=("{done}", "none"))},
    "to-ask": {"get": Row(*MINE, args=OPEN)},
    "answers-csv": {"get": Row(*MINE, args=OPEN)},
    "plan-xlsx": {"get": Row(*MINE, args=DONE)},
    "result-json": {"get": Row(*MINE, args=DONE)},
    "reports": {"get": Row(*SIGNED_IN)},
    "generate": {"post": Row(*MINE, args=DONE)},
    "request-ai": {"post": Row(*MINE, {}, args=DONE)},
    "report-status": {"get": Row(*MINE, args=REPORT)},
    "download": {"get": Row(*MINE, args=REPORT)},
    "admin-users": {
        "get": Row(*ADMINS),
        "post": Row(401, 403, 403, 400, {}),
    },
    "admin-user": {
        "get": Row(*ADMINS, args=("{user}",)),
        "patch": Row(*ADMINS, {"is_admin": False}, args=("{user}",)),
        "delete": Row(401, 403, 403, 204, args=("{spare}",)),
    },
    "admin-password": {"post": Row(401, 403, 403, 204, args=("{another_spare}",))},
    "admin-assessments": {"get": Row(*ADMINS)},
    "admin-extend": {"post": Row(401, 403, 403, 409, {"days": 3}, args=DONE)},
    "admin-consultation": {"patch": Row(401, 403, 403, 404, {"state": "closed"}, args=DONE)},
    "admin-consultations": {"get": Row(*ADMINS)},
    "admin-stats": {"get": Row(*ADMINS)},
    "admin-reports": {"get": Row(*ADMINS)},
    "admin-generate": {"post": Row(*ADMINS, args=DONE)},
    "admin-review": {"get": Row(*ADMINS, args=ENHANCED)},
    "admin-release": {"post": Row(401, 403, 403, 409, {"sha256": "0" * 64}, args=ENHANCED)},
    "admin-reject": {"post": Row(401, 403, 403, 400, {"reason": "short"}, args=ENHANCED)},
    "admin-write-again": {"post": Row(401, 403, 403, 202, args=ENHANCED)},
    "admin-retry": {"post": Row(401, 403, 403, 409, args=REPORT)},
    "admin-audit-log": {"get": Row(*ADMINS)},
    "openapi": {"get": Row(*EVERYBODY)},
    "docs": {"get": Row(*EVERYBODY)},
}


@pytest.fixture
def things(owner: User, worker: None) -> dict[str, str]:
    done = make_completed(owner)
    report = Report.objects.get(assessment=done)
    production.produce(report.pk, now=now)
    enhanced = ordering.request_enhanced(done, context="", comments_consent=False, at=now())
    production.produce(enhanced.pk, now=now)
    assessment = make_assessment(owner)
    return {
        "done": str(done.pk),
        "report": str(report.pk),
        "enhanced": str(enhanced.pk),
        "open": str(assessment.pk),
        "invitation": str(make_invitation(assessment).pk),
        "question": next(iter(assessment.questionnaire)).id,
        "user": str(owner.pk),
        "spare": str(make_user("spare@example.org").pk),
        "another_spare": str(make_user("another-spare@example.org").pk),
        "sign_in": str(Api(owner).family.pk),
    }


@pytest.fixture
def callers(owner: User) -> dict[str, Api]:
    inactive = make_user("inactive@example.org")
    callers = {
        "anonymous": Api(),
        "stranger": Api(make_user("stranger@example.org")),
        "owner": Api(owner),
        "admin": Api(make_user("admin@example.org", is_admin=True), second_factor=True),
        "inactive": Api(inactive),
    }
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    return callers


def address(name: str, row: Row, things: dict[str, str], namespace: str = "api") -> str:
    return reverse(f"{namespace}:{name}", args=[arg.format(**things) for arg in row.args])


def test_every_url_of_the_api_is_in_the_table() -> None:
    assert {pattern.name for pattern in api_urls.version_1} == set(TABLE)


@pytest.mark.django_db
def test_access(things: dict[str, str], callers: dict[str, Api], monkeypatch: Any) -> None:
    """Every URL by every method and every kind of caller."""
    monkeypatch.setattr("accounts.limits.Limit.take", lambda *_: None)
    wrong = []
    asked = 0

    for name, rows in TABLE.items():
        allowed = {method.upper() for method in rows}
        for method in METHODS:
            for who in KINDS:
                row = rows.get(method) or next(iter(rows.values()))
                response = callers[who](method, address(name, row, things), row.data)
                asked += 1
                if method in rows or (method == "head" and "get" in rows):
                    expected = {row.expected(who)}
                elif method == "options":
                    expected = {200, 401, 403, 405}
                else:
                    expected = {405, 401, 403}
                if response.status_code not in expected:
                    wrong.append((name, method, who, response.status_code, expected))
                if response.status_code == 405:
                    assert allowed <= set(response["Allow"].replace(" ", "").split(","))
                if name == "logout" and response.status_code == 204:
                    user = callers[who].family.user
                    callers[who].pair = Api(user, second_factor=who == "admin").pair
                if name == "sign-in" and response.status_code == 204:
                    things["sign_in"] = str(Api(callers["owner"].family.user).family.pk)

    assert wrong == []
    assert asked == len(TABLE) * len(METHODS) * len(KINDS)


@pytest.mark.django_db
def test_a_stranger_learns_nothing_from_a_refusal(
    things: dict[str, str], callers: dict[str, Api]
) -> None:
    missing = dict.fromkeys(things, "00000000-0000-4000-8000-000000000000")
    missing["question"] = things["question"]

    for name, rows in TABLE.items():
        for method, row in rows.items():
            if row.stranger == 404 and row.args:
                answers = [
                    callers["stranger"](method, address(name, row, ids), row.data)
                    for ids in (things, missing)
                ]
                bodies = [{**answer.json(), "request_id": ""} for answer in answers]
                assert bodies[0] == bodies[1], name
                assert answers[0].status_code == answers[1].status_code == 404, name


@pytest.mark.django_db
def test_the_addresses_without_a_version_answer_as_version_1(
    things: dict[str, str], callers: dict[str, Api]
) -> None:
    for name, rows in TABLE.items():
        for method, row in rows.items():
            if method == "get" and name != "csrf":
                answers = [
                    callers["owner"](method, address(name, row, things, namespace))
                    for namespace in ("api", "api-unversioned")
                ]
                assert answers[0].status_code == answers[1].status_code, name
                assert answers[1]["API-Version"] == "1"
    assert reverse("api-unversioned:login") == "/api/auth/login"
    assert reverse("api-unversioned:generate", args=[things["done"]]) == (
        f"/api/reports/{things['done']}/generate"
    )


@pytest.mark.django_db
def test_an_administrator_without_the_second_factor_is_told_so(admin: User) -> None:
    response = Api(admin).get("admin/users")

    assert response.status_code == 403
    assert response.json()["code"] == "second_factor_required"


@pytest.mark.django_db
def test_who_loses_the_role_loses_it_at_once(admin: User, admin_api: Api) -> None:
    assert admin_api.get("admin/users").status_code == 200

    User.objects.filter(pk=admin.pk).update(is_admin=False)

    assert admin_api.get("admin/users").status_code == 403
