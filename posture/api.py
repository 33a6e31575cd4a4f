"""The API as a whole: how refusals are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.encoding import PROBLEM
from accounts.endpoint import Refused
from accounts.limits import TooMany, Uncounted
from accounts.people import LastAdministrator, OwnAccount
from assessments.errors import (
    Closed,
    ExtensionRefused,
    InvitationRefused,
    LinkEnded,
    NothingAnswered,
    QuestionsUnanswered,
    RetakesUsedUp,
    ScopeRefused,
)
from posture import problems
from reports.delivery import Damaged, NotReady
from reports.ordering import NotCompleted, RequestsUsedUp
from reports.release import NotForReview, OtherFile

# --- refusals ------------------------------------------------------------------------------------


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """A domain's refusal, or one of the protocol, as a problem; None for what is our mistake."""
    request: HttpRequest = context["request"]._request
    for kind, told in REFUSALS.items():
        if isinstance(error, kind):
            return _response(request, *told(error))
    if isinstance(error, Refused):
        return _response(request, error.status_code, error.code, str(error), error.members)
    if isinstance(error, exceptions.ValidationError):
        faults = {"errors": list(_faults(error.detail))}
        return _response(request, 400, "invalid", "A value is not allowed.", faults)
    if isinstance(error, exceptions.APIException):
        code = getattr(error.detail, "code", error.default_code)
        members: dict[str, Any] = {}
        if isinstance(error, TooMany):
            members["retry_after"] = error.usage.seconds
        if isinstance(error, Uncounted):
            members["retry_after"] = 30
        return _response(request, error.status_code, str(code), str(error.detail), members)
    return None


Told = tuple[int, str, str, dict[str, Any]]

INVITATION = {"scope": "scope_id", "email": "email", "": ""}
"""What the API calls the fields of an invitation; nothing is the whole of it."""

REFUSALS: dict[type[Exception], Callable[[Any], Told]] = {
    Http404: lambda _: (404, "not_found", "There is no such thing, or it is not yours.", {}),
    PermissionDenied: lambda _: (403, "permission_denied", "This is not allowed.", {}),
    Closed: lambda error: (
        409,
        "assessment_closed",
        f"The assessment is {error.status}; its answers stay as they are.",
        {"assessment_status": str(error.status)},
    ),
    ExtensionRefused: lambda error: (409, "extension_refused", str(error), {}),
    QuestionsUnanswered: lambda error: (
        409,
        "questions_unanswered",
        str(error),
        {"question_ids": list(error.question_ids)},
    ),
    NothingAnswered: lambda _: (409, "nothing_answered", "Answer at least one question.", {}),
    ScopeRefused: lambda error: (
        422,
        "scope_refused",
        error.message,
        {"errors": [{"pointer": f"/{error.field}", "message": error.message}]},
    ),
    InvitationRefused: lambda error: (
        422,
        "invitation_refused",
        error.message,
        {"errors": [{"pointer": f"/{INVITATION[error.field]}", "message": error.message}]},
    ),
    LinkEnded: lambda error: (
        409,
        "invitation_ended",
        "The invitation has ended already.",
        {"state": str(error.state)},
    ),
    RetakesUsedUp: lambda error: (
        409,
        "retakes_used_up",
        "This year's retakes are used up.",
        {"again_at": error.again_at},
    ),
    NotCompleted: lambda _: (
        409,
        "not_completed",
        "There is a report once the assessment is completed.",
        {},
    ),
    RequestsUsedUp: lambda error: (
        429,
        "enhanced_reports_used_up",
        "No more of these reports today.",
        {"again_at": error.again_at},
    ),
    NotForReview: lambda _: (
        409,
        "not_for_review",
        "Only an AI-enhanced report that is made and not released is reviewed.",
        {},
    ),
    OtherFile: lambda _: (
        409,
        "other_file",
        "The file is another one, or does not have the latest decisions in it.",
        {},
    ),
    NotReady: lambda _: (409, "report_not_ready", "There is no file to download yet.", {}),
    Damaged: lambda _: (
        500,
        "report_damaged",
        "The file is not the one that was made; order the report again.",
        {},
    ),
    LastAdministrator: lambda _: (
        409,
        "last_administrator",
        "This is the last administrator. Make somebody else one first.",
        {},
    ),
    OwnAccount: lambda _: (409, "own_account", "Nobody can do this to their own account.", {}),
}


def _response(
    request: HttpRequest, status: int, code: str, detail: str, members: Mapping[str, Any]
) -> Response:
    body = problems.body(request, status, code, detail, **members)
    response = Response(body, status=status, content_type=PROBLEM)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if "retry_after" in members:
        response["Retry-After"] = str(members["retry_after"])
    return response


def _faults(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _faults(
                inner, pointer if name == "non_field_errors" else f"{pointer}/{name}"
            )
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _faults(inner, f"{pointer}/{place}" if nested else pointer)
    else:
        yield {"pointer": pointer, "message": str(detail)}


def unknown(request: HttpRequest, path: str = "") -> HttpResponse:
    return problems.problem(request, 404, "not_found", "There is no such endpoint.")


unknown.csrf_exempt = True  # type: ignore[attr-defined]  # nothing is done, whoever asks
