"""The API's part about the catalog and assessments: the same processes as behind the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
)
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import ADMIN
from accounts.described import PAGING, SEARCH, page_of, problems, search_words
from accounts.encoding import PROBLEM
from accounts.endpoint import (
    Address,
    Administrator,
    Endpoint,
    Flag,
    Input,
    Refused,
    Text,
    Whole,
    once,
    paged,
)
from accounts.forms import one_line
from accounts.models import User
from assessments import (
    answering,
    carrying,
    completion,
    consultation,
    doubts,
    expiry,
    inviting,
    publication,
    starting,
    statistics,
)
from assessments import roadmap as plans
from assessments.answering import Given
from assessments.catalog import loading
from assessments.catalog.questions import Tier
from assessments.errors import NotAsked
from assessments.models import (
    COMMENT_MAX,
    NA_REASON_MAX,
    Assessment,
    AssessmentResponse,
    Invitation,
)
from assessments.publication import Publication
from assessments.scoring import LEVEL_NAMES, Scorecard, State, assurance_band, display

REVISION_MAX = 2_147_483_647
FIVE_MINUTES = "private, max-age=300"
ETAG = re.compile(r'(?:W/)?"(\d{1,10})"')


# --- the catalog ---------------------------------------------------------------------------------


class Choice(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a member of the answer
    anchor = serializers.CharField(required=False)


class SubAreaView(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class QuestionView(serializers.Serializer[Any]):
    id = serializers.CharField()
    sub_area_id = serializers.CharField()
    type = serializers.ChoiceField(
        ["maturity", "coverage", "recency", "existence", "practices", "number"]
    )
    tier = serializers.ChoiceField([tier.value for tier in Tier])
    text = serializers.CharField()
    weight = serializers.IntegerField()
    must_have = serializers.IntegerField(allow_null=True)
    na_allowed = serializers.BooleanField()
    prerequisites = serializers.ListField(child=serializers.CharField())
    when = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    options = Choice(many=True, required=False)
    practices = Choice(many=True, required=False)
    none_label = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    maximum = serializers.IntegerField(required=False)


class QuestionWithTexts(QuestionView):
    hint = serializers.CharField()
    why = serializers.CharField()
    where = serializers.CharField()
    respondent = serializers.CharField()
    effort = serializers.CharField()
    controls = serializers.DictField(
        child=serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    )


class SectionView(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    short = serializers.CharField()
    about = serializers.CharField()
    sub_areas = SubAreaView(many=True)
    questions = QuestionView(many=True)


class SectionWithTexts(SectionView):
    questions = QuestionWithTexts(many=True)


class TierView(serializers.Serializer[Any]):
    tier = serializers.ChoiceField([tier.value for tier in Tier])
    questions = serializers.IntegerField()
    minutes = serializers.IntegerField()
    available = serializers.BooleanField()


class ProfileOptionView(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a member of the answer


class ProfileQuestionView(serializers.Serializer[Any]):
    id = serializers.CharField()
    text = serializers.CharField()
    hint = serializers.CharField()
    options = ProfileOptionView(many=True)
    many = serializers.BooleanField()  # type: ignore[assignment]  # likewise
    when = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class CatalogView(serializers.Serializer[Any]):
    version = serializers.CharField()
    title = serializers.CharField()
    tiers = TierView(many=True)
    profile = ProfileQuestionView(many=True)
    sections = SectionView(many=True)


IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of what you have: 304 if it is still so.",
)
CACHED: dict[Any, Any] = {304: None, **problems(401, 404, 429)}


class CatalogCurrent(Endpoint):
    @extend_schema(
        summary="The catalog",
        description="The version that new assessments run on, with every question and what an "
        "answer may be. Compressed, and kept for five minutes by its `ETag`. The longer texts "
        "are in the sections.",
        tags=["catalog"],
        parameters=[IF_NONE_MATCH],
        responses={200: CatalogView, **CACHED},
    )
    def get(self, request: Request) -> HttpResponseBase:
        return published(request, publication.catalog(loading.current().version))


class CatalogVersion(Endpoint):
    @extend_schema(
        summary="A version of the catalog",
        tags=["catalog"],
        parameters=[IF_NONE_MATCH],
        responses={200: CatalogView, **CACHED},
    )
    def get(self, request: Request, version: str) -> HttpResponseBase:
        return published(request, publication.catalog(_known(version)))


class CatalogSection(Endpoint):
    @extend_schema(
        summary="A section with all its texts",
        description="Hints, why it is asked, where to find it, what each answer looks like.",
        tags=["catalog"],
        parameters=[IF_NONE_MATCH],
        responses={200: SectionWithTexts, **CACHED},
    )
    def get(self, request: Request, version: str, section_id: str) -> HttpResponseBase:
        found = publication.section(_known(version), section_id[:3])
        if found is None or len(section_id) > 3:
            raise NotFound
        return published(request, found)


def _known(version: str) -> str:
    if version not in loading.versions():
        raise NotFound
    return version


def published(request: Request, what: Publication) -> HttpResponseBase:
    """These bytes in the best encoding that the client takes, or 304."""
    accepted = request.headers.get("Accept-Encoding", "")
    takes = {
        name.strip()
        for name, _, quality in (item.partition(";") for item in accepted.lower().split(","))
        if quality.strip() not in ("q=0", "q=0.0")
    }
    encoding = next(name for name in what.encodings if name in takes or not name)
    etag = what.etag(encoding)
    response = HttpResponse(what.encodings[encoding], content_type="application/json")
    if encoding:
        response["Content-Encoding"] = encoding
    response["ETag"] = etag
    response["Cache-Control"] = FIVE_MINUTES
    patch_vary_headers(response, ("Accept-Encoding",))
    conditional = get_conditional_response(request._request, etag=etag, response=response)
    return conditional or response


class ProfileAnswers(serializers.DictField):
    """Profile question -> the chosen values."""

    child = serializers.ListField(child=Text(max_length=100), max_length=50)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and len(data) > 50:
            raise serializers.ValidationError("These are too many questions.")
        return super().to_internal_value(data)


class Intake(Input):
    profile = ProfileAnswers()


class SuggestionView(serializers.Serializer[Any]):
    tier = serializers.CharField()
    section_ids = serializers.ListField(child=serializers.CharField())
    focus = serializers.ListField(child=serializers.CharField())
    reasons = serializers.ListField(child=serializers.CharField())


class IntakeSuggestion(Endpoint):
    @extend_schema(
        summary="What to assess",
        description="The tier and the sections that suit a company with this profile, and why. "
        "Nothing is stored.",
        tags=["catalog"],
        request=Intake,
        responses={200: SuggestionView, **problems(400, 401, 403, 415, 422, 429)},
        examples=[OpenApiExample("Nothing said yet", {"profile": {}}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        catalog = loading.current()
        said = Intake.of(request)["profile"]
        suggestion = catalog.suggest(starting.check_profile(catalog, said))
        return Response(
            {
                "tier": suggestion.tier,
                "section_ids": suggestion.section_ids,
                "focus": suggestion.focus,
                "reasons": suggestion.reasons,
            }
        )


# --- assessments ---------------------------------------------------------------------------------


class AssessmentView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(["in_progress", "completed", "expired"])
    tier = serializers.CharField()
    catalog_version = serializers.CharField()
    section_ids = serializers.ListField(child=serializers.CharField())
    profile = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    attempt_number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    last_saved_at = serializers.DateTimeField(allow_null=True)
    progress_percentage = serializers.IntegerField()
    consultation_requested_at = serializers.DateTimeField(allow_null=True)


def shown(assessment: Assessment) -> Mapping[str, object]:
    return {
        "id": assessment.pk,
        "status": assessment.status_now.value,
        "tier": assessment.tier,
        "catalog_version": assessment.catalog_version,
        "section_ids": assessment.section_ids,
        "profile": assessment.profile,
        "attempt_number": assessment.attempt_number,
        "started_at": assessment.started_at,
        "expires_at": assessment.expires_at,
        "completed_at": assessment.completed_at,
        "last_saved_at": assessment.last_saved_at,
        "progress_percentage": assessment.progress_percentage,
        "consultation_requested_at": assessment.consultation_requested_at,
    }


class Start(Input):
    tier = serializers.ChoiceField([tier.value for tier in Tier])
    section_ids = serializers.ListField(child=Text(max_length=3), max_length=100, required=False)
    profile = ProfileAnswers(required=False)


class Assessments(Endpoint):
    @extend_schema(
        summary="One's assessments",
        tags=["assessments"],
        parameters=PAGING,
        responses={200: page_of(AssessmentView), **problems(400, 401, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        mine = Assessment.objects.visible_to(self.user).defer("scorecard")
        return paged(self, mine, shown, ("-started_at", "-pk"))


class AssessmentStart(Endpoint):
    @extend_schema(
        summary="Start an assessment",
        description="The one in progress, if there is one: then the answer is 200 and not 201. "
        "Without `section_ids` it has the sections that suit the profile.",
        tags=["assessments"],
        request=Start,
        responses={
            200: AssessmentView,
            201: AssessmentView,
            **problems(400, 401, 403, 409, 415, 422, 429),
        },
        examples=[OpenApiExample("The short one", {"tier": "quick"}, request_only=True)],
    )
    @once
    def post(self, request: Request) -> Response:
        said = Start.of(request)
        catalog = loading.current()
        profile = starting.check_profile(catalog, said.get("profile", {}))
        now = timezone.now()
        assessment = starting.start(
            self.user,
            tier=Tier(said["tier"]),
            section_ids=said.get("section_ids", catalog.suggest(profile).section_ids),
            profile=profile,
            at=now,
        )
        return Response(shown(assessment), status=201 if assessment.started_at == now else 200)


class AssessmentCurrent(Endpoint):
    @extend_schema(
        summary="The assessment in progress",
        tags=["assessments"],
        responses={200: AssessmentView, **problems(401, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        mine = Assessment.objects.visible_to(self.user)
        return Response(shown(_found(mine.open(timezone.now()).first())))


class AssessmentDetail(Endpoint):
    @extend_schema(
        summary="An assessment",
        tags=["assessments"],
        responses={200: AssessmentView, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(shown(_mine(self, pk)))

    @extend_schema(
        summary="Delete an assessment in progress",
        description="With all its answers, for good. What is completed or expired stays.",
        tags=["assessments"],
        responses={204: None, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def delete(self, request: Request, pk: UUID) -> Response:
        expiry.delete_draft(_mine(self, pk), at=timezone.now())
        return Response(status=204)


class StructurePage(serializers.Serializer[Any]):
    sub_area_id = serializers.CharField()
    question_ids = serializers.ListField(child=serializers.CharField())
    open_question_ids = serializers.ListField(child=serializers.CharField())


class StructureSection(serializers.Serializer[Any]):
    section_id = serializers.CharField()
    state = serializers.CharField()
    come_back = serializers.BooleanField(help_text="Marked to come back to: not completed yet.")
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    dont_know = serializers.IntegerField()
    not_applicable = serializers.IntegerField()
    pages = StructurePage(many=True)


class Structure(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    minutes_left = serializers.IntegerField()
    sections = StructureSection(many=True)


class AssessmentStructure(Endpoint):
    @extend_schema(
        summary="What an assessment asks",
        description="Its sections and questions in order, and which of them are open. The texts "
        "are in the catalog, under the assessment's `catalog_version`.",
        tags=["assessments"],
        responses={200: Structure, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        assessment = _mine(self, pk, with_responses=True)
        measured = assessment.progress
        return Response(
            {
                "total": measured.total,
                "done": measured.done,
                "minutes_left": measured.minutes_left,
                "sections": [
                    {
                        "section_id": section.section.id,
                        "state": section.state,
                        "come_back": section.come_back,
                        "total": section.total,
                        "done": section.done,
                        "dont_know": section.dont_know,
                        "not_applicable": section.not_applicable,
                        "pages": [
                            {
                                "sub_area_id": page.sub_area.id,
                                "question_ids": [q.id for q in page.questions],
                                "open_question_ids": [q.id for q in page.open_questions],
                            }
                            for page in section.pages
                        ],
                    }
                    for section in measured.sections
                ],
            }
        )


class SectionMark(Input):
    come_back = Flag()


class SectionDetail(Endpoint):
    @extend_schema(
        summary="Mark a section to come back to",
        description="However much of it is answered, it is not completed while it is marked.",
        tags=["assessments"],
        request=SectionMark,
        responses={204: None, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    )
    @once
    def patch(self, request: Request, pk: UUID, section_id: str) -> Response:
        assessment = _mine(self, pk)
        said = SectionMark.of(request)
        try:
            answering.mark(assessment, section_id, **said, at=timezone.now())
        except NotAsked:
            raise NotFound from None
        return Response(status=204)


# --- answers -------------------------------------------------------------------------------------

SHOWN_ANSWER = (
    "question_id",
    "state",
    "answer_value",
    "comment",
    "na_reason",
    "planned",
    "confirmed_unchanged",
    "revision",
    "updated_at",
    "answered_by_id",
    "answered_by__name",
    "answered_by__email",
)


@extend_schema_field(
    {
        "anyOf": [
            {"type": "string"},
            {"type": "integer"},
            {"type": "array", "items": {"type": "string"}},
        ]
    }
)
class Value(serializers.JSONField):
    """An option's value, a list of them, or a whole number; null where there is no answer."""


