"""`manage.py token_keys`: make, list, change and remove the keys that sign API tokens."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import keys


class Command(BaseCommand):
    help = (
        "Keys that sign API tokens. To change them: `new`, wait five minutes until every client "
        "has read the key set, `sign KID`, wait seven days until the last token of the old key "
        "has expired, `remove KID`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list", help="all keys; a star is before the one that signs")
        acts.add_parser("new", help="make a key; the first one signs at once")
        for act, about in (
            ("sign", "sign with this key from now on"),
            ("remove", "believe nothing that this key signed"),
        ):
            acts.add_parser(act, help=about).add_argument("kid")

    def handle(self, *, act: str, kid: str = "", **_: Any) -> None:
        try:
            if act == "new":
                kid = keys.create()
                self._sign_if_first(kid)
            elif act == "sign":
                keys.sign_with(kid)
            elif act == "remove":
                keys.remove(kid)
            self._list()
        except FileNotFoundError:
            raise CommandError(f"There is no key {kid}.") from None
        except keys.InUse:
            raise CommandError(f"{kid} signs; let another key sign first.") from None
        except keys.NoSigningKey as error:
            raise CommandError(str(error)) from None

    def _sign_if_first(self, kid: str) -> None:
        try:
            keys.load()
        except keys.NoSigningKey:
            keys.sign_with(kid)

    def _list(self) -> None:
        loaded = keys.load()
        for kid in sorted(loaded.public):
            self.stdout.write(f"{'*' if kid == loaded.signing else ' '} {kid}")
