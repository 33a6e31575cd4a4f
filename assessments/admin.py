"""Assessments and answers in the console: to look at, never to change."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from assessments import scoring
from assessments.models import Assessment, AssessmentResponse


class ReadOnly:
    """Nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Assessment)
class AssessmentAdmin(ReadOnly, admin.ModelAdmin[Assessment]):
    list_display = (
        "user",
        "company",
        "attempt_number",
        "tier",
        "state",
        "progress_percentage",
        "started_at",
        "expires_at",
        "consultation_interest",
    )
    list_filter = ("status", "tier", "consultation_interest", "started_at")
    search_fields = ("user__email", "user__full_name", "user__company_name")
    date_hierarchy = "started_at"
    show_full_result_count = False
    fields = (
        "user",
        "company",
        "attempt_number",
        "tier",
        "catalog_version",
        "state",
        "progress_percentage",
        "started_at",
        "last_saved_at",
        "expires_at",
        "completed_at",
        "result",
        "consultation_interest",
        "consultation_requested_at",
        "consultation_details",
        "responses",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assessment]:
        assert isinstance(request.user, User)
        return (
            Assessment.objects.visible_to_admin(request.user)
            .select_related("user")
            .defer("scorecard")
        )

    @admin.display(description="company", ordering="user__company_name")
    def company(self, assessment: Assessment) -> str:
        return assessment.user.company_name

    @admin.display(description="state", ordering="status")
    def state(self, assessment: Assessment) -> str:
        return str(assessment.status_now.label)

    @admin.display(description="result")
    def result(self, assessment: Assessment) -> str:
        if assessment.scorecard is None:
            return "none yet"
        overall = assessment.result.overall
        if overall is None:
            return "not rated"
        return (
            f"{scoring.display(overall.score)} of 100, up to {scoring.display(overall.potential)}, "
            f"level {overall.level} {scoring.LEVEL_NAMES[overall.level]}"
        )

    @admin.display(description="answers")
    def responses(self, assessment: Assessment) -> SafeString:
        """Every question that was asked, with what was said."""
        questions = assessment.questionnaire.questions
        rows = (
            (
                question.id,
                question.text,
                _said(question.id, assessment),
                _note(question.id, assessment),
            )
            for question in questions.values()
        )
        return format_html(
            "<table><thead><tr><th>Question</th><th></th><th>Answer</th><th>Note</th></tr></thead>"
            "<tbody>{}</tbody></table>",
            format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows),
        )


def _said(question_id: str, assessment: Assessment) -> str:
    response = assessment.responses_by_question.get(question_id)
    if response is None:
        return ""
    if response.answer_value is None:
        return str(response.get_state_display())
    return assessment.questionnaire.questions[question_id].describe(response.answer_value)


def _note(question_id: str, assessment: Assessment) -> str:
    response = assessment.responses_by_question.get(question_id)
    return (response.na_reason or response.comment) if response else ""


@admin.register(AssessmentResponse)
class AssessmentResponseAdmin(ReadOnly, admin.ModelAdmin[AssessmentResponse]):
    list_display = ("question_id", "user", "state", "revision", "updated_at")
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("question_id", "user__email")
    show_full_result_count = False
    readonly_fields = (
        "assessment",
        "user",
        "section_id",
        "question_id",
        "answered_by",
        "state",
        "answer_value",
        "comment",
        "na_reason",
        "planned",
        "revision",
        "created_at",
        "updated_at",
    )
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssessmentResponse]:
        assert isinstance(request.user, User)
        return AssessmentResponse.objects.visible_to_admin(request.user)
