"""A version of the catalog counted and laid out for people who read it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from assessments.catalog.questions import (
    AnyQuestion,
    Catalog,
    ChoiceQuestion,
    Framework,
    PracticesQuestion,
    Section,
    SubArea,
    Tier,
)

KINDS: Mapping[str, str] = {
    "maturity": "How well a practice is established",
    "coverage": "How much of something is covered",
    "recency": "How long ago something was done",
    "existence": "Whether something exists",
    "practices": "Which measures are in place",
    "number": "A figure",
}
"""What each type of question asks."""


class Counts(msgspec.Struct, frozen=True):
    """What a number of questions amount to. `controls` counts each control once per framework."""

    tiers: Mapping[Tier, int]
    kinds: Mapping[str, int]
    must_haves: int
    controls: Mapping[Framework, int]


class Answer(msgspec.Struct, frozen=True):
    """One possible answer as a reader sees it; `worth` is its credit, or a practice's weight."""

    label: str
    worth: int
    anchor: str
    next: str


class Asked(msgspec.Struct, frozen=True):
    """A question with its answers, worst to best; of practices each."""

    question: AnyQuestion
    answers: tuple[Answer, ...]


class SubAreaOverview(msgspec.Struct, frozen=True):
    sub_area: SubArea
    questions: tuple[Asked, ...]
    counts: Counts


class SectionOverview(msgspec.Struct, frozen=True):
    section: Section
    sub_areas: tuple[SubAreaOverview, ...]
    counts: Counts


class Overview(msgspec.Struct, frozen=True):
    catalog: Catalog
    sections: tuple[SectionOverview, ...]
    counts: Counts

    @property
    def sub_areas(self) -> int:
        return sum(len(section.sub_areas) for section in self.sections)


def overview(catalog: Catalog) -> Overview:
    return Overview(
        catalog=catalog,
        sections=tuple(_section(section) for section in catalog.sections),
        counts=_counts(tuple(catalog.questions.values())),
    )


def _section(section: Section) -> SectionOverview:
    return SectionOverview(
        section=section,
        sub_areas=tuple(
            SubAreaOverview(
                sub_area=sub_area,
                questions=tuple(Asked(question, _answers(question)) for question in homes),
                counts=_counts(homes),
            )
            for sub_area in section.sub_areas
            for homes in [tuple(q for q in section.questions if q.sub_area_id == sub_area.id)]
        ),
        counts=_counts(section.questions),
    )


def _counts(questions: Sequence[AnyQuestion]) -> Counts:
    kinds = Counter(question.kind for question in questions)
    return Counts(
        tiers={tier: sum(tier.includes(q.tier) for q in questions) for tier in Tier},
        kinds={kind: kinds[kind] for kind in KINDS},
        must_haves=sum(question.must_have is not None for question in questions),
        controls={
            framework: len({c for question in questions for c in question.controls(framework)})
            for framework in Framework
        },
    )


def _answers(question: AnyQuestion) -> tuple[Answer, ...]:
    if isinstance(question, ChoiceQuestion):
        return tuple(
            Answer(option.label, question.SCALE[option.value], option.anchor, option.next)
            for option in question.options
        )
    if isinstance(question, PracticesQuestion):
        return tuple(
            Answer(practice.label, practice.weight, practice.anchor, practice.next)
            for practice in question.practices
        )
    return tuple(
        Answer(question.band_label(band), band.credit, "", band.next) for band in question.bands
    )
