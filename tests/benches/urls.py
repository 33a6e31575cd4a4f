"""The site's addresses, and what its endpoints are measured against."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.endpoint import Endpoint
from assessments.models import Assessment
from posture.urls import urlpatterns as site


def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


class SignedIn(Endpoint):
    limits = ()

    def get(self, request: Request) -> Response:
        return Response({})


class Row(Endpoint):
    """One row of the caller's fetched and shown, and no more."""

    limits = ()

    def get(self, request: Request) -> Response:
        return Response(Assessment.objects.visible_to(self.user).values("pk", "status").first())


urlpatterns: list[Any] = [
    path("bench/empty", empty),
    path("api/v1/bench/empty", SignedIn.as_view()),
    path("api/v1/bench/row", Row.as_view()),
    *site,
]
