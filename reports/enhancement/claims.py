"""What the model says, claim by claim, and what of it may stand. Pure.

A claim stands only with the answers that it cites. Whatever cannot be traced to them is dropped,
and listed for the reviewer with the reason: an unknown question, a control that does not belong
to it, a number or a quotation that is in none of the texts the model was given, anything that is
not plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Literal

import msgspec

TEXT_MAX = 1_200
CITED_MAX = 12


class Part(StrEnum):
    """Where a claim is printed: the first four in a section, the others in the whole."""

    ANALYSIS = "analysis"
    STRENGTH = "strength"
    RISK = "risk"
    ACTION = "action"
    NARRATIVE = "narrative"
    THEME = "theme"
    PLAN_30 = "plan_30"
    PLAN_60 = "plan_60"
    PLAN_90 = "plan_90"


OF_A_SECTION = (Part.ANALYSIS, Part.STRENGTH, Part.RISK, Part.ACTION)
OF_THE_WHOLE = (Part.NARRATIVE, Part.THEME, Part.PLAN_30, Part.PLAN_60, Part.PLAN_90)


class Drafted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim as the model gives it: nothing about it is believed yet."""

    part: str
    text: str
    question_ids: tuple[str, ...]
    control_ids: tuple[str, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """A claim that was verified. Its id is lasting within its insight."""

    id: str
    part: Part
    text: str
    question_ids: tuple[str, ...]
    control_ids: tuple[str, ...] = ()


class Dropped(msgspec.Struct, frozen=True):
    text: str
    question_ids: tuple[str, ...]
    reason: str


class Decision(msgspec.Struct, frozen=True):
    """What the reviewer decided about a claim. `text` is theirs where they edited it."""

    verdict: Literal["approved", "edited", "dropped"]
    text: str = ""


class Facts(msgspec.Struct, frozen=True):
    """What a question may be cited for: everything about it that the model was told.

    `figures` are the scores that may be named, `levels` the levels.
    """

    texts: Mapping[str, tuple[str, ...]]
    controls: Mapping[str, frozenset[str]]
    figures: frozenset[str]
    levels: frozenset[str]
    common: tuple[str, ...] = ()
    """Texts that are not one question's: the names of sections, what the respondent added."""


NOT_PLAIN = re.compile(
    r"[<>`{}|\\^~]|https?:|www\.|\]\(|\*\*|__|^#|[\x00-\x08\x0b-\x1f\x7f]", re.MULTILINE
)
MARKED_UP = "It is not plain text: it has markup, an address or control characters."

TOKEN = re.compile(r"\[[A-Z]+(?:-\d+)?\]")
"""Stands for a name: `redaction`."""

QUESTION_ID = re.compile(r"\b[A-Z]{3}\.\d+(?:\.\d+)?\b")
CONTROL_ID = re.compile(
    r"\b[A-Z]{2}\.[A-Z]{2}-\d{1,2}\b"
    r"|\bA\.\d{1,2}\.\d{1,2}\b"
    r"|\bCIS(?: Control)? \d{1,2}(?:\.\d{1,2})?\b"
)
QUOTED = re.compile(r"[“\"„«]([^”\"“»]{2,})[”\"“»]")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14",
    "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
    "eighty": "80", "ninety": "90", "hundred": "100",
}  # fmt: skip
"""Numbers in words; "one" is no number in most sentences."""

NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(WORDS)})s?\b", re.IGNORECASE)
SHARE = re.compile(
    r"\b(?:half|third|quarter|twice|double|dozens?|hundreds|thousands|millions?|majority"
    r"|percent|per cent)\b",
    re.IGNORECASE,
)
LEVEL = re.compile(r"\blevels?\s+(?:of\s+)?(\d+)(?:\s*(?:to|and|or|–|-)\s*(\d+))?", re.IGNORECASE)
SCORE = re.compile(
    r"\bscor\w*\s+(?:\w+\s+){0,3}?(\d[\d.]*)"
    r"|(\d[\d.]*)\s*(?:out\s+)?of\s+100\b"
    r"|(\d[\d.]*)\s*points?\b",
    re.IGNORECASE,
)
PLAN_DAYS = {Part.PLAN_30: {"30"}, Part.PLAN_60: {"30", "60"}, Part.PLAN_90: {"60", "90"}}


