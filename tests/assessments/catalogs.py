"""Small catalogs to score against: fixed dull texts, only what a test names differs.

The last part draws any catalog with any answers, for the tests that must hold for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from assessments.catalog.questions import (
    NONE_OF_THESE,
    NOT_MEASURED,
    AnyQuestion,
    Band,
    Catalog,
    ChoiceQuestion,
    CoverageQuestion,
    Effort,
    ExistenceQuestion,
    MaturityQuestion,
    NumberQuestion,
    Option,
    Practice,
    PracticesQuestion,
    Questionnaire,
    RecencyQuestion,
    Section,
    SubArea,
    Tier,
    Value,
)
from assessments.scoring import Answer, Scorecard, SectionScore, State

DONT_KNOW = Answer(State.DONT_KNOW)
NOT_APPLICABLE = Answer(State.NOT_APPLICABLE)


def _with_defaults(question_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": question_id,
        "tier": Tier.QUICK,
        "text": f"Is {question_id} in place?",
        "hint": "Count all of it.",
        "why": "It matters.",
        "where": f"Where to find {question_id}.",
        "respondent": "Security lead",
        "weight": 1,
        "risk": 1,
        "effort": Effort.S,
        "na_allowed": True,
        **fields,
    }


def _options(question_id: str, kind: type[ChoiceQuestion]) -> tuple[Option, ...]:
    return tuple(
        Option(value, f"{question_id} {value}", f"Seen: {value}.", f"From {value} of {question_id}")
        for value in kind.SCALE
    )


def maturity(question_id: str, **fields: Any) -> MaturityQuestion:
    fields.setdefault("options", _options(question_id, MaturityQuestion))
    return MaturityQuestion(**_with_defaults(question_id, fields))


def coverage(question_id: str, **fields: Any) -> CoverageQuestion:
    fields.setdefault("options", _options(question_id, CoverageQuestion))
    fields.setdefault("population", "devices")
    return CoverageQuestion(**_with_defaults(question_id, fields))


def recency(question_id: str, **fields: Any) -> RecencyQuestion:
    fields.setdefault("options", _options(question_id, RecencyQuestion))
    return RecencyQuestion(**_with_defaults(question_id, fields))


def existence(question_id: str, **fields: Any) -> ExistenceQuestion:
    fields.setdefault("options", _options(question_id, ExistenceQuestion))
    return ExistenceQuestion(**_with_defaults(question_id, fields))


def practices(
    question_id: str, weights: Iterable[int] = (1, 1, 1), **fields: Any
) -> PracticesQuestion:
    """Practices named a, b, c ... of these weights."""
    fields.setdefault(
        "practices",
        tuple(
            Practice(value, f"Practice {value}", f"Seen: {value}.", f"Start {value}", weight)
            for value, weight in zip("abcdefgh", weights, strict=False)
        ),
    )
    return PracticesQuestion(**_with_defaults(question_id, fields))


def number(
    question_id: str, worths: Iterable[int] = (0, 500, 1000), better: str = "lower", **fields: Any
) -> NumberQuestion:
    """Bands ten apart, worth so much: at most 10, 20, ... or at least 10, 20, ..."""
    worst, *others = worths
    limits = [10 * number for number in range(1, len(others) + 1)]
    fields.setdefault(
        "bands",
        (
            Band(credit=worst, next=f"From {worst}"),
            *(
                Band(credit=credit, next=f"From {credit}", limit=limit)
                for credit, limit in zip(
                    others, limits if better == "higher" else limits[::-1], strict=True
                )
            ),
        ),
    )
    fields.setdefault("unit", "days")
    fields.setdefault("maximum", 1000)
    return NumberQuestion(better=better, **_with_defaults(question_id, fields))


def make_section(section_id: str, *questions: AnyQuestion, weight: int = 1) -> Section:
    """With the sub-areas that the questions' ids name, and nothing more planned for them."""
    count = max(int(question.sub_area_id.split(".")[1]) for question in questions)
    return Section(
        id=section_id,
        name=f"Section {section_id}",
        short=section_id,
        about=f"About {section_id}.",
        sub_areas=tuple(
            SubArea(
                id=sub_area_id,
                name=f"Sub-area {sub_area_id}",
                planned={
                    tier: sum(
                        q.sub_area_id == sub_area_id and tier.includes(q.tier) for q in questions
                    )
                    for tier in Tier
                },
            )
            for sub_area_id in (f"{section_id}.{number}" for number in range(1, count + 1))
        ),
        questions=questions,
        weight=weight,
    )


def make_catalog(*sections: Section, **fields: Any) -> Catalog:
    return Catalog(
        **{
            "version": "1.0",
            "title": "A catalog",
            "sections": sections,
            "profile": (),
            "advice": (),
            **fields,
        }
    )


