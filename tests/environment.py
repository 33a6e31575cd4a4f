"""The environment of a test run. Loaded by pytest before the settings are read."""

import os
import tempfile

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posture.settings")
os.environ.setdefault("LOCAL", "1")
os.environ.setdefault("SECRET_KEY", "for-tests-only-" + "0123456789" * 5)
os.environ["POSTURE_VAR"] = tempfile.mkdtemp(prefix="posture-tests-")
# Playwright's synchronous interface runs an event loop beside the tests' own queries.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--with-database", action="store_true", help="only tests that use the test's database"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks no database, or brings its own, says the same whichever database there is."""
    if not config.getoption("--with-database"):
        return
    asking = [item for item in items if _asks_the_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(asking)])
    items[:] = asking


def _asks_the_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return bool({"db", "transactional_db"} & set(fixtures)) or any(item.iter_markers("django_db"))
