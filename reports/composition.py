"""What a report says, word for word and figure for figure. Pure: no database, clock or markup.

`compose` turns a frozen scorecard, and the answers it came from, into a `Document` that holds
exactly what is printed, in the order of the report. Every sentence is the catalog's, the
respondent's, or one written here; none states more than the answers say. The smaller public
functions give the same sentences to the web pages.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

import msgspec

from assessments.catalog.questions import (
    FULL_CREDIT,
    SUFFICIENT_CREDIT,
    AnyQuestion,
    Effort,
    Framework,
    PracticesQuestion,
    Questionnaire,
    Tier,
)
from assessments.roadmap import Roadmap, Step, Wave, roadmap
from assessments.scoring import (
    ABOVE_WEAKEST,
    ASSERTED,
    HIGHEST_LEVEL,
    LEVEL_NAMES,
    NOT_RATED,
    REQUIRED_ASSURANCE,
    THRESHOLDS,
    Answer,
    Mark,
    Scorecard,
    SectionScore,
    State,
    assurance_band,
    display,
    to_json,
)
from reports import change as changes
from reports import charts, frameworks, register
from reports.change import Previous, Trend
from reports.enhancement.printed import Enhancement, Heading
from reports.frameworks import FrameworkPart
from reports.register import Register
from reports.wording import (
    NO_ANSWER,
    NO_NOTE,
    Note,
    Passage,
    answer_words,
    count_of,
    date_in_words,
    decimals,
    figure_or,
    first_sentence,
    joined,
    passage,
    plain,
    points,
    shortened,
)

TITLE = "Security posture report"
ENHANCED_TITLE = "AI-enhanced security posture report"

RISKS_SHOWN = 5
DECISIONS_SHOWN = 3
GAPS_SHOWN = 10
STRENGTHS_SHOWN = 8
LONG_COMMENT = 500
LATER_STEPS_SHOWN = 24
"""A plan for the far future is read for its direction; the rest stands with the answers."""

FUNCTIONS: Mapping[str, str] = {
    "GV": "Govern",
    "ID": "Identify",
    "PR": "Protect",
    "DE": "Detect",
    "RS": "Respond",
    "RC": "Recover",
}
"""The six functions of the NIST Cybersecurity Framework, in its order."""

TIER_NAMES: Mapping[Tier, str] = {
    Tier.QUICK: "Quick assessment",
    Tier.STANDARD: "Standard assessment",
    Tier.DEEP: "Deep assessment",
}

WAVE_NAMES: Mapping[str, str] = {"now": "Now", "next": "Next", "later": "Later"}


class Subject(msgspec.Struct, frozen=True):
    """Whose assessment it is, and when it was made. Times are UTC."""

    company: str
    respondent: str
    assessment_id: UUID
    attempt_number: int
    started_at: datetime
    completed_at: datetime


class Fact(msgspec.Struct, frozen=True):
    label: str
    value: str


class Figure(msgspec.Struct, frozen=True):
    """A number that stands alone, with what it is out of or made of."""

    label: str
    value: str
    hint: str


class Badge(msgspec.Struct, frozen=True):
    level: int
    name: str


class Cover(msgspec.Struct, frozen=True):
    title: str
    company: Passage
    tier: str
    date: str
    facts: tuple[Fact, ...]


class Strength(msgspec.Struct, frozen=True):
    question_id: str
    section: str
    question: str
    answer: str
    standing: str


class Gap(msgspec.Struct, frozen=True):
    """An answer below its target, told as a risk. `exposure` is what gaps are ranked by.

    `today` says in one sentence how it stands, for those who have not seen the question;
    `standing` is what the respondent says can be seen, `action` the first step from there.
    """

    question_id: str
    section_id: str
    section: str
    risk: str
    why: str
    today: str
    question: str
    answered: str
    standing: str
    action: str
    exposure: int
    trace: str


class Decision(msgspec.Struct, frozen=True):
    """What management is asked to decide: one step of the plan, with a date and an owner."""

    question_id: str
    section: str
    action: str
    because: str
    when: str
    owner: str
    gain: str


class Summary(msgspec.Struct, frozen=True):
    headline: str
    level: Badge | None
    figures: tuple[Figure, ...]
    change_sentence: str
    scale: charts.LevelScale
    range_sentence: str
    assurance_sentence: str
    risks: tuple[Gap, ...]
    decisions: tuple[Decision, ...]


class FunctionScore(msgspec.Struct, frozen=True):
    """One function of NIST CSF. None where no question that maps to it counts.

    `earned` and `possible` are sums of weight times credit, `unknown` what is not known of them.
    """

    code: str
    name: str
    questions: int
    earned: int
    unknown: int
    possible: int

    @property
    def score(self) -> Fraction | None:
        return Fraction(100 * self.earned, self.possible) if self.possible else None

    @property
    def potential(self) -> Fraction | None:
        reached = self.earned + self.unknown
        return Fraction(100 * reached, self.possible) if self.possible else None


class FunctionRow(msgspec.Struct, frozen=True):
    code: str
    name: str
    score: str
    potential: str
    sum: str
    questions: str


class SectionRow(msgspec.Struct, frozen=True):
    """One line of the heat map."""

    section_id: str
    name: str
    bar: charts.RangeBar
    score: str
    potential: str
    level: Badge | None
    assurance: str
    basis: str
    change: str
    remark: str


class Glance(msgspec.Struct, frozen=True):
    """`since` is the date of the assessment that the changes count from, or empty."""

    radar: charts.Radar
    functions: tuple[FunctionRow, ...]
    sections: tuple[SectionRow, ...]
    indicative: bool
    since: str


class PlanStep(msgspec.Struct, frozen=True):
    number: str
    question_id: str
    section_id: str
    section: str
    action: str
    remarks: str
    effort: str
    credit: str
    gain: str


class PlanWave(msgspec.Struct, frozen=True):
    """A wave as it is printed. `more` speaks of the steps that are not."""

    name: str
    heading: str
    efforts: str
    points: str
    score: str
    level: Badge | None
    rising: str
    steps: tuple[PlanStep, ...]
    more: str


class Plan(msgspec.Struct, frozen=True):
    opening: str
    chart: charts.EffortGain | None
    chart_note: str
    waves: tuple[PlanWave, ...]


class Card(msgspec.Struct, frozen=True):
    """One question with its answer. `tone` is 1 to 5 by credit, "unknown" or "na".

    A `long` one may be cut by the end of a page, all others stay whole.
    """

    question_id: str
    question: str
    answer: str
    tone: str
    planned: bool
    confirmed_unchanged: bool
    standing: str
    comment: Passage | None
    reason: Passage | None
    next: str
    trace: str
    long: bool


class Topic(msgspec.Struct, frozen=True):
    """A sub-area with its cards."""

    name: str
    cards: tuple[Card, ...]


class SectionPage(msgspec.Struct, frozen=True):
    section_id: str
    name: str
    about: str
    bar: charts.RangeBar
    level: Badge | None
    indicative: bool
    sentence: str
    remarks: tuple[str, ...]
    traces: tuple[Fact, ...]
    written: tuple[Heading, ...]
    topics: tuple[Topic, ...]
    long: bool


class TraceRow(msgspec.Struct, frozen=True):
    """How one section enters the overall score."""

    section_id: str
    name: str
    earned: str
    possible: str
    score: str
    weight: str


class Threshold(msgspec.Struct, frozen=True):
    level: Badge
    score: str
    requirement: str


class Method(msgspec.Struct, frozen=True):
    rows: tuple[TraceRow, ...]
    conclusion: str
    thresholds: tuple[Threshold, ...]
    ai_sentence: str
    na_sentence: str
    coverage_sentence: str
    unchanged_sentence: str
    versions: str
    verification: str


class Document(msgspec.Struct, frozen=True):
    """A whole report, ready to be set. `company` is short enough for a page header."""

    title: str
    language: str
    company: str
    completed_at: datetime
    verification_code: str
    cover: Cover
    summary: Summary
    glance: Glance
    strengths: tuple[Strength, ...]
    strengths_opening: str
    gaps: tuple[Gap, ...]
    gaps_opening: str
    plan: Plan
    sections: tuple[SectionPage, ...]
    frameworks: FrameworkPart
    register: Register
    method: Method
    scorecard_json: bytes
    trend: Trend | None
    enhancement: Enhancement | None


def compose(
    subject: Subject,
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    notes: Mapping[str, Note],
    scorecard: Scorecard,
    previous: Previous | None = None,
    enhancement: Enhancement | None = None,
) -> Document:
    """The report of a completed assessment. The scorecard is that of the answers.

    `previous` is the same company's assessment before this one, if there is one. `enhancement`
    is what a model adds to the standard report; nothing else in it depends on that.
    """
    plan = roadmap(questionnaire, answers, scorecard)
    all_gaps = gaps(questionnaire, answers, scorecard)
    all_strengths = strengths(questionnaire, answers, scorecard)
    applicable = sum(mark.applicable for mark in _marks(scorecard))
    code = verification_code(scorecard, subject.assessment_id)
    trend = changes.trend(questionnaire, answers, scorecard, previous) if previous else None
    return Document(
        title=ENHANCED_TITLE if enhancement else TITLE,
        language="en-GB",
        company=shortened(plain(subject.company), 60) or "Company without a name",
        completed_at=subject.completed_at,
        verification_code=code,
        cover=_cover(subject, questionnaire, scorecard, code, enhanced=enhancement is not None),
        summary=Summary(
            headline=overall_sentence(questionnaire, scorecard),
            level=_badge(scorecard.overall.level) if scorecard.overall else None,
            figures=_figures(scorecard),
            change_sentence=trend.sentence if trend else "",
            scale=_level_scale(scorecard),
            range_sentence=range_sentence(scorecard),
            assurance_sentence=assurance_sentence(scorecard),
            risks=all_gaps[:RISKS_SHOWN],
            decisions=decisions(questionnaire, answers, plan, subject.completed_at),
        ),
        glance=glance(questionnaire, scorecard, trend),
        strengths=all_strengths[:STRENGTHS_SHOWN],
        strengths_opening=_strengths_opening(len(all_strengths), applicable),
        gaps=all_gaps[:GAPS_SHOWN],
        gaps_opening=_gaps_opening(len(all_gaps), applicable),
        plan=_plan(questionnaire, scorecard, plan),
        sections=tuple(
            _section_page(
                questionnaire,
                answers,
                notes,
                section,
                enhancement.sections.get(section.section_id, ()) if enhancement else (),
            )
            for section in scorecard.sections
        ),
        frameworks=frameworks.part(questionnaire, scorecard),
        register=register.register(questionnaire, notes, scorecard),
        method=_method(questionnaire, notes, scorecard, code, subject, enhancement),
        scorecard_json=scorecard_json(scorecard),
        trend=trend,
        enhancement=enhancement,
    )


# --- what the web pages say too --------------------------------------------------------------


def overall_sentence(questionnaire: Questionnaire, scorecard: Scorecard) -> str:
    """The overall level and score, and what holds the level there."""
    overall = scorecard.overall
    if overall is None:
        return (
            f"There is no overall score: in every domain more than {NOT_RATED} % of what was "
            "asked is not applicable, so that nothing could be rated."
        )
    sentence = (
        f"Level {overall.level} {LEVEL_NAMES[overall.level]}, score {display(overall.score)}."
    )
    if overall.held_by:
        names = joined(_short_name(questionnaire, section_id) for section_id in overall.held_by)
        weakest = overall.level - ABOVE_WEAKEST
        return (
            f"{sentence} The score alone would give level {overall.band}. Held by: {names}, at "
            f"level {weakest}; nobody is rated more than two levels above their weakest domain."
        )
    if overall.capped:
        return (
            f"{sentence} The score alone would give level {overall.band}, but a "
            f"{scorecard.tier.value} assessment asks too little to show more than level "
            f"{overall.level}."
        )
    if overall.level == max(THRESHOLDS):
        return f"{sentence} There is no higher level."
    if overall.level == HIGHEST_LEVEL[scorecard.tier]:
        return f"{sentence} A {scorecard.tier.value} assessment shows no higher level."
    return (
        f"{sentence} Held by the score: level {overall.level + 1} begins at "
        f"{THRESHOLDS[overall.level + 1]}."
    )


def section_sentence(
    questionnaire: Questionnaire, answers: Mapping[str, Answer], section: SectionScore
) -> str:
    """A section's level, score and range, and what holds the level there."""
    if section.level is None or section.score is None or section.potential is None:
        return (
            f"Not rated: {display(section.na_share)} % of what was asked here is not applicable. "
            f"Above {NOT_RATED} % a domain has no score and does not count in the overall one."
        )
    level = section.level
    sentence = f"Level {level.level} {LEVEL_NAMES[level.level]}"
    if questionnaire.tier is Tier.QUICK:
        sentence += " (indicative)"
    sentence += f", score {display(section.score)}"
    if section.potential > section.score:
        sentence += f", up to {display(section.potential)}"
    sentence += "."
    if level.blockers:
        names = joined(
            _blocker(questionnaire, answers, mark)
            for mark in section.marks
            if mark.question_id in level.blockers
        )
        sentence += f" Held by: {names}."
    if level.needs_assurance:
        assert section.assurance is not None
        sentence += (
            f" Held by: assurance of {display(section.assurance)}; level 5 needs "
            f"{REQUIRED_ASSURANCE}."
        )
    if level.capped:
        sentence += (
            f" Held by the {questionnaire.tier.value} assessment, which shows no level above "
            f"{level.level}."
        )
    return sentence


