"""What every test may use. No test can reach anything outside this machine (pyproject.toml)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, TransactionTestCase
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import User
from posture.celery import app
from posture.database import subject
from tests.auditing import unguarded
from tests.database.identity import APP, as_owner, signed_in_as
from tests.factories import make_user
from tests.redis import RedisServer, in_use


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """On PostgreSQL the owner makes, empties and drops the database; the tests are the app."""
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # not in the stubs

    def empty_as_owner(case: TransactionTestCase) -> None:
        with as_owner(), unguarded():
            empty(case)

    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        signed_in_as(APP),
    ):
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_as_owner)
        yield


@pytest.fixture(autouse=True)
def staff_look_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's own queries see every row; requests and tasks see what their subject may."""
    monkeypatch.setattr(subject, "_acting", ContextVar("acting", default=subject.STAFF))


@pytest.fixture(autouse=True)
def fast_passwords(settings: Settings) -> None:
    """Hashing as slowly as in production would cost minutes; one test does."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def real_mail(settings: Settings) -> None:
    """Django's test environment keeps mail in memory; ours goes by the worker to the mailbox."""
    settings.EMAIL_BACKEND = "accounts.mail.QueuedBackend"


@pytest.fixture(autouse=True)
def plain_static_files(settings: Settings) -> None:
    """Collecting and hashing is for the browser's tests, which serve what they collected."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def clean_slate() -> Iterator[None]:
    """No limits counted, no messages queued, no files left from the test before."""
    cache.clear()
    yield
    for folder in (settings.BROKER_FOLDER, settings.MAILBOX, Path(settings.MEDIA_ROOT)):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def worker() -> Iterator[None]:
    """Tasks run at once, in this process, as the worker would run them."""
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    yield
    app.conf.update(task_always_eager=False, task_eager_propagates=False)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server, in_use(server):
        yield server


@pytest.fixture
def owner(db: None) -> User:
    return make_user("owner@example.org")


@pytest.fixture
def stranger(db: None) -> User:
    return make_user("stranger@example.org")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("admin@example.org", is_admin=True)


@pytest.fixture
def owner_client(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client
