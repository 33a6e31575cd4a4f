"""The project: settings, URLs, and what stands around the three apps."""

from posture.celery import app as celery_app

__all__ = ["celery_app"]