def range_sentence(scorecard: Scorecard) -> str:
    """What is not known, and how far it could move the score."""
    if scorecard.overall is None:
        return "Without a score there is no range."
    counts = _counts(scorecard)
    unknown = [
        f"{count} {words}"
        for count, words in (
            (counts[State.DONT_KNOW], "answered “I don’t know”"),
            (counts[State.UNANSWERED], "not answered"),
        )
        if count
    ]
    if not unknown:
        return "Every question that applies has an answer, so the score has no range."
    return (
        f"{joined(unknown)}: what is not known counts as not in place. If all of it "
        f"were in place, the score would be {display(scorecard.overall.potential)}."
    )


def assurance_sentence(scorecard: Scorecard) -> str:
    """How far the answers can be relied on, and why."""
    if scorecard.overall is None:
        return "There is no assurance to state either."
    marks = [mark for section in scorecard.sections for mark in section.marks if mark.applicable]
    noted = sum(mark.state is State.ANSWERED and mark.assurance > ASSERTED for mark in marks)
    asserted = sum(mark.state is State.ANSWERED for mark in marks) - noted
    missing = len(marks) - noted - asserted
    return (
        f"Assurance is {assurance_band(scorecard.overall.assurance)}, at "
        f"{display(scorecard.overall.assurance)} of 100. Of {count_of(len(marks), 'answer')} that "
        f"count: {noted} with a note, {asserted} as asserted, {missing} not known. It says how far "
        "the score can be relied on and never changes it."
    )


