"""How a report writes answers, figures, dates and other people's words. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction

import msgspec

from assessments.catalog.questions import NONE_OF_THESE, AnyQuestion, PracticesQuestion
from assessments.scoring import Answer, State, display

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Passage(msgspec.Struct, frozen=True):
    """A respondent's own words, with the direction they are read in: "ltr" or "rtl"."""

    text: str
    direction: str


class Note(msgspec.Struct, frozen=True):
    """What a respondent wrote beside an answer, and whether it was confirmed to be as before."""

    comment: str = ""
    na_reason: str = ""
    planned: bool = False
    confirmed_unchanged: bool = False


NO_NOTE = Note()
NO_ANSWER = Answer(State.UNANSWERED)


def answer_words(question: AnyQuestion, answer: Answer) -> str:
    """An answer in a few words; of practices only how many."""
    if answer.state is State.DONT_KNOW:
        return "I don’t know"
    if answer.state is State.NOT_APPLICABLE:
        return "Not applicable"
    if answer.state is State.UNANSWERED or answer.value is None:
        return "Not answered"
    if isinstance(question, PracticesQuestion) and isinstance(answer.value, list):
        chosen = [value for value in answer.value if value != NONE_OF_THESE]
        if chosen:
            return f"{len(chosen)} of {len(question.practices)} practices"
    return question.describe(answer.value)


def figure_or(figure: Fraction | None, otherwise: str) -> str:
    return otherwise if figure is None else str(display(figure))


def points(gained: Fraction) -> str:
    """With its sign and two decimals: one question of many gains little."""
    return ("−" if gained < 0 else "+") + decimals(abs(gained), 2)


def decimals(figure: Fraction, places: int) -> str:
    """A figure that is not negative, rounded half up."""
    scaled = int(figure * 10**places + Fraction(1, 2))
    whole, rest = divmod(scaled, 10**places)
    return f"{whole:,}.{rest:0{places}d}"


def count_of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def joined(words: Iterable[str]) -> str:
    *others, last = [*words] or [""]
    return f"{', '.join(others)} and {last}" if others else last


def date_in_words(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def first_sentence(text: str) -> tuple[str, str]:
    first, *rest = re.split(r"(?<=[.!?])\s+(?=[“A-Z])", text, maxsplit=1)
    return first, rest[0] if rest else ""


def passage(text: str) -> Passage:
    """The first letter that has a direction decides it, as it does in a browser."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return Passage(text, "ltr" if kind == "L" else "rtl")
    return Passage(text, "ltr")


def plain(name: str) -> str:
    """A name on one line, without characters that would turn around the text beside it."""
    return "".join(
        character
        for character in " ".join(name.split())
        if unicodedata.bidirectional(character) not in _TURNING
        and unicodedata.category(character) not in ("Cc", "Cs")
    ).strip()


_TURNING = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
