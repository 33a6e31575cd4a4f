"""The API's part about reports: order, follow, download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api import ADMIN
from accounts.described import PAGING, page_of, problems
from accounts.endpoint import Administrator, Endpoint, Refused, once, paged
from assessments.models import Assessment
from reports import delivery, ordering
from reports.models import Report


class ReportView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    assessment_id = serializers.UUIDField()
    report_type = serializers.ChoiceField(Report.Type.values)
    status = serializers.ChoiceField(Report.Status.values)
    downloadable = serializers.BooleanField()
    requested_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    pages = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_blank=True)
    failure_reason = serializers.CharField(allow_blank=True)


def shown(report: Report) -> Mapping[str, object]:
    """What the owner may know: of an unreleased file nothing."""
    has_file = report.is_downloadable
    return {
        "id": report.pk,
        "assessment_id": report.assessment_id,
        "report_type": report.report_type,
        "status": report.status,
        "downloadable": has_file,
        "requested_at": report.requested_at,
        "completed_at": report.completed_at,
        "pages": report.pages if has_file else None,
        "sha256": report.sha256 if has_file else "",
        "failure_reason": report.failure_reason,
    }


class Reports(Endpoint):
    @extend_schema(
        summary="One's reports",
        tags=["reports"],
        parameters=PAGING,
        responses={200: page_of(ReportView), **problems(400, 401, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        mine = Report.objects.visible_to(self.user)
        return paged(self, mine, shown, ("-requested_at", "-pk"))


class Generate(Endpoint):
    @extend_schema(
        summary="Order the standard report",
        description="Of a completed assessment. The one that is under way or ready, if there is "
        "one: then the answer is 200 and not 202.",
        tags=["reports"],
        request=None,
        responses={200: ReportView, 202: ReportView, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def post(self, request: Request, assessment_id: UUID) -> Response:
        mine = Assessment.objects.visible_to(self.user)
        assessment = get_object_or_404(mine, pk=assessment_id)
        now = timezone.now()
        report = ordering.order(assessment, Report.Type.STANDARD, at=now)
        return Response(shown(report), status=202 if report.requested_at == now else 200)


class Status(Endpoint):
    @extend_schema(
        summary="How far a report is",
        tags=["reports"],
        responses={200: ReportView, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shown(get_object_or_404(Report.objects.visible_to(self.user), pk=pk)))


class Download(Endpoint):
    @extend_schema(
        summary="Download a report",
        description="The PDF, byte for byte as it was made. 409 until it is ready.",
        tags=["reports"],
        responses={
            (200, "application/pdf"): OpenApiTypes.BINARY,
            **problems(401, 404, 409, 429, 500),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        report = get_object_or_404(Report.objects.visible_to(self.user), pk=pk)
        return HttpResponse(
            delivery.content(report),
            content_type="application/pdf",
            headers=delivery.headers(report),
        )


# --- administrators ------------------------------------------------------------------------------


class ManagedReport(ReportView):
    user_id = serializers.UUIDField()
    email = serializers.EmailField()
    tries = serializers.IntegerField()


def _managed(report: Report) -> Mapping[str, object]:
    return {
        **shown(report),
        "user_id": report.user_id,
        "email": report.user.email,
        "tries": report.tries,
    }


class AdminReports(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Reports",
        tags=["admin"],
        parameters=[*PAGING, OpenApiParameter("status", str, enum=list(Report.Status.values))],
        responses={200: page_of(ManagedReport), **problems(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        chosen = Report.objects.visible_to_admin(self.user).select_related("user")
        if status := request.query_params.get("status"):
            if status not in Report.Status.values:
                raise ValidationError({"status": ["There is no such status."]})
            chosen = chosen.filter(status=status)
        return paged(self, chosen, _managed, ("-requested_at", "-pk"))


class AdminGenerate(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Order the standard report of anybody's assessment",
        tags=["admin"],
        request=None,
        responses={
            200: ManagedReport,
            202: ManagedReport,
            **problems(400, 401, 403, 404, 409, 422, 429),
        },
    )
    @once
    def post(self, request: Request, assessment_id: UUID) -> Response:
        everything = Assessment.objects.visible_to_admin(self.user)
        return _ordered(self, get_object_or_404(everything, pk=assessment_id), "report.generate")


class AdminRetry(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Order a failed report again",
        description="A new report of the same kind; the failed one stays to be seen.",
        tags=["admin"],
        request=None,
        responses={
            200: ManagedReport,
            202: ManagedReport,
            **problems(400, 401, 403, 404, 409, 422, 429),
        },
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        everything = Report.objects.visible_to_admin(self.user).select_related("assessment")
        report = get_object_or_404(everything, pk=pk)
        if report.status != Report.Status.FAILED:
            raise Refused(409, "not_failed", "Only a failed report is ordered again.")
        return _ordered(self, report.assessment, "report.retry", Report.Type(report.report_type))


def _ordered(
    view: Endpoint,
    assessment: Assessment,
    action: str,
    report_type: Report.Type = Report.Type.STANDARD,
) -> Response:
    now = timezone.now()
    report = ordering.order(assessment, report_type, at=now)
    audit.record(
        view.user,
        action,
        report.user_id,
        {"report": str(report.pk), "assessment": str(assessment.pk)},
    )
    return Response(_managed(report), status=202 if report.requested_at == now else 200)
