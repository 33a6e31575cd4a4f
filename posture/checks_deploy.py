"""What a production must have: `manage.py check --deploy`, which each release runs first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def nothing_crosses_a_network_in_the_open(**_: Any) -> list[CheckMessage]:
    """TLS to the databases, with the server's name checked, to Redis and to the mail server."""
    return [*_databases(), *_redis(), *_mail()]


@register(Tags.security, deploy=True)
def the_client_can_be_told_from_the_proxy(**_: Any) -> list[CheckMessage]:
    if settings.CLIENT_IP_HEADER and settings.TRUSTED_PROXIES:
        return []
    return [
        Error(
            "CLIENT_IP_HEADER and TRUSTED_PROXIES must both be set:"
            " limits would count everybody behind the proxy as one.",
            id="posture.E105",
        )
    ]


def _databases() -> Iterator[CheckMessage]:
    for alias, database in settings.DATABASES.items():
        if not database["ENGINE"].endswith("sqlite3"):
            mode = database.get("OPTIONS", {}).get("sslmode", "")
            if mode != "verify-full":
                yield Error(
                    f"The database {alias!r} must be reached with sslmode=verify-full"
                    f" in its address; it is {mode or 'not given'}.",
                    hint="Add ?sslmode=verify-full&sslrootcert=/path/to/root.crt to the address.",
                    id="posture.E101",
                )


def _redis() -> Iterator[CheckMessage]:
    if not settings.REDIS_URL:
        embedded = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
        if not embedded:
            yield Error(
                "REDIS_URL is not set: several machines need one broker and one count of tries.",
                id="posture.E103",
            )
    elif not settings.REDIS_URL.startswith("rediss://"):
        yield Error("REDIS_URL must begin with rediss://, for TLS.", id="posture.E102")


def _mail() -> Iterator[CheckMessage]:
    if settings.EMAIL_DELIVERY_BACKEND.endswith("filebased.EmailBackend"):
        yield Error("EMAIL_URL is not set: nobody could confirm an address.", id="posture.E104")
    elif settings.EMAIL_DELIVERY_BACKEND.endswith("smtp.EmailBackend") and not (
        settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    ):
        yield Error("EMAIL_URL must begin with smtp+tls:// or smtps://.", id="posture.E104")
