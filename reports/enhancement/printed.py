"""What of the model's text a report prints, and what it says of what is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from reports.enhancement.claims import Claim, Part
from reports.wording import count_of, joined


class Insight(msgspec.Struct, frozen=True):
    """What there is on one section, or, without a section, on the whole."""

    section_id: str
    claims: tuple[Claim, ...]
    reason: str
    model: str


class Paragraph(msgspec.Struct, frozen=True):
    text: str
    cited: str


class Heading(msgspec.Struct, frozen=True):
    """Paragraphs under one heading."""

    name: str
    paragraphs: tuple[Paragraph, ...]


class Enhancement(msgspec.Struct, frozen=True):
    """All that the model contributes. `missing` says, sentence by sentence, what it does not."""

    summary: tuple[Heading, ...]
    plan: tuple[Heading, ...]
    sections: Mapping[str, tuple[Heading, ...]]
    missing: tuple[str, ...]
    statement: str


NAMES: Mapping[Part, str] = {
    Part.NARRATIVE: "In short",
    Part.THEME: "Themes across domains",
    Part.PLAN_30: "Within 30 days",
    Part.PLAN_60: "Within 60 days",
    Part.PLAN_90: "Within 90 days",
    Part.ANALYSIS: "What the answers say together",
    Part.STRENGTH: "Worth keeping",
    Part.RISK: "What could follow",
    Part.ACTION: "What to begin with",
}


def enhancement(
    insights: Iterable[Insight],
    names: Mapping[str, str],
    *,
    prompt_version: str,
    with_comments: bool,
) -> Enhancement:
    """`names` are those of the rated sections, by id: each has a text, or a reason why not."""
    by_section = {insight.section_id: insight for insight in insights}
    whole = by_section.get("")
    return Enhancement(
        summary=_headings(whole, (Part.NARRATIVE, Part.THEME)),
        plan=_headings(whole, (Part.PLAN_30, Part.PLAN_60, Part.PLAN_90)),
        sections={
            section_id: _headings(
                by_section.get(section_id), (Part.ANALYSIS, Part.STRENGTH, Part.RISK, Part.ACTION)
            )
            for section_id in names
        },
        missing=tuple(_missing(by_section, names)),
        statement=_statement(by_section.values(), prompt_version, with_comments=with_comments),
    )


def _headings(insight: Insight | None, parts: Sequence[Part]) -> tuple[Heading, ...]:
    claims = insight.claims if insight else ()
    headings = [
        Heading(
            NAMES[part],
            tuple(
                Paragraph(claim.text, ", ".join((*claim.question_ids, *claim.control_ids)))
                for claim in claims
                if claim.part is part
            ),
        )
        for part in parts
    ]
    return tuple(heading for heading in headings if heading.paragraphs)


def _missing(by_section: Mapping[str, Insight], names: Mapping[str, str]) -> Iterable[str]:
    """One sentence for each reason, with the parts that have no text for it."""
    parts: dict[str, list[str]] = {}
    for section_id, name in {"": "the summary and the 90-day plan", **names}.items():
        insight = by_section.get(section_id)
        if insight is None or not insight.claims:
            reason = insight.reason if insight else ""
            parts.setdefault(reason or "nothing that was written was approved", []).append(name)
    for reason, without in parts.items():
        told = (
            "any part of this report"
            if len(without) > len(names)
            else joined(without)
            if len(without) <= 6
            else f"{count_of(len(without), 'part')}, among them {joined(without[:3])}"
        )
        yield f"There is no AI text for {told}: {reason}."


def _statement(insights: Iterable[Insight], version: str, *, with_comments: bool) -> str:
    models = sorted({insight.model for insight in insights if insight.model})
    if not models:
        return (
            "AI text was asked for and there is none; this report is the standard one, which is "
            "complete without it."
        )
    comments = (
        "the comments, as the respondent allowed," if with_comments else "none of the comments"
    )
    return (
        f"Passages marked “Written with AI” were written by {joined(models)} (instructions "
        f"{version}). The model was told the questions, the answers and the scores, with names "
        f"replaced, and {comments} and it never changed a figure. Each passage names the answers "
        "it rests on; a program dropped what could not be traced to them, and a consultant read "
        "every passage before the report was released. Who released it, and when, is recorded "
        "beside the file, and with its SHA-256 in the audit log."
    )
