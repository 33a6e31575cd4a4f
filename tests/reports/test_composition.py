from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from fractions import Fraction
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from assessments.catalog.questions import Effort, Framework, Questionnaire, Tier
from assessments.roadmap import roadmap
from assessments.scoring import Answer, Scorecard, State, display, from_json, score
from reports import composition, wording
from reports.composition import Document, compose
from reports.wording import Note
from tests.assessments.catalogs import (
    DONT_KNOW,
    NOT_APPLICABLE,
    answer,
    answered_questionnaires,
    answers_worth,
    asking,
    coverage,
    existence,
    maturity,
    number,
    practices,
)
from tests.reports.samples import (
    ASSESSMENT_ID,
    COMPLETED,
    all_answered,
    best_value,
    document_of,
    make_subject,
    middling,
    middling_document,
    shipped,
    worst_value,
)


def integer(text: str) -> int:
    return int(text.replace(",", ""))


def shown(figure: Fraction) -> str:
    return str(display(figure))


# --- sentences -------------------------------------------------------------------------------


def overall_sentence(questionnaire: Questionnaire, answers: dict[str, Answer]) -> str:
    return composition.overall_sentence(questionnaire, score(questionnaire, answers))


def section_sentence(questionnaire: Questionnaire, answers: dict[str, Answer]) -> str:
    (section,) = score(questionnaire, answers).sections
    return composition.section_sentence(questionnaire, answers, section)


def test_the_overall_sentence_names_the_next_threshold_when_only_the_score_holds() -> None:
    questionnaire = asking(maturity("AAA.1.1"))

    sentence = overall_sentence(questionnaire, answers_worth(questionnaire, {"AAA.1.1": 500}))

    assert sentence == "Level 3 Defined, score 50.0. Held by the score: level 4 begins at 60."


def test_the_overall_sentence_names_the_sections_that_hold() -> None:
    ids = ("AAA.1.1", "BBB.1.1", "CCC.1.1", "DDD.1.1", "EEE.1.1", "FFF.1.1")
    questionnaire = asking(*(maturity(question_id) for question_id in ids))
    wanted = dict.fromkeys(ids, 1000) | {"BBB.1.1": 0}

    sentence = overall_sentence(questionnaire, answers_worth(questionnaire, wanted, noted=True))

    assert sentence == (
        "Level 3 Defined, score 83.3. The score alone would give level 5. Held by: BBB, at level "
        "1; nobody is rated more than two levels above their weakest domain."
    )


def test_a_quick_assessment_says_that_it_shows_nothing_above_level_3() -> None:
    questionnaire = asking(maturity("AAA.1.1"), tier=Tier.QUICK)
    best = answers_worth(questionnaire, {"AAA.1.1": 1000}, noted=True)
    good = answers_worth(questionnaire, {"AAA.1.1": 500})

    assert overall_sentence(questionnaire, best) == (
        "Level 3 Defined, score 100.0. The score alone would give level 5, but a quick assessment "
        "asks too little to show more than level 3."
    )
    assert overall_sentence(questionnaire, good) == (
        "Level 3 Defined, score 50.0. A quick assessment shows no higher level."
    )
    assert section_sentence(questionnaire, best) == (
        "Level 3 Defined (indicative), score 100.0. Held by the quick assessment, which shows no "
        "level above 3."
    )


def test_the_highest_level_has_nothing_above_it() -> None:
    questionnaire = asking(maturity("AAA.1.1"))

    sentence = overall_sentence(
        questionnaire, answers_worth(questionnaire, {"AAA.1.1": 1000}, noted=True)
    )

    assert sentence == "Level 5 Optimised, score 100.0. There is no higher level."