def strengths(
    questionnaire: Questionnaire, answers: Mapping[str, Answer], scorecard: Scorecard
) -> tuple[Strength, ...]:
    """What reaches its target, the most weighty first."""
    reached = [
        (questionnaire.questions[mark.question_id], mark)
        for mark in _marks(scorecard)
        if mark.state is State.ANSWERED
        and mark.credit >= questionnaire.questions[mark.question_id].target
    ]
    return tuple(
        Strength(
            question_id=question.id,
            section=_name(questionnaire, question.section_id),
            question=question.text,
            answer=answer_words(question, answers[question.id]),
            standing=standing(question, answers[question.id]),
        )
        for question, mark in sorted(reached, key=lambda pair: -pair[0].risk * pair[1].contribution)
    )


def gaps(
    questionnaire: Questionnaire, answers: Mapping[str, Answer], scorecard: Scorecard
) -> tuple[Gap, ...]:
    """What is below its target, the greatest exposure first."""
    found = [
        _gap(
            questionnaire,
            questionnaire.questions[mark.question_id],
            answers.get(mark.question_id, NO_ANSWER),
            mark,
        )
        for mark in _marks(scorecard)
        if mark.applicable and mark.credit < questionnaire.questions[mark.question_id].target
    ]
    return tuple(sorted(found, key=lambda gap: -gap.exposure))


