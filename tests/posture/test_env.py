from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from posture.env import Environment

ROOT = Path(__file__).parents[2]


def test_every_wrong_variable_is_named_at_once() -> None:
    env = Environment(
        {"FLAG": "yes", "NUMBER": "-1", "DATABASE_URL": "mysql://x", "MAIL": "http://x", "KEY": "k"}
    )
    env.flag("FLAG")
    env.number("NUMBER", 1)
    env.text("MISSING")
    env.database("DATABASE_URL", Path("x"))
    env.mail("MAIL")
    env.secret("KEY")

    with pytest.raises(ImproperlyConfigured) as refused:
        env.check()

    lines = str(refused.value).splitlines()[1:]
    assert [line.split()[0] for line in lines] == [
        "FLAG",
        "NUMBER",
        "MISSING",
        "DATABASE_URL",
        "MAIL",
        "KEY",
    ]


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    env = Environment({"A": "", "B": ""})

    assert env.text("A", "default") == "default"
    assert env.flag("B", default=True) is True
    env.check()


def test_addresses_are_taken_apart() -> None:
    env = Environment(
        {
            "DB": "postgresql://a%40b:p%2Fw@db.example:6543/posture?sslmode=verify-full",
            "FILE": "sqlite:////srv/posture.sqlite3",
            "MAIL": "smtp+tls://u:p@mail.example",
        }
    )

    database = env.database("DB", Path("x"))
    assert (database["USER"], database["PASSWORD"]) == ("a@b", "p/w")
    assert (database["HOST"], database["PORT"], database["NAME"]) == (
        "db.example",
        "6543",
        "posture",
    )
    assert database["OPTIONS"] == {"sslmode": "verify-full"}
    assert env.database("FILE", Path("x"))["NAME"] == "/srv/posture.sqlite3"
    assert env.database("NONE", Path("/here.sqlite3"))["NAME"] == "/here.sqlite3"
    mail = env.mail("MAIL")
    assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"], mail["EMAIL_USE_TLS"]) == (
        "mail.example",
        587,
        True,
    )
    env.check()


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_bare_environment_stops_with_a_sentence_per_variable() -> None:
    result = manage("check")

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for name in ("SECRET_KEY", "SITE_URL", "DEFAULT_FROM_EMAIL", "ALLOWED_HOSTS"):
        assert f"{name} is not set" in result.stderr


PRODUCTION = {
    "SECRET_KEY": "0123456789abcdefghij" * 3,
    "SITE_URL": "https://posture.example",
    "DEFAULT_FROM_EMAIL": "posture@posture.example",
    "ALLOWED_HOSTS": "posture.example",
    "EMAIL_URL": "smtp+tls://u:p@mail.example",
    "CLIENT_IP_HEADER": "Fly-Client-IP",
    "TRUSTED_PROXIES": "172.16.0.0/16",
}

SHOW = """
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
      s.SECURE_HSTS_SECONDS >= 31536000, s.SECURE_SSL_REDIRECT, s.DEBUG, s.MAILBOX_PAGE)
"""


def test_production_has_the_strict_cookies_and_no_mailbox(tmp_path: Path) -> None:
    result = manage("shell", "--no-imports", "-c", SHOW, **PRODUCTION, POSTURE_VAR=str(tmp_path))

    assert result.stdout.split() == [
        "__Host-session", "__Host-csrf", "True", "True", "True", "True", "False", "False",
    ], result.stderr  # fmt: skip


def test_deployment_checks_find_nothing(tmp_path: Path) -> None:
    result = manage(
        "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, POSTURE_VAR=str(tmp_path)
    )

    assert result.returncode == 0, result.stderr


def test_the_demo_is_refused_outside_a_local_machine(tmp_path: Path) -> None:
    result = manage("demo", **PRODUCTION, POSTURE_VAR=str(tmp_path))

    assert result.returncode == 1
    assert "LOCAL=1 only" in result.stderr
