"""What every endpoint of the API does the same way: limits, retries, pages, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar, TypeVar

import msgspec
from django.core.exceptions import ValidationError as InvalidValue
from django.db import transaction
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import idempotency
from accounts.encoding import PROBLEM, encode
from accounts.limits import API, Limit, TooMany, Usage
from accounts.models import TokenFamily, User

KEY = re.compile(r"[\x21-\x7e]{1,255}")
REPEATED_HEADERS = ("ETag", "Location")


class Refused(exceptions.APIException):
    """A refusal with its status, a code that stays the same, and what else helps."""

    def __init__(self, status: int, code: str, detail: str, **members: object) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.members = members


class Endpoint(APIView):
    """Signed in unless it says otherwise; 300 requests a minute unless it says otherwise."""

    limits: ClassVar[Sequence[Limit]] = (API,)
    usage: Usage | None = None

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)  # IsAuthenticated has run
        return self.request.user

    @property
    def family(self) -> TokenFamily:
        assert isinstance(self.request.auth, TokenFamily)
        return self.request.auth

    def check_throttles(self, request: Request) -> None:
        for limit in self.limits:
            try:
                usage = limit.take(request)
            except TooMany as error:
                self.usage = error.usage
                raise
            if usage and (self.usage is None or usage.remaining < self.usage.remaining):
                self.usage = usage

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.usage:
            response["X-RateLimit-Limit"] = str(self.usage.limit)
            response["X-RateLimit-Remaining"] = str(self.usage.remaining)
            response["X-RateLimit-Reset"] = str(self.usage.seconds)
        patch_vary_headers(response, ("Authorization", "Cookie", "Origin"))
        return response


class Administrator(BasePermission):
    """An administrator who signed in with the second factor."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User):
            return False
        if not request.user.is_staff:
            raise Refused(403, "administrators_only", "This is for administrators.")
        if not (isinstance(request.auth, TokenFamily) and request.auth.second_factor):
            raise Refused(
                403, "second_factor_required", "Sign in with the code of your authenticator."
            )
        return True


Handler = TypeVar("Handler", bound=Callable[..., Any])


def once(handler: Handler) -> Handler:
    """An unsafe handler: one transaction, and with an `Idempotency-Key` one effect."""

    @wraps(handler)
    def answer(self: Endpoint, request: Request, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None or not request.user.is_authenticated:
            with transaction.atomic():
                return handler(self, request, *args, **kwargs)
        if not KEY.fullmatch(key):
            raise Refused(
                400, "idempotency_key_invalid", "Use 1 to 255 visible ASCII characters as key."
            )
        body = request._request.body
        print_ = idempotency.fingerprint(request.method or "", request.get_full_path(), body)
        try:
            taken = idempotency.take(self.user, key, print_, at=timezone.now())
        except idempotency.OtherRequest:
            raise Refused(
                422, "idempotency_key_reused", "This key was used for another request."
            ) from None
        except idempotency.Running:
            raise Refused(
                409,
                "idempotency_running",
                "The first request with this key is still being worked on.",
                retry_after=1,
            ) from None
        if taken.status is not None:
            return _repeated(taken)
        try:
            with transaction.atomic():
                response = handler(self, request, *args, **kwargs)
                idempotency.keep(
                    taken,
                    response.status_code,
                    "" if response.data is None else encode(response.data).decode(),
                    {
                        name: response[name]
                        for name in (*REPEATED_HEADERS, "Content-Type")
                        if response.has_header(name)
                    },
                )
        except Exception:
            idempotency.release(taken)
            raise
        return response

    answer.__dict__["once"] = True
    return answer  # type: ignore[return-value]  # the same signature, by wraps


def _repeated(taken: Any) -> Response:
    data = msgspec.json.decode(taken.body) if taken.body else None
    response = Response(data, status=taken.status, headers=taken.headers)
    response["Idempotency-Replayed"] = "true"
    if taken.status >= 400:
        response.content_type = PROBLEM
    return response


# --- what is said, and what is shown -------------------------------------------------------------


class Text(serializers.CharField):
    """A text, and not a number that could be written as one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Address(serializers.EmailField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """`true` or `false`, and none of the words that could mean them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Input(serializers.Serializer[Any]):
    """What a request may say. A name that is not known is a mistake, not decoration."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(str(name) for name in set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name[:100]: ["There is no such field."] for name in unknown[:20]}
                )
        return super().to_internal_value(data)

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The values of a request's body. Raises ValidationError."""
        serializer = cls(data=request.data)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values


class Pages(CursorPagination):
    """Pages by cursor: nothing is shown twice or skipped while rows are added."""

    page_size = 50
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering: Any = ("-created_at", "-pk")

    def get_page_size(self, request: Request) -> int:
        """As asked, and never more than the most. Raises ValidationError."""
        asked = request.query_params.get("page_size", str(self.page_size))
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 10 and int(asked) > 0):
            raise exceptions.ValidationError({"page_size": ["Use a whole number from 1."]})
        return min(int(asked), self.max_page_size)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (InvalidValue, ValueError, OverflowError):
            raise exceptions.NotFound(self.invalid_cursor_message) from None


def paged(
    view: Endpoint,
    rows: Any,
    show: Callable[[Any], object],
    ordering: Sequence[str] = ("-created_at", "-pk"),
) -> Response:
    """One page of rows with the links to its neighbours."""
    pages = Pages()
    pages.ordering = ordering
    page = pages.paginate_queryset(rows, view.request, view)
    return pages.get_paginated_response([show(row) for row in page])
