"""What holds for every endpoint: refusals, retries, limits, sizes, origins, versions."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import idempotency
from accounts.models import AdminAuditLog, IdempotencyKey, User
from assessments.models import Assessment, AssessmentResponse
from posture.counters import FileCounters
from posture.middleware import api as middleware
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import answer_all, make_assessment, make_completed, make_user

pytestmark = pytest.mark.django_db

EVIL = (
    "https://evil.example",
    "null",
    "https://app.posture.test.evil.example",
    "https://evil-app.posture.test",
    "http://app.posture.test",
)


# --- refusals ------------------------------------------------------------------------------------


def test_every_refusal_is_a_problem_with_a_code(anonymous: Api, api: Api) -> None:
    answers = {
        "token_invalid": api.get("auth/me", Authorization="Bearer x"),
        "not_authenticated": anonymous.get("auth/me"),
        "not_found": anonymous.get("no/such/endpoint"),
        "method_not_allowed": api.put("auth/me", {}),
        "parse_error": api.post("intake", "{"),
        "invalid": api.post("intake", {}),
        "length_required": api.http.post(
            "/api/v1/intake", headers={"Transfer-Encoding": "chunked"}
        ),
        "body_too_large": api.post("intake", "x" * 1_000_001),
        "not_acceptable": api.get("auth/me", Accept="text/html"),
    }

    for code, answer in answers.items():
        assert answer["Content-Type"] == "application/problem+json", code
        problem = answer.json()
        assert problem["code"] == code
        assert problem["status"] == answer.status_code
        assert problem["type"] == f"urn:posture:problem:{code}"
        assert problem["request_id"] == answer["X-Request-Id"]
        assert problem["title"]
        assert problem["detail"]
    assert answers["token_invalid"]["WWW-Authenticate"] == 'Bearer realm="api"'


def test_our_own_mistake_is_a_problem_that_shows_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("an inside that nobody may see")

    monkeypatch.setattr("accounts.api._person", fail)

    broken = api.get("auth/me")

    assert broken.status_code == 500
    assert broken["Content-Type"] == "application/problem+json"
    assert broken.json()["code"] == "server_error"
    assert b"inside" not in broken.content


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "text/json"]
)
def test_only_json_is_understood(api: Api, kind: str) -> None:
    assert api.pair
    refused = api.http.generic(
        "POST",
        "/api/v1/intake",
        '{"profile": {}}',
        kind,
        headers={"Authorization": f"Bearer {api.pair.access}"},
    )

    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


def test_a_harmless_request_id_is_kept_and_another_replaced(anonymous: Api) -> None:
    kept = anonymous.get("auth/csrf", X_Request_Id="from-the-edge-1")
    replaced = anonymous.get("auth/csrf", X_Request_Id="a b\tc<script>")

    assert kept["X-Request-Id"] == "from-the-edge-1"
    assert re.fullmatch(r"[0-9a-f]{32}", replaced["X-Request-Id"])


def test_without_tls_nothing_is_answered_and_nothing_redirected(
    settings: Settings, anonymous: Api
) -> None:
    settings.SECURE_SSL_REDIRECT = True

    plain = anonymous.get("auth/csrf")
    safe = anonymous.http.get("/api/v1/auth/csrf", secure=True)

    assert (plain.status_code, plain.json()["code"]) == (403, "https_required")
    assert safe.status_code == 200


def test_what_is_personal_is_kept_nowhere(api: Api, owner: User) -> None:
    assessment = make_assessment(owner)

    for path in ("auth/me", "assessments", f"assessments/{assessment.pk}/responses", "reports"):
        answer = api.get(path)
        assert answer["Cache-Control"] == "no-store"
        assert {"Authorization", "Cookie"} <= set(answer["Vary"].split(", "))


# --- versions ------------------------------------------------------------------------------------


def test_an_endpoint_that_will_go_says_so(anonymous: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    going = middleware.Deprecation(date(2027, 1, 1), date(2027, 9, 1), "/api/v2/csrf")
    monkeypatch.setitem(middleware.DEPRECATED, "csrf", going)

    for path in ("/api/v1/auth/csrf", "/api/auth/csrf"):
        answer = anonymous.get(path)
        stamp = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
        assert answer["Deprecation"] == f"@{stamp}"
        assert answer["Sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"
        assert answer["Link"] == '</api/v2/csrf>; rel="successor-version"'
    assert not anonymous.get("auth/jwks.json").has_header("Deprecation")


# --- other origins -------------------------------------------------------------------------------


def test_only_listed_origins_may_read(settings: Settings, anonymous: Api) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.posture.test"]

    ours = anonymous.get("auth/csrf", Origin="https://app.posture.test")
    assert ours["Access-Control-Allow-Origin"] == "https://app.posture.test"
    assert ours["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in ours["Vary"]
    for origin in EVIL:
        refused = anonymous.get("auth/csrf", Origin=origin)
        assert not refused.has_header("Access-Control-Allow-Origin"), origin
    page = anonymous.get("/account/login/", Origin="https://app.posture.test")
    assert not page.has_header("Access-Control-Allow-Origin")


def test_a_preflight_is_answered_for_listed_origins(settings: Settings, anonymous: Api) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.posture.test"]

    def preflight(origin: str) -> Any:
        return anonymous(
            "options",
            "auth/login",
            Origin=origin,
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="content-type,idempotency-key,if-match",
        )

    allowed = preflight("https://app.posture.test")
    assert allowed.status_code == 200
    assert "idempotency-key" in allowed["Access-Control-Allow-Headers"]
    for origin in EVIL:
        assert not preflight(origin).has_header("Access-Control-Allow-Origin")


# --- limits --------------------------------------------------------------------------------------


def wrong_login(**headers: str) -> Any:
    said = {"email": "nobody@example.org", "password": "wrong"}
    return Client().post("/api/v1/auth/login", said, "application/json", **headers)  # type: ignore[arg-type]


def test_a_limit_is_told_before_and_when_it_is_reached(anonymous: Api) -> None:
    answers = [anonymous.post("auth/refresh", {"refresh": "x"}) for _ in range(62)]

    assert [answer["X-RateLimit-Remaining"] for answer in answers[:2]] == ["59", "58"]
    assert [answer.status_code for answer in answers].count(429) == 2
    refused = answers[-1]
    assert refused.json()["code"] == "throttled"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["X-RateLimit-Limit"] == "60"
    assert refused["X-RateLimit-Reset"] == refused["Retry-After"]


def passing(count: int, headers: Callable[[int], dict[str, str]]) -> int:
    """How many of so many sign-ins pass the limit of the API (10 a minute)."""
    answers = [
        Client(headers=headers(number), REMOTE_ADDR=headers(number).pop("peer", "198.51.100.7"))
        .post(
            "/api/v1/auth/login",
            {"email": f"{number}@example.org", "password": "wrong"},
            "application/json",
        )
        .json()["code"]
        for number in range(count)
    ]
    return sum(code != "throttled" for code in answers)


def test_forged_addresses_share_one_bucket(settings: Settings) -> None:
    import ipaddress

    settings.CLIENT_IP_HEADER = "Fly-Client-IP"
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("172.16.0.0/12")]

    def forged(number: int) -> dict[str, str]:
        address = f"203.0.113.{number}"
        return {"Fly-Client-IP": address, "X-Forwarded-For": address}

    assert passing(30, forged) == 10


def test_the_proxys_word_counts_when_it_is_ours(settings: Settings) -> None:
    import ipaddress

    settings.CLIENT_IP_HEADER = "Fly-Client-IP"
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("172.16.0.0/12")]

    people = iter(range(1_000))

    def from_proxy(address: str) -> int:
        client = Client(headers={"Fly-Client-IP": address}, REMOTE_ADDR="172.16.0.9")
        said = {"email": f"{next(people)}@example.org", "password": "wrong"}
        return client.post("/api/v1/auth/login", said, "application/json").status_code

    assert [from_proxy("2001:db8::1") for _ in range(5)].count(429) == 0
    # One home is one /64, and garbage is the proxy itself.
    home = [from_proxy(f"2001:db8::{number:x}") for number in range(2, 12)]
    assert home.count(429) == 5
    assert from_proxy("2001:db8:0:1::1") == 401
    assert [from_proxy("a, b") for _ in range(11)].count(429) == 1


@pytest.mark.django_db(transaction=True)
def test_of_forty_at_once_ten_pass(settings: Settings) -> None:
    codes: list[str] = []
    start = threading.Barrier(40)

    def run() -> None:
        start.wait()
        codes.append(wrong_login().json()["code"])
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(codes) == 40
    assert codes.count("throttled") == 30


def test_counters_lose_nothing_and_forget_what_is_over(tmp_path: Path) -> None:
    counters = FileCounters(tmp_path / "counters", {})

    assert counters.add("a", 1, 60)
    assert not counters.add("a", 1, 60)
    assert counters.incr("a") == 2
    assert counters.get("a") == 2
    with pytest.raises(ValueError, match="not counted"):
        counters.incr("b")
    assert counters.add("c", 1, -1)
    assert counters.get("c") is None
    assert counters.add("c", 1, 60)
    counters.clear()
    assert counters.get("a") is None


def test_with_the_counters_away_reads_go_on_and_sign_in_waits(
    settings: Settings, api: Api, owner: User
) -> None:
    """A Redis that nobody answers at."""
    settings.CACHES = {
        **settings.CACHES,
        "limits": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_connect_timeout": 0.2},
        },
    }
    caches._settings = caches.settings = caches.configure_settings(None)  # type: ignore[attr-defined]
    if hasattr(caches._connections, "limits"):  # type: ignore[attr-defined]
        del caches["limits"]
    try:
        make_assessment(owner)
        read = api.get("assessments/current")
        refused = wrong_login()
        registered = api.post("auth/register", {})
    finally:
        del caches["limits"]

    assert read.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (503, "limits_unavailable")
    assert registered.status_code == 503
    assert int(refused["Retry-After"]) > 0


# --- retries -------------------------------------------------------------------------------------


def test_a_request_that_is_sent_again_does_nothing_again(api: Api, owner: User) -> None:
    assessment = make_assessment(owner)
    question = next(iter(assessment.questionnaire)).id
    url = f"assessments/{assessment.pk}/responses/{question}"
    first = api.put(url, {"state": "dont_know"}, Idempotency_Key="one")
    api.put(url, {"state": "dont_know", "comment": "later"})

    again = api.put(url, {"state": "dont_know"}, Idempotency_Key="one")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["ETag"] == first["ETag"]
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")
    assert AssessmentResponse.objects.get().comment == "later"


def test_a_key_is_for_one_request_of_one_person(api: Api, stranger_api: Api) -> None:
    start = {"tier": "quick"}
    assert api.post("assessments/start", start, Idempotency_Key="k").status_code == 201

    other_body = api.post("assessments/start", {"tier": "deep"}, Idempotency_Key="k")
    other_path = api.post("intake", {"profile": {}}, Idempotency_Key="k")
    other_person = stranger_api.post("assessments/start", start, Idempotency_Key="k")
    bad = api.post("assessments/start", start, Idempotency_Key="a key")

    assert (other_body.status_code, other_body.json()["code"]) == (422, "idempotency_key_reused")
    assert other_path.status_code == 200  # nothing is changed there, so there is nothing to repeat
    assert other_person.status_code == 201
    assert (bad.status_code, bad.json()["code"]) == (400, "idempotency_key_invalid")


def test_while_the_first_is_running_the_second_waits(api: Api, owner: User) -> None:
    body = b'{"tier": "quick"}'
    print_ = idempotency.fingerprint("POST", "/api/v1/assessments/start", body)
    row = idempotency.take(owner, "k", print_, at=timezone.now())

    waiting = api.post("assessments/start", body, Idempotency_Key="k")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_running")
    assert waiting["Retry-After"] == "1"
    # Whoever took it has died.
    IdempotencyKey.objects.update(taken_at=row.taken_at - timedelta(seconds=61))

    assert api.post("assessments/start", body, Idempotency_Key="k").status_code == 201


def test_a_refusal_is_not_repeated_when_it_is_no_longer_true(api: Api, owner: User) -> None:
    assessment = make_assessment(owner)
    url = f"assessments/{assessment.pk}/complete"
    assert api.post(url, {}, Idempotency_Key="k").status_code == 409
    answer_all(assessment)

    assert api.post(url, {}, Idempotency_Key="k").status_code == 200


def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    api.post("assessments/start", {"tier": "quick"}, Idempotency_Key="k")
    IdempotencyKey.objects.update(taken_at=timezone.now() - timedelta(hours=25))

    again = api.post("assessments/start", {"tier": "quick"}, Idempotency_Key="k")

    assert again.status_code == 200
    assert not again.has_header("Idempotency-Replayed")
    idempotency.forget_old(at=timezone.now() + timedelta(hours=25))
    assert not IdempotencyKey.objects.exists()


# --- the N-th query fails ------------------------------------------------------------------------


class FailsAt:
    """Lets the database refuse one statement, the N-th."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.failed = False

    def __call__(self, execute: Any, sql: str, *args: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            self.failed = True
            raise DatabaseError("the database is gone")
        return execute(sql, *args)


def save(owner: User) -> tuple[str, object]:
    assessment = make_assessment(owner)
    responses = [{"question_id": q.id, "state": "dont_know"} for q in assessment.questionnaire]
    return f"assessments/{assessment.pk}/responses", {"responses": responses}


def save_one(owner: User) -> tuple[str, object]:
    assessment = make_assessment(owner)
    question = next(iter(assessment.questionnaire)).id
    responses = [{"question_id": question, "state": "dont_know"}]
    return f"assessments/{assessment.pk}/save", {"responses": responses}


def start(owner: User) -> tuple[str, object]:
    return "assessments/start", {"tier": "quick"}


def complete(owner: User) -> tuple[str, object]:
    return f"assessments/{answer_all(make_assessment(owner)).pk}/complete", {}


def generate(owner: User) -> tuple[str, object]:
    assessment = make_completed(owner)
    Report.objects.all().delete()
    return f"reports/{assessment.pk}/generate", None


def consult(owner: User) -> tuple[str, object]:
    return f"assessments/{make_assessment(owner).pk}/consultation", {"details": "Call me."}


def invite(owner: User) -> tuple[str, object]:
    person = {"email": "new@example.org", "full_name": "N", "company_name": "C"}
    return "admin/users", person


def ask_for_password(owner: User) -> tuple[str, object]:
    return f"admin/users/{owner.pk}/password", None


def order_for_somebody(owner: User) -> tuple[str, object]:
    return f"admin/{generate(owner)[0]}", None


FLOWS = (
    save,
    save_one,
    start,
    complete,
    generate,
    consult,
    invite,
    ask_for_password,
    order_for_somebody,
)


def everything() -> dict[str, list[Any]]:
    """All that a flow may change, but for clocks and the keys of requests."""
    return {
        "users": list(User.objects.order_by("pk").values_list("pk", "email", "password")),
        "assessments": list(
            Assessment.objects.order_by("pk").values_list(
                "pk", "status", "progress_percentage", "consultation_details"
            )
        ),
        "responses": list(
            AssessmentResponse.objects.order_by("question_id").values_list(
                "question_id", "state", "revision"
            )
        ),
        "reports": list(Report.objects.values_list("assessment", "status")),
        "audit": list(AdminAuditLog.objects.order_by("seq").values_list("seq", "action")),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_whichever_query_fails_it_is_before_or_after_and_never_between(flow: Any) -> None:
    number = 0
    while True:
        number += 1
        owner = make_user(f"owner-{number}@example.org")
        admin = make_user(f"admin-{number}@example.org", is_admin=True)
        path, body = flow(owner)
        api = Api(admin if path.startswith("admin/") else owner, second_factor=True)
        before = everything()
        fault = FailsAt(number)

        with connection.execute_wrapper(fault):
            answer = api.post(path, body, Idempotency_Key="k")
        after_fault = everything()
        if not fault.failed:
            assert answer.status_code < 300
            break
        if answer.status_code >= 400:
            assert answer.status_code == 500
            assert after_fault == before, number
        # If the key could not be given back, it is free after a minute.
        IdempotencyKey.objects.filter(status=None).update(
            taken_at=timezone.now() - timedelta(seconds=61)
        )
        again = api.post(path, body, Idempotency_Key="k")
        assert again.status_code < 300, (number, again.content)
        once = everything()
        api.post(path, body, Idempotency_Key="k")
        assert everything() == once != before

        for model in (Report, AssessmentResponse, Assessment, IdempotencyKey):
            model.objects.all().delete()
        User.objects.all().delete()
    assert number > 4