def test_without_anything_rated_there_is_no_score_and_the_report_says_why() -> None:
    questionnaire = asking(maturity("AAA.1.1"))
    answers = {"AAA.1.1": NOT_APPLICABLE}

    assert overall_sentence(questionnaire, answers) == (
        "There is no overall score: in every domain more than 60 % of what was asked is not "
        "applicable, so that nothing could be rated."
    )
    assert section_sentence(questionnaire, answers) == (
        "Not rated: 100.0 % of what was asked here is not applicable. Above 60 % a domain has no "
        "score and does not count in the overall one."
    )


def test_a_section_sentence_names_the_must_haves_that_hold_and_how_they_stand() -> None:
    questionnaire = asking(
        coverage("AAA.1.1", must_have=3, weight=1),
        maturity("AAA.2.1", must_have=3, weight=1),
        maturity("AAA.2.2", weight=3),
        practices("AAA.2.3", weight=3, must_have=4),
    )
    answers = {
        **answers_worth(questionnaire, {"AAA.1.1": 250, "AAA.2.2": 1000}),
        "AAA.2.1": DONT_KNOW,
        "AAA.2.3": answer(["a", "b"]),
    }

    assert section_sentence(questionnaire, answers) == (
        "Level 2 Developing, score 65.6, up to 78.1. Held by: Sub-area AAA.1 (“AAA.1.1 under_25”, "
        "AAA.1.1) and Sub-area AAA.2 (“I don’t know”, AAA.2.1)."
    )


def test_a_section_sentence_says_when_assurance_holds() -> None:
    questionnaire = asking(maturity("AAA.1.1"))

    sentence = section_sentence(questionnaire, answers_worth(questionnaire, {"AAA.1.1": 1000}))

    assert sentence == (
        "Level 4 Managed, score 100.0. Held by: assurance of 40.0; level 5 needs 60."
    )


def test_the_range_is_told_by_what_is_not_known() -> None:
    questionnaire = asking(*(maturity(f"AAA.1.{n}") for n in range(1, 5)))
    answers = {**answers_worth(questionnaire, {"AAA.1.1": 500, "AAA.1.2": 500})}
    answers["AAA.1.3"] = DONT_KNOW

    assert composition.range_sentence(score(questionnaire, answers)) == (
        "1 answered “I don’t know” and 1 not answered: what is not known counts as not in place. "
        "If all of it were in place, the score would be 75.0."
    )
    complete = answers | answers_worth(questionnaire, {"AAA.1.3": 0, "AAA.1.4": 0})
    assert composition.range_sentence(score(questionnaire, complete)) == (
        "Every question that applies has an answer, so the score has no range."
    )


def test_assurance_is_told_by_what_was_noted_asserted_and_not_known() -> None:
    questionnaire = asking(*(maturity(f"AAA.1.{n}") for n in range(1, 5)))
    answers = answers_worth(questionnaire, {"AAA.1.1": 500}, noted=True)
    answers |= answers_worth(questionnaire, {"AAA.1.2": 500})
    answers["AAA.1.4"] = NOT_APPLICABLE

    assert composition.assurance_sentence(score(questionnaire, answers)) == (
        "Assurance is low, at 33.3 of 100. Of 3 answers that count: 1 with a note, 1 as asserted, "
        "1 not known. It says how far the score can be relied on and never changes it."
    )


def test_an_answer_is_told_in_the_words_of_its_question() -> None:
    tools = practices("AAA.1.1")
    days = number("AAA.1.2")

    words = wording.answer_words
    assert words(tools, answer(["a", "c"])) == "2 of 3 practices"
    assert words(tools, answer(["none"])) == "None of these"
    assert words(days, answer(12)) == "12 days"
    assert words(days, answer("not_measured")) == "Not measured"
    assert words(days, DONT_KNOW) == "I don’t know"
    assert words(days, NOT_APPLICABLE) == "Not applicable"
    assert words(days, Answer(State.UNANSWERED)) == "Not answered"


def test_of_practices_the_report_says_what_is_there_and_what_is_missing() -> None:
    standing = composition.standing(practices("AAA.1.1"), answer(["a", "c"]))

    assert standing == "In place: Practice a; Practice c. Missing: Practice b."


