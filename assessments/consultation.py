"""A respondent's wish to be called."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assessments.models import Assessment


@transaction.atomic
def request(assessment: Assessment, details: str, *, at: datetime) -> Assessment:
    """Note the wish, or other details of it; it keeps the date of its first time."""
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    locked.request_consultation(details, at=at)
    locked.save(
        update_fields=[
            "consultation_interest",
            "consultation_details",
            "consultation_requested_at",
            "updated_at",
        ]
    )
    return locked
