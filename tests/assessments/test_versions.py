"""What happens to assessments when the next version of the catalog ships.

The versions lie side by side in a temporary folder: the present one, and from the middle of a
test on a small one after it that rewords, weighs anew, adds and drops questions.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments import answering, completion, starting
from assessments.catalog import loading
from assessments.catalog.questions import Tier
from assessments.comparison import Rescoped, Standing, compare
from assessments.models import Assessment
from assessments.scoring import State
from tests.factories import answer_all, make_assessment, make_user, now, worth

pytestmark = pytest.mark.django_db

PRESENT = loading.versions()[-1]
NEXT = f"{int(PRESENT.split('.')[0]) + 1}.1"

CATALOG = """
title = "The next catalog"
sections = ["GOV", "RES"]
"""

PROFILE = """
advice = []

[[questions]]
id = "size"
text = "How many people work for you?"
hint = "All of them."
options = [{ value = "few", label = "Few" }, { value = "many", label = "Many" }]
"""

GOV = """
id = "GOV"
name = "Governance"
short = "Governance"
about = "Who decides."

[[sub_areas]]
id = "GOV.1"
name = "Leadership"
planned = { quick = 2, standard = 2, deep = 2 }

[[questions]]
id = "GOV.1.1"
type = "existence"
tier = "quick"
text = "Does one member of top management answer for security, by name?"
hint = "In writing."
why = "Somebody must decide."
where = "The organisation chart."
respondent = "Chief executive"
weight = 1
risk = 3
effort = "S"
na_allowed = false
options = [
  { value = "no", label = "No", anchor = "Nobody is named.", next = "Name one." },
  { value = "partly", label = "Partly", anchor = "Two share it.", next = "Choose one." },
  { value = "yes", label = "Yes", anchor = "One is named.", next = "Publish the name." },
]

[[questions]]
id = "GOV.1.9"
type = "existence"
tier = "quick"
text = "Is there a deputy for that person?"
hint = "In writing."
why = "People fall ill."
where = "The organisation chart."
respondent = "Chief executive"
weight = 3
risk = 3
effort = "S"
na_allowed = false
options = [
  { value = "no", label = "No", anchor = "There is no deputy.", next = "Name one." },
  { value = "partly", label = "Partly", anchor = "It is settled by word.", next = "Write it." },
  { value = "yes", label = "Yes", anchor = "It is written.", next = "Publish the name." },
]
"""

RES = """
id = "RES"
name = "Resilience"
short = "Resilience"
about = "How to come back."

[[sub_areas]]
id = "RES.1"
name = "Impact"
planned = { quick = 0, standard = 0, deep = 0 }

[[sub_areas]]
id = "RES.2"
name = "Backup"
planned = { quick = 0, standard = 0, deep = 0 }

[[sub_areas]]
id = "RES.3"
name = "Restore"
planned = { quick = 1, standard = 1, deep = 1 }

[[questions]]
id = "RES.3.1"
type = "recency"
tier = "quick"
text = "When did you last bring a system back from a backup?"
hint = "A whole one."
why = "Untested backups fail."
where = "The record of the last restore."
respondent = "IT lead"
weight = 3
must_have = 3
risk = 3
effort = "M"
na_allowed = false
options = [
  { value = "never", label = "Never", anchor = "No restore.", next = "Restore one." },
  { value = "over_24_months", label = "Long ago", anchor = "An old one.", next = "Repeat it." },
  { value = "12_24_months", label = "Last year", anchor = "A record.", next = "Set a date." },
  { value = "within_12_months", label = "This year", anchor = "Checked.", next = "Test all." },
  { value = "within_interval", label = "On time", anchor = "A calendar.", next = "Swap people." },
]
"""


@pytest.fixture
def ship_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The present version alone in a folder; the next one joins it when this is called."""
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / PRESENT).symlink_to(loading.DIRECTORY / PRESENT)
    monkeypatch.setattr(loading, "load", partial(loading.load, directory=folder))
    monkeypatch.setattr(loading, "versions", partial(loading.versions, directory=folder))
    assert loading.versions() == [PRESENT]

    def ship() -> None:
        version = folder / NEXT
        version.mkdir()
        for name, text in (
            ("catalog", CATALOG),
            ("profile", PROFILE),
            ("gov", GOV),
            ("res", RES),
        ):
            (version / f"{name}.toml").write_text(text, encoding="utf-8")
        assert loading.versions() == [PRESENT, NEXT]

    return ship


