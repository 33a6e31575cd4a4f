"""Celery's side of the door."""

import time

from celery import shared_task
from django.core.cache import cache

HEARTBEAT = "worker-heartbeat"


@shared_task
def heartbeat() -> None:
    """Say when a worker last took a message: then scheduler, broker and worker are all there."""
    cache.set(HEARTBEAT, time.time(), timeout=None)
