"""The AI service's stand-in, for the tests that ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from pytest_django import Settings

from reports.enhancement import client
from tests import peer
from tests.peer import Peer


@pytest.fixture
def service(settings: Settings) -> Iterator[Peer]:
    caches["limits"].clear()
    with peer.serving(settings) as serving:
        yield serving
        client._client().close()
        client._client_of.cache_clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As designed, in a tenth of the time."""
    monkeypatch.setattr(client, "READ", 0.6)
    monkeypatch.setattr("reports.enhancement.pipeline.CALL", 1.5)
    monkeypatch.setattr("reports.enhancement.pipeline.GRACE", 0.5)
