"""The controls of the three frameworks that questions are mapped to, as identifiers.

The names of the functions and categories of NIST CSF are in the public domain and stand here
too. Of CIS Controls and ISO/IEC 27001 nothing but the identifiers does: their words are others'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from assessments.catalog.questions import AnyQuestion, Controls, Framework

NAMES: Mapping[Framework, str] = {
    Framework.CSF: "NIST CSF 2.0",
    Framework.CIS: "CIS Controls v8.1",
    Framework.ISO: "ISO/IEC 27001:2022, Annex A",
}

FUNCTIONS: Mapping[str, str] = {
    "GV": "Govern",
    "ID": "Identify",
    "PR": "Protect",
    "DE": "Detect",
    "RS": "Respond",
    "RC": "Recover",
}
"""The six functions of the NIST Cybersecurity Framework, in its order."""

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "GV.OC": ("Organizational Context", "01-05"),
    "GV.RM": ("Risk Management Strategy", "01-07"),
    "GV.RR": ("Roles, Responsibilities, and Authorities", "01-04"),
    "GV.PO": ("Policy", "01-02"),
    "GV.OV": ("Oversight", "01-03"),
    "GV.SC": ("Cybersecurity Supply Chain Risk Management", "01-10"),
    "ID.AM": ("Asset Management", "01-05 07-08"),
    "ID.RA": ("Risk Assessment", "01-10"),
    "ID.IM": ("Improvement", "01-04"),
    "PR.AA": ("Identity Management, Authentication, and Access Control", "01-06"),
    "PR.AT": ("Awareness and Training", "01-02"),
    "PR.DS": ("Data Security", "01-02 10-11"),
    "PR.PS": ("Platform Security", "01-06"),
    "PR.IR": ("Technology Infrastructure Resilience", "01-04"),
    "DE.CM": ("Continuous Monitoring", "01-03 06 09"),
    "DE.AE": ("Adverse Event Analysis", "02-04 06-08"),
    "RS.MA": ("Incident Management", "01-05"),
    "RS.AN": ("Incident Analysis", "03 06-08"),
    "RS.CO": ("Incident Response Reporting and Communication", "02-03"),
    "RS.MI": ("Incident Mitigation", "01-02"),
    "RC.RP": ("Incident Recovery Plan Execution", "01-06"),
    "RC.CO": ("Incident Recovery Communication", "03-04"),
}
"""Category -> its name and the numbers of its subcategories; the gaps are the framework's own."""

SAFEGUARDS = (5, 7, 14, 12, 6, 8, 7, 12, 7, 7, 5, 8, 11, 9, 7, 14, 9, 5)
"""How many safeguards each of the 18 CIS Controls has."""

THEMES: Mapping[str, int] = {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}
"""How many controls each theme of Annex A has."""


class Group(msgspec.Struct, frozen=True):
    """Controls that the framework itself puts together. `part` is what the group belongs to.

    A category within its function, a CIS Control or a theme, the last two without a part.
    """

    id: str
    name: str
    controls: tuple[str, ...]
    part: str = ""


@cache
def groups(framework: Framework) -> tuple[Group, ...]:
    """All groups of the framework, in its order."""
    if framework is Framework.CSF:
        return tuple(
            Group(
                id=category,
                name=name,
                controls=tuple(f"{category}-{number:02}" for number in _numbers(ranges)),
                part=FUNCTIONS[category.split(".", 1)[0]],
            )
            for category, (name, ranges) in CATEGORIES.items()
        )
    if framework is Framework.CIS:
        return tuple(
            Group(
                id=str(number),
                name=f"Control {number}",
                controls=tuple(f"{number}.{safeguard + 1}" for safeguard in range(count)),
            )
            for number, count in enumerate(SAFEGUARDS, start=1)
        )
    return tuple(
        Group(
            id=theme,
            name=f"Theme {theme}",
            controls=tuple(f"{theme}.{number + 1}" for number in range(count)),
        )
        for theme, count in THEMES.items()
    )


@cache
def controls(framework: Framework) -> tuple[str, ...]:
    """Every control of the framework, in its order."""
    return tuple(control for group in groups(framework) for control in group.controls)


def behind(
    framework: Framework, questions: Iterable[AnyQuestion]
) -> dict[str, tuple[AnyQuestion, ...]]:
    """Control -> those of the questions that stand behind it: its primary ones, then the others.

    Every control of the framework is there, with no question if none maps to it. An identifier
    that the framework lacks is left out here, and is the lint's to find.
    """
    asked = list(questions)
    found: dict[str, list[AnyQuestion]] = {control: [] for control in controls(framework)}
    for kind in ("primary", "related"):
        for question in asked:
            mapped: Controls = getattr(question, kind)
            for control in mapped.of(framework):
                if control in found:
                    found[control].append(question)
    return {control: tuple(behind) for control, behind in found.items()}


def _numbers(ranges: str) -> list[int]:
    """The numbers that "01-03 06" stands for: 1, 2, 3 and 6."""
    numbers: list[int] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers
