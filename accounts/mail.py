"""Mail is handed to the worker: no page waits for a mail server, or tells by its time."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from accounts import letters
from accounts.tasks import send_mail


class QueuedBackend(BaseEmailBackend):
    """Django's mail API with Celery behind it. `EMAIL_DELIVERY_BACKEND` says how it goes on."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            html = ""
            if isinstance(message, EmailMultiAlternatives):
                parts = {kind: str(content) for content, kind in message.alternatives}
                html = parts.get("text/html", "")
            subject, body = str(message.subject), str(message.body)
            html = html or letters.as_page(subject, body)
            send_mail.delay(subject, body, list(message.to), html)
        return len(email_messages)
