"""The mail of a machine without a mail server: files, newest first."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from typing import NamedTuple

from django.conf import settings

SHOWN = 20


class Received(NamedTuple):
    to: str
    subject: str
    date: str
    body: str


def received() -> list[Received]:
    files = sorted(settings.MAILBOX.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return [_read(path.read_bytes()) for path in reversed(files[-SHOWN:])]


def _read(content: bytes) -> Received:
    message = email.message_from_bytes(content, _class=EmailMessage, policy=default)
    body = message.get_body(("plain",))
    return Received(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        date=str(message["Date"]),
        # The backend ends each message with a line of dashes.
        body=body.get_content().rstrip("-\n ") if body else "",
    )
