"""`manage.py write_openapi`: the description of the API into docs/openapi.json."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from posture import openapi


class Command(BaseCommand):
    help = "Writes the description of the API into docs/openapi.json, which a test compares."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "openapi.json"
        path.write_bytes(openapi.schema()[0])
        self.stdout.write(f"{path} is written.")