def decisions(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    plan: Roadmap,
    completed_at: datetime,
) -> tuple[Decision, ...]:
    """The first steps of the plan, put so that management can say yes or no."""
    return tuple(
        _decision(questionnaire, answers, step, completed_at)
        for step in plan.steps[:DECISIONS_SHOWN]
    )


def function_scores(
    questionnaire: Questionnaire, scorecard: Scorecard
) -> tuple[FunctionScore, ...]:
    """Each function's weighted mean of the questions that map to it; one may map to several."""
    by_function: dict[str, list[Mark]] = {code: [] for code in FUNCTIONS}
    for mark in _marks(scorecard):
        if mark.applicable:
            for code in _functions(questionnaire.questions[mark.question_id]):
                by_function[code].append(mark)
    return tuple(
        FunctionScore(
            code=code,
            name=name,
            questions=len(by_function[code]),
            earned=sum(mark.contribution for mark in by_function[code]),
            unknown=sum(mark.weight * FULL_CREDIT for mark in by_function[code] if mark.unknown),
            possible=sum(mark.weight * FULL_CREDIT for mark in by_function[code]),
        )
        for code, name in FUNCTIONS.items()
    )


def scorecard_json(scorecard: Scorecard) -> bytes:
    """The scorecard as it is attached to the report: the same figures, always the same bytes."""
    return msgspec.json.encode(to_json(scorecard), order="sorted")


def verification_code(scorecard: Scorecard, assessment_id: UUID) -> str:
    """Twelve hexadecimal digits that tell this result from any other."""
    digest = hashlib.sha256(scorecard_json(scorecard) + str(assessment_id).encode()).hexdigest()
    return "-".join(digest[start : start + 4].upper() for start in (0, 4, 8))


# --- cover and board summary -----------------------------------------------------------------


def _cover(
    subject: Subject,
    questionnaire: Questionnaire,
    scorecard: Scorecard,
    code: str,
    *,
    enhanced: bool,
) -> Cover:
    started, completed = date_in_words(subject.started_at), date_in_words(subject.completed_at)
    asked = sum(len(section.marks) for section in scorecard.sections)
    return Cover(
        title=ENHANCED_TITLE if enhanced else TITLE,
        company=passage(shortened(plain(subject.company), 160) or "Company without a name"),
        tier=TIER_NAMES[scorecard.tier],
        date=completed,
        facts=(
            Fact("Scope", f"{TIER_NAMES[scorecard.tier]}, {count_of(asked, 'question')}"),
            Fact("Domains", _scope(questionnaire, scorecard)),
            Fact("Period", completed if started == completed else f"{started} to {completed}"),
            Fact("Answered by", shortened(plain(subject.respondent), 120) or "Not named"),
            Fact("Attempt", str(subject.attempt_number)),
            Fact("Basis", f"Catalog {scorecard.catalog_version}, formula {scorecard.formula}"),
            Fact("Verification code", code),
        ),
    )


def _scope(questionnaire: Questionnaire, scorecard: Scorecard) -> str:
    chosen = [section.section_id for section in scorecard.sections]
    known = len(questionnaire.catalog.sections)
    if len(chosen) == known:
        return f"All {known}"
    if len(chosen) > 8:
        return f"{len(chosen)} of {known}"
    names = joined(_short_name(questionnaire, section_id) for section_id in chosen)
    return f"{len(chosen)} of {known}" + (f": {names}" if names else "")


def _figures(scorecard: Scorecard) -> tuple[Figure, ...]:
    overall = scorecard.overall
    counts = _counts(scorecard)
    parts = [
        f"{count} {words}"
        for count, words in (
            (counts[State.DONT_KNOW], "don’t know"),
            (counts[State.UNANSWERED], "not answered"),
            (counts[State.NOT_APPLICABLE], "not applicable"),
        )
        if count
    ]
    answered = Figure(
        "Answered",
        f"{counts[State.ANSWERED]} of {counts.total()}",
        ", ".join(parts) or "nothing left open",
    )
    if overall is None:
        return (Figure("Overall score", "–", "not rated"), answered)
    reach = (
        f"of 100, up to {display(overall.potential)}"
        if overall.potential > overall.score
        else "of 100"
    )
    return (
        Figure("Overall score", str(display(overall.score)), reach),
        Figure("Level", str(overall.level), LEVEL_NAMES[overall.level]),
        Figure("Assurance", str(display(overall.assurance)), assurance_band(overall.assurance)),
        answered,
    )


