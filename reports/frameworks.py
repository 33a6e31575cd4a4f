"""What the pages and the report say about the controls of each framework. Pure.

A status says what the answers describe. No sentence here says that a framework is fulfilled: it
asks for more than these questions can show, and wants proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from assessments import controls
from assessments.catalog import frameworks
from assessments.catalog.questions import Framework, Questionnaire, Tier
from assessments.controls import ControlResult, FrameworkResult, GroupResult, Status
from assessments.scoring import Scorecard, State
from reports import charts

STATUS_NAMES: Mapping[Status, str] = {
    Status.MET: "Met",
    Status.PARTLY: "Partly",
    Status.NOT_MET: "Not met",
    Status.NOT_APPLICABLE: "Not applicable",
    Status.NOT_ASSESSED: "Not assessed",
}

CALLED: Mapping[Framework, tuple[str, str]] = {
    Framework.CSF: ("subcategories", "Category"),
    Framework.CIS: ("safeguards", "Control"),
    Framework.ISO: ("controls", "Theme"),
}
"""What each framework calls its controls, and a group of them."""


class StatusCount(msgspec.Struct, frozen=True):
    status: Status
    name: str
    count: int


class ControlRow(msgspec.Struct, frozen=True):
    """One control. `credit` is the mean of what stands behind it, rounded half up.

    `not_applicable` are the ids of the questions behind it that do not apply to the company.
    """

    id: str
    status: Status
    name: str
    credit: str
    question_ids: tuple[str, ...]
    not_applicable: tuple[str, ...]


class GroupRow(msgspec.Struct, frozen=True):
    """A category, a CIS Control or a theme, counted. `part` is the function of a category."""

    id: str
    name: str
    part: str
    bar: charts.RangeBar
    counts: tuple[StatusCount, ...]
    sentence: str
    controls: tuple[ControlRow, ...]

    @property
    def by_status(self) -> tuple[tuple[str, str], ...]:
        """The ids of what was assessed: ("Met", "GV.OC-01, GV.OC-02")."""
        return tuple(
            (name, ", ".join(ids))
            for status, name in STATUS_NAMES.items()
            if status is not Status.NOT_ASSESSED
            and (ids := [control.id for control in self.controls if control.status is status])
        )


class FrameworkView(msgspec.Struct, frozen=True):
    """One framework, counted. `applicability` is a sentence for ISO/IEC 27001, which asks for it.

    `called` and `groups_called` are its own words for a control and for a group.
    """

    id: str
    name: str
    called: str
    groups_called: str
    total: int
    assessed: int
    bar: charts.RangeBar
    counts: tuple[StatusCount, ...]
    sentence: str
    applicability: str
    groups: tuple[GroupRow, ...]


class FrameworkPart(msgspec.Struct, frozen=True):
    """The frameworks in a report: a sentence each, and deeper where enough was asked for it."""

    opening: str
    views: tuple[FrameworkView, ...]
    by_group: bool
    by_control: bool


OPENINGS: Mapping[Tier, str] = {
    Tier.QUICK: "A quick assessment asks too little to speak of a framework group by group: only "
    "how many controls have an answer behind them.",
    Tier.STANDARD: "A standard assessment reaches a part of each framework: most controls have no "
    "question behind them until a deep one.",
    Tier.DEEP: "Every control has its question in a deep assessment; what the profile or the "
    "choice of domains left out is not assessed.",
}


def part(questionnaire: Questionnaire, scorecard: Scorecard) -> FrameworkPart:
    return FrameworkPart(
        opening=(
            f"{OPENINGS[scorecard.tier]} A status is the mean credit of the answers behind a "
            f"control: {controls.MET_FROM} and over is met, from {controls.PARTLY_FROM} partly. It "
            "says what the answers describe, and is no statement of conformity."
        ),
        views=views(questionnaire, scorecard),
        by_group=scorecard.tier is not Tier.QUICK,
        by_control=scorecard.tier is Tier.DEEP,
    )


def views(questionnaire: Questionnaire, scorecard: Scorecard) -> tuple[FrameworkView, ...]:
    """The three frameworks as the answers describe them."""
    return tuple(_view(result) for result in controls.assess(questionnaire, scorecard))


def _view(result: FrameworkResult) -> FrameworkView:
    name = frameworks.NAMES[result.framework]
    called, groups_called = CALLED[result.framework]
    total = len(result.controls)
    assessed = sum(control.assessed for control in result.controls)
    return FrameworkView(
        id=result.framework.value,
        name=name,
        called=called,
        groups_called=groups_called,
        total=total,
        assessed=assessed,
        bar=_bar(name, result.counts),
        counts=_counts(result.counts),
        sentence=f"{assessed} of {total} {called} were assessed: {_told(result.counts)}."
        if assessed
        else f"None of the {total} {called} was assessed.",
        applicability=_applicability(result) if result.framework is Framework.ISO else "",
        groups=tuple(_group(group) for group in result.groups),
    )


def _group(result: GroupResult) -> GroupRow:
    group = result.group
    return GroupRow(
        id=group.id,
        name=group.name,
        part=group.part,
        bar=_bar(group.name, result.counts),
        counts=_counts(result.counts),
        sentence=_told(result.counts),
        controls=tuple(_control(control) for control in result.controls),
    )


def _control(result: ControlResult) -> ControlRow:
    return ControlRow(
        id=result.id,
        status=result.status,
        name=STATUS_NAMES[result.status],
        credit="" if result.credit is None else str(int(result.credit * 2 + 1) // 2),
        question_ids=tuple(mark.question_id for mark in result.marks),
        not_applicable=tuple(
            mark.question_id for mark in result.marks if mark.state is State.NOT_APPLICABLE
        ),
    )


def _applicability(result: FrameworkResult) -> str:
    """Of the controls that were assessed: ISO/IEC 27001 wants each one's, with reasons."""
    left_out = [c.id for c in result.controls if c.status is Status.NOT_APPLICABLE]
    applying = sum(control.assessed for control in result.controls) - len(left_out)
    if not applying and not left_out:
        return ""
    sentence = f"By these answers {applying} {'applies' if applying == 1 else 'apply'}"
    if not left_out:
        return f"{sentence}, and none was left out as not applicable."
    return (
        f"{sentence}; {len(left_out)} {'was' if len(left_out) == 1 else 'were'} left out as not "
        f"applicable, with the reasons given: {', '.join(left_out)}."
    )


def _counts(counts: Mapping[Status, int]) -> tuple[StatusCount, ...]:
    return tuple(StatusCount(status, STATUS_NAMES[status], counts[status]) for status in Status)


def _told(counts: Mapping[Status, int]) -> str:
    """The statuses that occur: "3 met, 1 partly, 2 not assessed"."""
    return ", ".join(
        f"{count} {STATUS_NAMES[status].lower()}" for status, count in counts.items() if count
    )


def _bar(name: str, counts: Mapping[Status, int]) -> charts.RangeBar:
    """What is met, and beyond it what is partly, out of all that applies or was not assessed."""
    title = f"{name}: {_told(counts)}"
    total = sum(counts.values()) - counts[Status.NOT_APPLICABLE]
    met = partly = None
    if total:
        met = Fraction(100 * counts[Status.MET], total)
        partly = met + Fraction(100 * counts[Status.PARTLY], total)
    # Without the ticks, which stand where a level begins.
    return msgspec.structs.replace(charts.range_bar(title, met, partly), ticks=())
