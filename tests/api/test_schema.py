"""The description tells the truth: it is the one that is checked in, and it is complete."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from posture import openapi
from tests.api.conftest import Api
from tests.api.test_access import TABLE

CHECKED_IN = Path(settings.BASE_DIR) / "docs" / "openapi.json"
HIDDEN = {"openapi", "docs"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(openapi.schema()[0])
    return described


def test_the_description_is_the_one_that_is_checked_in() -> None:
    """`manage.py write_openapi` writes it anew; a change that breaks clients is seen in review."""
    assert CHECKED_IN.read_bytes() == openapi.schema()[0]


def test_it_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"
    assert all(path.startswith("/api/v1/") for path in schema["paths"])


def test_every_operation_is_described(schema: dict[str, Any]) -> None:
    described = {
        (path, method) for path, operations in schema["paths"].items() for method in operations
    }
    assert len(described) == sum(len(rows) for name, rows in TABLE.items() if name not in HIDDEN)
    seen = set()
    for path, method in described:
        operation = schema["paths"][path][method]
        assert operation["summary"], path
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        assert operation["tags"]


def test_every_refusal_is_a_problem(schema: dict[str, Any]) -> None:
    for operations in schema["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"]
                    content = response["content"]["application/problem+json"]
                    assert content["schema"]["$ref"].endswith("/Problem")


def test_the_key_of_a_retry_is_offered_where_it_is_honoured(schema: dict[str, Any]) -> None:
    def keyed(path: str, method: str) -> bool:
        parameters = schema["paths"][path][method].get("parameters", [])
        return any(parameter["name"] == "Idempotency-Key" for parameter in parameters)

    assert keyed("/api/v1/assessments/start", "post")
    assert keyed("/api/v1/assessments/{id}/responses/{question_id}", "put")
    assert keyed("/api/v1/admin/users/{id}", "delete")
    assert not keyed("/api/v1/auth/login", "post")
    assert not keyed("/api/v1/assessments", "get")


@pytest.mark.django_db
def test_it_is_served_and_kept_for_five_minutes(anonymous: Api) -> None:
    served = anonymous.get("openapi.json")

    assert served.content == CHECKED_IN.read_bytes()
    assert served["Cache-Control"] == "public, max-age=300"
    again = anonymous.get("openapi.json", If_None_Match=served["ETag"])
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.django_db
def test_only_the_viewer_may_set_styles_inline(anonymous: Api) -> None:
    viewer = anonymous.get("docs")["Content-Security-Policy"]

    assert "style-src 'self' 'unsafe-inline'" in viewer
    assert "script-src 'self'" in viewer.split("; ")
    for path in ("/", "openapi.json"):
        assert "unsafe" not in anonymous.get(path)["Content-Security-Policy"]


def test_what_is_asked_of_a_name_a_name_can_meet(schema: dict[str, Any]) -> None:
    """A validator of what must not be found is described as its opposite."""
    names = [
        described["properties"][name]
        for described in schema["components"]["schemas"].values()
        for name in ("full_name", "company_name")
        if "pattern" in described.get("properties", {}).get(name, {})
    ]

    assert names
    for name in names:
        assert re.search(name["pattern"], "Brannigan & Söhne")
        assert not re.search(name["pattern"], "two\nlines")
