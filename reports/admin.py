"""Reports in the console: their states, and ordering a failed one again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from assessments.admin import ReadOnly
from reports import ordering
from reports.models import Report


@admin.register(Report)
class ReportAdmin(ReadOnly, admin.ModelAdmin[Report]):
    list_display = (
        "user",
        "report_type",
        "status",
        "tries",
        "pages",
        "requested_at",
        "completed_at",
    )
    list_filter = ("status", "report_type", "requested_at")
    search_fields = ("user__email", "user__company_name")
    date_hierarchy = "requested_at"
    show_full_result_count = False
    fields = (
        "user",
        "assessment",
        "report_type",
        "status",
        "requested_at",
        "completed_at",
        "tries",
        "failure_reason",
        "lease_until",
        "pages",
        "sha256",
    )
    readonly_fields = fields
    actions = ("order_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        assert isinstance(request.user, User)
        return Report.objects.visible_to_admin(request.user).select_related("assessment", "user")

    @admin.action(description="Order failed reports again", permissions=["view"])
    def order_again(self, request: HttpRequest, chosen: QuerySet[Report]) -> None:
        failed = list(chosen.filter(status=Report.Status.FAILED).select_related("assessment"))
        for report in failed:
            ordering.order(report.assessment, Report.Type(report.report_type), at=timezone.now())
        self.message_user(request, f"{len(failed)} ordered again.", messages.SUCCESS)
