"""The rows that a request may touch: those of the person who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from assessments import visiting
from posture.database.router import alias_for_reading
from posture.database.subject import NOBODY, STAFF, CarriesSubject, Subject, acting_as

GetResponse = Callable[[HttpRequest], HttpResponse]


class RowsOfTheirOwn:
    """Runs the request in the name of its person, on PostgreSQL in one transaction.

    The person comes from the session, whose table and that of the people are not protected. An
    administrator under STAFF_PATHS is staff there, and a person like any other elsewhere. Under
    COLLEAGUE_PATHS it is the owner whose link, or whose colleague's cookie, the request carries,
    whoever is signed in; the pages there reach only what the colleague was asked. A request that
    fails is rolled back whole.

    Nobody's requests have no transaction: the front page and the health checks go without a
    database. SQLite has none either: its transactions queue up behind each other from BEGIN on,
    and pages that only read would wait for those that write.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(settings.COLLEAGUE_PATHS):
            subject = owner_of_link(request)
        else:
            subject = subject_of(request.user, request.path_info)
        with acting_as(subject):
            if subject is NOBODY:
                return self.get_response(request)
            return self._in_one_transaction(request)

    def _in_one_transaction(self, request: HttpRequest) -> HttpResponse:
        alias = alias_for_reading()
        connection = connections[alias]
        outermost = not connection.in_atomic_block
        with _transaction(alias):
            response = self.get_response(request)
            if outermost and connection.in_atomic_block and _failed(request, response):
                transaction.set_rollback(True, using=alias)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Also what Django answers politely, such as 404, undoes what the view had written."""
        if not isinstance(exception, ImmediateHttpResponse):  # allauth's way to answer
            request.META["posture.failed"] = True


def subject_of(user: object, path: str) -> Subject:
    if not isinstance(user, User):
        return NOBODY
    if user.is_staff and path.startswith(settings.STAFF_PATHS):
        return STAFF
    return user.pk


def owner_of_link(request: HttpRequest) -> Subject:
    """Found as staff, because only the row says whose it is; for this one question."""
    with acting_as(STAFF):
        return visiting.owner_of(request) or NOBODY


def _transaction(alias: str) -> AbstractContextManager[object]:
    if isinstance(connections[alias], CarriesSubject):
        # Without a savepoint: a test's own transaction around it stays as it is.
        return transaction.atomic(using=alias, savepoint=False)
    return nullcontext()


def _failed(request: HttpRequest, response: HttpResponse) -> bool:
    return response.status_code >= 500 or "posture.failed" in request.META
