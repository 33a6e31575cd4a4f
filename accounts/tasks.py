"""Celery's side of the door."""

import logging

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.utils import timezone

from accounts import idempotency, tokens

logger = logging.getLogger(__name__)


@shared_task(autoretry_for=(OSError,), retry_backoff=5, retry_backoff_max=600, max_retries=8)
def send_mail(subject: str, body: str, to: list[str], html: str) -> None:
    """Deliver one message. A mail server that cannot be reached is tried again for an hour."""
    with mail.get_connection(settings.EMAIL_DELIVERY_BACKEND) as connection:
        mail.send_mail(subject, body, None, to, html_message=html or None, connection=connection)
    if settings.MAIL_STAYS_HERE:
        logger.warning("no mail server is set: a message waits as a file in %s", settings.MAILBOX)


@shared_task
def clear_sessions() -> None:
    SessionStore.clear_expired()


@shared_task
def clear_tokens() -> None:
    """Sign-ins that have expired, and answers that need not be repeated any more."""
    now = timezone.now()
    tokens.forget_expired(at=now)
    idempotency.forget_old(at=now)