class ColleagueView(serializers.Serializer[Any]):
    invitation_id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()


class ResponseView(serializers.Serializer[Any]):
    question_id = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in State])
    value = Value(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    na_reason = serializers.CharField(allow_blank=True)
    planned = serializers.BooleanField()
    confirmed_unchanged = serializers.BooleanField()
    revision = serializers.IntegerField()
    updated_at = serializers.DateTimeField()
    answered_by = ColleagueView(allow_null=True, help_text="A colleague; null is the owner.")


class ResponseList(serializers.Serializer[Any]):
    results = ResponseView(many=True)


class ResponseInput(Input):
    state = serializers.ChoiceField([state.value for state in State], default="answered")
    value = Value(required=False, allow_null=True, default=None)
    comment = Text(max_length=2 * COMMENT_MAX, allow_blank=True, default="", trim_whitespace=False)
    na_reason = Text(
        max_length=2 * NA_REASON_MAX, allow_blank=True, default="", trim_whitespace=False
    )
    planned = Flag(default=False)
    confirmed_unchanged = Flag(
        required=False,
        help_text="It is as it was in the assessment before. Without a value it is that answer. "
        "Left out, the mark stays as long as the answer is the same.",
    )


class ResponseInBatch(ResponseInput):
    question_id = Text(max_length=20)
    revision = Whole(
        min_value=0,
        max_value=REVISION_MAX,
        required=False,
        help_text="The revision you had before you, 0 for none. Left out, whatever is stored is "
        "overwritten.",
    )


class Batch(Input):
    responses = ResponseInBatch(many=True)

    def validate_responses(self, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ids = [answer["question_id"] for answer in said]
        if len(ids) > 1_000:
            raise serializers.ValidationError("These are too many answers at once.")
        if len(ids) != len(set(ids)):
            raise serializers.ValidationError("A question is answered twice.")
        return said


class SavedRevision(serializers.Serializer[Any]):
    question_id = serializers.CharField()
    revision = serializers.IntegerField()


class SavedView(serializers.Serializer[Any]):
    saved = SavedRevision(many=True)
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    progress_percentage = serializers.IntegerField()
    saved_at = serializers.DateTimeField()


SAVE = extend_schema(
    summary="Save any number of answers",
    description="What is right is stored, all of it with one statement. What is refused is "
    "listed in the problem, by its place in the list, with the stored answer where that was "
    "changed meanwhile; the answer is 422 then, and `saved` says what was stored.",
    tags=["answers"],
    request=Batch,
    responses={200: SavedView, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    examples=[
        OpenApiExample(
            "Two answers",
            {
                "responses": [
                    {"question_id": "IAM.3.1", "value": "75_94", "revision": 0},
                    {"question_id": "IAM.3.2", "state": "dont_know"},
                ]
            },
            request_only=True,
        )
    ],
)


class BatchEndpoint(Endpoint):
    @SAVE
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        assessment = _mine(self, pk)
        said = Batch.of(request)["responses"]
        saved = answering.save(
            assessment,
            {answer["question_id"]: _given(answer, answer.get("revision")) for answer in said},
            at=timezone.now(),
        )
        body = {
            "saved": [
                {"question_id": question_id, "revision": response.revision}
                for question_id, response in saved.responses.items()
            ],
            "done": saved.done,
            "total": len(saved.assessment.questionnaire.questions),
            "progress_percentage": saved.assessment.progress_percentage,
            "saved_at": saved.assessment.last_saved_at or timezone.now(),
        }
        if not saved.refusals:
            return Response(body)
        places = {answer["question_id"]: place for place, answer in enumerate(said)}
        refused = [
            {
                "pointer": f"/responses/{places[question_id]}/{FIELDS[refusal.field]}",
                "message": refusal.message,
                "question_id": question_id,
                "stored": _row(refusal.stored) if refusal.stored else None,
            }
            for question_id, refusal in saved.refusals.items()
        ]
        return _partly(
            request, "answers_refused", "Some answers were not stored.", errors=refused, **body
        )


class Responses(BatchEndpoint):
    @extend_schema(
        summary="All answers",
        tags=["answers"],
        responses={200: ResponseList, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        mine = AssessmentResponse.objects.visible_to(self.user).filter(assessment_id=pk)
        rows = list(mine.values(*SHOWN_ANSWER))
        if not rows:
            _mine(self, pk)
        for row in rows:
            row["value"] = row.pop("answer_value")
            name, email = row.pop("answered_by__name"), row.pop("answered_by__email")
            invitation_id = row.pop("answered_by_id")
            row["answered_by"] = invitation_id and {
                "invitation_id": invitation_id,
                "name": name,
                "email": email,
            }
        return Response({"results": rows})


class FormerView(serializers.Serializer[Any]):
    question_id = serializers.CharField()
    state = serializers.ChoiceField([State.ANSWERED.value, State.NOT_APPLICABLE.value])
    value = Value(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    na_reason = serializers.CharField(allow_blank=True)
    completed_at = serializers.DateTimeField()


class FormerList(serializers.Serializer[Any]):
    results = FormerView(many=True)


class FormerAnswers(Endpoint):
    @extend_schema(
        summary="The answers of the assessment before",
        description="As suggestions: to the questions that are asked again, if the catalog still "
        "allows the answer. They count for nothing until they are confirmed, by saving with "
        "`confirmed_unchanged`.",
        tags=["answers"],
        responses={200: FormerList, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        found = carrying.former(_mine(self, pk))
        return Response(
            {
                "results": [
                    {
                        "question_id": question_id,
                        "state": each.state.value,
                        "value": each.value,
                        "comment": each.comment,
                        "na_reason": each.na_reason,
                        "completed_at": each.completed_at,
                    }
                    for question_id, each in found.items()
                ]
            }
        )


class DoubtView(serializers.Serializer[Any]):
    text = serializers.CharField()
    high = serializers.CharField(help_text="The question that is answered well.")
    low = serializers.CharField(help_text="The question that is answered poorly.")


class DoubtList(serializers.Serializer[Any]):
    results = DoubtView(many=True)


class Doubts(Endpoint):
    @extend_schema(
        summary="Answers that hardly go together",
        description="To be looked at before completing. Nothing is refused or counted because of "
        "them.",
        tags=["answers"],
        responses={200: DoubtList, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        assessment = _mine(self, pk, with_responses=True)
        found = doubts.doubts(assessment.questionnaire, assessment.answers)
        return Response({"results": [DoubtView(doubt).data for doubt in found]})


class Save(BatchEndpoint):
    """The save button: the same as POST on the answers."""


IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='The `ETag` of the answer you had before you, `"0"` for none: 412 if it was '
    "changed since. Without it whatever is stored is overwritten.",
)


class ResponseDetail(Endpoint):
    @extend_schema(
        summary="An answer",
        description="Its `ETag` is its revision.",
        tags=["answers"],
        parameters=[IF_NONE_MATCH],
        responses={200: ResponseView, 304: None, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID, question_id: str) -> HttpResponseBase:
        _require_plain(question_id)
        mine = AssessmentResponse.objects.visible_to(self.user).select_related("answered_by")
        found = _found(mine.filter(assessment_id=pk, question_id=question_id).first())
        etag = f'"{found.revision}"'
        response = Response(_row(found), headers={"ETag": etag})
        conditional = get_conditional_response(request._request, etag=etag)
        return conditional or response

    @extend_schema(
        summary="Save an answer",
        tags=["answers"],
        parameters=[IF_MATCH],
        request=ResponseInput,
        responses={200: ResponseView, **problems(400, 401, 403, 404, 409, 412, 415, 422, 429)},
        examples=[
            OpenApiExample("An option", {"value": "followed"}, request_only=True),
            OpenApiExample("Not known", {"state": "dont_know"}, request_only=True),
        ],
    )
    @once
    def put(self, request: Request, pk: UUID, question_id: str) -> Response:
        _require_plain(question_id)
        assessment = _mine(self, pk)
        said = ResponseInput.of(request)
        given = _given(said, _revision_asked(request))
        saved = answering.save(assessment, {question_id: given}, at=timezone.now())
        if refusal := saved.refusals.get(question_id):
            if refusal.conflict:
                raise Refused(
                    412,
                    "answer_changed",
                    refusal.message,
                    stored=_row(refusal.stored) if refusal.stored else None,
                )
            raise Refused(
                422,
                "answer_refused",
                refusal.message,
                errors=[{"pointer": f"/{FIELDS[refusal.field]}", "message": refusal.message}],
            )
        stored = saved.responses[question_id]
        return Response(_row(stored), headers={"ETag": f'"{stored.revision}"'})


FIELDS = {"answer": "value", "comment": "comment", "na_reason": "na_reason"}


def _given(said: Mapping[str, Any], revision: int | None) -> Given:
    state = State(said["state"])
    return Given(
        state=state,
        value=said["value"],
        comment=said["comment"],
        na_reason=said["na_reason"] if state is State.NOT_APPLICABLE else "",
        planned=said["planned"],
        confirmed=said.get("confirmed_unchanged"),
        revision=revision,
    )


def _row(response: AssessmentResponse) -> Mapping[str, object]:
    return {
        "question_id": response.question_id,
        "state": response.state,
        "value": response.answer_value,
        "comment": response.comment,
        "na_reason": response.na_reason,
        "planned": response.planned,
        "confirmed_unchanged": response.confirmed_unchanged,
        "revision": response.revision,
        "updated_at": response.updated_at,
        "answered_by": response.answered_by
        and {
            "invitation_id": response.answered_by.pk,
            "name": response.answered_by.name,
            "email": response.answered_by.email,
        },
    }


def _revision_asked(request: Request) -> int | None:
    """The revision of `If-Match`; None to overwrite. Raises ValidationError."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    match = ETAG.fullmatch(text)
    if match is None or int(match[1]) > REVISION_MAX:
        raise ValidationError({"If-Match": ["Give the ETag of the answer, or leave it out."]})
    return int(match[1])


def _partly(request: Request, code: str, detail: str, **members: object) -> Response:
    """A refusal of a part, after which the other part is stored."""
    body = {
        "type": f"urn:posture:problem:{code}",
        "title": "Unprocessable Content",
        "status": 422,
        "code": code,
        "detail": detail,
        "request_id": getattr(request._request, "request_id", ""),
        **members,
    }
    return Response(body, status=422, content_type=PROBLEM)


# --- completing and afterwards -------------------------------------------------------------------


class Completion(Input):
    unanswered_confirmed = Flag(
        default=False,
        help_text="Needed where questions are open: they count as unanswered in the score.",
    )


class Extension(Endpoint):
    @extend_schema(
        summary="Seven days more, once",
        description="From a week before the end until 30 days after it.",
        tags=["assessments"],
        request=None,
        responses={200: AssessmentView, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        extended = expiry.extend(_mine(self, pk), at=timezone.now())
        return Response(shown(extended))


class AssessmentComplete(Endpoint):
    @extend_schema(
        summary="Complete an assessment",
        description="The answers are scored and stay as they are, and the standard report is "
        "ordered. With open questions and without the confirmation it is refused with 409 and "
        "the code `questions_unanswered`.",
        tags=["assessments"],
        request=Completion,
        responses={200: AssessmentView, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
        examples=[OpenApiExample("Yes", {"unanswered_confirmed": True}, request_only=True)],
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        assessment = _mine(self, pk)
        said = Completion.of(request)
        return Response(shown(completion.complete(assessment, at=timezone.now(), **said)))


class ConsultationInput(Input):
    details = Text(max_length=COMMENT_MAX)


class ConsultationView(serializers.Serializer[Any]):
    details = serializers.CharField(allow_blank=True)
    requested_at = serializers.DateTimeField(allow_null=True)


class Consultation(Endpoint):
    @extend_schema(
        summary="One's wish to be called",
        tags=["assessments"],
        responses={200: ConsultationView, **problems(401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(_wish(_mine(self, pk)))

    @extend_schema(
        summary="Ask to be called",
        description="A second time changes the details.",
        tags=["assessments"],
        request=ConsultationInput,
        responses={200: ConsultationView, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        assessment = _mine(self, pk)
        details = ConsultationInput.of(request)["details"]
        return Response(_wish(consultation.request(assessment, details, at=timezone.now())))


def _wish(assessment: Assessment) -> Mapping[str, object]:
    return {
        "details": assessment.consultation_details,
        "requested_at": assessment.consultation_requested_at,
    }


# --- colleagues ----------------------------------------------------------------------------------


class InvitationInput(Input):
    scope_id = Text(max_length=20, help_text="A section or a question of the assessment.")
    name = Text(max_length=120, validators=[one_line])
    email = Address(max_length=254)
    days = Whole(min_value=1, max_value=inviting.DAYS_MAX, default=inviting.DAYS)


class InvitationView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    scope_id = serializers.CharField()
    section_id = serializers.CharField()
    question_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    email = serializers.EmailField()
    state = serializers.ChoiceField([state.value for state in Invitation.State])
    sent_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    claimed_at = serializers.DateTimeField(allow_null=True)
    returned_at = serializers.DateTimeField(allow_null=True)
    return_message = serializers.CharField(allow_blank=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


def shown_invitation(invitation: Invitation) -> Mapping[str, object]:
    return {
        "id": invitation.pk,
        "scope_id": invitation.scope_id,
        "section_id": invitation.section_id,
        "question_id": invitation.question_id or None,
        "name": invitation.name,
        "email": invitation.email,
        "state": invitation.state_now.value,
        "sent_at": invitation.sent_at,
        "expires_at": invitation.expires_at,
        "claimed_at": invitation.claimed_at,
        "returned_at": invitation.returned_at,
        "return_message": invitation.return_message,
        "revoked_at": invitation.revoked_at,
    }


class Invitations(Endpoint):
    @extend_schema(
        summary="What is with colleagues",
        tags=["colleagues"],
        parameters=PAGING,
        responses={200: page_of(InvitationView), **problems(400, 401, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        assessment = _mine(self, pk)
        sent = Invitation.objects.visible_to(self.user).filter(assessment=assessment)
        rows = sent.select_related("assessment").defer("assessment__scorecard")
        return paged(self, rows, shown_invitation, ("-sent_at", "-pk"))

    @extend_schema(
        summary="Send a section or a question to a colleague",
        description="They get a link by mail, and a code when they open it; they need no account. "
        "The link is in no answer of the API.",
        tags=["colleagues"],
        request=InvitationInput,
        responses={201: InvitationView, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
        examples=[
            OpenApiExample(
                "A section",
                {"scope_id": "IAM", "name": "Robin Roe", "email": "robin@example.org"},
                request_only=True,
            )
        ],
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        assessment = _mine(self, pk)
        said = InvitationInput.of(request)
        invitation = inviting.send(assessment, **said, at=timezone.now())
        return Response(shown_invitation(invitation), status=201)


class InvitationDetail(Endpoint):
    @extend_schema(
        summary="Take an invitation back",
        description="Its link works no more. Answers that were given stay.",
        tags=["colleagues"],
        responses={204: None, **problems(401, 403, 404, 409, 429)},
    )
    def delete(self, request: Request, pk: UUID, invitation_id: UUID) -> Response:
        mine = Invitation.objects.visible_to(self.user)
        invitation = get_object_or_404(mine, pk=invitation_id, assessment_id=pk)
        inviting.revoke(invitation, at=timezone.now())
        return Response(status=204)


# --- results -------------------------------------------------------------------------------------


class LevelView(serializers.Serializer[Any]):
    level = serializers.IntegerField()
    name = serializers.CharField()
    blockers = serializers.ListField(
        child=serializers.CharField(), help_text="Must-haves that refuse the next level."
    )


class SectionScoreView(serializers.Serializer[Any]):
    section_id = serializers.CharField()
    rated = serializers.BooleanField()
    score = serializers.FloatField(allow_null=True)
    potential = serializers.FloatField(allow_null=True)
    assurance = serializers.CharField(allow_null=True)
    level = LevelView(allow_null=True)


class OverallView(serializers.Serializer[Any]):
    score = serializers.FloatField()
    potential = serializers.FloatField(help_text="If every unknown turned out at its best.")
    assurance = serializers.CharField()
    level = serializers.IntegerField()
    level_name = serializers.CharField()
    held_by = serializers.ListField(child=serializers.CharField())


class ScorecardView(serializers.Serializer[Any]):
    formula = serializers.CharField()
    catalog_version = serializers.CharField()
    tier = serializers.CharField()
    overall = OverallView(allow_null=True)
    sections = SectionScoreView(many=True)


class ScorecardEndpoint(Endpoint):
    @extend_schema(
        summary="The scorecard",
        description="Of a completed assessment, frozen. Figures from 0 to 100 with one decimal.",
        tags=["results"],
        responses={200: ScorecardView, **problems(401, 404, 409, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(_scorecard(_completed(_mine(self, pk)).result))


def _scorecard(scorecard: Scorecard) -> Mapping[str, object]:
    overall = scorecard.overall
    return {
        "formula": scorecard.formula,
        "catalog_version": scorecard.catalog_version,
        "tier": scorecard.tier,
        "overall": overall
        and {
            "score": display(overall.score),
            "potential": display(overall.potential),
            "assurance": assurance_band(overall.assurance),
            "level": overall.level,
            "level_name": LEVEL_NAMES[overall.level],
            "held_by": overall.held_by,
        },
        "sections": [
            {
                "section_id": section.section_id,
                "rated": section.rated,
                "score": None if section.score is None else display(section.score),
                "potential": None if section.potential is None else display(section.potential),
                "assurance": None
                if section.assurance is None
                else assurance_band(section.assurance),
                "level": section.level
                and {
                    "level": section.level.level,
                    "name": LEVEL_NAMES[section.level.level],
                    "blockers": section.level.blockers,
                },
            }
            for section in scorecard.sections
        ],
    }


class StepView(serializers.Serializer[Any]):
    question_id = serializers.CharField()
    section_id = serializers.CharField()
    action = serializers.CharField()
    gain = serializers.FloatField(help_text="In points of the overall score.")
    effort = serializers.CharField()
    risk = serializers.IntegerField()
    blocks = serializers.BooleanField(help_text="Does it hold its section's level?")
    prerequisites = serializers.ListField(child=serializers.CharField())


class WaveView(serializers.Serializer[Any]):
    name = serializers.CharField()
    points = serializers.FloatField()
    score = serializers.FloatField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    steps = StepView(many=True)


class RoadmapView(serializers.Serializer[Any]):
    points = serializers.FloatField()
    waves = WaveView(many=True)


class Roadmap(Endpoint):
    @extend_schema(
        summary="The roadmap",
        description="What to do first, and what it gains, in three waves.",
        tags=["results"],
        responses={200: RoadmapView, **problems(401, 404, 409, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        assessment = _completed(_mine(self, pk, with_responses=True))
        plan = plans.roadmap(assessment.questionnaire, assessment.answers, assessment.result)
        return Response(
            {
                "points": display(plan.points),
                "waves": [
                    {
                        "name": wave.name,
                        "points": display(wave.points),
                        "score": None if wave.score is None else display(wave.score),
                        "level": wave.level,
                        "steps": [
                            {
                                "question_id": step.question_id,
                                "section_id": step.section_id,
                                "action": step.action,
                                "gain": display(step.gain),
                                "effort": step.effort,
                                "risk": step.risk,
                                "blocks": step.blocks,
                                "prerequisites": step.prerequisites,
                            }
                            for step in wave.steps
                        ],
                    }
                    for wave in plan.waves
                ],
            }
        )


class WhatIfInput(Input):
    question_ids = serializers.ListField(child=Text(max_length=20), max_length=1_000)


class WhatIfView(serializers.Serializer[Any]):
    question_ids = serializers.ListField(child=serializers.CharField())
    gain = serializers.FloatField()
    score_before = serializers.FloatField(allow_null=True)
    score_after = serializers.FloatField(allow_null=True)
    level_before = serializers.IntegerField(allow_null=True)
    level_after = serializers.IntegerField(allow_null=True)


class WhatIf(Endpoint):
    @extend_schema(
        summary="What raising some answers would change",
        description="Each of these questions raised to what the roadmap aims at. Questions that "
        "gain nothing are left out of the answer. Nothing is stored.",
        tags=["results"],
        request=WhatIfInput,
        responses={200: WhatIfView, **problems(400, 401, 403, 404, 409, 415, 429)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        assessment = _completed(_mine(self, pk, with_responses=True))
        outcome = plans.what_if(
            assessment.questionnaire,
            assessment.answers,
            assessment.result,
            WhatIfInput.of(request)["question_ids"],
        )
        before, after = outcome.score_before, outcome.score_after
        return Response(
            {
                "question_ids": outcome.question_ids,
                "gain": display(outcome.gain),
                "score_before": None if before is None else display(before),
                "score_after": None if after is None else display(after),
                "level_before": outcome.level_before,
                "level_after": outcome.level_after,
            }
        )


def _mine(view: Endpoint, pk: UUID, *, with_responses: bool = False) -> Assessment:
    mine = Assessment.objects.visible_to(view.user)
    return get_object_or_404(mine.with_responses() if with_responses else mine, pk=pk)


def _found(row: Any) -> Any:
    if row is None:
        raise NotFound
    return row


def _require_plain(question_id: str) -> None:
    """No database stores a NUL, or looks for one."""
    if "\x00" in question_id or len(question_id) > 20:
        raise NotFound


def _completed(assessment: Assessment) -> Assessment:
    if assessment.status != Assessment.Status.COMPLETED:
        raise Refused(409, "not_completed", "There is a result once the assessment is completed.")
    return assessment


# --- administrators ------------------------------------------------------------------------------


class ManagedAssessment(AssessmentView):
    user_id = serializers.UUIDField()
    email = serializers.EmailField()
    company_name = serializers.CharField(allow_blank=True)


class AdminAssessments(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Assessments",
        tags=["admin"],
        parameters=[
            *PAGING,
            SEARCH,
            OpenApiParameter("status", str, enum=["in_progress", "completed", "expired"]),
        ],
        responses={200: page_of(ManagedAssessment), **problems(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        return paged(self, self._chosen(request), _managed)

    def _chosen(self, request: Request) -> Any:
        chosen = _all(self.user)
        if search := search_words(request):
            chosen = chosen.filter(
                Q(user__email__icontains=search) | Q(user__company_name__icontains=search)
            )
        now = timezone.now()
        match request.query_params.get("status"):
            case None:
                return chosen
            case "in_progress":
                return chosen.open(now)
            case "completed":
                return chosen.filter(status=Assessment.Status.COMPLETED)
            case "expired":
                overdue = Q(status=Assessment.Status.IN_PROGRESS, expires_at__lte=now)
                return chosen.filter(overdue | Q(status=Assessment.Status.EXPIRED))
        raise ValidationError({"status": ["Use in_progress, completed or expired."]})


class ManagedConsultation(serializers.Serializer[Any]):
    assessment_id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    email = serializers.EmailField()
    full_name = serializers.CharField(allow_blank=True)
    company_name = serializers.CharField(allow_blank=True)
    details = serializers.CharField(allow_blank=True)
    requested_at = serializers.DateTimeField()
    state = serializers.ChoiceField(Assessment.ConsultationState.values)


class ConsultationMark(Input):
    state = serializers.ChoiceField(Assessment.ConsultationState.values)


class AdminConsultation(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="How far the firm is with a wish to be called",
        tags=["admin"],
        request=ConsultationMark,
        responses={204: None, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    )
    @once
    def patch(self, request: Request, pk: UUID) -> Response:
        asked = _all(self.user).filter(consultation_requested_at__isnull=False)
        assessment = get_object_or_404(asked, pk=pk)
        state = Assessment.ConsultationState(ConsultationMark.of(request)["state"])
        consultation.mark(assessment, state, by=self.user)
        return Response(status=204)


class AdminExtension(Input):
    days = Whole(min_value=1, max_value=60)


class AdminExtend(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="More days for an assessment",
        description="In progress or expired; they count from now where its days are over.",
        tags=["admin"],
        request=AdminExtension,
        responses={204: None, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        assessment = get_object_or_404(_all(self.user), pk=pk)
        days = AdminExtension.of(request)["days"]
        expiry.extend_by_admin(assessment, days=days, by=self.user, at=timezone.now())
        return Response(status=204)


class AdminConsultations(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Who wishes to be called",
        description="Newest first.",
        tags=["admin"],
        parameters=PAGING,
        responses={200: page_of(ManagedConsultation), **problems(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        asked = _all(self.user).filter(consultation_requested_at__isnull=False)
        return paged(
            self,
            asked,
            lambda assessment: {
                "assessment_id": assessment.pk,
                "user_id": assessment.user_id,
                "email": assessment.user.email,
                "full_name": assessment.user.full_name,
                "company_name": assessment.user.company_name,
                "details": assessment.consultation_details,
                "requested_at": assessment.consultation_requested_at,
                "state": assessment.consultation_state,
            },
            ("-consultation_requested_at", "-pk"),
        )


class Statistics(serializers.Serializer[Any]):
    users = serializers.IntegerField()
    active_users = serializers.IntegerField()
    in_progress = serializers.IntegerField()
    completed = serializers.IntegerField()
    expired = serializers.IntegerField()
    stuck = serializers.IntegerField(help_text="In progress, and nothing saved for three days.")
    ends_soon = serializers.IntegerField(help_text="In progress, with at most three days left.")
    consultations = serializers.IntegerField()
    open_consultations = serializers.IntegerField()
    new_this_week = serializers.IntegerField()
    users_started = serializers.IntegerField()
    users_answered = serializers.IntegerField()
    users_completed = serializers.IntegerField()
    average_days_to_complete = serializers.FloatField(allow_null=True)
    at = serializers.DateTimeField()


STATISTICS = "api-statistics"


class AdminStatistics(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Statistics",
        description="Counted at most once a minute; `at` says when.",
        tags=["admin"],
        responses={200: Statistics, **problems(401, 403, 429)},
    )
    def get(self, request: Request) -> Response:
        try:
            counted = cache.get_or_set(STATISTICS, self._count, 60)
        except (RedisError, OSError):
            counted = self._count()
        return Response(counted)

    def _count(self) -> Mapping[str, object]:
        return statistics.count(self.user, timezone.now())


def _all(admin: User) -> Any:
    everything = Assessment.objects.visible_to_admin(admin)
    return everything.select_related("user").defer("scorecard")


def _managed(assessment: Assessment) -> Mapping[str, object]:
    return {
        **shown(assessment),
        "user_id": assessment.user_id,
        "email": assessment.user.email,
        "company_name": assessment.user.company_name,
    }
