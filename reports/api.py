"""The API's part about reports: order, follow, download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api import ADMIN
from accounts.described import PAGING, page_of, problems
from accounts.endpoint import Administrator, Endpoint, Flag, Input, Refused, Text, once, paged
from assessments.models import Assessment
from assessments.scoring import display
from reports import delivery, export, my_data, ordering, reading, release, scenarios
from reports.enhancement.claims import Part
from reports.models import CONTEXT_MAX, Report
from reports.review import review


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


class EnhancedRequest(Input):
    context = Text(  # type: ignore[assignment]  # a member of what is said
        max_length=CONTEXT_MAX,
        allow_blank=True,
        default="",
        help_text="What the writer should know beside the answers.",
    )
    comments_consent = Flag(default=False, help_text="Send the comments too, with names replaced.")


class RequestEnhanced(Endpoint):
    @extend_schema(
        summary="Ask for the AI-enhanced report",
        description="Of a completed assessment. It is written, reviewed by an administrator and "
        "downloadable once that is released. The live one, if there is one: then the answer is "
        "200 and not 202. A few a day for each person.",
        tags=["reports"],
        request=EnhancedRequest,
        responses={
            200: ReportView,
            202: ReportView,
            **problems(400, 401, 403, 404, 409, 415, 422, 429),
        },
    )
    @once
    def post(self, request: Request, assessment_id: UUID) -> Response:
        mine = Assessment.objects.visible_to(self.user)
        assessment = get_object_or_404(mine, pk=assessment_id)
        said = EnhancedRequest.of(request)
        now = timezone.now()
        report = ordering.request_enhanced(assessment, **said, at=now)
        return Response(shown(report), status=202 if report.requested_at == now else 200)


# --- the result, for people and programs ---------------------------------------------------------


class TurnView(serializers.Serializer[Any]):
    question_id = serializers.CharField()
    section_id = serializers.CharField()
    question = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    better = serializers.BooleanField(allow_null=True)


class TurnsView(serializers.Serializer[Any]):
    name = serializers.CharField()
    sentence = serializers.CharField()
    turns = TurnView(many=True)


class HistoryView(serializers.Serializer[Any]):
    assessment_id = serializers.UUIDField()
    completed_at = serializers.DateTimeField()
    tier = serializers.CharField()
    questions = serializers.IntegerField()
    score = serializers.CharField()
    level = serializers.CharField()
    common = serializers.IntegerField(help_text="Questions in common with the one before.")
    change = serializers.CharField(help_text="In points on these; – where nothing is compared.")


class ChangeView(serializers.Serializer[Any]):
    sentence = serializers.CharField(help_text="Empty for a first assessment.", allow_blank=True)
    sections = serializers.DictField(child=serializers.CharField())
    groups = TurnsView(many=True)
    history = HistoryView(many=True)


class Change(Endpoint):
    @extend_schema(
        summary="What changed since the assessment before",
        description="On the questions that both have in common, and how all the caller’s completed "
        "assessments went. In words and figures as the report prints them.",
        tags=["results"],
        responses={200: ChangeView, **problems(401, 404, 409, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        assessment = _completed(_mine(self, pk))
        trend = reading.trend(assessment)
        return Response(
            {
                "sentence": trend.sentence if trend else "",
                "sections": trend.sections if trend else {},
                "groups": msgspec.to_builtins(trend.groups) if trend else [],
                "history": [
                    {
                        "assessment_id": step.measured.assessment_id,
                        "completed_at": step.measured.completed_at,
                        "tier": step.measured.questionnaire.tier.value,
                        "questions": step.questions,
                        "score": step.score,
                        "level": step.level,
                        "common": step.common,
                        "change": step.change,
                    }
                    for step in reading.history(self.user)
                ],
            }
        )


class ScenarioInput(Input):
    name = Text(max_length=scenarios.NAME_MAX)
    question_ids = serializers.ListField(child=Text(max_length=20), max_length=1_000)


class ScenarioView(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    question_ids = serializers.ListField(child=serializers.CharField())
    gain = serializers.FloatField()
    score_after = serializers.FloatField(allow_null=True)
    level_after = serializers.IntegerField(allow_null=True)


class ScenarioList(serializers.Serializer[Any]):
    results = ScenarioView(many=True)


class Scenarios(Endpoint):
    @extend_schema(
        summary="What-ifs that were kept",
        description="The most gain first; worked out anew from the frozen scorecard.",
        tags=["results"],
        responses={200: ScenarioList, **problems(401, 404, 409, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(_scenarios(_completed(_mine(self, pk))))

    @extend_schema(
        summary="Keep a what-if",
        description="One of the same name is replaced. Ten at most.",
        tags=["results"],
        request=ScenarioInput,
        responses={
            201: ScenarioList,
            **problems(400, 401, 403, 404, 409, 415, 422, 429),
        },
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        assessment = _completed(_mine(self, pk))
        said = ScenarioInput.of(request)
        try:
            scenarios.keep(assessment, **said)
        except scenarios.ScenarioRefused as error:
            raise Refused(422, "scenario_refused", str(error)) from None
        return Response(_scenarios(_mine(self, pk)), status=201)


def _scenarios(assessment: Assessment) -> Mapping[str, object]:
    return {
        "results": [
            {
                "id": scenario.id,
                "name": scenario.name,
                "question_ids": scenario.outcome.question_ids,
                "gain": display(scenario.outcome.gain),
                "score_after": None if after is None else display(after),
                "level_after": scenario.outcome.level_after,
            }
            for scenario in scenarios.of(assessment)
            for after in [scenario.outcome.score_after]
        ]
    }


class ScenarioDetail(Endpoint):
    @extend_schema(
        summary="Delete a what-if that was kept",
        tags=["results"],
        responses={204: None, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def delete(self, request: Request, pk: UUID, scenario_id: str) -> Response:
        if not scenarios.delete(_mine(self, pk), scenario_id):
            raise NotFound
        return Response(status=204)


class EntryView(serializers.Serializer[Any]):
    question_id = serializers.CharField()
    section_id = serializers.CharField()
    section = serializers.CharField()
    question = serializers.CharField()
    state = serializers.CharField()
    respondent = serializers.CharField(help_text="Who may know.")
    hint = serializers.CharField(help_text="Where to find out.")
    effect = serializers.CharField(help_text="Points that it could be worth; – in no score.")


class ToAskList(serializers.Serializer[Any]):
    results = EntryView(many=True)


class ToAsk(Endpoint):
    @extend_schema(
        summary="What is not known, and who may know",
        description="Of an assessment in progress what was said not to be known; of a completed "
        "one also what was not answered.",
        tags=["results"],
        responses={200: ToAskList, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        found = reading.unknown(_mine(self, pk))
        return Response({"results": [EntryView(each).data for each in found]})


def _file(kind: export.Kind, *refusals: int) -> dict[Any, Any]:
    content_type = kind.content_type.partition(";")[0]
    content = OpenApiTypes.OBJECT if kind.ending == "json" else OpenApiTypes.BINARY
    return {(200, content_type): content, **problems(401, 404, *refusals, 429)}


class AnswersCsv(Endpoint):
    @extend_schema(
        summary="All questions with their answers, as CSV",
        tags=["results"],
        responses=_file(export.ANSWERS),
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        return export.file(_mine(self, pk), export.ANSWERS)


class PlanXlsx(Endpoint):
    @extend_schema(
        summary="The roadmap, as XLSX",
        tags=["results"],
        responses=_file(export.PLAN, 409),
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        return export.file(_completed(_mine(self, pk)), export.PLAN)


class ResultJson(Endpoint):
    @extend_schema(
        summary="Scorecard with its trace and answers, as a JSON file",
        tags=["results"],
        responses=_file(export.RESULT, 409),
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        return export.file(_completed(_mine(self, pk)), export.RESULT)


class Everything(Endpoint):
    @extend_schema(
        summary="All that is stored about oneself",
        description="A ZIP with JSON, CSV and the reports that can be downloaded; its README says "
        "what is where.",
        tags=["me"],
        responses={(200, "application/zip"): OpenApiTypes.BINARY, **problems(401, 429)},
    )
    def get(self, request: Request) -> HttpResponse:
        content = my_data.archive(self.user, at=timezone.now())
        return HttpResponse(content, content_type="application/zip")


def _mine(view: Endpoint, pk: UUID) -> Assessment:
    mine = Assessment.objects.visible_to(view.user).select_related("user").with_responses()
    return get_object_or_404(mine, pk=pk)


def _completed(assessment: Assessment) -> Assessment:
    if assessment.status != Assessment.Status.COMPLETED:
        raise Refused(409, "not_completed", "There is a result once the assessment is completed.")
    return assessment


# --- following a report --------------------------------------------------------------------------


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
        description="The PDF, byte for byte as it was made. 409 until it is ready; an AI-enhanced "
        "report is not there for its owner, 404, until it is released.",
        tags=["reports"],
        responses={
            (200, "application/pdf"): OpenApiTypes.BINARY,
            **problems(401, 404, 409, 429, 500),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        report = get_object_or_404(Report.objects.visible_to(self.user), pk=pk)
        if report.is_enhanced and not report.is_downloadable:
            raise Http404
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
        if (status := request.query_params.get("status")) is not None:
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
        assessment = get_object_or_404(everything, pk=assessment_id)
        now = timezone.now()
        report = ordering.order(assessment, Report.Type.STANDARD, at=now)
        audit.record(
            self.user,
            "report.generate",
            report.user_id,
            {"report": str(report.pk), "assessment": str(assessment.pk)},
        )
        return Response(_managed(report), status=202 if report.requested_at == now else 200)


class ReleaseInput(Input):
    sha256 = Text(
        min_length=64, max_length=64, help_text="Of the file that was read; no other is released."
    )


class RejectInput(Input):
    reason = Text(min_length=10, max_length=500, help_text="The owner of the report reads it.")


class CitedView(serializers.Serializer[Any]):
    question_id = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.CharField()
    standing = serializers.CharField(allow_blank=True)
    comment = serializers.CharField(allow_blank=True)


class ClaimView(serializers.Serializer[Any]):
    id = serializers.CharField()
    part = serializers.ChoiceField([part.value for part in Part])
    text = serializers.CharField()
    verdict = serializers.ChoiceField(["", "approved", "edited", "dropped"])
    printed = serializers.CharField(help_text="The text, or what the reviewer wrote instead.")
    control_ids = serializers.ListField(child=serializers.CharField())
    cited = CitedView(many=True)


class DroppedView(serializers.Serializer[Any]):
    text = serializers.CharField()
    reason = serializers.CharField()


class InsightView(serializers.Serializer[Any]):
    section_id = serializers.CharField(allow_blank=True, help_text="Empty for the whole.")
    name = serializers.CharField()
    reason = serializers.CharField(allow_blank=True, help_text="Why there is no text.")
    claims = ClaimView(many=True)
    dropped = DroppedView(many=True)


class ReviewView(serializers.Serializer[Any]):
    sha256 = serializers.CharField(allow_blank=True)
    total = serializers.IntegerField()
    decided = serializers.IntegerField()
    outdated = serializers.BooleanField(
        help_text="Were claims decided about after the file was made?"
    )
    sections = InsightView(many=True)


class AdminReview(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="What an AI wrote for a report, with the answers it rests on",
        tags=["admin"],
        responses={200: ReviewView, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        report = _enhanced(self, pk)
        seen = review(report)
        return Response(
            {
                "sha256": report.sha256,
                "total": seen.total,
                "decided": seen.decided,
                "outdated": seen.outdated,
                "sections": [
                    {
                        "section_id": section.section_id,
                        "name": section.name,
                        "reason": section.reason,
                        "claims": [
                            {
                                "id": item.claim.id,
                                "part": item.claim.part.value,
                                "text": item.claim.text,
                                "verdict": item.verdict,
                                "printed": item.text,
                                "control_ids": list(item.claim.control_ids),
                                "cited": [
                                    {
                                        "question_id": cited.question_id,
                                        "question": cited.question,
                                        "answer": cited.answer,
                                        "standing": cited.standing,
                                        "comment": cited.comment,
                                    }
                                    for cited in item.cited
                                ],
                            }
                            for item in section.claims
                        ],
                        "dropped": [
                            {"text": dropped.text, "reason": dropped.reason}
                            for dropped in section.dropped
                        ],
                    }
                    for section in seen.sections
                ],
            }
        )


class AdminRelease(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Release an AI-enhanced report to its owner",
        description="Exactly the file with this SHA-256. 409 where it is another one, or where "
        "claims were decided about after it was made.",
        tags=["admin"],
        request=ReleaseInput,
        responses={200: ManagedReport, **problems(400, 401, 403, 404, 409, 415, 422, 429, 500)},
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        sha256 = ReleaseInput.of(request)["sha256"]
        report = _enhanced(self, pk)
        done = release.release(report, sha256=sha256, by=self.user, at=timezone.now())
        return Response(_managed(done))


class AdminReject(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Reject an AI-enhanced report",
        tags=["admin"],
        request=RejectInput,
        responses={200: ManagedReport, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        reason = RejectInput.of(request)["reason"]
        report = _enhanced(self, pk)
        done = release.reject(report, reason=reason, by=self.user, at=timezone.now())
        return Response(_managed(done))


class AdminWriteAgain(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Have an AI-enhanced report written anew",
        tags=["admin"],
        request=None,
        responses={202: ManagedReport, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        done = release.write_again(_enhanced(self, pk), by=self.user, at=timezone.now())
        return Response(_managed(done), status=202)


def _enhanced(view: Endpoint, pk: UUID) -> Report:
    everything = Report.objects.visible_to_admin(view.user).select_related("assessment", "user")
    return get_object_or_404(everything.filter(report_type=Report.Type.AI_ENHANCED), pk=pk)


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
        ordered = ordering.order_again(report, by=self.user, at=timezone.now())
        return Response(_managed(ordered), status=202)