# --- strengths, gaps, decisions --------------------------------------------------------------


def test_what_reaches_its_target_is_a_strength_and_what_does_not_is_a_gap() -> None:
    questionnaire = asking(
        maturity("AAA.1.1"),
        maturity("AAA.1.2"),
        maturity("AAA.1.3"),
        maturity("AAA.1.4"),
        maturity("AAA.1.5"),
    )
    answers = answers_worth(questionnaire, {"AAA.1.1": 750, "AAA.1.2": 500})
    answers |= {"AAA.1.3": DONT_KNOW, "AAA.1.4": NOT_APPLICABLE}
    scorecard = score(questionnaire, answers)

    strengths = composition.strengths(questionnaire, answers, scorecard)
    gaps = composition.gaps(questionnaire, answers, scorecard)

    assert [strength.question_id for strength in strengths] == ["AAA.1.1"]
    assert [gap.question_id for gap in gaps] == ["AAA.1.3", "AAA.1.5", "AAA.1.2"]


def test_gaps_stand_in_the_order_of_their_exposure() -> None:
    questionnaire = asking(
        maturity("AAA.1.1", risk=1, weight=3),
        maturity("AAA.1.2", risk=3, weight=2),
        maturity("AAA.1.3", risk=3, weight=3),
    )
    answers = answers_worth(questionnaire, {"AAA.1.1": 0, "AAA.1.2": 250, "AAA.1.3": 500})

    gaps = composition.gaps(questionnaire, answers, score(questionnaire, answers))

    assert [(gap.question_id, gap.exposure) for gap in gaps] == [
        ("AAA.1.2", 4500),
        ("AAA.1.3", 4500),
        ("AAA.1.1", 3000),
    ]
    assert gaps[0].trace == "Risk 3 × weight 2 × missing credit 750 = 4,500"


def test_a_risk_that_is_only_possible_is_not_told_as_a_fact() -> None:
    questionnaire = asking(
        existence("AAA.1.1", why="Thieves come at night. They look for keys."),
        existence("AAA.1.2"),
        existence("AAA.1.3"),
    )
    answers = {"AAA.1.1": DONT_KNOW, "AAA.1.3": answer("no")}

    unknown, unanswered, known = composition.gaps(
        questionnaire, answers, score(questionnaire, answers)
    )

    assert (unknown.risk, unknown.why) == ("Thieves come at night.", "They look for keys.")
    assert unknown.today == "not known; the risk may be smaller than it looks."
    assert unknown.action == "Where to find AAA.1.1."
    assert unanswered.today == "not answered; the risk may be smaller than it looks."
    assert known.today == "Seen: no."
    assert known.answered == "Answered “AAA.1.3 no”."
    assert known.action == "From no of AAA.1.3"


@pytest.mark.parametrize(
    ("effort", "when"),
    [
        (Effort.S, "By 4 December 2026"),
        (Effort.M, "By 19 February 2027"),
        (Effort.L, "Begun by 4 December 2026; takes longer than a quarter"),
    ],
)
def test_a_decision_has_a_date_after_its_effort_and_an_owner(effort: Effort, when: str) -> None:
    questionnaire = asking(maturity("AAA.1.1", effort=effort, respondent="Head of IT"))
    answers = answers_worth(questionnaire, {"AAA.1.1": 250})
    plan = roadmap(questionnaire, answers, score(questionnaire, answers))

    (decision,) = composition.decisions(questionnaire, answers, plan, COMPLETED)

    assert decision.when == when
    assert decision.owner == "Head of IT"
    assert decision.action == "From ad_hoc of AAA.1.1"
    assert decision.because == "Today: Seen: ad_hoc."
    assert decision.gain == "+50.00 points"