def verify(
    drafted: Iterable[Drafted], facts: Facts, *, parts: tuple[Part, ...]
) -> tuple[tuple[Claim, ...], tuple[Dropped, ...]]:
    """The claims that may stand, in their order, and those that may not, each with its reason."""
    kept: list[Claim] = []
    dropped: list[Dropped] = []
    for number, draft in enumerate(drafted, start=1):
        fault = fault_of(draft, facts, parts=parts)
        if fault:
            dropped.append(Dropped(draft.text[:TEXT_MAX], draft.question_ids[:CITED_MAX], fault))
        else:
            kept.append(
                Claim(
                    id=f"c{number}",
                    part=Part(draft.part),
                    text=" ".join(draft.text.split()),
                    question_ids=tuple(dict.fromkeys(draft.question_ids)),
                    control_ids=tuple(dict.fromkeys(draft.control_ids)),
                )
            )
    return tuple(kept), tuple(dropped)


def fault_of(draft: Drafted, facts: Facts, *, parts: tuple[Part, ...]) -> str:
    """Why this claim may not stand; empty if it may."""
    text = draft.text.strip()
    if draft.part not in parts:
        return "It belongs to no part of this text."
    if not text or len(text) > TEXT_MAX:
        return f"It is empty, or longer than {TEXT_MAX:,} characters."
    if NOT_PLAIN.search(text):
        return MARKED_UP
    if not draft.question_ids or len(draft.question_ids) > CITED_MAX:
        return f"It cites no answer, or more than {CITED_MAX}."
    for question_id in (*draft.question_ids, *QUESTION_ID.findall(text)):
        if question_id not in facts.texts:
            return f"{question_id} was not asked here."
    for question_id in QUESTION_ID.findall(text):
        if question_id not in draft.question_ids:
            return f"{question_id} is named and not cited."
    return (
        _foreign_control(draft, facts)
        or _altered_quotation(draft, facts)
        or _wrong_figure(draft, facts)
    )


def _foreign_control(draft: Drafted, facts: Facts) -> str:
    theirs = {
        _control(control)
        for question_id in draft.question_ids
        for control in facts.controls.get(question_id, ())
    }
    for control in (*draft.control_ids, *CONTROL_ID.findall(draft.text)):
        if _control(control) not in theirs:
            return f"{control} does not belong to the questions cited."
    return ""


def _control(control: str) -> str:
    """Its bare id: some write "CIS 6.3", and some "6.3"."""
    return control.rsplit(maxsplit=1)[-1]


def _given(draft: Drafted, facts: Facts) -> list[str]:
    """The texts that this claim may lean on."""
    cited = [text for question_id in draft.question_ids for text in facts.texts[question_id]]
    return [*cited, *facts.common]


def _altered_quotation(draft: Drafted, facts: Facts) -> str:
    given = [_folded(text) for text in _given(draft, facts)]
    for quotation in QUOTED.findall(draft.text):
        wanted = _folded(quotation).strip(" .,;")
        if not any(wanted in text for text in given):
            return f"“{quotation[:80]}” stands in none of the answers cited."
    return ""


def _folded(text: str) -> str:
    return " ".join(text.replace("’", "'").replace("‘", "'").lower().split())


def _wrong_figure(draft: Drafted, facts: Facts) -> str:
    """Every number must be one that the model was told, and a level or a score one of those."""
    text = TOKEN.sub(" ", CONTROL_ID.sub(" ", QUESTION_ID.sub(" ", draft.text)))
    for pair in LEVEL.findall(text):
        for level in pair:
            if level and level not in facts.levels:
                return f"No level {level} is known here."
    text = LEVEL.sub(" ", text)
    for found in SCORE.findall(text):
        figure = next(filter(None, found)).rstrip(".")
        if figure not in facts.figures:
            return f"{figure} is not a figure of this result."
    text = SCORE.sub(" ", text)
    known = {
        number.rstrip(".,").replace(",", "")
        for given in _given(draft, facts)
        for number in _numbers(given)
    }
    known |= PLAN_DAYS.get(Part(draft.part), set())
    for number in _numbers(text):
        if number.rstrip(".,").replace(",", "") not in known:
            return f"The number {number} is in none of the answers cited."
    told = _folded(" ".join(_given(draft, facts)))
    for share in SHARE.findall(text):
        if share.lower() not in told:
            return f"“{share}” is in none of the answers cited."
    return ""


def _numbers(text: str) -> list[str]:
    return [
        *NUMBER.findall(text),
        *(WORDS[_singular(word.lower())] for word in NUMBER_WORD.findall(text)),
    ]


def _singular(word: str) -> str:
    return word if word in WORDS else word.removesuffix("s")


def approved(claims: Iterable[Claim], review: Mapping[str, Decision]) -> tuple[Claim, ...]:
    """What is printed: as the reviewer decided, and as it was written where they have not."""
    printed = []
    for claim in claims:
        decision = review.get(claim.id)
        if decision is None or decision.verdict == "approved":
            printed.append(claim)
        elif decision.verdict == "edited":
            printed.append(msgspec.structs.replace(claim, text=decision.text))
    return tuple(printed)
