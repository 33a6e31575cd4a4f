"""The walk in docs/api.md works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.api.test_auth import PAT, code_in

DOCS = Path(settings.BASE_DIR) / "docs" / "api.md"


@pytest.mark.django_db(transaction=True)
def test_the_walk_in_python(live_server: LiveServer, worker: None, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert code
    walk: dict[str, Any] = {}
    exec(code[1], walk)
    walk["API"] = f"{live_server.url}/api/v1"

    pdf = walk["from_registration_to_the_pdf"](PAT, lambda: code_in(mail.outbox[0]))

    assert pdf.startswith(b"%PDF-")


def test_every_code_that_is_answered_is_written_down() -> None:
    written = set(re.findall(r"`([a-z_]+)`", DOCS.read_text()))
    sources = [
        Path(settings.BASE_DIR) / name
        for name in (
            "accounts/api.py",
            "accounts/endpoint.py",
            "accounts/limits.py",
            "accounts/tokens.py",
            "assessments/api.py",
            "reports/api.py",
            "posture/api.py",
            "posture/views.py",
            "posture/middleware/api.py",
            "posture/middleware/limits.py",
        )
    ]
    answered = {
        code
        for source in sources
        for code in re.findall(
            r'(?:\b[45]\d\d,\s*|code=|default_code = |request, )"([a-z_]+)"', source.read_text()
        )
    }

    assert len(answered) > 30
    assert answered - written == set()
