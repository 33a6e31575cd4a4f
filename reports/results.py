"""What the pages of a result show. Pure, and mostly the report's own values and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from assessments.catalog.questions import FULL_CREDIT, AnyQuestion, Framework, Questionnaire
from assessments.roadmap import Roadmap, Step, Wave, WhatIf, roadmap, what_if
from assessments.scoring import Answer, Mark, Scorecard, SectionScore
from reports import composition, wording
from reports import frameworks as framework_views
from reports.composition import Glance
from reports.frameworks import ControlRow, FrameworkView, GroupRow
from reports.wording import Note


class PlannedStep(msgspec.Struct, frozen=True):
    """A step of the roadmap with the words of its question."""

    step: Step
    question: AnyQuestion
    section: str
    answer: str
    planned: bool
    chosen: bool


class PlannedWave(msgspec.Struct, frozen=True):
    wave: Wave
    name: str
    steps: tuple[PlannedStep, ...]
    rising: tuple[str, ...]


class Results(msgspec.Struct, frozen=True):
    """The result of an assessment. `outcome` is there once something was raised in "what if"."""

    scorecard: Scorecard
    headline: str
    range_sentence: str
    assurance_sentence: str
    na_sentence: str
    verification_code: str
    glance: Glance
    waves: tuple[PlannedWave, ...]
    plan: Roadmap
    frameworks: tuple[FrameworkView, ...]
    outcome: WhatIf | None

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        return tuple(step for wave in self.waves for step in wave.steps)


class Line(msgspec.Struct, frozen=True):
    """One question of a section with its line of the trace."""

    question: AnyQuestion
    mark: Mark
    answer: str
    standing: str
    note: Note
    blocks: bool
    next_steps: tuple[str, ...]


class SectionResult(msgspec.Struct, frozen=True):
    score: SectionScore
    name: str
    about: str
    sentence: str
    earned: int
    possible: int
    lines: tuple[Line, ...]


class Behind(msgspec.Struct, frozen=True):
    """A question behind a control, with what was answered."""

    question: AnyQuestion
    answer: str


class ControlLine(msgspec.Struct, frozen=True):
    """A control with its questions; `reasons` are those given for what does not apply."""

    row: ControlRow
    questions: tuple[Behind, ...]
    reasons: tuple[str, ...]


class GroupLines(msgspec.Struct, frozen=True):
    row: GroupRow
    controls: tuple[ControlLine, ...]


class FrameworkLines(msgspec.Struct, frozen=True):
    view: FrameworkView
    groups: tuple[GroupLines, ...]


def overview(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    notes: Mapping[str, Note],
    scorecard: Scorecard,
    *,
    assessment_id: UUID,
    raised: Iterable[str] = (),
) -> Results:
    """The whole result; `raised` are the questions that "what if" raises to their targets."""
    plan = roadmap(questionnaire, answers, scorecard)
    outcome = what_if(questionnaire, answers, scorecard, raised)
    short = {section.id: section.section.short for section in questionnaire.sections}

    def planned(step: Step) -> PlannedStep:
        question = questionnaire.questions[step.question_id]
        return PlannedStep(
            step=step,
            question=question,
            section=short[step.section_id],
            answer=wording.answer_words(question, answers.get(question.id, wording.NO_ANSWER)),
            planned=notes.get(question.id, wording.NO_NOTE).planned,
            chosen=question.id in outcome.question_ids,
        )

    return Results(
        scorecard=scorecard,
        headline=composition.overall_sentence(questionnaire, scorecard),
        range_sentence=composition.range_sentence(scorecard),
        assurance_sentence=composition.assurance_sentence(scorecard),
        na_sentence=composition.na_sentence(scorecard),
        verification_code=composition.verification_code(scorecard, assessment_id),
        glance=composition.glance(questionnaire, scorecard),
        waves=tuple(
            PlannedWave(
                wave=wave,
                name=composition.WAVE_NAMES[wave.name],
                steps=tuple(planned(step) for step in wave.steps),
                rising=tuple(
                    f"{short[change.section_id]} to level {change.level_after}"
                    for change in wave.rising
                ),
            )
            for wave in plan.waves
            if wave.steps
        ),
        plan=plan,
        frameworks=framework_views.views(questionnaire, scorecard),
        outcome=outcome if outcome.question_ids else None,
    )


def section(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    notes: Mapping[str, Note],
    scorecard: Scorecard,
    section_id: str,
) -> SectionResult | None:
    """One section with its trace; None where the scorecard has no such section."""
    score = next((s for s in scorecard.sections if s.section_id == section_id), None)
    if score is None:
        return None
    asked = questionnaire.sections_by_id[section_id]
    blockers = score.level.blockers if score.level else ()

    def line(mark: Mark) -> Line:
        question = questionnaire.questions[mark.question_id]
        answer = answers.get(question.id, wording.NO_ANSWER)
        steps: tuple[str, ...] = ()
        if mark.unknown:
            steps = (question.where,)
        elif mark.applicable:
            steps = question.next_steps(answer.value)
        return Line(
            question=question,
            mark=mark,
            answer=wording.answer_words(question, answer),
            standing=composition.standing(question, answer),
            note=notes.get(question.id, wording.NO_NOTE),
            blocks=question.id in blockers,
            next_steps=steps,
        )

    return SectionResult(
        score=score,
        name=asked.name,
        about=asked.section.about,
        sentence=composition.section_sentence(questionnaire, answers, score),
        earned=sum(mark.contribution for mark in score.marks),
        possible=FULL_CREDIT * score.applicable_weight,
        lines=tuple(line(mark) for mark in score.marks),
    )


def framework(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    notes: Mapping[str, Note],
    scorecard: Scorecard,
    which: Framework,
) -> FrameworkLines:
    """One framework control by control, with the questions behind each and their answers."""

    def behind(question_id: str) -> Behind:
        question = questionnaire.questions[question_id]
        answer = answers.get(question_id, wording.NO_ANSWER)
        return Behind(question, wording.answer_words(question, answer))

    def line(row: ControlRow) -> ControlLine:
        reasons = (
            notes.get(question_id, wording.NO_NOTE).na_reason for question_id in row.not_applicable
        )
        return ControlLine(
            row=row,
            questions=tuple(behind(question_id) for question_id in row.question_ids),
            reasons=tuple(dict.fromkeys(reason for reason in reasons if reason)),
        )

    (view,) = (v for v in framework_views.views(questionnaire, scorecard) if v.id == which.value)
    return FrameworkLines(
        view=view,
        groups=tuple(
            GroupLines(row=group, controls=tuple(line(row) for row in group.controls))
            for group in view.groups
        ),
    )