def test_what_is_not_known_is_to_be_found_out_within_two_weeks() -> None:
    questionnaire = asking(maturity("AAA.1.1", effort=Effort.L, must_have=3), maturity("AAA.1.2"))
    answers = answers_worth(questionnaire, {"AAA.1.2": 1000})
    plan = roadmap(questionnaire, answers, score(questionnaire, answers))

    (decision,) = composition.decisions(questionnaire, answers, plan, COMPLETED)

    assert decision.action == "Find out: Is AAA.1.1 in place? Where to find AAA.1.1."
    assert decision.when == "By 4 December 2026"
    assert decision.because == (
        "Not known today, and what is not known cannot be steered. It holds the level of AAA."
    )


def test_three_decisions_are_asked_for_and_five_risks_named() -> None:
    document = middling_document()

    assert len(document.summary.decisions) == 3
    assert len(document.summary.risks) == 5
    assert document.summary.risks == document.gaps[:5]


# --- every figure follows from the trace -----------------------------------------------------


def recomputed_cards(document: Document, questionnaire: Questionnaire) -> dict[str, list[int]]:
    """Section -> earned, applicable weight, unknown weight, weighed assurance, N/A weight."""
    sums: dict[str, list[int]] = {}
    for section in document.sections:
        earned = weight = unknown = relied = na = 0
        for card in (card for topic in section.topics for card in topic.cards):
            if counted := re.match(
                r"Credit ([\d,]+) × weight (\d) = ([\d,]+) of ([\d,]+) · assurance (\d+)",
                card.trace,
            ):
                credit, its_weight, contribution, full, assurance = map(integer, counted.groups())
                assert credit * its_weight == contribution
                assert its_weight * 1000 == full
                earned += contribution
                weight += its_weight
                relied += its_weight * assurance
                unknown += its_weight if card.tone == "unknown" else 0
            else:
                left_out = re.match(r"Weight (\d), left out of the score", card.trace)
                assert left_out
                assert card.tone == "na"
                na += int(left_out[1])
        sums[section.section_id] = [earned, weight, unknown, relied, na]
    return sums


def check_figures(document: Document, questionnaire: Questionnaire, scorecard: Scorecard) -> None:
    """By hand, from nothing but what is printed."""
    sums = recomputed_cards(document, questionnaire)
    rows = {row.section_id: row for row in document.glance.sections}
    total = potential_total = assurance_total = Fraction(0)
    weights = 0
    for page in document.sections:
        earned, weight, unknown, relied, na = sums[page.section_id]
        row = rows[page.section_id]
        traces = {fact.label: fact.value for fact in page.traces}
        if Fraction(na, na + weight) > Fraction(60, 100):
            assert (row.score, row.potential, row.level) == ("–", "–", None)
            continue
        section_score = Fraction(100 * earned, 1000 * weight)
        potential = Fraction(100 * (earned + 1000 * unknown), 1000 * weight)
        assurance = Fraction(relied, weight)
        assert row.score == shown(section_score)
        assert row.potential == shown(potential)
        assert row.assurance.startswith(f"{shown(assurance)} ")
        assert traces["Score"] == (f"100 × {earned:,} ÷ {1000 * weight:,} = {shown(section_score)}")
        assert traces["Assurance"].startswith(f"{relied:,} ÷ {weight} = {shown(assurance)} ")
        if unknown:
            assert traces["Up to"] == (
                f"100 × ({earned:,} + {1000 * unknown:,}) ÷ {1000 * weight:,} = {shown(potential)}"
            )
        if na:
            assert traces["Not applicable"] == (
                f"weight {na} of {na + weight} = {shown(Fraction(100 * na, na + weight))} %"
            )
        (trace_row,) = (r for r in document.method.rows if r.section_id == page.section_id)
        assert integer(trace_row.earned) == earned
        assert integer(trace_row.possible) == 1000 * weight
        section_weight = int(trace_row.weight)
        weights += section_weight
        total += section_weight * section_score
        potential_total += section_weight * potential
        assurance_total += section_weight * assurance
    figures = {figure.label: figure for figure in document.summary.figures}
    if not weights:
        assert scorecard.overall is None
        assert figures["Overall score"].value == "–"
        return
    overall = total / weights
    assert figures["Overall score"].value == shown(overall)
    assert figures["Assurance"].value == shown(assurance_total / weights)
    if potential_total > total:
        assert figures["Overall score"].hint == f"of 100, up to {shown(potential_total / weights)}"
    assert document.method.conclusion.endswith(f"shown as {shown(overall)}.")
    check_gains(document, sums, {r.section_id: int(r.weight) for r in document.method.rows})


