"""Celery's side of the door."""

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail


@shared_task(autoretry_for=(OSError,), retry_backoff=5, retry_backoff_max=600, max_retries=8)
def send_mail(subject: str, body: str, to: list[str], html: str) -> None:
    """Deliver one message. A mail server that cannot be reached is tried again for an hour."""
    with mail.get_connection(settings.EMAIL_DELIVERY_BACKEND) as connection:
        mail.send_mail(subject, body, None, to, html_message=html or None, connection=connection)


@shared_task
def clear_sessions() -> None:
    SessionStore.clear_expired()
