"""A catalog as other programs read it: made once, compressed once, named by its content."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import brotli
import msgspec

from assessments.catalog import loading
from assessments.catalog.questions import (
    AnyQuestion,
    Catalog,
    ChoiceQuestion,
    NumberQuestion,
    PracticesQuestion,
    Section,
    Tier,
)
from assessments.progress import SECONDS_PER_QUESTION


@dataclass(frozen=True)
class Publication:
    """Bytes that never change, plain and compressed, each with a name of its own."""

    plain: bytes

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.plain).hexdigest()[:32]

    @cached_property
    def encodings(self) -> dict[str, bytes]:
        """What a client can take, best first."""
        return {
            "br": brotli.compress(self.plain),
            "gzip": gzip.compress(self.plain, 9, mtime=0),
            "": self.plain,
        }

    def etag(self, encoding: str) -> str:
        return f'"{self.digest}{"-" + encoding if encoding else ""}"'


@cache
def catalog(version: str) -> Publication:
    """Everything a questionnaire is made of; the long texts are in its sections."""
    published = loading.load(version)
    return Publication(
        msgspec.json.encode(
            {
                "version": published.version,
                "title": published.title,
                "tiers": [_tier(published, tier) for tier in Tier],
                "profile": [msgspec.to_builtins(question) for question in published.profile],
                "sections": [
                    {
                        **_heading(section),
                        "questions": [_question(question) for question in section.questions],
                    }
                    for section in published.sections
                ],
            }
        )
    )


@cache
def section(version: str, section_id: str) -> Publication | None:
    """One section with all its texts; None if the version has no such section."""
    found = loading.load(version).sections_by_id.get(section_id)
    if found is None:
        return None
    questions = [{**_question(question), **_texts(question)} for question in found.questions]
    return Publication(msgspec.json.encode({**_heading(found), "questions": questions}))


def _tier(published: Catalog, tier: Tier) -> dict[str, Any]:
    asked = sum(tier.includes(question.tier) for question in published.questions.values())
    return {
        "tier": tier.value,
        "questions": asked,
        "minutes": -(-asked * SECONDS_PER_QUESTION // 60),
        "available": tier in published.complete_tiers,
    }


def _heading(section: Section) -> dict[str, Any]:
    return {
        "id": section.id,
        "name": section.name,
        "short": section.short,
        "about": section.about,
        "sub_areas": [{"id": area.id, "name": area.name} for area in section.sub_areas],
    }


def _question(question: AnyQuestion) -> dict[str, Any]:
    return {
        "id": question.id,
        "sub_area_id": question.sub_area_id,
        "type": question.kind,
        "tier": question.tier.value,
        "text": question.text,
        "weight": question.weight,
        "must_have": question.must_have,
        "na_allowed": question.na_allowed,
        "prerequisites": list(question.prerequisites),
        "when": question.when,
        **_answers(question),
    }


def _answers(question: AnyQuestion) -> dict[str, Any]:
    """What an answer may be, worst first."""
    if isinstance(question, ChoiceQuestion):
        return {"options": [{"value": o.value, "label": o.label} for o in question.options]}
    if isinstance(question, PracticesQuestion):
        return {
            "practices": [{"value": p.value, "label": p.label} for p in question.practices],
            "none_label": question.none_label,
        }
    assert isinstance(question, NumberQuestion)
    return {"unit": question.unit, "maximum": question.maximum}


def _texts(question: AnyQuestion) -> dict[str, Any]:
    texts: dict[str, Any] = {
        "hint": question.hint,
        "why": question.why,
        "where": question.where,
        "respondent": question.respondent,
        "effort": question.effort.value,
        "controls": {
            "primary": msgspec.to_builtins(question.primary),
            "related": msgspec.to_builtins(question.related),
        },
    }
    if isinstance(question, ChoiceQuestion):
        texts["options"] = [
            {"value": o.value, "label": o.label, "anchor": o.anchor} for o in question.options
        ]
    elif isinstance(question, PracticesQuestion):
        texts["practices"] = [
            {"value": p.value, "label": p.label, "anchor": p.anchor} for p in question.practices
        ]
    return texts