def check_gains(
    document: Document, sums: dict[str, list[int]], section_weights: dict[str, int]
) -> None:
    every_step = []
    for wave in document.plan.waves:
        gains = Fraction(0)
        for step in wave.steps:
            credit = re.fullmatch(r"\((\d+) − (\d+)\) × (\d)", step.credit)
            assert credit
            target, now, weight = map(int, credit.groups())
            gain = Fraction(
                100 * section_weights[step.section_id] * weight * (target - now),
                sum(section_weights.values()) * 1000 * sums[step.section_id][1],
            )
            assert step.gain == f"+{gain_shown(gain)}"
            gains += gain
            every_step.append(step.number)
        if not wave.more:
            assert wave.points == f"+{gain_shown(gains)}"
    assert every_step == [str(number) for number in range(1, len(every_step) + 1)]


def gain_shown(gain: Fraction) -> str:
    hundredths = int(gain * 100 + Fraction(1, 2))
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@pytest.mark.parametrize("tier", Tier)
def test_every_figure_of_the_shipped_questionnaire_follows_from_the_cards(tier: Tier) -> None:
    questionnaire = shipped(tier)
    answers, notes = middling(questionnaire)
    scorecard = score(questionnaire, answers)

    document = compose(make_subject(), questionnaire, answers, notes, scorecard)

    assert document.plan.waves
    check_figures(document, questionnaire, scorecard)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(answered_questionnaires())
def test_every_figure_follows_from_the_cards_whatever_was_answered(
    drawn: tuple[Questionnaire, dict[str, Answer]],
) -> None:
    questionnaire, answers = drawn
    scorecard = score(questionnaire, answers)

    document = compose(make_subject(), questionnaire, answers, {}, scorecard)

    check_figures(document, questionnaire, scorecard)


def test_functions_are_the_weighted_means_of_the_cards_that_name_them() -> None:
    questionnaire = shipped(Tier.STANDARD)
    document = document_of(questionnaire, *middling(questionnaire))
    sums = {name: [0, 0, 0] for name in composition.FUNCTIONS}
    for card in (c for page in document.sections for topic in page.topics for c in topic.cards):
        counted = re.match(r"Credit ([\d,]+) × weight (\d)", card.trace)
        named = re.search(r"CSF ([A-Z ]+)$", card.trace)
        if counted and named:
            for name in named[1].split():
                sums[name][0] += integer(counted[1]) * int(counted[2])
                sums[name][1] += 1000 * int(counted[2])
                sums[name][2] += 1

    for row in document.glance.functions:
        earned, possible, questions = sums[row.code]
        assert possible
        assert row.score == shown(Fraction(100 * earned, possible))
        assert row.sum == f"{earned:,} of {possible:,}"
        assert row.questions == str(questions)


def test_a_function_that_nothing_maps_to_is_not_assessed() -> None:
    questionnaire = shipped(Tier.QUICK, "PHY")
    (question,) = questionnaire
    assert question.controls(Framework.CSF) == ("PR.AA-06",)

    document = document_of(questionnaire, {question.id: best_value(question)})

    shown_scores = {row.name: row.score for row in document.glance.functions}
    assert shown_scores == {
        "Govern": "not assessed",
        "Identify": "not assessed",
        "Protect": "100.0",
        "Detect": "not assessed",
        "Respond": "not assessed",
        "Recover": "not assessed",
    }