def _level_scale(scorecard: Scorecard) -> charts.LevelScale:
    overall = scorecard.overall
    if overall is None:
        return charts.level_scale("Scale of the levels; no overall score.", None, None, "", "")
    value, reach = str(display(overall.score)), f"up to {display(overall.potential)}"
    return charts.level_scale(
        f"Overall score {value} of 100, {reach}, on the scale of the five levels.",
        overall.score,
        overall.potential,
        value,
        reach,
    )


def _gap(questionnaire: Questionnaire, question: AnyQuestion, answer: Answer, mark: Mark) -> Gap:
    risk, why = first_sentence(question.why)
    missing = FULL_CREDIT - mark.credit
    exposure = question.risk * mark.weight * missing
    return Gap(
        question_id=question.id,
        section_id=question.section_id,
        section=_name(questionnaire, question.section_id),
        risk=risk,
        why=why,
        today=_today(question, _as_marked(answer, mark)),
        question=question.text,
        answered=_answered(question, _as_marked(answer, mark)),
        standing=standing(question, _as_marked(answer, mark)),
        action=question.where if mark.unknown else question.next_steps(answer.value)[0],
        exposure=exposure,
        trace=(
            f"Risk {question.risk} × weight {mark.weight} × missing credit {missing:,} = "
            f"{exposure:,}"
        ),
    )


def _answered(question: AnyQuestion, answer: Answer) -> str:
    if answer.state is State.DONT_KNOW:
        return (
            "Answered “I don’t know”. What is not known counts as not in place; the risk may turn "
            "out smaller."
        )
    if answer.state is State.UNANSWERED:
        return (
            "Not answered. What is not known counts as not in place; the risk may turn out smaller."
        )
    return f"Answered “{answer_words(question, answer)}”."


def _today(question: AnyQuestion, answer: Answer) -> str:
    """How it stands, for those who have not seen the question."""
    if answer.state is State.DONT_KNOW:
        return "not known; the risk may be smaller than it looks."
    if answer.state is State.UNANSWERED:
        return "not answered; the risk may be smaller than it looks."
    return standing(question, answer) or f"{question.text} {answer_words(question, answer)}."


def _decision(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    step: Step,
    completed_at: datetime,
) -> Decision:
    question = questionnaire.questions[step.question_id]
    answer = answers.get(step.question_id, NO_ANSWER)
    if step.unknown:
        because = "Not known today, and what is not known cannot be steered."
    else:
        because = f"Today: {_today(question, answer)}"
    if step.blocks:
        because += f" It holds the level of {_short_name(questionnaire, step.section_id)}."
    return Decision(
        question_id=step.question_id,
        section=_name(questionnaire, step.section_id),
        action=_asked_for(questionnaire, step),
        because=because,
        when=_when(step, completed_at),
        owner=question.respondent,
        gain=f"{points(step.gain)} points",
    )


def _asked_for(questionnaire: Questionnaire, step: Step) -> str:
    if not step.unknown:
        return step.action
    return f"Find out: {questionnaire.questions[step.question_id].text} {step.action}"


def _when(step: Step, completed_at: datetime) -> str:
    """Counted from the assessment: who reads the report later sees how much time is gone."""
    soon = date_in_words(completed_at + timedelta(weeks=2))
    if step.unknown or step.effort is Effort.S:
        return f"By {soon}"
    if step.effort is Effort.M:
        return f"By {date_in_words(completed_at + timedelta(weeks=13))}"
    return f"Begun by {soon}; takes longer than a quarter"


# --- at a glance, strengths, gaps ------------------------------------------------------------


def glance(
    questionnaire: Questionnaire, scorecard: Scorecard, trend: Trend | None = None
) -> Glance:
    functions = function_scores(questionnaire, scorecard)
    return Glance(
        radar=charts.radar(
            "Score by function",
            [
                charts.Axis(
                    name=function.name,
                    score=function.score,
                    potential=function.potential,
                    value=figure_or(function.score, "not assessed"),
                )
                for function in functions
            ],
        ),
        functions=tuple(
            FunctionRow(
                code=function.code,
                name=function.name,
                score=figure_or(function.score, "not assessed"),
                potential=figure_or(function.potential, "–"),
                sum=f"{function.earned:,} of {function.possible:,}" if function.possible else "",
                questions=str(function.questions),
            )
            for function in functions
        ),
        sections=tuple(
            _section_row(questionnaire, section, trend) for section in scorecard.sections
        ),
        indicative=scorecard.tier is Tier.QUICK,
        since=trend.since if trend else "",
    )


def _section_row(
    questionnaire: Questionnaire, section: SectionScore, trend: Trend | None
) -> SectionRow:
    applicable = sum(mark.applicable for mark in section.marks)
    return SectionRow(
        section_id=section.section_id,
        name=_name(questionnaire, section.section_id),
        bar=_bar(questionnaire, section),
        score=figure_or(section.score, "–"),
        potential=figure_or(section.potential, "–"),
        level=_badge(section.level.level) if section.level else None,
        assurance=(
            "–"
            if section.assurance is None
            else f"{display(section.assurance)} {assurance_band(section.assurance)}"
        ),
        basis=count_of(applicable, "question"),
        change=trend.sections.get(section.section_id, "–") if trend else "",
        remark=_limited(section),
    )


