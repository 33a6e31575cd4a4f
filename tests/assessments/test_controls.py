"""The status of controls: by examples worked by hand."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings

from assessments.catalog.questions import Controls, Framework, Questionnaire, Tier
from assessments.controls import ControlResult, FrameworkResult, Status, assess
from assessments.scoring import Answer, Scorecard, raised, score
from tests.assessments.catalogs import (
    DONT_KNOW,
    NOT_APPLICABLE,
    answered_questionnaires,
    answers_worth,
    asking,
    coverage,
    existence,
    maturity,
)

MFA = Controls(csf=("PR.AA-03",), cis=("6.5",), iso=("A.8.5",))


def framework(
    asked: Questionnaire, answers: dict[str, Answer], which: Framework = Framework.CSF
) -> FrameworkResult:
    (found,) = (r for r in assess(asked, score(asked, answers)) if r.framework is which)
    return found


def control(
    asked: Questionnaire, answers: dict[str, Answer], name: str = "PR.AA-03"
) -> ControlResult:
    (found,) = (result for result in framework(asked, answers).controls if result.id == name)
    return found


def test_the_status_is_that_of_the_mean_credit_whatever_the_weights() -> None:
    """(1000 + 250 + 500) / 3 = 583 1/3; by weight it would be (3000 + 250 + 500) / 5 = 750."""
    asked = asking(
        maturity("IAM.1.1", weight=3, related=MFA),
        coverage("IAM.1.2", weight=1, related=MFA),
        existence("ACC.1.1", weight=1, related=MFA),
        maturity("ACC.1.2", weight=3),
    )
    answers = answers_worth(asked, {"IAM.1.1": 1000, "IAM.1.2": 250, "ACC.1.1": 500, "ACC.1.2": 0})

    result = control(asked, answers)

    assert result.credit == Fraction(1750, 3)
    assert result.status is Status.PARTLY
    assert [mark.question_id for mark in result.marks] == ["IAM.1.1", "IAM.1.2", "ACC.1.1"]


@pytest.mark.parametrize(
    ("worth", "status"),
    [
        ((1000, 1000), Status.MET),
        ((1000, 500), Status.MET),  # 750
        ((1000, 499), Status.PARTLY),  # 749.5
        ((500, 0), Status.PARTLY),  # 250
        ((499, 0), Status.NOT_MET),  # 249.5
        ((0, 0), Status.NOT_MET),
    ],
)
def test_the_limits_are_exact(worth: tuple[int, int], status: Status) -> None:
    asked = asking(maturity("IAM.1.1", related=MFA), maturity("IAM.1.2", related=MFA))
    ids = ("IAM.1.1", "IAM.1.2")
    scorecard = raised(score(asked, {}), dict(zip(ids, worth, strict=True)))

    (csf, *_) = assess(asked, scorecard)
    (result,) = (found for found in csf.controls if found.id == "PR.AA-03")

    assert result.credit == Fraction(sum(worth), 2)
    assert result.status is status


def test_what_is_not_known_counts_as_not_in_place() -> None:
    asked = asking(
        maturity("IAM.1.1", related=MFA),
        maturity("IAM.1.2", related=MFA),
        maturity("IAM.1.3", related=MFA),
    )
    answers = {**answers_worth(asked, {"IAM.1.1": 750}), "IAM.1.2": DONT_KNOW}

    result = control(asked, answers)

    assert result.credit == 250
    assert result.status is Status.PARTLY


def test_what_is_not_applicable_is_left_out_of_the_mean() -> None:
    asked = asking(maturity("IAM.1.1", related=MFA), maturity("IAM.1.2", related=MFA))
    answers = {**answers_worth(asked, {"IAM.1.1": 750}), "IAM.1.2": NOT_APPLICABLE}

    result = control(asked, answers)

    assert result.credit == 750
    assert result.status is Status.MET
    assert len(result.marks) == 2


def test_a_control_is_not_applicable_only_if_everything_behind_it_is() -> None:
    asked = asking(maturity("IAM.1.1", related=MFA), maturity("IAM.1.2", related=MFA))
    everything = {"IAM.1.1": NOT_APPLICABLE, "IAM.1.2": NOT_APPLICABLE}

    result = control(asked, everything)

    assert result.status is Status.NOT_APPLICABLE
    assert result.credit is None
    assert result.assessed
    assert control(asked, {"IAM.1.1": NOT_APPLICABLE}).status is Status.NOT_MET


def test_a_control_is_not_assessed_if_nothing_behind_it_was_asked() -> None:
    """The second question belongs to a tier above, and the third to a section not chosen."""
    asked = asking(
        maturity("IAM.1.1", related=MFA),
        maturity("IAM.1.2", tier=Tier.DEEP, related=Controls(csf=("PR.AA-04",))),
        maturity("NET.1.1", related=Controls(csf=("PR.IR-01",))),
    )
    chosen = asked.catalog.questionnaire(Tier.STANDARD, ("IAM",), {})

    statuses = {found.id: found.status for found in framework(chosen, {}).controls}

    assert statuses["PR.AA-03"] is Status.NOT_MET
    assert statuses["PR.AA-04"] is Status.NOT_ASSESSED
    assert statuses["PR.IR-01"] is Status.NOT_ASSESSED
    assert not control(chosen, {}, "PR.IR-01").assessed


def test_an_answer_that_scoring_refuses_is_refused_here_too() -> None:
    """Not applicable where it is not allowed is no answer."""
    asked = asking(maturity("IAM.1.1", na_allowed=False, related=MFA))

    assert control(asked, {"IAM.1.1": NOT_APPLICABLE}).status is Status.NOT_MET


def test_one_answer_counts_in_every_framework() -> None:
    asked = asking(maturity("IAM.1.1", related=MFA))
    answers = answers_worth(asked, {"IAM.1.1": 1000})

    met = {
        which: [found.id for found in framework(asked, answers, which).controls if found.credit]
        for which in Framework
    }

    assert met == {
        Framework.CSF: ["PR.AA-03"],
        Framework.CIS: ["6.5"],
        Framework.ISO: ["A.8.5"],
    }


def test_groups_are_counted_by_status() -> None:
    asked = asking(
        maturity("IAM.1.1", related=Controls(csf=("PR.AA-01", "PR.AA-02"))),
        maturity("IAM.1.2", related=Controls(csf=("PR.AA-03",))),
        maturity("IAM.1.3", related=Controls(csf=("PR.AA-04",))),
    )
    answers = {**answers_worth(asked, {"IAM.1.1": 750, "IAM.1.2": 500}), "IAM.1.3": NOT_APPLICABLE}

    result = framework(asked, answers)
    (group,) = (group for group in result.groups if group.group.id == "PR.AA")

    assert group.counts == {
        Status.MET: 2,
        Status.PARTLY: 1,
        Status.NOT_MET: 0,
        Status.NOT_APPLICABLE: 1,
        Status.NOT_ASSESSED: 2,
    }
    assert result.counts[Status.NOT_ASSESSED] == 102
    assert sum(result.counts.values()) == 106


@settings(max_examples=60, deadline=None, database=None)
@given(answered_questionnaires())
def test_raising_an_answer_never_lowers_a_status(
    drawn: tuple[Questionnaire, dict[str, Answer]],
) -> None:
    asked, answers = drawn
    mapped = asking(
        *(
            msgspec.structs.replace(question, related=MFA)
            for question in asked.catalog.questions.values()
        ),
        tier=asked.tier,
    )
    before = score(mapped, answers)
    order = [Status.NOT_APPLICABLE, Status.NOT_MET, Status.PARTLY, Status.MET]

    for mark in (mark for section in before.sections for mark in section.marks):
        after = raised(before, {mark.question_id: 1000})
        if mark.applicable:
            assert order.index(_mfa(mapped, after)) >= order.index(_mfa(mapped, before))


def _mfa(asked: Questionnaire, scorecard: Scorecard) -> Status:
    (status,) = (
        result.status
        for framework in assess(asked, scorecard)
        for result in framework.controls
        if result.id == "PR.AA-03"
    )
    return status
