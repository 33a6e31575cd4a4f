"""Typed reads of the process environment that report every wrong variable at once."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


class Environment:
    """Reads variables and remembers what was wrong with them; `check()` then says it all.

    A wrong or missing variable reads as a harmless value of the right type, so that the
    reading can go on to the next one. Nothing starts with such a value: `check()` raises.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._wrong: list[str] = []

    def check(self) -> None:
        """Raises ImproperlyConfigured with one line per wrong variable."""
        if self._wrong:
            raise ImproperlyConfigured("The environment is wrong.\n  " + "\n  ".join(self._wrong))

    def wrong(self, sentence: str) -> None:
        self._wrong.append(sentence)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, "")
        if value:
            return value
        if default is None:
            self.wrong(f"{name} is not set")
        return default or ""

    def secret(self, name: str) -> str:
        value = self.text(name)
        if value and len(value) < 50:
            self.wrong(f"{name} is too short; it needs at least 50 characters")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name, "1" if default else "0")
        if value not in ("0", "1"):
            self.wrong(f"{name} is {value!r}; it must be 0 or 1")
        return value == "1"

    def number(self, name: str, default: int, minimum: int = 0) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal() or int(value) < minimum:
            self.wrong(f"{name} is {value!r}; it must be a whole number from {minimum}")
            return default
        return int(value)

    def items(self, name: str) -> list[str]:
        return [item.strip() for item in self.text(name, "").split(",") if item.strip()]

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        found = []
        for item in self.items(name):
            try:
                found.append(ip_network(item))
            except ValueError:
                self.wrong(f"{name} has {item!r}; it must be a network such as 10.0.0.0/8")
        return found

    def folder(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default))).absolute()

    def database(self, name: str, default: Path) -> dict[str, Any]:
        """A PostgreSQL address, or the SQLite file `default` where there is none."""
        value = self.text(name, f"sqlite:///{default}")
        address = urlsplit(value)
        if address.scheme == "sqlite":
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": unquote(address.path[1:])}
        if address.scheme not in ("postgres", "postgresql") or not address.path.strip("/"):
            self.wrong(f"{name} must look like postgresql://user:password@host/database")
            return {}
        # Several, for failover: postgresql://one:5432,other:5432/db?target_session_attrs=read-write
        hosts = [urlsplit(f"//{host}") for host in address.netloc.rpartition("@")[2].split(",")]
        return {
            "ENGINE": "posture.database",
            "NAME": unquote(address.path[1:]),
            "USER": unquote(address.username or ""),
            "PASSWORD": unquote(address.password or ""),
            "HOST": ",".join(host.hostname or "" for host in hosts),
            "PORT": ",".join(str(host.port or "") for host in hosts),
            "OPTIONS": dict(parse_qsl(address.query)),
        }

    def mail(self, name: str) -> dict[str, Any]:
        """An SMTP address as Django's settings, or nothing where there is none."""
        value = self.text(name, "")
        address = urlsplit(value)
        if not value:
            return {}
        if address.scheme not in ("smtp", "smtps", "smtp+tls") or not address.hostname:
            self.wrong(f"{name} must look like smtp+tls://user:password@host:587")
            return {}
        return {
            "EMAIL_HOST": address.hostname,
            "EMAIL_PORT": address.port or {"smtps": 465, "smtp+tls": 587}.get(address.scheme, 25),
            "EMAIL_HOST_USER": unquote(address.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(address.password or ""),
            "EMAIL_USE_TLS": address.scheme == "smtp+tls",
            "EMAIL_USE_SSL": address.scheme == "smtps",
        }
