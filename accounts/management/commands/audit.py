"""`manage.py audit`: is the audit log as it was written?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit
from accounts.models import AdminAuditLog


class Command(BaseCommand):
    help = "Verifies the audit log, or prints its head, to be kept elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("verify", "head"))
        parser.add_argument(
            "--anchor", type=Path, help="a file with a head that was printed before"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "head":
            head = audit.head()
            self.stdout.write(f"{head.seq} {head.hash}")
            return
        anchor = _read(options["anchor"]) if options["anchor"] else None
        found = audit.verify(anchor)
        for damage in found:
            self.stdout.write(f"line {damage.seq}: {damage.kind}")
        if found:
            raise CommandError("The audit log is not as it was written.")
        self.stdout.write(f"{AdminAuditLog.objects.count()} lines, all as they were written.")


def _read(file: Path) -> audit.Head:
    try:
        seq, _, digest = file.read_text().strip().partition(" ")
        return audit.Head(int(seq), digest)
    except (OSError, ValueError):
        raise CommandError(
            f"{file} does not hold a head as `manage.py audit head` prints it."
        ) from None
