"""The Celery application: settings by Django's, tasks from the apps' `tasks` modules."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import before_task_publish, worker_init
from django.apps import apps
from django.conf import settings

from posture.database.subject import NOBODY, STAFF, Subject, acting_as

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posture.settings")


class SubjectTask(Task[Any, Any]):
    """A task that says in whose name it works: `@shared_task(acts_for=...)`.

    "staff", or the model whose row the first argument names: then it is the row's owner. A task
    that says nothing is nobody's and sees no assessment, answer or report.
    """

    acts_for: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with acting_as(self._subject(*args)):
            return super().__call__(*args, **kwargs)

    def _subject(self, *args: Any) -> Subject:
        if self.acts_for is None:
            return NOBODY
        if self.acts_for == "staff":
            return STAFF
        with acting_as(STAFF):
            rows = apps.get_model(self.acts_for)._default_manager.filter(pk=args[0])
            return rows.values_list("user_id", flat=True).first() or NOBODY


app = Celery("posture", task_cls=SubjectTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_unprotected_rows(**_: Any) -> None:
    if not settings.LOCAL:
        from posture.checks import require_protected_rows  # needs the apps, which need this module

        require_protected_rows()


@before_task_publish.connect
@worker_init.connect
def make_broker_folders(**_: Any) -> None:
    """The embedded broker is a folder. Whoever deletes it loses messages, not the service."""
    if not settings.REDIS_URL:
        settings.BROKER_FOLDER.mkdir(parents=True, exist_ok=True)
        settings.BROKER_CONTROL_FOLDER.mkdir(parents=True, exist_ok=True)