def _bar(questionnaire: Questionnaire, section: SectionScore) -> charts.RangeBar:
    name = _short_name(questionnaire, section.section_id)
    if section.score is None or section.potential is None:
        return charts.range_bar(f"{name}: not rated", None, None)
    title = f"{name}: {display(section.score)} of 100"
    if section.potential > section.score:
        title += f", up to {display(section.potential)}"
    return charts.range_bar(title, section.score, section.potential)


def _limited(section: SectionScore) -> str:
    if not section.limited_scope:
        return ""
    share = f"{display(section.na_share)} % not applicable"
    return f"Limited scope: {share}" if section.rated else share


def _strengths_opening(found: int, applicable: int) -> str:
    if not applicable:
        return "Nothing that was asked applies, so there is no strength to name."
    if not found:
        return (
            f"No answer reaches its target yet, a credit of {SUFFICIENT_CREDIT} or more. The "
            "roadmap begins where the answers stand."
        )
    shown = (
        f" The {STRENGTHS_SHOWN} that carry most weight are listed."
        if found > STRENGTHS_SHOWN
        else ""
    )
    verb = "reaches" if found == 1 else "reach"
    return (
        f"{found} of {count_of(applicable, 'answer')} that count {verb} the target, a credit of "
        f"{SUFFICIENT_CREDIT} or more: worth protecting while the rest is built.{shown}"
    )


def _gaps_opening(found: int, applicable: int) -> str:
    if not applicable:
        return "Nothing that was asked applies, so there is no gap to name."
    if not found:
        return "Every answer that counts reaches its target. There is no gap to report."
    shown = f", of which the first {GAPS_SHOWN} follow" if found > GAPS_SHOWN else ""
    return (
        f"{count_of(found, 'answer')} below target{shown}. They stand in the order of exposure: "
        "the risk of the question times its weight times the credit that is missing."
    )


# --- roadmap ---------------------------------------------------------------------------------


def _plan(questionnaire: Questionnaire, scorecard: Scorecard, plan: Roadmap) -> Plan:
    if not plan.steps:
        reason = (
            "Nothing is rated, so no step can be weighed."
            if scorecard.overall is None
            else "Every answer that counts reaches its target: there is no step to plan."
        )
        return Plan(opening=reason, chart=None, chart_note="", waves=())
    numbers = {step.question_id: number for number, step in enumerate(plan.steps, start=1)}
    in_chart = [
        (wave, step)
        for wave in plan.waves
        for step in wave.steps
        if wave.name != "later" or len(plan.steps) <= LATER_STEPS_SHOWN
    ]
    assert scorecard.overall is not None
    after = plan.waves[-1].score
    assert after is not None
    return Plan(
        opening=(
            f"{count_of(len(plan.steps), 'step')} would lift the overall score from "
            f"{display(scorecard.overall.score)} to {display(after)}. What holds a level comes "
            "first, then what gains most for its risk and effort; nothing comes before what it "
            "needs."
        ),
        chart=charts.effort_gain(
            f"Effort against gain of {count_of(len(in_chart), 'step')}.",
            [f"{effort.value}: {effort.meaning}" for effort in Effort],
            [
                charts.Move(
                    number=str(numbers[step.question_id]),
                    column=list(Effort).index(step.effort),
                    gain=step.gain,
                    wave=wave.name,
                )
                for wave, step in in_chart
            ],
        ),
        chart_note=(
            "Points of the overall score, by effort. The numbers are those of the steps below"
            + ("." if len(in_chart) == len(plan.steps) else "; “later” is left out.")
        ),
        waves=tuple(_plan_wave(questionnaire, wave, numbers) for wave in plan.waves if wave.steps),
    )


def _plan_wave(questionnaire: Questionnaire, wave: Wave, numbers: Mapping[str, int]) -> PlanWave:
    shown = wave.steps[:LATER_STEPS_SHOWN] if wave.name == "later" else wave.steps
    rest = wave.steps[len(shown) :]
    more = ""
    if rest:
        more = (
            f"{count_of(len(rest), 'further step')} worth "
            f"{points(sum((step.gain for step in rest), Fraction(0)))} points: each stands with "
            "its answer in the pages of its domain."
        )
    return PlanWave(
        name=wave.name,
        heading=WAVE_NAMES[wave.name],
        efforts=", ".join(
            f"{count} {effort.value}" for effort, count in wave.efforts.items() if count
        ),
        points=points(wave.points),
        score=figure_or(wave.score, "–"),
        level=_badge(wave.level) if wave.level else None,
        rising=", ".join(
            f"{_short_name(questionnaire, change.section_id)} "
            f"{change.level_before} to {change.level_after}"
            for change in wave.rising
        ),
        steps=tuple(_plan_step(questionnaire, step, numbers) for step in shown),
        more=more,
    )


def _plan_step(questionnaire: Questionnaire, step: Step, numbers: Mapping[str, int]) -> PlanStep:
    remarks = []
    if step.blocks:
        remarks.append("Holds the level of its domain")
    if step.prerequisites:
        before = joined(
            f"step {numbers[question_id]} ({question_id})" for question_id in step.prerequisites
        )
        remarks.append(f"After {before}")
    return PlanStep(
        number=str(numbers[step.question_id]),
        question_id=step.question_id,
        section_id=step.section_id,
        section=_short_name(questionnaire, step.section_id),
        action=_asked_for(questionnaire, step),
        remarks=". ".join(remarks) + "." if remarks else "",
        effort=step.effort.value,
        credit=f"({step.target} − {step.credit}) × {step.weight}",
        gain=points(step.gain),
    )


