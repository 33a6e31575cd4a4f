"""How the schema describes what every app's endpoints have in common."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

MEANINGS = {
    400: "The request cannot be understood, or a value is not allowed.",
    401: "Not signed in, or not any more.",
    403: "Refused: the CSRF token, or the second factor, is missing.",
    404: "There is no such thing, or it is somebody else's.",
    409: "Not in this state, or the first request with this key is still running.",
    412: "It was changed in the meantime.",
    415: "Only JSON is understood.",
    422: "Understood, and refused by a rule.",
    429: "Too many requests; `Retry-After` says when to go on.",
    500: "Our mistake.",
    503: "Not possible for the moment.",
}


class Fault(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="Which value, as a JSON pointer.")
    message = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457. Decide by `code`, which stays the same; the texts are for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    request_id = serializers.CharField()
    errors = Fault(many=True, required=False)  # type: ignore[assignment]  # a member of the answer


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """The refusals of an endpoint."""
    return {
        (status, "application/problem+json"): OpenApiResponse(Problem, MEANINGS[status])
        for status in statuses
    }


def page_of(serializer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """One page of these."""
    return type(
        f"{serializer.__name__}Page",
        (serializers.Serializer,),
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
        },
    )


PAGING = [
    OpenApiParameter("cursor", str, description="From `next` or `previous` of a page."),
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": 999_999_999},
        description="At most 100 are given; 50 if not said.",
    ),
]
SEARCH = OpenApiParameter("search", str, description="At most 100 characters.")
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
    OpenApiParameter.HEADER,
    description="Chosen by you, once for each thing to be done. A request that is sent again "
    "with it does nothing again, and is answered as the first one was, for 24 hours.",
)


def search_words(request: Request) -> str:
    """Raises ValidationError for what no database can look for."""
    words = request.query_params.get("search", "").strip()
    if len(words) > 100 or "\x00" in words:
        raise ValidationError({"search": ["Use at most 100 characters."]})
    return words


class Schema(AutoSchema):
    """With the key of a retry, wherever it is honoured."""

    def get_operation_id(self) -> str:
        return f"{type(self.view).__name__}_{self.method.lower()}"

    def get_override_parameters(self) -> list[OpenApiParameter | Any]:
        handler = getattr(self.view, self.method.lower())
        inherited: list[OpenApiParameter | Any] = super().get_override_parameters()
        return [*inherited, KEY] if getattr(handler, "once", False) else inherited
