"""Assessments and answers in the console: to look at, never to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.admin import BoundedAdmin
from accounts.models import User
from assessments import consultation, expiry, scoring, statistics, tables
from assessments.errors import ExtensionRefused
from assessments.models import Assessment, AssessmentResponse


class ReadOnly:
    """Nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class Attention(admin.SimpleListFilter):
    """Who may need somebody."""

    title = "attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("stuck", f"Nothing saved for {statistics.STUCK_AFTER.days} days"),
            ("ends_soon", f"Ends within {statistics.ENDS_SOON.days} days"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Assessment]
    ) -> QuerySet[Assessment]:
        chosen = {"stuck": statistics.stuck, "ends_soon": statistics.ends_soon}
        condition = chosen.get(self.value() or "")
        return queryset.filter(condition(timezone.now())) if condition else queryset


@admin.register(Assessment)
class AssessmentAdmin(ReadOnly, BoundedAdmin[Assessment]):
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
    list_filter = (Attention, "status", "tier", "consultation_interest", "started_at")
    actions = ("give_seven_days",)
    search_fields = ("user__email", "user__full_name", "user__company_name")
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

    @admin.action(description="Give seven days more", permissions=["view"])
    def give_seven_days(self, request: HttpRequest, chosen: QuerySet[Assessment]) -> None:
        assert isinstance(request.user, User)
        done, refused = 0, []
        for assessment in chosen:
            try:
                expiry.extend_by_admin(assessment, days=7, by=request.user, at=timezone.now())
            except ExtensionRefused as error:
                refused.append(f"{assessment.user}: {error}")
            else:
                done += 1
        self.message_user(request, f"{done} have seven days more.", messages.SUCCESS)
        for sentence in refused:
            self.message_user(request, sentence, messages.WARNING)

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


class Consultation(Assessment):
    """An assessment whose respondent wants to be called."""

    class Meta:
        proxy = True
        verbose_name = "consultation"


@admin.register(Consultation)
class ConsultationAdmin(ReadOnly, BoundedAdmin[Assessment]):
    list_display = (
        "user",
        "company",
        "consultation_state",
        "consultation_requested_at",
        "consultation_details",
    )
    list_filter = ("consultation_state", "consultation_requested_at")
    search_fields = ("user__email", "user__full_name", "user__company_name")
    show_full_result_count = False
    ordering = ("-consultation_requested_at",)
    fields = ("user", "company", *list_display[2:])
    readonly_fields = fields
    actions_without_bounds = ("as_csv", "as_xlsx")
    actions = ("mark_open", "mark_contacted", "mark_closed", "as_csv", "as_xlsx")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assessment]:
        assert isinstance(request.user, User)
        wishes = Consultation.objects.visible_to_admin(request.user)
        chosen: QuerySet[Assessment] = (
            wishes.filter(consultation_requested_at__isnull=False)
            .select_related("user")
            .defer("scorecard")
        )
        return chosen

    @admin.display(description="company", ordering="user__company_name")
    def company(self, assessment: Assessment) -> str:
        return assessment.user.company_name

    @admin.action(description="Mark as open", permissions=["view"])
    def mark_open(self, request: HttpRequest, chosen: QuerySet[Assessment]) -> None:
        self._mark(request, chosen, Assessment.ConsultationState.OPEN)

    @admin.action(description="Mark as contacted", permissions=["view"])
    def mark_contacted(self, request: HttpRequest, chosen: QuerySet[Assessment]) -> None:
        self._mark(request, chosen, Assessment.ConsultationState.CONTACTED)

    @admin.action(description="Mark as closed", permissions=["view"])
    def mark_closed(self, request: HttpRequest, chosen: QuerySet[Assessment]) -> None:
        self._mark(request, chosen, Assessment.ConsultationState.CLOSED)

    def _mark(
        self,
        request: HttpRequest,
        chosen: QuerySet[Assessment],
        state: Assessment.ConsultationState,
    ) -> None:
        assert isinstance(request.user, User)
        with transaction.atomic():
            for assessment in chosen:
                consultation.mark(assessment, state, by=request.user)
        self.message_user(request, f"{chosen.count()} are {state.label.lower()}.", messages.SUCCESS)

    @admin.action(description="Save as CSV", permissions=["view"])
    def as_csv(self, request: HttpRequest, chosen: QuerySet[Assessment]) -> HttpResponse:
        return _file(tables.as_csv(HEADING, _rows(chosen)), tables.CSV, "csv")

    @admin.action(description="Save as XLSX", permissions=["view"])
    def as_xlsx(self, request: HttpRequest, chosen: QuerySet[Assessment]) -> HttpResponse:
        content = tables.as_xlsx("Consultations", HEADING, _rows(chosen))
        return _file(content, tables.XLSX, "xlsx")


HEADING = ("Requested (UTC)", "State", "Company", "Name", "E-mail", "Wish")


def _rows(chosen: QuerySet[Assessment]) -> Iterator[Sequence[tables.Cell]]:
    for wish in chosen:
        yield (
            wish.consultation_requested_at,
            wish.get_consultation_state_display(),
            wish.user.company_name,
            wish.user.full_name,
            wish.user.email,
            wish.consultation_details,
        )


def _file(content: bytes, content_type: str, ending: str) -> HttpResponse:
    disposition = f'attachment; filename="consultations.{ending}"'
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": disposition}
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
