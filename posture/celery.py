"""The Celery application: settings by Django's, tasks from the apps' `tasks` modules."""

import os
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, worker_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posture.settings")

app = Celery("posture")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@before_task_publish.connect
@worker_init.connect
def make_broker_folders(**_: Any) -> None:
    """The embedded broker is a folder. Whoever deletes it loses messages, not the service."""
    if not settings.REDIS_URL:
        settings.BROKER_FOLDER.mkdir(parents=True, exist_ok=True)
        settings.BROKER_CONTROL_FOLDER.mkdir(parents=True, exist_ok=True)
