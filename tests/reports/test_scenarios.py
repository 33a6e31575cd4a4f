"""What-ifs with a name."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments.models import Assessment
from assessments.roadmap import roadmap, what_if
from assessments.scoring import display
from reports import scenarios
from tests.api.conftest import Api
from tests.factories import make_completed

pytestmark = pytest.mark.django_db


@pytest.fixture
def completed(owner: User) -> Assessment:
    return make_completed(owner, 1)


def steps(assessment: Assessment, count: int) -> list[str]:
    plan = roadmap(assessment.questionnaire, assessment.answers, assessment.result)
    return [step.question_id for wave in plan.waves for step in wave.steps][:count]


def test_what_is_kept_is_the_choice_and_not_the_figure(completed: Assessment) -> None:
    chosen = steps(completed, 3)

    scenarios.keep(completed, name="  After the  roll-out ", question_ids=[*chosen, "XXX.1.1"])

    completed.refresh_from_db()
    (kept,) = completed.scenarios
    assert set(kept) == {"id", "name", "question_ids"}
    (shown,) = scenarios.of(completed)
    assert shown.name == "After the roll-out"
    assert shown.outcome == what_if(
        completed.questionnaire, completed.answers, completed.result, chosen
    )


def test_the_page_keeps_shows_and_deletes(
    owner_client: Client, completed: Assessment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse("reports:scenarios", args=[completed.pk])
    chosen = steps(completed, 2)
    result = reverse("reports:results", args=[completed.pk])
    page = owner_client.get(result, {"raise": chosen}).content.decode()
    assert "Keep this as a scenario, named" in page

    kept = owner_client.post(address, {"name": "Two <b>steps</b>", "raise": chosen}, follow=True)
    with django_assert_num_queries(4):  # session, user, assessment with its owner, answers
        page = owner_client.get(address).content.decode()

    assert b"The scenario is kept." in kept.content
    assert "Two &lt;b&gt;steps&lt;/b&gt;" in page
    assert all(f"raise={question_id}" in page for question_id in chosen)
    completed.refresh_from_db()
    gone = reverse("reports:delete-scenario", args=[completed.pk, completed.scenarios[0]["id"]])
    assert owner_client.post(gone).status_code == 302
    assert owner_client.post(gone).status_code == 404


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": "Nothing"}, "Choose at least one step that gains something."),
        ({"name": " ", "raise": "IAM.3.1"}, "Give it a name of at most 80 characters."),
        ({"name": "x" * 81, "raise": "IAM.3.1"}, "Give it a name of at most 80 characters."),
        ({"name": "a\x07b", "raise": "IAM.3.1"}, "Give it a name of at most 80 characters."),
    ],
)
def test_what_cannot_be_kept_is_said_and_stays_typed(
    owner_client: Client, completed: Assessment, said: dict[str, str], words: str
) -> None:
    answer = owner_client.post(reverse("reports:scenarios", args=[completed.pk]), said)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert said["name"].strip() in answer.content.decode()
    assert Assessment.objects.get().scenarios == []


def test_there_are_ten_at_most_and_a_name_stands_once(completed: Assessment) -> None:
    chosen = steps(completed, 12)
    for number in range(10):
        scenarios.keep(completed, name=f"Plan {number}", question_ids=chosen[: number + 1])

    with pytest.raises(scenarios.ScenarioRefused, match="There are 10 already"):
        scenarios.keep(completed, name="One more", question_ids=chosen)
    scenarios.keep(completed, name="Plan 3", question_ids=chosen)

    completed.refresh_from_db()
    found = scenarios.of(completed)
    assert len(found) == 10
    gains = [scenario.outcome.gain for scenario in found]
    assert gains == sorted(gains, reverse=True)
    assert found[0].name == "Plan 3"


def test_by_the_api(owner: User, completed: Assessment) -> None:
    api = Api(owner)
    mine = f"assessments/{completed.pk}/scenarios"
    chosen = steps(completed, 2)

    kept = api.post(mine, {"name": "Two steps", "question_ids": chosen})
    refused = api.post(mine, {"name": "Nothing", "question_ids": []})

    assert kept.status_code == 201
    (scenario,) = api.get(mine).json()["results"]
    outcome = what_if(completed.questionnaire, completed.answers, completed.result, chosen)
    assert scenario["gain"] == float(display(outcome.gain))
    assert set(scenario["question_ids"]) == set(chosen)
    assert (refused.status_code, refused.json()["code"]) == (422, "scenario_refused")
    assert api("delete", f"{mine}/{scenario['id']}").status_code == 204
    assert api("delete", f"{mine}/{scenario['id']}").status_code == 404