def asking(
    *questions: AnyQuestion,
    tier: Tier = Tier.STANDARD,
    section_weights: Mapping[str, int] | None = None,
) -> Questionnaire:
    """What a catalog of these questions asks at this tier, in the sections that their ids name."""
    by_section: dict[str, list[AnyQuestion]] = {}
    for question in questions:
        by_section.setdefault(question.section_id, []).append(question)
    catalog = make_catalog(
        *(
            make_section(
                section_id, *its_questions, weight=(section_weights or {}).get(section_id, 1)
            )
            for section_id, its_questions in by_section.items()
        )
    )
    return catalog.questionnaire(tier, tuple(by_section), {})


def answer(value: Value, *, noted: bool = False) -> Answer:
    return Answer(State.ANSWERED, value, noted)


def worth(question: AnyQuestion, credit: int, *, noted: bool = False) -> Answer:
    """An answer that earns exactly this."""
    return answer(
        next(value for value in possible_values(question) if question.credit(value) == credit),
        noted=noted,
    )


def answers_worth(
    questionnaire: Questionnaire, wanted: Mapping[str, int], *, noted: bool = False
) -> dict[str, Answer]:
    return {
        question_id: worth(questionnaire.questions[question_id], credit, noted=noted)
        for question_id, credit in wanted.items()
    }


def possible_values(question: AnyQuestion) -> list[Value]:
    """At least one checked value for each credit that an answer can have; all, but for numbers."""
    if isinstance(question, PracticesQuestion):
        names = list(question.by_value)
        return [
            [NONE_OF_THESE],
            *(
                list(some)
                for size in range(1, len(names) + 1)
                for some in combinations(names, size)
            ),
        ]
    if isinstance(question, NumberQuestion):
        limits = [band.limit for band in question.bands if band.limit is not None]
        return [NOT_MEASURED, 0, *sorted(limits), question.maximum]
    return list(question.SCALE)


def section_of(scorecard: Scorecard, section_id: str) -> SectionScore:
    (section,) = (s for s in scorecard.sections if s.section_id == section_id)
    return section


# What follows draws catalogs, questionnaires and answers.

KINDS = (maturity, coverage, recency, existence, practices, number)


@st.composite
def questions(draw: st.DrawFn, question_id: str, earlier: list[str]) -> AnyQuestion:
    """A question of any type; its prerequisites are among the earlier ones."""
    fields: dict[str, Any] = {
        "tier": draw(st.sampled_from(Tier)),
        "weight": draw(st.integers(1, 3)),
        "risk": draw(st.integers(1, 3)),
        "effort": draw(st.sampled_from(Effort)),
        "na_allowed": draw(st.booleans()),
    }
    if fields["tier"] is not Tier.DEEP:
        fields["must_have"] = draw(st.sampled_from((None, None, 3, 4, 5)))
    if earlier:
        some = st.lists(st.sampled_from(earlier), max_size=2, unique=True)
        fields["prerequisites"] = tuple(draw(some))
    kind: Callable[..., AnyQuestion] = draw(st.sampled_from(KINDS))
    if kind is practices:
        fields["weights"] = draw(st.lists(st.integers(1, 3), min_size=3, max_size=5))
    if kind is number:
        between = draw(st.lists(st.integers(1, 999), max_size=3, unique=True))
        fields["worths"] = (0, *sorted(between), 1000)
        fields["better"] = draw(st.sampled_from(("lower", "higher")))
    return kind(question_id, **fields)


@st.composite
def questionnaires(draw: st.DrawFn) -> Questionnaire:
    """One to four sections with one to five questions each, at any tier."""
    asked: list[AnyQuestion] = []
    section_ids = ("AAA", "BBB", "CCC", "DDD")[: draw(st.integers(1, 4))]
    for section_id in section_ids:
        for place in range(1, draw(st.integers(1, 5)) + 1):
            asked.append(draw(questions(f"{section_id}.1.{place}", [q.id for q in asked])))
    return asking(
        *asked,
        tier=draw(st.sampled_from(Tier)),
        section_weights={section_id: draw(st.integers(1, 3)) for section_id in section_ids},
    )


@st.composite
def answers_to(draw: st.DrawFn, question: AnyQuestion) -> Answer | None:
    """Any answer that can be stored for this question, or none."""
    states = [State.ANSWERED, State.ANSWERED, State.DONT_KNOW, State.UNANSWERED]
    if question.na_allowed:
        states.append(State.NOT_APPLICABLE)
    state = draw(st.sampled_from(states))
    if state is State.ANSWERED:
        return answer(draw(st.sampled_from(possible_values(question))), noted=draw(st.booleans()))
    if state is State.UNANSWERED and draw(st.booleans()):
        return None
    return Answer(state, noted=draw(st.booleans()))


@st.composite
def answered_questionnaires(draw: st.DrawFn) -> tuple[Questionnaire, dict[str, Answer]]:
    questionnaire = draw(questionnaires())
    drawn = {question.id: draw(answers_to(question)) for question in questionnaire}
    return questionnaire, {id_: given for id_, given in drawn.items() if given is not None}
