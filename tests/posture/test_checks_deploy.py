"""`manage.py check --deploy` as a release runs it, on environments that lack one thing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

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


# The settings are read once a process, so each environment has its own; what they have in common
# is loaded before they part.
ASK = """
import json, os, sys
import celery.app.base, django.core.mail, django.db.models, fido2.server, icalendar, psycopg, redis
for environment in json.load(sys.stdin):
    sys.stdout.flush()
    if not os.fork():
        os.environ.update(environment)
        import django
        django.setup()
        from django.core import checks
        found = checks.run_checks(include_deployment_checks=True)
        print(json.dumps([m.id for m in found if m.level >= checks.WARNING]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""


def refusals(*environments: Mapping[str, str]) -> list[list[str]]:
    """The ids of the errors in each of the environments; the database itself is not asked."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    asked = subprocess.run(
        [sys.executable, "-c", ASK],
        input=json.dumps(environments),
        cwd=ROOT,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "posture.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return [json.loads(line) for line in asked.stdout.splitlines()]


LACKS: Sequence[tuple[dict[str, str], str]] = [
    ({"DATABASE_URL": "postgresql://app:x@db.example/posture"}, "posture.E101"),
    ({"DATABASE_URL": "postgresql://app:x@db.example/posture?sslmode=require"}, "posture.E101"),
    ({"REDIS_URL": "redis://redis.example:6379/0"}, "posture.E102"),
    ({"REDIS_URL": ""}, "posture.E103"),
    ({"EMAIL_URL": ""}, "posture.E104"),
    ({"EMAIL_URL": "smtp://mail.example"}, "posture.E104"),
    ({"CLIENT_IP_HEADER": ""}, "posture.E105"),
    ({"TRUSTED_PROXIES": ""}, "posture.E105"),
    ({"DEBUG": "1"}, "security.W018"),
]


def test_a_production_that_lacks_something_is_refused_and_a_complete_one_is_not() -> None:
    """With Django's own checks for a deployment too."""
    complete, *lacking = refusals(PRODUCTION, *(PRODUCTION | change for change, _ in LACKS))

    assert complete == []
    assert lacking == [[refused] for _, refused in LACKS]
