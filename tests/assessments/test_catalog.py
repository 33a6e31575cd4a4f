"""The values of a catalog: what they refuse to be, what an answer is worth, what is asked of whom.

About catalogs in general; what ships is tested elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from assessments.catalog.loading import CatalogError, load, versions
from assessments.catalog.questions import (
    Advice,
    AnyQuestion,
    Band,
    Catalog,
    Controls,
    Effort,
    Framework,
    InvalidAnswer,
    ProfileOption,
    ProfileQuestion,
    SubArea,
    Suggestion,
    Tier,
    Value,
    holds,
)
from tests.assessments.catalogs import (
    coverage,
    existence,
    make_catalog,
    make_section,
    maturity,
    number,
    possible_values,
    practices,
    recency,
)

CATALOG = """
title = "Two sections"
sections = ["GOV", "RES"]
"""

PROFILE = """
[[questions]]
id = "own_software"
text = "Do you write software?"
hint = "Scripts count."
options = [{ value = "yes", label = "Yes" }, { value = "no", label = "No" }]

[[questions]]
id = "payments"
text = "Does your software take payments?"
hint = "Cards or bank transfers."
options = [{ value = "yes", label = "Yes" }, { value = "no", label = "No" }]
when = { own_software = ["yes"] }

[[advice]]
when = { own_software = ["yes"] }
because = "Because you write software."
tier = "standard"
focus = ["GOV"]
"""

GOV = """
id = "GOV"
name = "Governance"
short = "Govern"
about = "Who decides."

[[sub_areas]]
id = "GOV.1"
name = "Leadership"
planned = { quick = 2, standard = 3, deep = 3 }
controls = { csf = ["GV.RR-01"], iso = ["A.5.4"] }

[[sub_areas]]
id = "GOV.2"
name = "Policy"
planned = { quick = 0, standard = 0, deep = 1 }

[[questions]]
id = "GOV.1.1"
type = "existence"
tier = "quick"
text = "Is one named executive accountable for security?"
hint = "By name."
why = "Somebody must decide."
where = "The organisation chart."
respondent = "Chief executive"
weight = 3
must_have = 3
risk = 3
effort = "S"
na_allowed = false
primary = { csf = ["GV.RR-01"] }
related = { cis = ["14.1"] }
options = [
  { value = "no", label = "No", anchor = "Nobody is named.", next = "Name one." },
  { value = "partly", label = "Partly", anchor = "Two share it.", next = "Choose one." },
  { value = "yes", label = "Yes", anchor = "One is named.", next = "Publish the name." },
]

[[questions]]
id = "GOV.1.2"
type = "practices"
tier = "quick"
text = "Which of these does the board receive?"
hint = "In the last year."
why = "What is not seen is not decided."
where = "The minutes."
respondent = "Secretary"
weight = 2
risk = 1
effort = "M"
na_allowed = true
prerequisites = ["GOV.1.1"]

[[questions.practices]]
value = "risks"
label = "Top risks"
anchor = "Risks are on the agenda."
next = "Send the risks."
weight = 2

[[questions.practices]]
value = "incidents"
label = "Incidents"
anchor = "Incidents are reported."
next = "Send the incidents."

[[questions.practices]]
value = "audits"
label = "Audits"
anchor = "Audits are summarised."
next = "Send the audits."

[[questions]]
id = "GOV.1.3"
type = "number"
tier = "standard"
text = "How many days pass before the board hears of a serious incident?"
hint = "The slowest of the last three."
why = "The law may ask for less."
where = "The incident log."
respondent = "Security lead"
weight = 1
risk = 2
effort = "L"
na_allowed = true
when = { own_software = ["yes"] }
unit = "days"
better = "lower"
maximum = 365

[[questions.bands]]
credit = 0
next = "Agree on a limit."

[[questions.bands]]
credit = 500
limit = 14
next = "Halve it."

[[questions.bands]]
credit = 1000
limit = 3
next = "Keep it."

[[questions]]
id = "GOV.2.1"
type = "maturity"
tier = "deep"
text = "Are policies reviewed?"
hint = "All of them."
why = "They grow old."
where = "The policies' front pages."
respondent = "Security lead"
weight = 1
risk = 1
effort = "S"
na_allowed = true
options = [
  { value = "not_done", label = "Not done", anchor = "No date.", next = "Set a date." },
  { value = "ad_hoc", label = "Ad hoc", anchor = "Some dates.", next = "Set them all." },
  { value = "defined", label = "Defined", anchor = "A rule.", next = "Follow it." },
  { value = "followed", label = "Followed", anchor = "Records.", next = "Measure." },
  { value = "measured", label = "Measured", anchor = "Figures.", next = "Go on." },
]
"""

RES = """
id = "RES"
name = "Resilience"
short = "Resilience"
about = "How to come back."
weight = 2

[[sub_areas]]
id = "RES.1"
name = "Backup"
planned = { quick = 1, standard = 2, deep = 2 }

[[questions]]
id = "RES.1.1"
type = "coverage"
tier = "quick"
text = "How many of your critical systems are backed up offline?"
hint = "Count each."
why = "Online copies are encrypted too."
where = "The backup plan."
respondent = "Infrastructure lead"
weight = 3
risk = 3
effort = "M"
na_allowed = false
population = "critical systems"
options = [
  { value = "none", label = "None", anchor = "No copy.", next = "Buy a disk." },
  { value = "under_25", label = "Fewer than a quarter", anchor = "One.", next = "Add one." },
  { value = "25_74", label = "About half", anchor = "Half.", next = "Add the rest." },
  { value = "75_94", label = "Most", anchor = "Most.", next = "Add the last." },
  { value = "95_100", label = "All", anchor = "All.", next = "Keep on." },
]

[[questions]]
id = "RES.1.2"
type = "recency"
tier = "standard"
text = "When did you last restore a critical system?"
hint = "A full restore."
why = "Backups fail when needed."
where = "The record."
respondent = "Infrastructure lead"
weight = 3
risk = 3
effort = "M"
na_allowed = false
prerequisites = ["RES.1.1"]
options = [
  { value = "never", label = "Never", anchor = "No record.", next = "Restore one." },
  { value = "over_24_months", label = "Long ago", anchor = "Old.", next = "Repeat it." },
  { value = "12_24_months", label = "Last year", anchor = "Older.", next = "Set a date." },
  { value = "within_12_months", label = "This year", anchor = "New.", next = "Set an interval." },
  { value = "within_interval", label = "In time", anchor = "All.", next = "Without experts." },
]
"""

FILES = {"catalog.toml": CATALOG, "profile.toml": PROFILE, "gov.toml": GOV, "res.toml": RES}


def write(folder: Path, files: dict[str, str] = FILES) -> Path:
    """The small catalog as version 1.0 in this folder."""
    (folder / "1.0").mkdir()
    for name, text in files.items():
        (folder / "1.0" / name).write_text(text, encoding="utf-8")
    return folder


def with_fault(folder: Path, name: str, part: str, right: str, wrong: str) -> Path:
    """The small catalog but for one thing: in this file, after `part`, it says wrong for right."""
    text = FILES[name]
    place = text.index(right, text.index(part))
    return write(folder, {**FILES, name: text[:place] + wrong + text[place + len(right) :]})


# What a file may not say


def test_the_small_catalog_loads(tmp_path: Path) -> None:
    catalog = load("1.0", write(tmp_path))

    assert (catalog.version, catalog.title) == ("1.0", "Two sections")
    assert [(section.id, section.weight) for section in catalog.sections] == [
        ("GOV", 1),
        ("RES", 2),
    ]
    assert [(question.id, question.kind) for question in catalog.questions.values()] == [
        ("GOV.1.1", "existence"),
        ("GOV.1.2", "practices"),
        ("GOV.1.3", "number"),
        ("GOV.2.1", "maturity"),
        ("RES.1.1", "coverage"),
        ("RES.1.2", "recency"),
    ]
    assert catalog.complete_tiers == tuple(Tier)
    assert [question.id for question in catalog.profile] == ["own_software", "payments"]
    assert [advice.focus for advice in catalog.advice] == [("GOV",)]


def test_a_version_is_loaded_once(tmp_path: Path) -> None:
    folder = write(tmp_path)

    assert load("1.0", folder) is load("1.0", folder)


MUST_RISE = "they must rise from 0 to 1000"
WORST_TO_BEST = "they must run worst to best"
HOME_ELSEWHERE = "which has its home elsewhere than"
THREE_DIFFERENT = "at least 3 different ones, none of them 'none'"


@pytest.mark.parametrize(
    ("question_id", "right", "wrong", "message"),
    [
        ("GOV.1.1", "weight = 3", "weight = 4", "weight is 4; it must be 1, 2 or 3"),
        ("GOV.1.1", "weight = 3", "weight = 0", "weight is 0; it must be 1, 2 or 3"),
        ("GOV.1.1", "weight = 3", "weight = true", "Expected `int`, got `bool` - at `$.weight`"),
        ("GOV.1.1", "weight = 3", "", "Object missing required field `weight`"),
        ("GOV.1.1", "risk = 3", "risk = 0", "risk is 0; it must be 1, 2 or 3"),
        ("GOV.1.1", "must_have = 3", "must_have = 2", "must_have is 2; it must be 3, 4 or 5"),
        ("GOV.1.1", "must_have = 3", "must_have = 6", "must_have is 6; it must be 3, 4 or 5"),
        (
            "GOV.2.1",
            "risk = 1",
            "risk = 1\nmust_have = 3",
            "must_have is set; must-haves belong to the standard tier",
        ),
        ("GOV.1.1", '"quick"', '"fast"', "Invalid enum value 'fast' - at `$.tier`"),
        ("GOV.1.1", 'effort = "S"', 'effort = "XL"', "Invalid enum value 'XL' - at `$.effort`"),
        ("GOV.1.1", '"existence"', '"yesno"', "Invalid value 'yesno' - at `$.type`"),
        ("GOV.1.1", "hint =", "tip =", "Object contains unknown field `tip`"),
        (
            "GOV.1.1",
            'value = "partly"',
            'value = "maybe"',
            "options are ['no', 'maybe', 'yes']; they must be ['no', 'partly', 'yes']",
        ),
        ("GOV.1.1", "anchor", "anker", "Object contains unknown field `anker` - at `$.options[0]`"),
        (
            "GOV.1.2",
            'value = "risks"',
            'value = "none"',
            f"practices are ['none', 'incidents', 'audits']; {THREE_DIFFERENT}",
        ),
        (
            "GOV.1.2",
            'value = "risks"',
            'value = "audits"',
            f"practices are ['audits', 'incidents', 'audits']; {THREE_DIFFERENT}",
        ),
        (
            "GOV.1.2",
            'next = "Send the audits."',
            'next = "Send the audits."\nweight = 5',
            "weight is 5; it must be 1, 2 or 3 - at `$.practices[2]`",
        ),
        ("GOV.1.3", '"lower"', '"less"', "better is 'less'; it must be 'lower' or 'higher'"),
        ("GOV.1.3", "= 0", "= 10", f"bands have credits [10, 500, 1000]; {MUST_RISE}"),
        ("GOV.1.3", "= 500", "= 1000", f"bands have credits [0, 1000, 1000]; {MUST_RISE}"),
        ("GOV.1.3", "= 1000", "= 900", f"bands have credits [0, 500, 900]; {MUST_RISE}"),
        (
            "GOV.1.3",
            "credit = 0",
            "credit = 0\nlimit = 30",
            "bands[0] has a limit; the worst band takes whatever is left",
        ),
        ("GOV.1.3", "limit = 14", "", "bands need a limit, all but the first"),
        ("GOV.1.3", "limit = 14", "limit = 2", f"bands have limits [2, 3]; {WORST_TO_BEST}"),
        ("GOV.1.3", "limit = 14", "limit = 3", f"bands have limits [3, 3]; {WORST_TO_BEST}"),
        ("GOV.1.3", '"lower"', '"higher"', f"bands have limits [14, 3]; {WORST_TO_BEST}"),
        ("GOV.1.3", "= 14", "= 366", "bands have limits [366, 3]; they must lie in 0..365"),
        (
            "GOV.1.3",
            "limit = 3",
            "limit = -3",
            "bands have limits [14, -3]; they must lie in 0..365",
        ),
        (
            "GOV.1.3",
            "limit = 3",
            "limit = 3.5",
            "Expected `int | null`, got `float` - at `$.bands[2].limit`",
        ),
    ],
)
def test_a_fault_in_a_question_is_refused_by_file_question_and_field(
    tmp_path: Path, question_id: str, right: str, wrong: str, message: str
) -> None:
    folder = with_fault(tmp_path, "gov.toml", f'id = "{question_id}"', right, wrong)

    with pytest.raises(CatalogError) as refused:
        load("1.0", folder)

    assert str(refused.value) == f"1.0/gov.toml: {question_id}: {message}"


@pytest.mark.parametrize(
    ("name", "right", "wrong", "message"),
    [
        (
            "gov.toml",
            '"GOV.1.1"',
            '"GOV.11"',
            "1.0/gov.toml: GOV.11: id is 'GOV.11'; it must look like IAM.3.2",
        ),
        (
            "gov.toml",
            'id = "GOV.1.2"\n',
            "",
            "1.0/gov.toml: 2: Object missing required field `id`",
        ),
        ("gov.toml", "name =", "title =", "1.0/gov.toml: Object contains unknown field `title`"),
        (
            "gov.toml",
            'name = "Governance"\n',
            "",
            "1.0/gov.toml: Object missing required field `name`",
        ),
        (
            "gov.toml",
            '"GOV.2"',
            '"GOV.3"',
            "1.0/gov.toml: sub_areas are ['GOV.1', 'GOV.3']; they must be GOV.1, GOV.2, ...",
        ),
        (
            "gov.toml",
            "standard = 3",
            "normal = 3",
            "1.0/gov.toml: Invalid enum value 'normal' - at `key` in `$.sub_areas[0].planned`",
        ),
        ("gov.toml", '"GOV.1.2"', '"GOV.1.1"', "1.0/gov.toml: GOV.1.1 appears twice"),
        (
            "gov.toml",
            'short = "Govern"',
            'short = "Govern"\nweight = 0',
            "1.0/gov.toml: weight is 0; it must be 1 or more",
        ),
        (
            "gov.toml",
            "quick = 0, standard = 0, deep = 1",
            "quick = 0, deep = 1",
            (
                "1.0/gov.toml: planned of GOV.2 must say how many questions each tier has"
                " - at `$.sub_areas[1]`"
            ),
        ),
        ("catalog.toml", '"GOV", "RES"', '"GOV", "RES", "GOV"', "1.0: a section appears twice"),
        (
            "profile.toml",
            'id = "payments"',
            'id = "own_software"',
            "1.0: a profile question appears twice",
        ),
        (
            "profile.toml",
            'value = "no", label = "No"',
            'value = "yes", label = "No"',
            (
                "1.0/profile.toml: options of own_software are ['yes', 'yes']; "
                "none may appear twice - at `$.questions[0]`"
            ),
        ),
        (
            "gov.toml",
            '"GOV.2.1"',
            '"GOV.3.1"',
            "1.0/gov.toml: GOV.3.1 belongs to no sub-area of GOV",
        ),
        (
            "gov.toml",
            'primary = { csf = ["GV.RR-01"]',
            'primary = { csf = ["GV.RR-02"]',
            f"1.0/gov.toml: GOV.1.1.primary.csf names GV.RR-02, {HOME_ELSEWHERE} GOV.1",
        ),
        (
            "gov.toml",
            'prerequisites = ["GOV.1.1"]',
            'prerequisites = ["GOV.9.9"]',
            "1.0: GOV.1.2.prerequisites names GOV.9.9, which does not exist",
        ),
        (
            "gov.toml",
            'prerequisites = ["GOV.1.1"]',
            'prerequisites = ["GOV.1.2"]',
            "1.0: GOV.1.2.prerequisites leads back to itself: ('GOV.1.2',)",
        ),
        (
            "gov.toml",
            "must_have = 3",
            'prerequisites = ["GOV.1.2"]',
            "1.0: GOV.1.1.prerequisites leads back to itself: ('GOV.1.1', 'GOV.1.2')",
        ),
        (
            "gov.toml",
            'own_software = ["yes"]',
            'own_software = ["yes", "often"]',
            "1.0: GOV.1.3.when names own_software=['yes', 'often'], which the profile lacks",
        ),
        (
            "gov.toml",
            "own_software =",
            "software =",
            "1.0: GOV.1.3.when names software=['yes'], which the profile lacks",
        ),
        (
            "profile.toml",
            'when = { own_software = ["yes"] }\n\n[[advice]]',
            'when = { software = ["yes"] }\n\n[[advice]]',
            "1.0: profile.payments.when names software=['yes'], which the profile lacks",
        ),
        (
            "profile.toml",
            "[[advice]]\nwhen = { own_software",
            "[[advice]]\nwhen = { software",
            "1.0: advice[0].when names software=['yes'], which the profile lacks",
        ),
        (
            "profile.toml",
            'focus = ["GOV"]',
            'focus = ["XXX"]',
            "1.0: advice[0] names XXX, which does not exist",
        ),
        (
            "profile.toml",
            'focus = ["GOV"]',
            'omit = ["XXX"]',
            "1.0: advice[0] names XXX, which does not exist",
        ),
        (
            "profile.toml",
            '"standard"',
            '"thorough"',
            "1.0/profile.toml: Invalid enum value 'thorough' - at `$.advice[0].tier`",
        ),
        (
            "catalog.toml",
            'title = "Two sections"',
            "",
            "1.0/catalog.toml: Object missing required field `title`",
        ),
        ("catalog.toml", '"RES"', '"IAM"', "1.0/iam.toml: the file is missing"),
    ],
)
def test_a_fault_in_a_file_or_between_files_is_refused_by_its_place(
    tmp_path: Path, name: str, right: str, wrong: str, message: str
) -> None:
    folder = with_fault(tmp_path, name, "", right, wrong)

    with pytest.raises(CatalogError) as refused:
        load("1.0", folder)

    assert str(refused.value) == message


def test_what_is_not_toml_is_refused_by_file(tmp_path: Path) -> None:
    folder = with_fault(tmp_path, "res.toml", "", "weight = 2", "weight =")

    with pytest.raises(CatalogError, match=r"^1\.0/res\.toml: Invalid value \(at line 6"):
        load("1.0", folder)


def test_what_is_not_utf_8_is_refused_by_file(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "1.0" / "res.toml").write_bytes(RES.replace("Backup", "Sauvegardé").encode("latin-1"))

    with pytest.raises(CatalogError, match=r"^1\.0/res\.toml: 'utf-8' codec can't decode byte"):
        load("1.0", folder)


def test_a_version_that_does_not_ship_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"^9\.9/catalog\.toml: the file is missing$"):
        load("9.9", write(tmp_path))


def test_a_number_without_bands_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^bands have credits \[\]; they must rise from 0 to 1000"
    ):
        number("IAM.1.1", bands=())


def test_fewer_than_three_practices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^practices are \['a', 'b'\]; at least 3"):
        practices("IAM.1.1", weights=(1, 1))


def test_versions_are_in_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("2026.10", "2027.1", "2026.9"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog.toml").touch()
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "ideas.toml").touch()

    assert versions(tmp_path) == ["2026.9", "2026.10", "2027.1"]


# Answers

LISTED = "Choose one of the answers listed."


@pytest.mark.parametrize(
    ("question", "scale"),
    [
        (
            maturity("IAM.1.1"),
            {"not_done": 0, "ad_hoc": 250, "defined": 500, "followed": 750, "measured": 1000},
        ),
        (
            coverage("IAM.1.1"),
            {"none": 0, "under_25": 250, "25_74": 500, "75_94": 750, "95_100": 1000},
        ),
        (
            recency("IAM.1.1"),
            {
                "never": 0,
                "over_24_months": 250,
                "12_24_months": 500,
                "within_12_months": 750,
                "within_interval": 1000,
            },
        ),
        (existence("IAM.1.1"), {"no": 0, "partly": 500, "yes": 1000}),
    ],
    ids=lambda given: given.kind if not isinstance(given, dict) else "",
)
def test_a_choice_is_worth_its_place_on_the_scale(
    question: AnyQuestion, scale: dict[str, int]
) -> None:
    for value, credit in scale.items():
        assert question.checked(value) == value
        assert question.credit(value) == credit
        assert question.describe(value) == f"IAM.1.1 {value}"
        assert question.evidence(value) == f"Seen: {value}."
        assert question.next_steps(value) == (f"From {value} of IAM.1.1",)
    assert question.next_steps(None) == question.next_steps(next(iter(scale)))
    assert question.credits == tuple(scale.values())
    assert question.target == (1000 if question.kind == "existence" else 750)


@pytest.mark.parametrize(
    "question",
    [maturity("IAM.1.1"), coverage("IAM.1.1"), recency("IAM.1.1"), existence("IAM.1.1")],
    ids=lambda question: question.kind,
)
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        500.0,
        float("nan"),
        "",
        "Defined",
        "defined ",
        "partly ",
        "\x00",
        "\ud800",
        "x" * 1_000_000,
        ["defined"],
        [],
        {"defined": 1},
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_choice_that_is_not_listed_is_refused(question: AnyQuestion, value: object) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        question.checked(value)

    assert str(refused.value) == LISTED


PRACTICES = practices("IAM.1.1", weights=(1, 3, 2))


@pytest.mark.parametrize(
    ("value", "stored", "credit", "description", "evidence", "next_steps"),
    [
        (["none"], ["none"], 0, "None of these", "", ("Start b", "Start c", "Start a")),
        (["a"], ["a"], 166, "Practice a", "Seen: a.", ("Start b", "Start c")),
        (
            ["c", "a"],
            ["a", "c"],
            500,
            "Practice a; Practice c",
            "Seen: a. Seen: c.",
            ("Start b",),
        ),
        (["b", "b", "b"], ["b"], 500, "Practice b", "Seen: b.", ("Start c", "Start a")),
        (["b", "c"], ["b", "c"], 833, "Practice b; Practice c", "Seen: b. Seen: c.", ("Start a",)),
        (
            ["a", "b", "c"],
            ["a", "b", "c"],
            1000,
            "Practice a; Practice b; Practice c",
            "Seen: a. Seen: b. Seen: c.",
            (),
        ),
    ],
)
def test_practices_are_worth_their_share_of_the_weight(
    value: list[str],
    stored: list[str],
    credit: int,
    description: str,
    evidence: str,
    next_steps: tuple[str, ...],
) -> None:
    checked = PRACTICES.checked(value)

    assert checked == stored
    assert PRACTICES.credit(checked) == credit
    assert PRACTICES.describe(checked) == description
    assert PRACTICES.evidence(checked) == evidence
    assert PRACTICES.next_steps(checked) == next_steps


def test_practices_start_with_the_weightiest() -> None:
    assert PRACTICES.next_steps(None) == ("Start b", "Start c", "Start a")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "Tick what applies, or “None of these”."),
        ([], "Tick what applies, or “None of these”."),
        ((), "Tick what applies, or “None of these”."),
        ("a", "Tick what applies, or “None of these”."),
        ("none", "Tick what applies, or “None of these”."),
        (1, "Tick what applies, or “None of these”."),
        ({"a": True}, "Tick what applies, or “None of these”."),
        (["d"], "Choose from the answers listed."),
        (["a", "d"], "Choose from the answers listed."),
        (["a", 1], "Choose from the answers listed."),
        (["a", None], "Choose from the answers listed."),
        (["a", ["b"]], "Choose from the answers listed."),
        ([True], "Choose from the answers listed."),
        ([float("nan")], "Choose from the answers listed."),
        (["\ud800"], "Choose from the answers listed."),
        (["x"] * 100_000, "Choose from the answers listed."),
        (["none", "a"], "“None of these” cannot be combined with other answers."),
        (["a", "none"], "“None of these” cannot be combined with other answers."),
        (["none", "x"], "“None of these” cannot be combined with other answers."),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_practices_that_are_not_listed_are_refused(value: object, message: str) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        PRACTICES.checked(value)

    assert str(refused.value) == message


@pytest.mark.parametrize("weights", [(1, 1, 1), (3, 3, 3), (1, 3, 2), (1, 1, 1, 1, 3), (2, 2, 3)])
def test_the_credits_of_practices_are_those_that_ticking_them_can_earn(
    weights: tuple[int, ...],
) -> None:
    question = practices("IAM.1.1", weights=weights)

    assert question.credits == tuple(
        sorted({question.credit(value) for value in possible_values(question)})
    )


def test_the_target_of_practices_can_be_reached() -> None:
    assert practices("IAM.1.1", weights=(3, 3, 3)).target == 1000
    assert practices("IAM.1.1", weights=(1, 1, 1, 1)).target == 750
    assert practices("IAM.1.1", weights=(1, 3, 2)).target == 833


LOWER = number("IAM.1.1", (0, 250, 800, 1000), better="lower")
HIGHER = number("IAM.1.2", (0, 250, 700, 1000), better="higher", unit="hours")


@pytest.mark.parametrize(
    ("question", "value", "credit"),
    [
        (LOWER, "not_measured", 0),
        (LOWER, 0, 1000),
        (LOWER, 10, 1000),
        (LOWER, 11, 800),
        (LOWER, 20, 800),
        (LOWER, 21, 250),
        (LOWER, 30, 250),
        (LOWER, 31, 0),
        (LOWER, 1000, 0),
        (HIGHER, "not_measured", 0),
        (HIGHER, 0, 0),
        (HIGHER, 9, 0),
        (HIGHER, 10, 250),
        (HIGHER, 19, 250),
        (HIGHER, 20, 700),
        (HIGHER, 29, 700),
        (HIGHER, 30, 1000),
        (HIGHER, 1000, 1000),
    ],
)
def test_a_number_is_worth_its_band(question: AnyQuestion, value: Value, credit: int) -> None:
    checked = question.checked(value)

    assert checked == value
    assert question.credit(checked) == credit
    assert question.next_steps(checked) == (f"From {credit}",)


def test_a_number_is_described_with_its_unit() -> None:
    assert LOWER.describe(12) == "12 days"
    assert HIGHER.describe(0) == "0 hours"
    assert LOWER.describe("not_measured") == "Not measured"
    assert LOWER.evidence(12) == LOWER.evidence("not_measured") == ""
    assert LOWER.next_steps(None) == ("From 0",)


def test_the_bands_of_a_number_have_words() -> None:
    assert [LOWER.band_label(band) for band in LOWER.bands] == [
        "31 days or more",
        "21 to 30 days",
        "11 to 20 days",
        "up to 10 days",
    ]
    assert [HIGHER.band_label(band) for band in HIGHER.bands] == [
        "up to 9 hours",
        "10 to 19 hours",
        "20 to 29 hours",
        "30 hours or more",
    ]


def test_a_band_of_one_number_names_that_number() -> None:
    question = number(
        "IAM.1.1",
        bands=(
            Band(credit=0, next="Less."),
            Band(credit=500, next="Less.", limit=1),
            Band(credit=1000, next="Go on.", limit=0),
        ),
    )

    assert [question.band_label(band) for band in question.bands] == [
        "2 days or more",
        "1 day",
        "0 days",
    ]


def test_the_target_of_a_number_is_the_first_band_that_suffices() -> None:
    assert (LOWER.target, HIGHER.target) == (800, 1000)
    assert LOWER.credits == (0, 250, 800, 1000)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        3.0,
        1.5,
        float("nan"),
        float("inf"),
        "",
        "3",
        "Not measured",
        [3],
        [],
        {},
    ],
    ids=repr,
)
def test_what_is_not_a_whole_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        LOWER.checked(value)

    assert str(refused.value) == "Give a whole number of days, or “Not measured”."


@pytest.mark.parametrize("value", [-1, 1001, 10**5000], ids=["below", "above", "huge"])
def test_a_number_out_of_range_is_refused(value: int) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        LOWER.checked(value)

    assert str(refused.value) == "Give a number of days from 0 to 1,000."


# Questions


def test_a_question_knows_where_it_belongs() -> None:
    question = maturity("IAM.3.12")

    assert (question.section_id, question.sub_area_id) == ("IAM", "IAM.3")


def test_primary_controls_come_before_related_ones() -> None:
    question = maturity(
        "IAM.1.1", primary=Controls(csf=("PR.AA-03",)), related=Controls(csf=("PR.AA-01",))
    )

    assert question.controls(Framework.CSF) == ("PR.AA-03", "PR.AA-01")
    assert question.controls(Framework.ISO) == ()


def test_no_controls_are_false() -> None:
    assert not Controls()
    assert Controls(cis=("6.3",))


def test_a_tier_includes_those_before_it() -> None:
    assert [[tier.includes(other) for other in Tier] for tier in Tier] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_an_effort_has_a_factor_and_a_meaning() -> None:
    assert {effort: (effort.factor, effort.meaning) for effort in Effort} == {
        Effort.S: (1, "up to two weeks"),
        Effort.M: (2, "up to a quarter"),
        Effort.L: (3, "longer than a quarter"),
    }


# Conditions


@pytest.mark.parametrize(
    ("condition", "profile", "expected"),
    [
        ({}, {}, True),
        ({}, {"cloud": ["no"]}, True),
        ({"cloud": ["yes"]}, {"cloud": ["yes"]}, True),
        ({"cloud": ["yes"]}, {"cloud": ["no"]}, False),
        ({"cloud": ["yes", "some"]}, {"cloud": ["some"]}, True),
        ({"regions": ["eu"]}, {"regions": ["us", "eu"]}, True),
        ({"regions": ["eu"]}, {"regions": ["us", "asia"]}, False),
        ({"cloud": ["yes"]}, {}, True),
        ({"cloud": ["yes"]}, {"ot": ["no"]}, True),
        ({"cloud": ["yes"], "ot": ["yes"]}, {"cloud": ["yes"], "ot": ["no"]}, False),
        ({"cloud": ["yes"], "ot": ["yes"]}, {"cloud": ["yes"]}, True),
    ],
)
def test_a_condition_holds_when_nothing_in_the_profile_denies_it(
    condition: dict[str, list[str]], profile: dict[str, list[str]], expected: bool
) -> None:
    assert holds(condition, profile) is expected


# What is asked

YES_NO = (ProfileOption("yes", "Yes"), ProfileOption("no", "No"))
CLOUD = ProfileQuestion("cloud", "Do you use the cloud?", "Any.", YES_NO)
OT = ProfileQuestion("ot", "Do you run machines?", "Any.", YES_NO)


def three_sections(**fields: Any) -> Catalog:
    """NET has nothing for a quick tier, CLD nothing for those without a cloud."""
    return make_catalog(
        make_section(
            "IAM",
            maturity("IAM.1.1"),
            maturity("IAM.2.1", tier=Tier.STANDARD),
            maturity("IAM.2.2", tier=Tier.DEEP, when={"ot": ["yes"]}),
        ),
        make_section("NET", maturity("NET.1.1", tier=Tier.STANDARD)),
        make_section("CLD", maturity("CLD.1.1", when={"cloud": ["yes"]})),
        **{"profile": (CLOUD, OT), **fields},
    )


ALL = ("IAM", "NET", "CLD")


@pytest.mark.parametrize(
    ("tier", "section_ids", "profile", "expected"),
    [
        (Tier.QUICK, ALL, {}, ["IAM.1.1", "CLD.1.1"]),
        (Tier.STANDARD, ALL, {}, ["IAM.1.1", "IAM.2.1", "NET.1.1", "CLD.1.1"]),
        (Tier.DEEP, ALL, {}, ["IAM.1.1", "IAM.2.1", "IAM.2.2", "NET.1.1", "CLD.1.1"]),
        (Tier.DEEP, ALL, {"ot": ["no"]}, ["IAM.1.1", "IAM.2.1", "NET.1.1", "CLD.1.1"]),
        (Tier.DEEP, ALL, {"cloud": ["no"], "ot": ["no"]}, ["IAM.1.1", "IAM.2.1", "NET.1.1"]),
        (Tier.STANDARD, ("CLD", "NET"), {}, ["NET.1.1", "CLD.1.1"]),
        (Tier.DEEP, ("XXX",), {}, []),
    ],
)
def test_a_questionnaire_asks_what_tier_sections_and_profile_leave(
    tier: Tier, section_ids: tuple[str, ...], profile: dict[str, list[str]], expected: list[str]
) -> None:
    questionnaire = three_sections().questionnaire(tier, section_ids, profile)

    assert [question.id for question in questionnaire] == expected
    assert list(questionnaire.questions) == expected


def test_a_section_of_a_questionnaire_shows_a_page_for_each_sub_area_that_asks() -> None:
    catalog = three_sections()

    quick = catalog.questionnaire(Tier.QUICK, ALL, {}).sections_by_id
    deep = catalog.questionnaire(Tier.DEEP, ALL, {}).sections_by_id

    def pages(sections: Any, section_id: str) -> list[tuple[str, list[str]]]:
        return [(s.id, [q.id for q in asked]) for s, asked in sections[section_id].pages]

    assert pages(quick, "IAM") == [("IAM.1", ["IAM.1.1"])]
    assert pages(quick, "NET") == []
    assert pages(deep, "IAM") == [("IAM.1", ["IAM.1.1"]), ("IAM.2", ["IAM.2.1", "IAM.2.2"])]
    assert deep["IAM"].name == "Section IAM"


def test_a_tier_is_complete_when_every_sub_area_has_what_is_planned() -> None:
    section = make_section("IAM", maturity("IAM.1.1"), maturity("IAM.1.2", tier=Tier.STANDARD))

    def with_planned(**planned: int) -> Catalog:
        sub_area = SubArea("IAM.1", "One", {Tier(name): count for name, count in planned.items()})
        return make_catalog(
            msgspec.structs.replace(section, sub_areas=(sub_area,)),
            make_section("NET", maturity("NET.1.1")),
        )

    assert with_planned(quick=1, standard=2, deep=2).complete_tiers == tuple(Tier)
    assert with_planned(quick=1, standard=2, deep=3).complete_tiers == (Tier.QUICK, Tier.STANDARD)
    assert with_planned(quick=1, standard=3, deep=4).complete_tiers == (Tier.QUICK,)
    assert with_planned(quick=2, standard=3, deep=4).complete_tiers == ()


# What the intake suggests

USES_CLOUD = {"cloud": ["yes"]}
RUNS_MACHINES = {"ot": ["yes"]}


def test_without_advice_the_quick_tier_with_all_sections_is_suggested() -> None:
    assert three_sections().suggest(USES_CLOUD) == Suggestion(Tier.QUICK, ALL, (), ())


def test_advice_applies_to_what_was_said_and_to_nothing_left_open() -> None:
    catalog = three_sections(
        advice=(Advice(USES_CLOUD, "Because of the cloud.", Tier.STANDARD, focus=("CLD",)),)
    )
    applied = Suggestion(Tier.STANDARD, ALL, ("CLD",), ("Because of the cloud.",))
    not_applied = Suggestion(Tier.QUICK, ALL, (), ())

    assert catalog.suggest({"cloud": ["yes"]}) == applied
    assert catalog.suggest({"cloud": ["no"]}) == not_applied
    assert catalog.suggest({}) == not_applied


def test_the_deepest_tier_that_is_advised_is_suggested_with_its_reason() -> None:
    catalog = three_sections(
        advice=(
            Advice(USES_CLOUD, "Standard for the cloud.", Tier.STANDARD),
            Advice(RUNS_MACHINES, "Deep for machines.", Tier.DEEP),
        )
    )

    suggestion = catalog.suggest({**USES_CLOUD, **RUNS_MACHINES})

    assert (suggestion.tier, suggestion.reasons) == (Tier.DEEP, ("Deep for machines.",))


def test_a_tier_that_is_not_complete_is_not_suggested() -> None:
    sub_area = SubArea("IAM.1", "One", {Tier.QUICK: 1, Tier.STANDARD: 1, Tier.DEEP: 2})
    unfinished = msgspec.structs.replace(
        make_section("IAM", maturity("IAM.1.1")), sub_areas=(sub_area,)
    )
    catalog = make_catalog(
        unfinished,
        profile=(OT,),
        advice=(Advice(RUNS_MACHINES, "Deep for machines.", Tier.DEEP),),
    )

    assert catalog.suggest(RUNS_MACHINES) == Suggestion(Tier.STANDARD, ("IAM",), (), ())


def test_a_section_that_is_left_out_is_no_focus_either() -> None:
    catalog = three_sections(
        advice=(
            Advice(RUNS_MACHINES, "Networks matter.", focus=("NET", "IAM")),
            Advice({"cloud": ["no"]}, "No cloud.", omit=("CLD", "NET")),
        )
    )

    assert catalog.suggest({"cloud": ["no"], "ot": ["yes"]}) == Suggestion(
        Tier.QUICK, ("IAM",), ("IAM",), ("Networks matter.", "No cloud.")
    )


def test_a_file_holds_the_section_it_is_named_for(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "gov.toml": RES})

    with pytest.raises(CatalogError, match=r"^1\.0/gov\.toml: id is 'RES'$"):
        load("1.0", tmp_path)


def test_questions_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "gov.toml": 'questions = ["GOV.1.1"]'})

    with pytest.raises(CatalogError, match=r"^1\.0/gov\.toml: questions: Expected `object`"):
        load("1.0", tmp_path)


def test_who_said_nothing_about_a_thing_is_asked_about_it() -> None:
    assert holds({"ot": ["industrial"]}, {})
    assert holds({"ot": ["industrial"]}, {"ot": []})
    assert not holds({"ot": ["industrial"]}, {"ot": ["none"]})
