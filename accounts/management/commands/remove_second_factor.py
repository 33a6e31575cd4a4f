"""`manage.py remove_second_factor EMAIL`: for an administrator whom no other can help."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import people
from accounts.models import User


class Command(BaseCommand):
    help = "Removes the second factor of a person who lost it. The audit log says so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        if not people.recover(user):
            raise CommandError(f"{user.email} has no second factor.")
        self.stdout.write(f"Removed. {user.email} signs in with the password, and sets up another.")