def test_a_running_assessment_stays_on_its_version(
    ship_next: Callable[[], None], owner: User, owner_client: Client
) -> None:
    assessment = make_assessment(owner)
    asked = list(assessment.questionnaire.questions)
    page = reverse("assessments:questions", args=[assessment.pk, "GOV.1"])
    before = owner_client.get(page).content.decode()
    old_wording = loading.current().questions["GOV.1.1"].text

    ship_next()

    assert loading.current().version == NEXT
    after = owner_client.get(page).content.decode()
    assert old_wording in before
    assert old_wording in after
    assert "GOV.1.9" not in after
    again = Assessment.objects.get(pk=assessment.pk)
    assert again.catalog_version == PRESENT
    assert list(again.questionnaire.questions) == asked


def test_it_is_answered_and_scored_on_its_version(
    ship_next: Callable[[], None], owner: User, owner_client: Client
) -> None:
    """Also in sections that the next version has dropped."""
    assessment = make_assessment(owner)
    expected = [section.id for section in assessment.questionnaire.sections]
    ship_next()

    done = completion.complete(answer_all(assessment), at=now())

    assert done.result.catalog_version == PRESENT
    assert [section.section_id for section in done.result.sections] == expected
    result = owner_client.get(reverse("reports:results", args=[done.pk]))
    assert f"catalog {PRESENT}" in result.content.decode()
    section = owner_client.get(reverse("reports:section", args=[done.pk, "IAM"]))
    assert section.status_code == 200


def test_a_second_start_returns_the_running_one_on_its_version(
    ship_next: Callable[[], None], owner: User
) -> None:
    running = make_assessment(owner)
    ship_next()

    again = starting.start(owner, tier=Tier.QUICK, section_ids=["GOV"], profile={}, at=now())

    assert again == running
    assert again.catalog_version == PRESENT


def test_what_starts_afterwards_runs_on_the_next_version(
    ship_next: Callable[[], None], owner: User
) -> None:
    make_assessment(owner)
    ship_next()

    fresh = make_assessment(make_user("other@example.org"))

    assert fresh.catalog_version == NEXT
    assert list(fresh.questionnaire.questions) == ["GOV.1.1", "GOV.1.9", "RES.3.1"]
    saved = answering.save(fresh, {"IAM.3.1": answering.Given(state=State.DONT_KNOW)}, at=now())
    assert "IAM.3.1" in saved.refusals


def test_a_result_is_read_and_never_scored_again(
    ship_next: Callable[[], None], owner: User
) -> None:
    done = completion.complete(answer_all(make_assessment(owner), 2), at=now())
    frozen = done.result
    ship_next()

    assert Assessment.objects.get(pk=done.pk).result == frozen


def test_two_runs_on_two_versions_are_compared_on_what_both_asked(
    ship_next: Callable[[], None], owner: User
) -> None:
    """By hand: common are GOV.1.1, in a section by itself, and RES.3.1 likewise.

    Before: GOV.1.1 partly (500), RES.3.1 never (0): 25. After: 1000 and 750: 87.5.
    """
    first = make_assessment(owner)
    catalog = first.catalog
    answered = {
        **{question.id: worth(question, 4) for question in first.questionnaire},
        "GOV.1.1": worth(catalog.questions["GOV.1.1"], 2),
        "RES.3.1": worth(catalog.questions["RES.3.1"], 0),
    }
    answering.save(first, answered, at=now())
    first = completion.complete(first, at=now())
    ship_next()
    second = make_assessment(owner)
    questions = second.catalog.questions
    answering.save(
        second,
        {
            "GOV.1.1": worth(questions["GOV.1.1"], 4),
            "GOV.1.9": worth(questions["GOV.1.9"], 0),
            "RES.3.1": worth(questions["RES.3.1"], 3),
        },
        at=now(),
    )
    second = completion.complete(second, at=now())

    comparison = compare(first.questionnaire, first.result, second.questionnaire, second.result)

    assert [(s.section_id, s.before, s.after) for s in comparison.sections] == [
        ("GOV", Fraction(50), Fraction(100)),
        ("RES", Fraction(0), Fraction(75)),
    ]
    assert (comparison.before, comparison.after) == (Fraction(25), Fraction(175, 2))
    assert [change.question_id for change in comparison.improved] == ["GOV.1.1", "RES.3.1"]
    assert Rescoped("GOV.1.9", Standing.NOT_IN_CATALOG, Standing.COUNTS) in comparison.rescoped
    assert Rescoped("IAM.3.1", Standing.COUNTS, Standing.NOT_IN_CATALOG) in comparison.rescoped
    assert len(comparison.rescoped) == 1 + 21
