"""What a reviewer sees: each claim beside the answers that it cites, and what was dropped."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reports import reading, release
from reports.composition import standing
from reports.enhancement.claims import Claim, Decision, Dropped
from reports.enhancement.printed import NAMES
from reports.models import Report, SectionInsight
from reports.wording import NO_ANSWER, NO_NOTE, answer_words


class Cited(msgspec.Struct, frozen=True):
    question_id: str
    question: str
    answer: str
    standing: str
    comment: str
    credit: str
    controls: str


class ReviewedClaim(msgspec.Struct, frozen=True):
    """`text` is what stands in the form: the reviewer's own, where they edited it."""

    claim: Claim
    part: str
    verdict: str
    text: str
    fault: str
    cited: tuple[Cited, ...]

    @property
    def field(self) -> str:
        return self.claim.id


class ReviewedSection(msgspec.Struct, frozen=True):
    insight_id: str
    section_id: str
    name: str
    reason: str
    claims: tuple[ReviewedClaim, ...]
    dropped: tuple[Dropped, ...]


class Review(msgspec.Struct, frozen=True):
    sections: tuple[ReviewedSection, ...]
    total: int
    decided: int
    outdated: bool
    input_tokens: int
    output_tokens: int
    models: str

    @property
    def open(self) -> int:
        return self.total - self.decided


def review(
    report: Report,
    *,
    typed: Mapping[tuple[str, str], Decision] | None = None,
    faults: Mapping[tuple[str, str], str] | None = None,
) -> Review:
    """By the section's id and the claim's: what was typed and not stored, and why it was not."""
    insights = list(report.insights.all())
    names = report.assessment.questionnaire.sections_by_id
    notes = reading.notes(report.assessment)
    answers = report.assessment.answers
    marks = {
        mark.question_id: mark
        for section in report.assessment.result.sections
        for mark in section.marks
    }

    def cited(question_id: str, control_ids: tuple[str, ...]) -> Cited:
        question = report.assessment.questionnaire.questions[question_id]
        answer = answers.get(question_id, NO_ANSWER)
        note = notes.get(question_id, NO_NOTE)
        mark = marks[question_id]
        return Cited(
            question_id=question_id,
            question=question.text,
            answer=answer_words(question, answer),
            standing=standing(question, answer),
            comment=note.comment or note.na_reason,
            credit=f"{mark.credit:,} of 1,000" if mark.applicable else "left out",
            controls=", ".join(control_ids),
        )

    def one(insight: SectionInsight, claim: Claim) -> ReviewedClaim:
        key = (insight.section_id, claim.id)
        decision = (typed or {}).get(key) or insight.decisions.get(claim.id)
        return ReviewedClaim(
            claim=claim,
            part=NAMES[claim.part],
            verdict=decision.verdict if decision else "",
            text=(decision.text if decision and decision.text else claim.text),
            fault=(faults or {}).get(key, ""),
            cited=tuple(cited(q, claim.control_ids) for q in claim.question_ids),
        )

    return Review(
        sections=tuple(
            ReviewedSection(
                insight_id=str(insight.pk),
                section_id=insight.section_id,
                name=names[insight.section_id].name if insight.section_id else "The whole",
                reason=insight.reason,
                claims=tuple(one(insight, claim) for claim in insight.written),
                dropped=insight.refused,
            )
            for insight in insights
        ),
        total=sum(len(insight.claims) for insight in insights),
        decided=sum(len(insight.decisions) for insight in insights),
        outdated=report.completed_at is not None and release.is_outdated(report),
        input_tokens=sum(insight.input_tokens for insight in insights),
        output_tokens=sum(insight.output_tokens for insight in insights),
        models=", ".join(sorted({insight.model for insight in insights if insight.model})),
    )