# --- section pages ---------------------------------------------------------------------------


def _section_page(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    notes: Mapping[str, Note],
    section: SectionScore,
    written: tuple[Heading, ...],
) -> SectionPage:
    marks = {mark.question_id: mark for mark in section.marks}
    in_scope = questionnaire.sections_by_id[section.section_id]
    remarks = [_limited(section)] if section.rated and section.limited_scope else []
    if section.rated and section.single and questionnaire.tier is not Tier.QUICK:
        remarks.append("Rests on 1 question")
    blockers = section.level.blockers if section.level else ()
    return SectionPage(
        section_id=section.section_id,
        name=in_scope.name,
        about=in_scope.section.about,
        bar=_bar(questionnaire, section),
        level=_badge(section.level.level) if section.level else None,
        indicative=questionnaire.tier is Tier.QUICK and section.rated,
        sentence=section_sentence(questionnaire, answers, section),
        remarks=tuple(remarks),
        traces=_traces(section),
        written=written,
        topics=tuple(
            Topic(
                name=sub_area.name,
                cards=tuple(
                    _card(
                        question,
                        answers.get(question.id, NO_ANSWER),
                        notes.get(question.id, NO_NOTE),
                        marks[question.id],
                        holds=question.id in blockers,
                    )
                    for question in questions
                ),
            )
            for sub_area, questions in in_scope.pages
        ),
        long=len(section.marks) > 6,
    )


def _traces(section: SectionScore) -> tuple[Fact, ...]:
    """The section's figures as sums that can be done by hand from its cards."""
    asked = sum(mark.weight for mark in section.marks)
    na = asked - section.applicable_weight
    na_trace = Fact("Not applicable", f"weight {na} of {asked} = {display(section.na_share)} %")
    if section.score is None or section.potential is None or section.assurance is None:
        return (na_trace,)
    applicable = [mark for mark in section.marks if mark.applicable]
    earned = sum(mark.contribution for mark in applicable)
    unknown = sum(mark.weight * FULL_CREDIT for mark in applicable if mark.unknown)
    possible = FULL_CREDIT * section.applicable_weight
    relied = sum(mark.weight * mark.assurance for mark in applicable)
    traces = [
        Fact("Score", f"100 × {earned:,} ÷ {possible:,} = {display(section.score)}"),
        Fact(
            "Assurance",
            f"{relied:,} ÷ {section.applicable_weight} = {display(section.assurance)} "
            f"({assurance_band(section.assurance)})",
        ),
    ]
    if unknown:
        traces.insert(
            1,
            Fact(
                "Up to",
                f"100 × ({earned:,} + {unknown:,}) ÷ {possible:,} = {display(section.potential)}",
            ),
        )
    if na:
        traces.append(na_trace)
    return tuple(traces)


def _card(question: AnyQuestion, answer: Answer, note: Note, mark: Mark, *, holds: bool) -> Card:
    na = mark.state is State.NOT_APPLICABLE
    return Card(
        question_id=question.id,
        question=question.text,
        answer=answer_words(question, _as_marked(answer, mark)),
        tone=_tone(mark),
        planned=note.planned,
        confirmed_unchanged=note.confirmed_unchanged,
        standing=standing(question, _as_marked(answer, mark)),
        comment=passage(note.comment) if note.comment.strip() else None,
        reason=passage(note.na_reason) if na and note.na_reason.strip() else None,
        next="" if na else _next(question, answer, mark),
        trace=_card_trace(question, mark, holds=holds),
        long=len(note.comment) + len(note.na_reason) > LONG_COMMENT,
    )


def _as_marked(answer: Answer, mark: Mark) -> Answer:
    """Scoring may have taken an answer for none; what is printed follows what was scored."""
    return answer if answer.state is mark.state else Answer(mark.state)


def _tone(mark: Mark) -> str:
    if mark.state is State.NOT_APPLICABLE:
        return "na"
    if mark.unknown:
        return "unknown"
    return str(1 + sum(mark.credit >= credit for credit in (1, 500, 750, FULL_CREDIT)))


def _card_trace(question: AnyQuestion, mark: Mark, *, holds: bool) -> str:
    full = mark.weight * FULL_CREDIT
    if mark.applicable:
        parts = [
            f"Credit {mark.credit:,} × weight {mark.weight} = {mark.contribution:,} of {full:,}",
            f"assurance {mark.assurance}",
        ]
    else:
        parts = [f"Weight {mark.weight}, left out of the score"]
    if mark.must_have is not None:
        parts.append(
            f"must-have for level {mark.must_have}" + (", holds the level" if holds else "")
        )
    functions = _functions(question)
    if functions:
        parts.append("CSF " + " ".join(functions))
    return " · ".join(parts)


def _next(question: AnyQuestion, answer: Answer, mark: Mark) -> str:
    """What to do from this answer; where it is not known, where to find out."""
    if mark.unknown:
        return f"To find out: {question.where}"
    steps = question.next_steps(answer.value)
    if not steps:
        return ""
    return f"To go further: {steps[0]}" if mark.credit >= question.target else f"Next: {steps[0]}"


