"""The identifiers of the frameworks, held against what their publishers count."""

from __future__ import annotations

import pytest

from assessments.catalog import frameworks
from assessments.catalog.questions import Controls, Framework
from tests.assessments.catalogs import maturity

FIRST_AND_LAST = {
    Framework.CSF: (106, "GV.OC-01", "RC.CO-04"),
    Framework.CIS: (153, "1.1", "18.5"),
    Framework.ISO: (93, "A.5.1", "A.8.34"),
}


@pytest.mark.parametrize("framework", Framework)
def test_each_framework_has_as_many_controls_as_were_published(framework: Framework) -> None:
    controls = frameworks.controls(framework)

    assert (len(controls), controls[0], controls[-1]) == FIRST_AND_LAST[framework]
    assert len(set(controls)) == len(controls)


def test_the_numbers_that_csf_withdrew_are_missing() -> None:
    csf = frameworks.controls(Framework.CSF)

    assert {"ID.AM-06", "PR.DS-03", "PR.DS-09", "DE.CM-04", "DE.AE-01", "DE.AE-05"} & {
        *csf
    } == set()
    assert [control for control in csf if control.startswith("RS.AN")] == [
        "RS.AN-03",
        "RS.AN-06",
        "RS.AN-07",
        "RS.AN-08",
    ]


def test_categories_belong_to_their_function() -> None:
    groups = frameworks.groups(Framework.CSF)

    assert len(groups) == 22
    assert [group.part for group in groups if group.id == "DE.AE"] == ["Detect"]
    assert list(dict.fromkeys(group.part for group in groups)) == [*frameworks.FUNCTIONS.values()]
    for group in groups:
        assert all(control.startswith(f"{group.id}-") for control in group.controls)


@pytest.mark.parametrize(
    ("framework", "names"), [(Framework.CIS, "Control"), (Framework.ISO, "Theme")]
)
def test_of_the_protected_frameworks_only_identifiers_are_named(
    framework: Framework, names: str
) -> None:
    for group in frameworks.groups(framework):
        assert group.name == f"{names} {group.id}"
        assert all(control.startswith(f"{group.id}.") for control in group.controls)


def test_primary_questions_stand_before_the_others() -> None:
    earlier = maturity("IAM.1.1", related=Controls(iso=("A.8.5",)))
    later = maturity("IAM.1.2", primary=Controls(iso=("A.8.5",)))
    other = maturity("IAM.1.3", related=Controls(iso=("A.8.6",)))

    behind = frameworks.behind(Framework.ISO, [earlier, later, other])

    assert [question.id for question in behind["A.8.5"]] == ["IAM.1.2", "IAM.1.1"]
    assert [question.id for question in behind["A.8.6"]] == ["IAM.1.3"]
    assert behind["A.5.1"] == ()
    assert list(behind) == [*frameworks.controls(Framework.ISO)]


def test_a_control_that_does_not_exist_has_nothing_behind_it() -> None:
    invented = maturity("IAM.1.1", related=Controls(cis=("19.1", "6.5")))

    behind = frameworks.behind(Framework.CIS, [invented])

    assert [question.id for question in behind["6.5"]] == ["IAM.1.1"]
    assert "19.1" not in behind
