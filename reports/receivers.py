"""What happens in this app because of something that happened below it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction

from assessments.models import Assessment
from reports import ordering, production
from reports.models import Report


def order_standard_report(*, assessment: Assessment, **_: Any) -> None:
    """A completed assessment orders its standard report, in the same transaction."""
    assert assessment.completed_at is not None
    ordering.order(assessment, Report.Type.STANDARD, at=assessment.completed_at)


def delete_file(*, instance: Report, **_: Any) -> None:
    """The file goes with its row, however that was deleted, once the deletion is certain."""
    transaction.on_commit(partial(production.remove_files, instance.pk))
