"""What the pages say about the controls of the frameworks."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments import answering, completion
from assessments.catalog import frameworks as published
from assessments.catalog.questions import Controls, Framework, Questionnaire
from assessments.models import Assessment
from assessments.scoring import Answer, State, score
from reports import frameworks
from reports.frameworks import ControlRow, FrameworkView
from tests.assessments.catalogs import NOT_APPLICABLE, answers_worth, asking, maturity
from tests.factories import answer_all, make_assessment, make_completed, now, worth

WITHOUT = "Nothing of ours can be reached from the internet."


def view(
    asked: Questionnaire, answers: dict[str, Answer], which: Framework = Framework.ISO
) -> FrameworkView:
    views = frameworks.views(asked, score(asked, answers))
    (found,) = (view for view in views if view.id == which.value)
    return found


def control(shown: FrameworkView, name: str) -> ControlRow:
    (found,) = (row for group in shown.groups for row in group.controls if row.id == name)
    return found


# --- the words, by hand --------------------------------------------------------------------------


def test_a_framework_says_how_much_of_it_was_assessed() -> None:
    asked = asking(
        maturity("IAM.1.1", related=Controls(iso=("A.5.15", "A.5.16"))),
        maturity("IAM.1.2", related=Controls(iso=("A.8.2",))),
        maturity("IAM.1.3", related=Controls(iso=("A.8.5",))),
    )
    answers = {**answers_worth(asked, {"IAM.1.1": 750, "IAM.1.2": 250}), "IAM.1.3": NOT_APPLICABLE}

    shown = view(asked, answers)

    assert shown.sentence == (
        "4 of 93 controls were assessed: 2 met, 1 partly, 1 not applicable, 89 not assessed."
    )
    assert shown.applicability == (
        "By these answers 3 apply; 1 was left out as not applicable, with the reasons given: A.8.5."
    )
    assert [group.sentence for group in shown.groups] == [
        "2 met, 35 not assessed",
        "8 not assessed",
        "14 not assessed",
        "1 partly, 1 not applicable, 32 not assessed",
    ]


def test_only_iso_speaks_of_applicability() -> None:
    asked = asking(maturity("IAM.1.1", related=Controls(csf=("PR.AA-01",))))

    assert view(asked, {}, Framework.CSF).applicability == ""
    assert view(asked, {}, Framework.CIS).sentence == "None of the 153 safeguards was assessed."
    assert view(asked, {}, Framework.ISO).applicability == ""


def test_everything_applies_where_nothing_was_left_out() -> None:
    asked = asking(maturity("IAM.1.1", related=Controls(iso=("A.8.5",))))

    assert view(asked, {}).applicability == (
        "By these answers 1 applies, and none was left out as not applicable."
    )


def test_a_mean_credit_is_rounded_half_up() -> None:
    """(250 + 500) / 2 is whole, (1000 + 250 + 250) / 3 too, (750 + 500 + 500) / 3 is 583.3."""
    asked = asking(*(maturity(f"IAM.1.{n}", related=Controls(iso=("A.8.5",))) for n in (1, 2, 3)))
    answers = answers_worth(asked, {"IAM.1.1": 750, "IAM.1.2": 500, "IAM.1.3": 500})
    two = {**answers_worth(asked, {"IAM.1.1": 750, "IAM.1.2": 0}), "IAM.1.3": NOT_APPLICABLE}

    assert control(view(asked, answers), "A.8.5").credit == "583"
    assert control(view(asked, two), "A.8.5").credit == "375"
    assert control(view(asked, two), "A.8.5").not_applicable == ("IAM.1.3",)
    assert control(view(asked, {}), "A.8.6").credit == ""


def test_the_bar_shows_what_is_met_and_beyond_it_what_is_partly() -> None:
    """Of 34 technological controls two do not apply; 8 of the 32 are met, 4 partly."""
    ids = [f"A.8.{n}" for n in range(1, 35)]
    asked = asking(
        maturity("IAM.1.1", related=Controls(iso=tuple(ids[:8]))),
        maturity("IAM.1.2", related=Controls(iso=tuple(ids[8:12]))),
        maturity("IAM.1.3", related=Controls(iso=tuple(ids[12:14]))),
    )
    answers = {**answers_worth(asked, {"IAM.1.1": 1000, "IAM.1.2": 500}), "IAM.1.3": NOT_APPLICABLE}

    bar = view(asked, answers).groups[3].bar

    assert bar.score is not None
    assert bar.reach is not None
    assert float(bar.score.width) == 200 * 8 / 32
    assert float(bar.reach.width) == 200 * 4 / 32
    assert "8 met, 4 partly, 2 not applicable, 20 not assessed" in bar.title
    assert bar.ticks == ()


def test_a_group_in_which_nothing_applies_has_an_empty_bar() -> None:
    theme = published.groups(Framework.ISO)[1]
    asked = asking(maturity("PPL.1.1", related=Controls(iso=theme.controls)))

    bar = view(asked, {"PPL.1.1": NOT_APPLICABLE}).groups[1].bar

    assert bar.score is bar.reach is None


# --- the pages -----------------------------------------------------------------------------------


def text_of(content: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


@pytest.fixture
def mixed(owner: User) -> Assessment:
    assessment = make_assessment(owner)
    questions = list(assessment.questionnaire)
    given = {q.id: worth(q, number % 5) for number, q in enumerate(questions)}
    given["VUL.2.1"] = answering.Given(state=State.NOT_APPLICABLE, na_reason=WITHOUT)
    assert not answering.save(assessment, given, at=now()).refusals
    return completion.complete(assessment, at=now())


def url(name: str, assessment: Assessment, *args: str) -> str:
    return reverse(f"reports:{name}", args=[assessment.pk, *args])


@pytest.mark.django_db
def test_the_result_counts_the_controls_of_each_framework(
    mixed: Assessment, owner_client: Client
) -> None:
    page = owner_client.get(url("results", mixed)).content.decode()
    counted = dict(
        re.findall(
            r'/frameworks/#(\w+)">.*?</th>.*?class="number">(\d+ of \d+)</td>', page, re.DOTALL
        )
    )

    assert counted == {"csf": "24 of 106", "cis": "29 of 153", "iso": "25 of 93"}


@pytest.mark.django_db
@pytest.mark.parametrize("framework", Framework)
def test_each_status_follows_from_the_answers_behind_it(
    framework: Framework, mixed: Assessment, owner_client: Client
) -> None:
    """The whole page worked out again from the trace."""
    page = owner_client.get(url("framework", mixed, framework.value)).content.decode()
    rows = re.findall(
        r'<th scope="row"><span class="number">([^<]+)</span></th>(.*?)</tr>', page, re.DOTALL
    )
    marks = {m.question_id: m for section in mixed.result.sections for m in section.marks}
    shown = {name: text_of(row.encode()).split() for name, row in rows}

    assert list(shown) == [*published.controls(framework)]
    for name, row in rows:
        ids = re.findall(r'#([A-Z]{3}\.\d\.\d+)"', row)
        mapped = [
            question.id for question in mixed.questionnaire if name in question.controls(framework)
        ]
        assert sorted(ids) == sorted(mapped), name
        asked = [marks[question_id] for question_id in mapped]
        counting = [mark.credit for mark in asked if mark.state is not State.NOT_APPLICABLE]
        words = " ".join(shown[name])
        if not asked:
            assert words == "Not assessed – None was asked.", name
        elif not counting:
            assert words.startswith("Not applicable –"), name
            assert WITHOUT in words
        else:
            mean = Fraction(sum(counting), len(counting))
            status = "Met" if mean >= 750 else "Partly" if mean >= 250 else "Not met"
            assert words.startswith(f"{status} {int(mean + Fraction(1, 2))} "), name


@pytest.mark.django_db
def test_a_question_leads_to_its_place_in_the_section(
    mixed: Assessment, owner_client: Client
) -> None:
    page = owner_client.get(url("framework", mixed, "cis")).content.decode()
    section = owner_client.get(url("section", mixed, "IAM")).content.decode()

    assert f'href="{url("section", mixed, "IAM")}#IAM.3.1"' in page
    assert 'id="IAM.3.1"' in section


@pytest.mark.django_db
def test_the_reason_for_what_does_not_apply_is_told(
    mixed: Assessment, owner_client: Client
) -> None:
    page = text_of(owner_client.get(url("framework", mixed, "cis")).content)

    assert WITHOUT in page


@pytest.mark.django_db
def test_the_overview_leads_to_every_group(mixed: Assessment, owner_client: Client) -> None:
    overview = owner_client.get(url("frameworks", mixed)).content.decode()

    for framework in Framework:
        details = url("framework", mixed, framework.value)
        page = owner_client.get(details).content.decode()
        for group in published.groups(framework):
            assert f'href="{details}#{group.id}"' in overview
            assert f'id="{group.id}"' in page


@pytest.mark.django_db
def test_nothing_is_called_compliant(mixed: Assessment, owner_client: Client) -> None:
    pages = [
        url("results", mixed),
        url("frameworks", mixed),
        *(url("framework", mixed, framework.value) for framework in Framework),
        reverse("assessments:frameworks"),
        reverse("assessments:catalog"),
    ]

    for page in pages:
        assert "complian" not in re.sub(
            r"Compliance, privacy and records", "", owner_client.get(page).content.decode()
        )


@pytest.mark.django_db
def test_hostile_reasons_are_text(owner: User, owner_client: Client) -> None:
    assessment = answer_all(make_assessment(owner))
    evil = "<script>alert(1)</script> is not reachable here"
    answering.save(
        assessment,
        {"VUL.2.1": answering.Given(state=State.NOT_APPLICABLE, na_reason=evil)},
        at=now(),
    )
    completion.complete(assessment, at=now())

    page = owner_client.get(url("framework", assessment, "cis")).content.decode()

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


@pytest.mark.django_db
def test_before_the_end_and_for_unknown_names_there_is_nothing(
    owner: User, owner_client: Client
) -> None:
    done = make_completed(owner)
    open_one = make_assessment(owner)

    assert owner_client.get(url("framework", done, "xyz")).status_code == 404
    assert owner_client.get(url("frameworks", open_one)).status_code == 302
    assert owner_client.get(url("framework", open_one, "csf")).status_code == 302
    assert owner_client.get(url("framework", open_one, "xyz")).status_code == 404


@pytest.mark.django_db
def test_what_each_page_costs(
    mixed: Assessment, owner_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for page in (url("frameworks", mixed), url("framework", mixed, "csf")):
        with django_assert_num_queries(4):  # session, user, assessment, responses
            owner_client.get(page)