def test_the_effect_of_not_applicable_is_printed() -> None:
    questionnaire = asking(maturity("AAA.1.1"), maturity("AAA.1.2"))
    answers = answers_worth(questionnaire, {"AAA.1.1": 500}) | {"AAA.1.2": NOT_APPLICABLE}

    document = document_of(questionnaire, answers)

    assert document.method.na_sentence == (
        "1 answer “not applicable” changes the overall score by +25.00 points, compared with "
        "counting them as not in place."
    )


# --- the document ----------------------------------------------------------------------------


def test_the_cover_names_scope_period_and_basis() -> None:
    document = middling_document()

    facts = {fact.label: fact.value for fact in document.cover.facts}
    assert facts["Scope"] == "Quick assessment, 23 questions"
    assert facts["Domains"] == "All 19"
    assert facts["Period"] == "9 November 2026 to 20 November 2026"
    assert facts["Answered by"] == "Alex Doe, Head of IT"
    assert facts["Basis"] == "Catalog 2026.1, formula 1"
    assert facts["Verification code"] == document.verification_code


def test_a_report_on_some_sections_names_them() -> None:
    questionnaire = shipped(Tier.QUICK, "IAM", "RES")

    document = document_of(questionnaire, all_answered(questionnaire, State.DONT_KNOW))

    facts = {fact.label: fact.value for fact in document.cover.facts}
    assert facts["Domains"] == "2 of 19: Identity and Resilience"
    assert [page.section_id for page in document.sections] == ["IAM", "RES"]


def test_a_single_day_is_not_a_period() -> None:
    subject = msgspec.structs.replace(make_subject(), started_at=COMPLETED - timedelta(hours=2))
    questionnaire = asking(maturity("AAA.1.1"))

    document = document_of(questionnaire, {}, subject=subject)

    assert document.cover.facts[2].value == "20 November 2026"


def test_the_attached_scorecard_is_the_scorecard() -> None:
    questionnaire = shipped(Tier.QUICK)
    answers, notes = middling(questionnaire)
    scorecard = score(questionnaire, answers)

    document = compose(make_subject(), questionnaire, answers, notes, scorecard)

    assert from_json(msgspec.json.decode(document.scorecard_json)) == scorecard


def test_the_verification_code_belongs_to_one_result_of_one_assessment() -> None:
    questionnaire = shipped(Tier.QUICK)
    scorecard = score(questionnaire, middling(questionnaire)[0])
    other = score(questionnaire, all_answered(questionnaire, State.DONT_KNOW))

    code = composition.verification_code(scorecard, ASSESSMENT_ID)

    by_hand = hashlib.sha256(
        composition.scorecard_json(scorecard) + str(ASSESSMENT_ID).encode()
    ).hexdigest()
    assert code.replace("-", "").lower() == by_hand[:12]
    assert code != composition.verification_code(scorecard, UUID(int=1))
    assert code != composition.verification_code(other, ASSESSMENT_ID)


def test_a_quick_report_is_indicative_and_shows_no_level_above_3() -> None:
    questionnaire = shipped(Tier.QUICK)
    best = {question.id: best_value(question) for question in questionnaire}

    document = document_of(questionnaire, best)

    assert document.glance.indicative
    assert all(page.indicative for page in document.sections)
    levels = [row.level.level for row in document.glance.sections if row.level]
    levels += [wave.level.level for wave in document.plan.waves if wave.level]
    assert max(levels) == 3
    assert document.summary.level == composition.Badge(3, "Defined")


def test_a_deeper_report_is_not_indicative() -> None:
    document = middling_document(Tier.STANDARD)

    assert not document.glance.indicative
    assert not any(page.indicative for page in document.sections)


