"""How often something may be asked, counted where every process sees it."""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request

from accounts.address import household

logger = logging.getLogger(__name__)


class Uncounted(APIException):
    """The counter is away, and this must not be asked uncounted."""

    status_code = 503
    default_code = "limits_unavailable"
    default_detail = "Sign-in is not possible for the moment. Try again in a minute."


@dataclass(frozen=True, slots=True)
class Usage:
    limit: int
    remaining: int
    seconds: int
    """Until the count begins again."""


def by_address(request: Request) -> str:
    return household(request._request)


def by_caller(request: Request) -> str:
    return str(request.user.pk) if request.user.is_authenticated else by_address(request)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so much time for each caller, such as "10/m".

    With the counter away the request passes, or is refused where `closed` says that nobody
    may try uncounted.
    """

    name: str
    rate: str
    by: Callable[[Request], str] = by_caller
    closed: bool = False

    def take(self, request: Request) -> Usage | None:
        """Count this request. Raises Throttled or Uncounted."""
        try:
            used = get_usage(
                request._request,
                group=self.name,
                key=lambda *_: self.by(request),
                rate=self.rate,
                increment=True,
            )
        except (RedisError, OSError, sqlite3.Error) as error:
            logger.warning("the limit %s cannot be counted: %s", self.name, type(error).__name__)
            used = None
        if used is None or used["time_left"] < 0:
            if self.closed:
                raise Uncounted
            return None
        seconds = max(1, math.ceil(used["time_left"]))
        usage = Usage(used["limit"], max(0, used["limit"] - used["count"]), seconds)
        if used["should_limit"]:
            raise TooMany(usage)
        return usage


class TooMany(Throttled):
    def __init__(self, usage: Usage) -> None:
        super().__init__(wait=usage.seconds)
        self.usage = usage


API = Limit("api", "300/m")