def standing(question: AnyQuestion, answer: Answer) -> str:
    """What the respondent says can be seen. Of practices also what is missing."""
    if answer.state is not State.ANSWERED or answer.value is None:
        return ""
    if isinstance(question, PracticesQuestion) and isinstance(answer.value, list):
        chosen = answer.value
        there = [p.label for p in question.practices if p.value in chosen]
        missing = [p.label for p in question.practices if p.value not in chosen]
        return " ".join(
            f"{word}: {'; '.join(labels)}."
            for word, labels in (("In place", there), ("Missing", missing))
            if labels
        )
    return question.evidence(answer.value)


# --- method ----------------------------------------------------------------------------------


def _method(
    questionnaire: Questionnaire,
    notes: Mapping[str, Note],
    scorecard: Scorecard,
    code: str,
    subject: Subject,
    enhancement: Enhancement | None,
) -> Method:
    rated = [section for section in scorecard.sections if section.score is not None]
    unchanged = sum(note.confirmed_unchanged for note in notes.values())
    return Method(
        rows=tuple(
            TraceRow(
                section_id=section.section_id,
                name=_name(questionnaire, section.section_id),
                earned=f"{sum(mark.contribution for mark in section.marks):,}",
                possible=f"{FULL_CREDIT * section.applicable_weight:,}",
                score=decimals(section.score, 4),
                weight=str(section.section_weight),
            )
            for section in rated
            if section.score is not None
        ),
        conclusion=_conclusion(scorecard),
        thresholds=tuple(
            Threshold(
                level=_badge(level),
                score=f"{least} and over",
                requirement=_REQUIREMENTS.get(level, "no must-have is asked for"),
            )
            for level, least in THRESHOLDS.items()
        ),
        ai_sentence=enhancement.statement if enhancement else NO_AI,
        na_sentence=na_sentence(scorecard),
        coverage_sentence=(
            ""
            if scorecard.coverage is None
            else f"What was asked carries {display(scorecard.coverage)} % of the weight of all "
            "questions that the catalog has for these domains."
        ),
        unchanged_sentence=(
            f"{count_of(unchanged, 'answer')} of the assessment before "
            f"{'was' if unchanged == 1 else 'were'} confirmed as unchanged, and not chosen anew."
            if unchanged
            else ""
        ),
        versions=(
            f"Catalog {scorecard.catalog_version}, formula {scorecard.formula}, assessment "
            f"{subject.assessment_id}. A later catalog or formula never changes this result."
        ),
        verification=(
            "The scorecard with every figure and its trace is attached to this file as "
            f"scorecard.json. The verification code {code} is the beginning of the SHA-256 of "
            "that attachment followed by the assessment’s id."
        ),
    )


NO_AI = "No artificial intelligence was used for this report."

_REQUIREMENTS: Mapping[int, str] = {
    3: "every must-have of level 3 has a credit of 500 or more",
    4: "every must-have of levels 3 and 4 has 750 or more",
    5: f"every must-have has 750 or more, and assurance is {REQUIRED_ASSURANCE} or more",
}


def _conclusion(scorecard: Scorecard) -> str:
    overall = scorecard.overall
    if overall is None:
        return "No domain is rated, so there is no overall score."
    rated = [section for section in scorecard.sections if section.score is not None]
    weight = sum(section.section_weight for section in rated)
    weighted = sum(
        (section.section_weight * section.score for section in rated if section.score is not None),
        Fraction(0),
    )
    return (
        f"Overall: the sum of score × weight is {decimals(weighted, 4)}; divided by the sum of "
        f"weights, {weight}, it is {decimals(overall.score, 4)}, shown as "
        f"{display(overall.score)}."
    )


def na_sentence(scorecard: Scorecard) -> str:
    count = _counts(scorecard)[State.NOT_APPLICABLE]
    if not count or scorecard.overall is None:
        return ""
    verb = "changes" if count == 1 else "change"
    return (
        f"{count_of(count, 'answer')} “not applicable” {verb} the overall score by "
        f"{points(scorecard.na_effect)} points, compared with counting them as not in place."
    )


# --- of marks, sections and questions --------------------------------------------------------


def _marks(scorecard: Scorecard) -> list[Mark]:
    return [mark for section in scorecard.sections for mark in section.marks]


def _counts(scorecard: Scorecard) -> Counter[State]:
    return Counter(mark.state for mark in _marks(scorecard))


def _functions(question: AnyQuestion) -> list[str]:
    mapped = {control.split(".", 1)[0] for control in question.controls(Framework.CSF)}
    return [code for code in FUNCTIONS if code in mapped]


def _name(questionnaire: Questionnaire, section_id: str) -> str:
    return questionnaire.sections_by_id[section_id].name


def _short_name(questionnaire: Questionnaire, section_id: str) -> str:
    return questionnaire.sections_by_id[section_id].section.short


def _blocker(questionnaire: Questionnaire, answers: Mapping[str, Answer], mark: Mark) -> str:
    question = questionnaire.questions[mark.question_id]
    section = questionnaire.sections_by_id[question.section_id].section
    name = next(s.name for s in section.sub_areas if s.id == question.sub_area_id)
    answer = _as_marked(answers.get(question.id, NO_ANSWER), mark)
    return f"{name} (“{answer_words(question, answer)}”, {question.id})"


def _badge(level: int) -> Badge:
    return Badge(level, LEVEL_NAMES[level])
