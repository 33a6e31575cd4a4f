"""Of what the model writes only that stands which can be traced to an answer."""

from __future__ import annotations

import random

import pytest

from assessments.catalog.questions import Tier
from assessments.scoring import score
from reports.enhancement import prompts
from reports.enhancement.claims import (
    OF_A_SECTION,
    Claim,
    Decision,
    Drafted,
    Facts,
    Part,
    approved,
    fault_of,
    verify,
)
from reports.enhancement.redaction import Redactor
from tests.reports.samples import middling, shipped

FACTS = Facts(
    texts={
        "IAM.3.1": (
            "How many administrators sign in with a second factor?",
            "About half",
            "Half of the 12 administrators do.",
        ),
        "IAM.3.2": ("How many people need one from outside?", "None", "Nobody is asked."),
    },
    controls={"IAM.3.1": frozenset(("PR.AA-03", "6.5", "A.8.5")), "IAM.3.2": frozenset(("6.3",))},
    figures=frozenset(("41.5", "60.0", "60")),
    levels=frozenset(("2",)),
    common=("Identity and authentication",),
)  # fmt: skip


def draft(
    text: str, *question_ids: str, controls: tuple[str, ...] = (), part: str = "risk"
) -> Drafted:
    return Drafted(part, text, question_ids or ("IAM.3.1",), controls)


@pytest.mark.parametrize(
    "true",
    [
        draft("Half of the 12 administrators sign in with a second factor."),
        draft("Half of the twelve administrators do."),
        draft("The answer is “about half”, which leaves a gap."),
        draft("A domain at level 2 with a score of 41.5, up to 60 points."),
        draft("PR.AA-03 and CIS 6.5 ask for more.", controls=("A.8.5", "6.5")),
        draft("Both ways in are open.", "IAM.3.1", "IAM.3.2", controls=("6.3",)),
        draft("[PERSON-1] of [COMPANY] should begin here."),
        draft("As IAM.3.1 shows, one way in is open.", "IAM.3.1"),
    ],
    ids=lambda true: true.text,
)
def test_what_the_answers_say_may_be_said(true: Drafted) -> None:
    assert fault_of(true, FACTS, parts=OF_A_SECTION) == ""


@pytest.mark.parametrize(
    ("false", "reason"),
    [
        (draft("A risk.", "ZZZ.1.1"), "ZZZ.1.1 was not asked here."),
        (draft("As ZZZ.9.9 shows."), "ZZZ.9.9 was not asked here."),
        (draft("As IAM.3.2 shows."), "IAM.3.2 is named and not cited."),
        (Drafted("risk", "Nothing cited.", ()), "It cites no answer"),
        (draft("Some 73 of them do."), "The number 73"),
        (draft("Some 73 % of them do."), "The number 73"),
        (draft("Fifteen administrators do."), "The number 15"),
        (draft("Dozens of attacks a day."), "“Dozens”"),
        (draft("A third of them do."), "“third”"),
        (draft("It is at level 4."), "No level 4"),
        (draft("It goes from level 2 to 5."), "No level 5"),
        (draft("A score of 88.2."), "88.2 is not a figure"),
        (draft("It gains 12 points."), "12 is not a figure"),
        (draft("The score is 12."), "12 is not a figure"),
        (draft("PR.AA-01 asks for it."), "PR.AA-01 does not belong"),
        (draft("CIS 6.3 asks for it."), "CIS 6.3 does not belong"),
        (draft("It is asked for.", controls=("A.5.1",)), "A.5.1 does not belong"),
        (draft("The answer is “about a half”."), "stands in none"),
        (draft("They said “everybody does”."), "stands in none"),
        (draft("<b>Bold</b>"), "not plain text"),
        (draft("See https://evil.example"), "not plain text"),
        (draft("[here](javascript:alert(1))"), "not plain text"),
        (draft("**Bold**"), "not plain text"),
        (draft("A bell \x07."), "not plain text"),
        (draft("   "), "empty"),
        (draft("x" * 1_300), "longer than"),
        (draft("A theme.", part="theme"), "no part of this text"),
        (draft("A part.", part="invented"), "no part of this text"),
        (Drafted("risk", "Too many.", ("IAM.3.1",) * 13), "or more than 12"),
    ],
    ids=lambda value: value.text[:40] if isinstance(value, Drafted) else "",
)
def test_what_they_do_not_say_is_dropped_with_the_reason(false: Drafted, reason: str) -> None:
    kept, (dropped,) = verify([false], FACTS, parts=OF_A_SECTION)

    assert kept == ()
    assert reason in dropped.reason
    assert dropped.text == false.text[:1_200]


def planted(count: int, seed: int) -> tuple[Facts, list[Drafted]]:
    """False claims about a real section: true sentences of it with one thing made wrong."""
    chance = random.Random(seed)
    questionnaire = shipped(Tier.STANDARD)
    answers, notes = middling(questionnaire)
    told = prompts.Told(
        questionnaire, answers, notes, score(questionnaire, answers), "",
        Redactor(company="", people=[]), with_comments=False,
    )  # fmt: skip
    section = next(s for s in told.scorecard.sections if s.section_id == "IAM")
    facts = prompts.for_section(told, section).facts
    other = next(s for s in told.scorecard.sections if s.section_id == "NET")
    foreign = prompts.for_section(told, other).facts
    false = []
    for _ in range(count):
        question_id = chance.choice(list(facts.texts))
        text = chance.choice([t for t in facts.texts[question_id] if len(t) < 500])
        level = chance.choice([str(n) for n in range(1, 6) if str(n) not in facts.levels])
        kind = chance.randrange(6)
        if kind == 0:
            stranger = chance.choice(list(foreign.texts))
            false.append(draft("The answers show a gap.", question_id, stranger))
        elif kind == 1:
            wrong = chance.choice((chance.randrange(101, 10_000), 61.7, 88.8, 97))
            false.append(draft(f"Of all accounts {wrong} are affected.", question_id))
        elif kind == 2:
            theirs = {c for controls in facts.controls.values() for c in controls}
            control = chance.choice(
                [c for cs in foreign.controls.values() for c in cs if c not in theirs]
            )
            false.append(draft("A control asks for it.", question_id, controls=(control,)))
        elif kind == 3:
            words = text.split()
            words.insert(chance.randrange(len(words) + 1), "never")
            false.append(draft(f"They say “{' '.join(words)}”", question_id))
        elif kind == 4:
            false.append(draft(f"The domain is at level {level}.", question_id))
        else:
            figure = chance.choice(("12.3", "77.7", "99.9", "3.14"))
            false.append(draft(f"Its score of {figure} says enough.", question_id))
    return facts, false


def test_of_200_planted_false_claims_none_stands() -> None:
    facts, false = planted(200, seed=20261125)

    kept, dropped = verify(false, facts, parts=OF_A_SECTION)

    assert [claim.text for claim in kept] == []
    assert len(dropped) == 200


def test_the_reviewer_decides_what_is_printed() -> None:
    claims = [Claim(f"c{n}", Part.RISK, f"Claim {n}.", ("IAM.3.1",)) for n in range(1, 5)]
    review = {
        "c1": Decision("approved"),
        "c2": Decision("edited", "Better said."),
        "c3": Decision("dropped"),
    }

    assert [claim.text for claim in approved(claims, review)] == [
        "Claim 1.",
        "Better said.",
        "Claim 4.",
    ]
