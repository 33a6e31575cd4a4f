"""How far the answers reach in each control of a framework. Pure, as scoring is.

A control has the status that the mean credit of the questions behind it gives. What a framework
asks for may be more than these questions, so that no status here says it is fulfilled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

import msgspec

from assessments.catalog import frameworks
from assessments.catalog.frameworks import Group
from assessments.catalog.questions import Framework, Questionnaire
from assessments.scoring import Mark, Scorecard

MET_FROM = 750
PARTLY_FROM = 250
"""The least mean credits of the two better statuses."""


class Status(StrEnum):
    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASSESSED = "not_assessed"


class ControlResult(msgspec.Struct, frozen=True):
    """One control with the marks of the questions behind it that were asked.

    `credit` is their exact mean, without what is not applicable; None where nothing is left.
    """

    id: str
    status: Status
    credit: Fraction | None
    marks: tuple[Mark, ...]

    @property
    def assessed(self) -> bool:
        return self.status is not Status.NOT_ASSESSED


class GroupResult(msgspec.Struct, frozen=True):
    group: Group
    controls: tuple[ControlResult, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        return _counts(self.controls)


class FrameworkResult(msgspec.Struct, frozen=True):
    framework: Framework
    groups: tuple[GroupResult, ...]

    @property
    def controls(self) -> tuple[ControlResult, ...]:
        return tuple(control for group in self.groups for control in group.controls)

    @property
    def counts(self) -> Mapping[Status, int]:
        return _counts(self.controls)


def assess(questionnaire: Questionnaire, scorecard: Scorecard) -> tuple[FrameworkResult, ...]:
    """Every control of every framework. One answer counts in each control it maps to.

    The marks decide: a question that the profile, the tier or the chosen sections left out has
    none, and "I don't know" and no answer count as a credit of 0, as they do in the score.
    """
    marks = {mark.question_id: mark for section in scorecard.sections for mark in section.marks}
    asked = [questionnaire.questions[question_id] for question_id in marks]
    results = []
    for framework in Framework:
        behind = frameworks.behind(framework, asked)
        results.append(
            FrameworkResult(
                framework=framework,
                groups=tuple(
                    GroupResult(
                        group=group,
                        controls=tuple(
                            _control(control, tuple(marks[q.id] for q in behind[control]))
                            for control in group.controls
                        ),
                    )
                    for group in frameworks.groups(framework)
                ),
            )
        )
    return tuple(results)


def _control(control: str, marks: tuple[Mark, ...]) -> ControlResult:
    applicable = [mark for mark in marks if mark.applicable]
    if not applicable:
        status = Status.NOT_APPLICABLE if marks else Status.NOT_ASSESSED
        return ControlResult(control, status, None, marks)
    credit = Fraction(sum(mark.credit for mark in applicable), len(applicable))
    return ControlResult(control, _status(credit), credit, marks)


def _status(credit: Fraction) -> Status:
    if credit >= MET_FROM:
        return Status.MET
    return Status.PARTLY if credit >= PARTLY_FROM else Status.NOT_MET


def _counts(controls: tuple[ControlResult, ...]) -> Mapping[Status, int]:
    """Every status, in the order of the enumeration."""
    found = Counter(control.status for control in controls)
    return {status: found[status] for status in Status}
