"""Refusals of the API before or beside its endpoints, as RFC 9457 has them."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from accounts.encoding import PROBLEM, encode

PREFIX = "/api/"


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(PREFIX)


def body(
    request: HttpRequest, status: int, code: str, detail: str, **members: object
) -> dict[str, object]:
    return {
        "type": f"urn:posture:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": getattr(request, "request_id", ""),
        **members,
    }


def problem(
    request: HttpRequest, status: int, code: str, detail: str, **members: object
) -> HttpResponse:
    return HttpResponse(
        encode(body(request, status, code, detail, **members)), status=status, content_type=PROBLEM
    )
