"""A client of the API for each kind of caller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import TokenFamily, User
from tests.factories import make_user


class Api:
    """Speaks JSON, with a Bearer token if it belongs to somebody."""

    def __init__(self, user: User | None = None, *, second_factor: bool = False) -> None:
        self.http = Client(raise_request_exception=False)
        self.pair: tokens.Pair | None = None
        if user is not None:
            self.pair = tokens.begin(
                user, second_factor=second_factor, device="test", at=timezone.now()
            )

    @property
    def family(self) -> TokenFamily:
        assert self.pair
        return TokenFamily.objects.get(pk=self.pair.family.pk)

    def __call__(self, method: str, path: str, data: object = None, **headers: str) -> Any:
        """`path` is below /api/v1/, or whole if it begins with a slash. Headers_with_lines."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.pair:
            said.setdefault("Authorization", f"Bearer {self.pair.access}")
        url = path if path.startswith("/") else f"/api/v1/{path}"
        body: Any = {} if data is None else {"data": data, "content_type": "application/json"}
        response: Any = self.http.generic(
            method.upper(),
            url,
            **_encoded(body),
            headers=said,
        )
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self("get", path, **headers)

    def post(self, path: str, data: object = None, **headers: str) -> Any:
        return self("post", path, data, **headers)

    def put(self, path: str, data: object = None, **headers: str) -> Any:
        return self("put", path, data, **headers)

    def patch(self, path: str, data: object = None, **headers: str) -> Any:
        return self("patch", path, data, **headers)

    def delete(self, path: str, data: object = None, **headers: str) -> Any:
        return self("delete", path, data, **headers)


def _encoded(body: dict[str, Any]) -> dict[str, Any]:
    if not body:
        return {}
    data = body["data"]
    text = data if isinstance(data, bytes | str) else json.dumps(data)
    return {"data": text, "content_type": body["content_type"]}


@pytest.fixture(autouse=True)
def no_counts() -> None:
    caches["limits"].clear()


@pytest.fixture(autouse=True, scope="session")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder of its own for keys."""
    settings.TOKEN_KEYS = tmp_path_factory.mktemp("keys")


@pytest.fixture(autouse=True, scope="session")
def static_folder() -> None:
    """Looked for by every server that a test starts."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def anonymous(db: None) -> Api:
    return Api()


@pytest.fixture
def api(owner: User) -> Api:
    """The owner's client."""
    return Api(owner)


@pytest.fixture
def admin_api(admin: User) -> Api:
    """An administrator's, signed in with the second factor."""
    return Api(admin, second_factor=True)


@pytest.fixture
def stranger_api(stranger: User) -> Api:
    return Api(stranger)


def make_admin_api() -> Api:
    return Api(make_user("another-admin@example.org", is_admin=True), second_factor=True)
