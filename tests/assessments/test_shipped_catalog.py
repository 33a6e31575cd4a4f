"""What ships is sound, and the rules that say so are known to find what they are for.

Each rule of the lint is shown a real catalog with one fault planted in its files, and must be
the only one to object. The constructors, which refuse what could not work, are shown theirs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from assessments.catalog import frameworks, lint, loading
from assessments.catalog.lint import Finding
from assessments.catalog.loading import CatalogError
from assessments.catalog.questions import Framework, Tier

VERSION = "2026.1"
FILES = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((loading.DIRECTORY / VERSION).glob("*.toml"))
}


class Edit(NamedTuple):
    """`old` becomes `new` in this file, where it stands exactly once, or wherever it stands."""

    file: str
    old: str
    new: str
    everywhere: bool = False


class Fault(NamedTuple):
    """Edits, and the place that the finding must name."""

    rule: str
    question: str
    field: str
    edits: tuple[Edit, ...]


def block(question_id: str) -> str:
    """A question as it stands in its file."""
    text = FILES[f"{question_id[:3].lower()}.toml"]
    start = text.index(f'[[questions]]\nid = "{question_id}"')
    end = text.find('[[questions]]\nid = "', start + 1)
    return text[start:] if end < 0 else text[start:end]


def edit(question_id: str, old: str, new: str) -> Edit:
    """A change inside one question."""
    whole = block(question_id)
    assert whole.count(old) == 1, f"{question_id} has {old!r} {whole.count(old)} times"
    return Edit(f"{question_id[:3].lower()}.toml", whole, whole.replace(old, new))


def everywhere(old: str, new: str) -> tuple[Edit, ...]:
    return tuple(Edit(file, old, new, everywhere=True) for file in FILES if old in FILES[file])


def text_of(question_id: str, field: str = "text") -> str:
    (found,) = re.findall(rf'^{field} = "(.*)"$', block(question_id), re.MULTILINE)
    assert isinstance(found, str)
    return found


def planted(folder: Path, edits: tuple[Edit, ...]) -> Path:
    """All files of the version in this folder, with these changes."""
    files = dict(FILES)
    for change in edits:
        found = files[change.file].count(change.old)
        assert found == 1 or (change.everywhere and found), (change.file, change.old, found)
        files[change.file] = files[change.file].replace(change.old, change.new)
    (folder / VERSION).mkdir()
    for name, text in files.items():
        (folder / VERSION / name).write_text(text, encoding="utf-8")
    return folder


# --- what ships ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", loading.versions())
def test_the_lint_has_nothing_to_say(version: str) -> None:
    assert [str(finding) for finding in lint.lint(loading.load(version))] == []


@pytest.mark.parametrize("version", loading.versions())
def test_every_control_has_one_home_among_the_sub_areas(version: str) -> None:
    for framework in Framework:
        homes = [
            control
            for section in loading.load(version).sections
            for sub_area in section.sub_areas
            for control in sub_area.controls.of(framework)
        ]
        assert sorted(homes) == sorted(frameworks.controls(framework))


@pytest.mark.parametrize("version", loading.versions())
def test_every_question_is_asked_of_somebody_and_nobody_is_asked_nothing(version: str) -> None:
    """Whatever the profile, a section keeps something to ask, so that none is silently empty."""
    catalog = loading.load(version)
    least = {question.id: [question.values[0]] for question in catalog.profile if not question.when}
    most = {question.id: question.values for question in catalog.profile}
    every = tuple(section.id for section in catalog.sections)

    asked_least = catalog.questionnaire(Tier.DEEP, every, least)
    asked_most = catalog.questionnaire(Tier.DEEP, every, most)

    assert set(asked_most.questions) == set(catalog.questions)
    assert set(asked_least.questions) < set(catalog.questions)
    assert {section.id for section in asked_least.sections if section.questions} == set(every)


@pytest.mark.parametrize("version", loading.versions())
def test_every_tier_can_be_chosen(version: str) -> None:
    assert loading.load(version).complete_tiers == tuple(Tier)


# --- the lint, rule by rule ----------------------------------------------------------------------

FAULTS = {
    "a question is missing": Fault(
        "counts", "VUL.4", "planned.deep", (Edit("vul.toml", block("VUL.4.6"), ""),)
    ),
    "a question moved to a lower tier": Fault(
        "counts", "VUL.4", "planned.standard", (edit("VUL.4.6", '"deep"', '"standard"'),)
    ),
    "a number is skipped": Fault(
        "ids", "VUL.4.7", "id", (edit("VUL.4.6", 'id = "VUL.4.6"', 'id = "VUL.4.7"'),)
    ),
    "a question stands before its time": Fault(
        "ids",
        "VUL.4.6",
        "id",
        (
            Edit(
                "vul.toml",
                block("VUL.4.5") + block("VUL.4.6"),
                block("VUL.4.6") + "\n" + block("VUL.4.5"),
            ),
        ),
    ),
    "a sub-area that the standard tier passes by": Fault(
        "tiers",
        "VUL.3",
        "tier",
        (
            edit("VUL.3.1", 'tier = "standard"', 'tier = "deep"'),
            edit("VUL.4.6", 'tier = "deep"', 'tier = "standard"'),
            Edit(
                "vul.toml",
                "planned = { quick = 0, standard = 1, deep = 3 }",
                "planned = { quick = 0, standard = 0, deep = 3 }",
            ),
            Edit(
                "vul.toml",
                "planned = { quick = 0, standard = 1, deep = 6 }",
                "planned = { quick = 0, standard = 2, deep = 6 }",
            ),
        ),
    ),
    "a section that the quick tier passes by": Fault(
        "tiers",
        "GOV",
        "tier",
        (
            edit("GOV.1.1", 'tier = "quick"', 'tier = "standard"'),
            Edit(
                "gov.toml",
                "planned = { quick = 1, standard = 1, deep = 5 }",
                "planned = { quick = 0, standard = 1, deep = 5 }",
            ),
            edit("RSK.1.1", 'tier = "standard"', 'tier = "quick"'),
            Edit(
                "rsk.toml",
                'name = "Risk strategy, appetite and tolerance"\n'
                "planned = { quick = 0, standard = 1, deep = 5 }",
                'name = "Risk strategy, appetite and tolerance"\n'
                "planned = { quick = 1, standard = 1, deep = 5 }",
            ),
        ),
    ),
    "too many must-haves in a section": Fault(
        "must-haves",
        "GOV",
        "must_have",
        tuple(
            edit(question_id, "weight = 3", "weight = 3\nmust_have = 4")
            for question_id in ("GOV.2.1", "GOV.3.1", "GOV.5.1")
        ),
    ),
    "a section without a must-have": Fault(
        "must-haves", "GOV", "must_have", (edit("GOV.1.1", "must_have = 3\n", ""),)
    ),
    "a control without its primary question": Fault(
        "coverage",
        "IAM.1",
        "primary.cis",
        (edit("IAM.1.6", 'primary = { cis = ["6.6"] }\n', ""),),
    ),
    "a control with two primary questions": Fault(
        "coverage",
        "IAM.1",
        "primary.cis",
        (edit("IAM.1.2", 'iso = ["A.5.16"] }', 'iso = ["A.5.16"], cis = ["6.6"] }'),),
    ),
    "a control named twice by one question": Fault(
        "coverage",
        "IAM.1.6",
        "primary.cis",
        (edit("IAM.1.6", 'iso = ["A.5.16"] }', 'iso = ["A.5.16"], cis = ["6.6"] }'),),
    ),
    "an invented control": Fault(
        "unknown control",
        "IAM.1.6",
        "related.iso",
        (edit("IAM.1.6", 'iso = ["A.5.16"] }', 'iso = ["A.5.16", "A.9.1"] }'),),
    ),
    "all or nothing": Fault(
        "credits",
        "IAM.4.5",
        "credit",
        (
            Edit(
                "iam.toml",
                block("IAM.4.5"),
                re.sub(
                    r"\[\[questions\.bands\]\]\nlimit = \d+\ncredit = \d{3}\nnext = .*\n\n",
                    "",
                    block("IAM.4.5"),
                ),
            ),
        ),
    ),
    "a type that is not used": Fault(
        "types",
        "",
        "type",
        (
            *everywhere('type = "recency"', 'type = "coverage"\npopulation = "things"'),
            *everywhere('value = "never"', 'value = "none"'),
            *everywhere('value = "over_24_months"', 'value = "under_25"'),
            *everywhere('value = "12_24_months"', 'value = "25_74"'),
            *everywhere('value = "within_12_months"', 'value = "75_94"'),
            *everywhere('value = "within_interval"', 'value = "95_100"'),
        ),
    ),
    "a stem that stands twice": Fault(
        "unique", "VUL.4.6", "text", (edit("VUL.4.6", text_of("VUL.4.6"), text_of("VUL.3.1")),)
    ),
    "an anchor that stands twice, but for a comma": Fault(
        "unique",
        "MON.4.4",
        "options.never.anchor",
        (
            edit(
                "MON.4.4",
                "Logs are opened only when something is broken.",
                "Alerts stay inside the tools or go to a mailbox that nobody reads.",
            ),
        ),
    ),
    "a next step that stands twice": Fault(
        "unique",
        "VUL.4.6",
        "practices.endpoint.next",
        (
            edit(
                "VUL.4.6",
                "Run the maker’s harmless test attack on one laptop and one server, and write down "
                "what was stopped.",
                "Send an alert when an unexpected account enters a computer’s administrator group.",
            ),
        ),
    ),
    "two answers with one label": Fault(
        "unique",
        "IAM.1.6",
        "label",
        (edit("IAM.1.6", 'label = "Partly"', 'label = "No"'),),
    ),
    "a stem with one word exchanged": Fault(
        "similar",
        "VUL.4.6",
        "text",
        (edit("VUL.4.6", text_of("VUL.4.6"), text_of("VUL.3.1").replace("receive", "welcome")),),
    ),
    "an anchor with two words exchanged": Fault(
        "similar",
        "MON.4.1",
        "options.not_done.anchor",
        (
            edit(
                "MON.4.1",
                "Alerts stay inside the tools, or go to a mailbox that nobody reads.",
                "Findings that catch someone’s interest are dealt with; the rest turn up again in "
                "the following report.",
            ),
        ),
    ),
    "a stem of 26 words": Fault(
        "length",
        "VUL.4.6",
        "text",
        (
            edit(
                "VUL.4.6",
                text_of("VUL.4.6"),
                "Which of these have you or a firm that works for you tried to get past by a "
                "trick or by force in the last 12 months?",
            ),
        ),
    ),
    "a hint of two sentences": Fault(
        "length",
        "VUL.4.6",
        "hint",
        (
            edit(
                "VUL.4.6",
                text_of("VUL.4.6", "hint"),
                "Tick a defence only if a harmless imitation of an attack was used. It was noted "
                "whether it got through.",
            ),
        ),
    ),
    "a stem for lawyers": Fault(
        "reading",
        "VUL.4.6",
        "text",
        (
            edit(
                "VUL.4.6",
                text_of("VUL.4.6"),
                "Which countermeasures were intentionally subjected to verification activities "
                "during the preceding 12 months?",
            ),
        ),
    ),
    "an anchor for lawyers": Fault(
        "reading",
        "MON.4.1",
        "options.not_done.anchor",
        (
            edit(
                "MON.4.1",
                "Alerts stay inside the tools, or go to a mailbox that nobody reads.",
                "Notification functionality operates independently of organisational "
                "responsibilities.",
            ),
        ),
    ),
    "a whole catalog for lawyers": Fault(
        "reading",
        "",
        "median",
        (*everywhere(" the ", " aforementioned "), *everywhere(" that ", " heretofore ")),
    ),
    "a phrase that says nothing": Fault(
        "generic",
        "MON.4.1",
        "options.not_done.anchor",
        (
            edit(
                "MON.4.1",
                "Alerts stay inside the tools, or go to a mailbox that nobody reads.",
                "Alerts stay inside the tools and/or go to a mailbox that nobody reads.",
            ),
        ),
    ),
    "a vendor’s name": Fault(
        "vendors",
        "MON.4.1",
        "options.not_done.anchor",
        (
            edit(
                "MON.4.1",
                "Alerts stay inside the tools, or go to a mailbox that nobody reads.",
                "Alerts stay inside Splunk, or go to a mailbox that nobody reads.",
            ),
        ),
    ),
    "the name of a law": Fault(
        "laws",
        "CPR.1.1",
        "hint",
        (edit("CPR.1.1", "Think of privacy law,", "Think of the GDPR,"),),
    ),
    "the name of a framework": Fault(
        "framework names",
        "VUL.4.6",
        "why",
        (edit("VUL.4.6", "Defences fail silently:", "Defences fail silently, says ISO 27001:"),),
    ),
    "an abbreviation in a stem": Fault(
        "jargon",
        "MON.4.1",
        "text",
        (edit("MON.4.1", "an urgent security alert", "an urgent alert of the SIEM"),),
    ),
    "jargon in a stem": Fault(
        "jargon",
        "RSK.1.1",
        "text",
        (
            edit(
                "RSK.1.1", text_of("RSK.1.1"), "How has top management settled your risk appetite?"
            ),
        ),
    ),
    "a share of companies": Fault(
        "figures",
        "VUL.4.6",
        "why",
        (
            edit(
                "VUL.4.6", "Defences fail silently:", "Defences fail silently at 60 % of companies:"
            ),
        ),
    ),
    "a study without a name": Fault(
        "figures",
        "VUL.4.6",
        "why",
        (edit("VUL.4.6", "Defences fail silently:", "Studies show that defences fail silently:"),),
    ),
    "a straight apostrophe": Fault(
        "typography",
        "VUL.4.6",
        "where",
        (edit("VUL.4.6", "Ask each tool’s administrator", "Ask each tool's administrator"),),
    ),
    "a space too many": Fault(
        "typography",
        "VUL.4.6",
        "where",
        (edit("VUL.4.6", "Ask each tool’s administrator", "Ask each  tool’s administrator"),),
    ),
    "three dots": Fault(
        "typography",
        "VUL.4.6",
        "where",
        (edit("VUL.4.6", "Ask each tool’s administrator", "Ask each tool’s administrator..."),),
    ),
    "a question without its mark": Fault(
        "endings",
        "VUL.4.6",
        "text",
        (edit("VUL.4.6", text_of("VUL.4.6"), text_of("VUL.4.6").rstrip("?") + "."),),
    ),
    "an anchor without a full stop": Fault(
        "endings",
        "MON.4.1",
        "options.not_done.anchor",
        (edit("MON.4.1", "to a mailbox that nobody reads.", "to a mailbox that nobody reads"),),
    ),
    "a label with a full stop": Fault(
        "endings",
        "IAM.1.6",
        "options.partly.label",
        (edit("IAM.1.6", 'label = "Partly"', 'label = "Partly."'),),
    ),
    "a sentence that begins small": Fault(
        "endings",
        "VUL.4.6",
        "where",
        (edit("VUL.4.6", "Ask each tool’s administrator", "ask each tool’s administrator"),),
    ),
    "a profile question without its mark": Fault(
        "endings",
        "size",
        "text",
        (Edit("profile.toml", "How many people work for you?", "How many people work for you"),),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_rule_finds_the_fault_it_is_for_and_no_other_rule_does(
    name: str, tmp_path: Path
) -> None:
    fault = FAULTS[name]

    found = lint.lint(loading.load(VERSION, planted(tmp_path, fault.edits)))

    assert {finding.rule for finding in found} == {fault.rule}, [str(f) for f in found]
    file = f"{fault.question[:3].lower()}.toml" if fault.question else "catalog.toml"
    place = (file if fault.question != "size" else "profile.toml", fault.question, fault.field)
    assert place in {(f.file, f.question, f.field) for f in found}, [str(f) for f in found]


def test_every_rule_was_shown_a_fault() -> None:
    rules = {rule for names in lint.RULES for rule in names.split(", ")}

    assert rules == {fault.rule for fault in FAULTS.values()}


def test_a_finding_says_where_it_is() -> None:
    finding = Finding("length", "iam.toml", "IAM.1.6", "hint", "40 words; 32 at most")

    assert str(finding) == "iam.toml: IAM.1.6 hint: 40 words; 32 at most [length]"


# --- what the constructors refuse ----------------------------------------------------------------

REFUSED = {
    "a prerequisite that does not exist": (
        "IAM.3.6.prerequisites names IAM.9.9",
        edit("IAM.3.6", 'prerequisites = ["IAM.3.1"]', 'prerequisites = ["IAM.9.9"]'),
    ),
    "prerequisites in a circle": (
        "prerequisites leads back to itself",
        edit("IAM.3.1", "na_allowed", 'prerequisites = ["IAM.3.4"]\nna_allowed'),
    ),
    "a condition that the profile lacks": (
        "NET.4.3.when names remote=",
        edit("NET.4.3", 'remote = ["some", "most"]', 'remote = ["often"]'),
    ),
    "a must-have that only the deep tier asks": (
        "iam.toml: IAM.1.6: must_have is set",
        edit("IAM.1.6", "weight = 1", "weight = 1\nmust_have = 3"),
    ),
    "options that do not run worst to best": (
        "iam.toml: IAM.1.6: options are ['partly', 'no', 'yes']",
        Edit(
            "iam.toml",
            block("IAM.1.6"),
            block("IAM.1.6")
            .replace('value = "no"', 'value = "?"')
            .replace('value = "partly"', 'value = "no"')
            .replace('value = "?"', 'value = "partly"'),
        ),
    ),
    "bands whose credits do not rise": (
        "iam.toml: IAM.4.5: bands have credits",
        edit("IAM.4.5", "credit = 750", "credit = 250"),
    ),
    "bands whose limits do not fall": (
        "iam.toml: IAM.4.5: bands have limits",
        edit("IAM.4.5", "limit = 60", "limit = 600"),
    ),
    "a primary control of another sub-area": (
        "IAM.1.6.primary.cis names 6.3",
        edit("IAM.1.6", 'primary = { cis = ["6.6"] }', 'primary = { cis = ["6.6", "6.3"] }'),
    ),
    "an id that stands twice": (
        "IAM.1.5 appears twice",
        edit("IAM.1.6", 'id = "IAM.1.6"', 'id = "IAM.1.5"'),
    ),
    "a field that does not exist": (
        "iam.toml: IAM.1.6: Object contains unknown field `urgency`",
        edit("IAM.1.6", "weight = 1", "weight = 1\nurgency = 2"),
    ),
    "a field that is missing": (
        "iam.toml: IAM.1.6: Object missing required field `risk`",
        edit("IAM.1.6", "risk = 2\n", ""),
    ),
    "a section that was not written": (
        "xyz.toml: the file is missing",
        Edit("catalog.toml", '"GOV"', '"XYZ"'),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_does_not_load(name: str, tmp_path: Path) -> None:
    message, change = REFUSED[name]

    with pytest.raises(CatalogError) as refusal:
        loading.load(VERSION, planted(tmp_path, (change,)))

    assert message in str(refusal.value)