def test_a_section_that_is_mostly_not_applicable_says_so() -> None:
    questionnaire = asking(*(maturity(f"AAA.1.{n}") for n in range(1, 4)))
    answers = answers_worth(questionnaire, {"AAA.1.1": 500, "AAA.1.2": 500})
    answers["AAA.1.3"] = NOT_APPLICABLE

    document = document_of(questionnaire, answers)

    assert document.glance.sections[0].remark == "Limited scope: 33.3 % not applicable"
    assert document.sections[0].remarks == ("Limited scope: 33.3 % not applicable",)


def test_a_section_that_rests_on_one_question_says_so() -> None:
    document = document_of(asking(maturity("AAA.1.1")), {"AAA.1.1": answer("defined")})

    assert document.sections[0].remarks == ("Rests on 1 question",)


def test_cards_carry_what_was_written_and_planned() -> None:
    questionnaire = asking(maturity("AAA.1.1"), maturity("AAA.1.2"), maturity("AAA.1.3"))
    answers = answers_worth(questionnaire, {"AAA.1.1": 500, "AAA.1.3": 1000}, noted=True)
    answers["AAA.1.2"] = NOT_APPLICABLE
    notes = {
        "AAA.1.1": Note(comment="Since May.", planned=True),
        "AAA.1.2": Note(na_reason="We have no such thing at all."),
        "AAA.1.3": Note(comment=" \n"),
    }

    document = document_of(questionnaire, answers, notes)

    first, second, third = document.sections[0].topics[0].cards
    assert first.comment == wording.Passage("Since May.", "ltr")
    assert first.planned
    assert first.next == "Next: From defined of AAA.1.1"
    assert second.reason == wording.Passage("We have no such thing at all.", "ltr")
    assert second.next == ""
    assert third.comment is None
    assert third.next == "To go further: From measured of AAA.1.3"


@pytest.mark.parametrize(
    ("credit", "tone"), [(0, "1"), (250, "2"), (500, "3"), (750, "4"), (1000, "5")]
)
def test_the_tone_of_a_card_follows_its_credit(credit: int, tone: str) -> None:
    questionnaire = asking(maturity("AAA.1.1"))

    document = document_of(questionnaire, answers_worth(questionnaire, {"AAA.1.1": credit}))

    assert document.sections[0].topics[0].cards[0].tone == tone


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("plain", "ltr"),
        ("123 שלום and more", "rtl"),
        ("… “مرحبا”", "rtl"),
        ("日本語", "ltr"),
        ("123", "ltr"),
        ("", "ltr"),
    ],
)
def test_words_are_read_in_their_own_direction(text: str, direction: str) -> None:
    document = document_of(
        asking(maturity("AAA.1.1")),
        {},
        subject=make_subject(company=text or "Company without a name"),
    )

    assert document.cover.company.direction == direction


@pytest.mark.parametrize(
    ("name", "company"),
    [
        ("  Two\n\twords ", "Two words"),
        ("\u202eevil\u202c", "evil"),
        ("\u2067a\u2069\x00\x07", "a"),
        (" \x00 ", "Company without a name"),
        ("W" * 200, "W" * 59 + "…"),
    ],
)
def test_a_company_name_fits_a_page_header(name: str, company: str) -> None:
    document = document_of(asking(maturity("AAA.1.1")), {}, subject=make_subject(company=name))

    assert document.company == company


def test_an_answer_that_scoring_did_not_take_is_not_printed_as_given() -> None:
    questionnaire = asking(maturity("AAA.1.1", na_allowed=False, must_have=3), maturity("AAA.1.2"))
    answers = answers_worth(questionnaire, {"AAA.1.2": 1000}) | {"AAA.1.1": NOT_APPLICABLE}

    document = document_of(questionnaire, answers)

    card = document.sections[0].topics[0].cards[0]
    assert (card.answer, card.tone) == ("Not answered", "unknown")
    assert "(“Not answered”, AAA.1.1)" in document.sections[0].sentence


# --- the ends of the scale -------------------------------------------------------------------


