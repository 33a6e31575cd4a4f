"""Messages to people: written once as text, sent as text and as a page with the same words."""

from __future__ import annotations

from functools import partial

import msgspec
from django.conf import settings
from django.core import mail
from django.db import transaction
from django.template.loader import render_to_string

INDENT = "    "
"""What stands alone in a text, a link or a code, is set in by so much."""


class Block(msgspec.Struct, frozen=True):
    """A paragraph, or what stands alone: a link, a code."""

    kind: str
    text: str


def write(template: str, to: str, **context: object) -> None:
    """Send `template`, whose first line is the subject, once the transaction is committed.

    At most once: a worker that dies in that moment takes the message with it. What it tells also
    stands on a page.
    """
    context = {"site_url": settings.SITE_URL, **context}
    subject, _, body = render_to_string(template, context).strip().partition("\n")
    # A line break would begin another header.
    subject = " ".join(subject.split())
    transaction.on_commit(
        partial(mail.send_mail, f"Posture: {subject}", body.strip() + "\n", None, [to])
    )


def as_page(subject: str, body: str) -> str:
    """The same words for a mail program that shows pages: no picture, nothing that is fetched."""
    return render_to_string("email/page.html", {"subject": subject, "blocks": blocks(body)})


def blocks(body: str) -> list[Block]:
    found = []
    for paragraph in body.strip().split("\n\n"):
        lines = paragraph.strip("\n").split("\n")
        text = " ".join(line.strip() for line in lines).strip()
        if not text:
            continue
        alone = all(line.startswith(INDENT) for line in lines)
        if alone and text.startswith(("https://", "http://")) and " " not in text:
            found.append(Block("link", text))
        elif alone:
            found.append(Block("code", text))
        else:
            found.append(Block("words", text))
    return found
