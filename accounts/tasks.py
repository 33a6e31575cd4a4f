"""Celery's side of the door."""

import logging
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.utils import timezone

from accounts import idempotency, tokens

logger = logging.getLogger(__name__)

REFUSED_FOR_GOOD = 500
"""Replies of a mail server from here on are final."""


@shared_task(autoretry_for=(OSError,), retry_backoff=5, retry_backoff_max=600, max_retries=8)
def send_mail(subject: str, body: str, to: list[str], html: str) -> None:
    """Deliver one message. A mail server that cannot be reached is tried again for an hour.

    What it refuses for good, such as an address that does not exist, is not.
    """
    try:
        with mail.get_connection(settings.EMAIL_DELIVERY_BACKEND) as connection:
            mail.send_mail(
                subject, body, None, to, html_message=html or None, connection=connection
            )
    except (SMTPRecipientsRefused, SMTPResponseException) as error:
        codes = _codes(error)
        if min(codes, default=0) < REFUSED_FOR_GOOD:
            raise
        logger.warning("a message was refused by the mail server: %s", codes)
    if settings.MAIL_STAYS_HERE:
        logger.warning("no mail server is set: a message waits as a file in %s", settings.MAILBOX)


def _codes(error: SMTPRecipientsRefused | SMTPResponseException) -> list[int]:
    if isinstance(error, SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code]


@shared_task
def clear_sessions() -> None:
    SessionStore.clear_expired()


@shared_task
def clear_tokens() -> None:
    """Sign-ins that have expired, and answers that need not be repeated any more."""
    now = timezone.now()
    tokens.forget_expired(at=now)
    idempotency.forget_old(at=now)