def test_when_nothing_is_known_the_plan_begins_with_finding_out() -> None:
    questionnaire = shipped(Tier.QUICK)

    document = document_of(questionnaire, all_answered(questionnaire, State.DONT_KNOW))

    assert document.summary.figures[0].value == "0.0"
    assert document.summary.figures[0].hint == "of 100, up to 100.0"
    assert document.strengths == ()
    assert document.strengths_opening == (
        "No answer reaches its target yet, a credit of 750 or more. The roadmap begins where the "
        "answers stand."
    )
    steps = [step for wave in document.plan.waves for step in wave.steps]
    assert len(steps) == 23
    assert all(step.action.startswith("Find out: ") for step in steps)


def test_when_nothing_applies_nothing_is_rated_and_nothing_is_asked_for() -> None:
    questionnaire = asking(maturity("AAA.1.1"), maturity("BBB.1.1"))

    document = document_of(questionnaire, all_answered(questionnaire, State.NOT_APPLICABLE))

    assert document.summary.level is None
    assert document.summary.range_sentence == "Without a score there is no range."
    assert document.summary.assurance_sentence == "There is no assurance to state either."
    assert document.glance.sections[0].remark == "100.0 % not applicable"
    assert document.summary.figures[0] == composition.Figure("Overall score", "–", "not rated")
    assert document.summary.risks == ()
    assert document.summary.decisions == ()
    assert document.gaps_opening == "Nothing that was asked applies, so there is no gap to name."
    assert document.plan == composition.Plan(
        opening="Nothing is rated, so no step can be weighed.", chart=None, chart_note="", waves=()
    )
    assert document.method.conclusion == "No domain is rated, so there is no overall score."


def test_when_everything_is_in_place_there_is_nothing_to_plan() -> None:
    questionnaire = shipped(Tier.QUICK)

    document = document_of(questionnaire, {q.id: best_value(q) for q in questionnaire})

    assert document.gaps == ()
    assert document.gaps_opening == (
        "Every answer that counts reaches its target. There is no gap to report."
    )
    assert document.plan.waves == ()
    assert len(document.strengths) == 8


def test_when_nothing_is_in_place_every_answer_is_a_gap() -> None:
    questionnaire = shipped(Tier.QUICK)

    document = document_of(questionnaire, {q.id: worst_value(q) for q in questionnaire})

    assert document.summary.figures[0].hint == "of 100"
    assert len(document.gaps) == 10
    assert document.gaps_opening.startswith("23 answers below target, of which the first 10 follow")


def test_a_long_plan_prints_its_beginning_and_sums_up_the_rest() -> None:
    questionnaire = shipped(Tier.DEEP)
    answers = all_answered(questionnaire, State.DONT_KNOW)
    plan = roadmap(questionnaire, answers, score(questionnaire, answers))

    document = document_of(questionnaire, answers)

    later = document.plan.waves[-1]
    rest = plan.waves[-1].steps[24:]
    assert len(later.steps) == 24
    assert later.more == (
        f"{len(rest)} further steps worth +"
        f"{gain_shown(sum((step.gain for step in rest), Fraction(0)))} points: each stands with "
        "its answer in the pages of its domain."
    )
    assert document.plan.chart is not None
    assert len(document.plan.chart.dots) == sum(len(wave.steps) for wave in plan.waves[:2])


def test_a_step_names_the_steps_it_comes_after() -> None:
    questionnaire = asking(
        maturity("AAA.1.1", risk=1),
        maturity("AAA.1.2", risk=3, prerequisites=("AAA.1.1",)),
    )
    answers = answers_worth(questionnaire, {"AAA.1.1": 0, "AAA.1.2": 0})

    (wave,) = document_of(questionnaire, answers).plan.waves

    assert [step.question_id for step in wave.steps] == ["AAA.1.1", "AAA.1.2"]
    assert wave.steps[1].remarks == "After step 1 (AAA.1.1)."
