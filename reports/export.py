"""Files for other programs: the answers as CSV, the plan as XLSX, the whole as JSON."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from django.http import HttpResponse

from assessments import roadmap, scoring, tables
from assessments.models import Assessment
from reports import composition, wording

ANSWER_COLUMNS = (
    *("Question", "Section", "Sub-area", "Text", "State", "Answer", "Value", "Credit of 1,000"),
    *("Comment", "Reason", "Planned", "Answered by", "Revision", "Changed at (UTC)"),
)
PLAN_COLUMNS = (
    *("Order", "Wave", "Question", "Section", "Text", "Answer now", "What to do", "Gain in points"),
    *("Effort", "Risk", "Holds the level", "After", "Planned", "Who"),
)


class Kind(NamedTuple):
    """A kind of file: what its name says, its ending and type, and how it is written."""

    name: str
    ending: str
    content_type: str
    written: Callable[[Assessment], bytes]


def file(assessment: Assessment, kind: Kind) -> HttpResponse:
    return HttpResponse(
        kind.written(assessment),
        content_type=kind.content_type,
        headers={
            "Content-Disposition": _disposition(assessment, kind),
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def _answers_csv(assessment: Assessment) -> bytes:
    return tables.as_csv(ANSWER_COLUMNS, _answers(assessment))


def _plan_xlsx(assessment: Assessment) -> bytes:
    return tables.as_xlsx("Action plan", PLAN_COLUMNS, _plan(assessment))


def _result_json(assessment: Assessment) -> bytes:
    """The scorecard as it is attached to the report, and the answers it was made of."""
    code = composition.verification_code(assessment.result, assessment.pk)
    body = {
        "format": "posture-assessment-1",
        "assessment": {
            "id": str(assessment.pk),
            "company": assessment.user.company_name,
            "tier": assessment.tier,
            "catalog_version": assessment.catalog_version,
            "section_ids": assessment.section_ids,
            "profile": assessment.profile,
            "attempt_number": assessment.attempt_number,
            "started_at": assessment.started_at.isoformat(),
            "completed_at": assessment.completed_at and assessment.completed_at.isoformat(),
            "verification_code": code,
        },
        "scorecard": scoring.to_json(assessment.result),
        "answers": answers(assessment),
    }
    return json.dumps(body, ensure_ascii=False, indent=1).encode()


def answers(assessment: Assessment) -> list[dict[str, object]]:
    """The stored answers, as JSON has them."""
    return [
        {
            "question_id": response.question_id,
            "state": response.state,
            "value": response.answer_value,
            "comment": response.comment,
            "na_reason": response.na_reason,
            "planned": response.planned,
            "confirmed_unchanged": response.confirmed_unchanged,
            "answered_by": response.answered_by and response.answered_by.name,
            "revision": response.revision,
            "changed_at": response.updated_at.isoformat(),
        }
        for response in assessment.responses.all()
    ]


ANSWERS = Kind("answers", "csv", tables.CSV, _answers_csv)
"""Every question that is asked, one a line, answered or not; at any time."""

PLAN = Kind("plan", "xlsx", tables.XLSX, _plan_xlsx)
"""The roadmap of a completed assessment, in its order."""

RESULT = Kind("result", "json", "application/json", _result_json)
"""All of a completed assessment."""


def _disposition(assessment: Assessment, kind: Kind) -> str:
    """Company, kind and day; once as every system can write it, once as it is written."""
    day = assessment.completed_at or assessment.started_at
    words = (filter(str.isalnum, word) for word in assessment.user.company_name.split())
    name = "-".join(filter(None, map("".join, words)))[:60]
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip("-_")
    rest = f"posture-{kind.name}-{day:%Y-%m-%d}.{kind.ending}"
    names = ["-".join(filter(None, (company, rest))) for company in (plain, name)]
    return f"attachment; filename=\"{names[0]}\"; filename*=UTF-8''{quote(names[1])}"


def _answers(assessment: Assessment) -> Iterator[Sequence[tables.Cell]]:
    stored = assessment.responses_by_question
    for section in assessment.questionnaire.sections:
        for sub_area, asked in section.pages:
            for question in asked:
                response = stored.get(question.id)
                answer = response.answer if response else wording.NO_ANSWER
                answered = answer.state is scoring.State.ANSWERED
                value = answer.value
                yield (
                    question.id,
                    section.name,
                    sub_area.name,
                    question.text,
                    answer.state.value,
                    wording.answer_words(question, answer),
                    " ".join(value) if isinstance(value, list) else value,
                    question.credit(value) if answered and value is not None else None,
                    response.comment if response else "",
                    response.na_reason if response else "",
                    "yes" if response and response.planned else "",
                    response.answered_by.name if response and response.answered_by else "",
                    response.revision if response else 0,
                    response.updated_at if response else None,
                )


def _plan(assessment: Assessment) -> Iterator[Sequence[tables.Cell]]:
    questionnaire, answers = assessment.questionnaire, assessment.answers
    plan = roadmap.roadmap(questionnaire, answers, assessment.result)
    order = 0
    for wave in plan.waves:
        for step in wave.steps:
            order += 1
            question = questionnaire.questions[step.question_id]
            response = assessment.responses_by_question.get(question.id)
            yield (
                order,
                composition.WAVE_NAMES[wave.name],
                question.id,
                questionnaire.sections_by_id[step.section_id].name,
                question.text,
                wording.answer_words(question, answers.get(question.id, wording.NO_ANSWER)),
                step.action,
                round(float(step.gain), 2),
                step.effort.value,
                step.risk,
                "yes" if step.blocks else "",
                ", ".join(step.prerequisites),
                "yes" if response and response.planned else "",
                question.respondent,
            )
