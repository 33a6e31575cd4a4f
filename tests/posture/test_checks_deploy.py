"""`manage.py check --deploy` as a release runs it, on environments that lack one thing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PRODUCTION = {
    "SECRET_KEY": "for-tests-only-" + "0123456789" * 5,
    "ALLOWED_HOSTS": "posture.example",
    "SITE_URL": "https://posture.example",
    "DATABASE_URL": "postgresql://app:x@db.example/posture?sslmode=verify-full",
    "REDIS_URL": "rediss://:x@redis.example:6379/0",
    "EMAIL_URL": "smtp+tls://u:p@mail.example:587",
    "DEFAULT_FROM_EMAIL": "Posture <posture@posture.example>",
    "CLIENT_IP_HEADER": "Fly-Client-IP",
    "TRUSTED_PROXIES": "172.16.0.0/16,fdaa::/16",
}


def refusals(**changes: str) -> set[str]:
    """The ids of the errors; the database itself is not asked."""
    code = (
        "import django; django.setup(); from django.core import checks;"
        "print([m.id for m in checks.run_checks(include_deployment_checks=True)"
        " if m.level >= checks.WARNING])"
    )
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    asked = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "posture.settings", **PRODUCTION, **changes},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return set(re.findall(r"'([\w.]+)'", asked.stdout))


def test_a_complete_production_passes_with_djangos_own_checks_too() -> None:
    assert refusals() == set()


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"DATABASE_URL": "postgresql://app:x@db.example/posture"}, "posture.E101"),
        ({"DATABASE_URL": "postgresql://app:x@db.example/posture?sslmode=require"}, "posture.E101"),
        ({"REDIS_URL": "redis://redis.example:6379/0"}, "posture.E102"),
        ({"REDIS_URL": ""}, "posture.E103"),
        ({"EMAIL_URL": ""}, "posture.E104"),
        ({"EMAIL_URL": "smtp://mail.example"}, "posture.E104"),
        ({"CLIENT_IP_HEADER": ""}, "posture.E105"),
        ({"TRUSTED_PROXIES": ""}, "posture.E105"),
        ({"DEBUG": "1"}, "security.W018"),
    ],
)
def test_a_production_that_lacks_something_is_refused(change: dict[str, str], refused: str) -> None:
    assert refusals(**change) == {refused}
