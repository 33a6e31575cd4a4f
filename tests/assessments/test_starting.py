from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments import starting
from assessments.catalog import loading
from assessments.catalog.questions import Tier
from assessments.errors import RetakesUsedUp, ScopeRefused
from assessments.models import Assessment
from tests.factories import days, make_assessment, make_completed, make_user, now

pytestmark = pytest.mark.django_db


def test_an_assessment_runs_for_fifteen_days_on_the_current_catalog(owner: User) -> None:
    at = now()

    assessment = make_assessment(owner, at=at)

    assert assessment.status == Assessment.Status.IN_PROGRESS
    assert assessment.expires_at - at == timedelta(days=15)
    assert assessment.catalog_version == loading.versions()[-1]
    assert assessment.attempt_number == 1
    assert len(assessment.questionnaire.questions) == 23
    assert assessment.progress_percentage == 0


def test_a_second_start_gives_the_first_assessment(owner: User) -> None:
    first = make_assessment(owner)

    assert make_assessment(owner, section_ids=("IAM",)) == first
    assert Assessment.objects.count() == 1


def test_a_start_after_completion_is_the_next_attempt(owner: User) -> None:
    make_completed(owner)

    assert make_assessment(owner).attempt_number == 2


def test_a_start_after_the_days_are_over_expires_the_old_one(owner: User) -> None:
    old = make_assessment(owner, at=now() - days(16))

    new = make_assessment(owner)

    old.refresh_from_db()
    assert old.status == Assessment.Status.EXPIRED
    assert new.attempt_number == 2


def test_the_fourth_retake_of_a_year_is_refused_and_says_when(owner: User) -> None:
    first_retake = None
    for attempt in range(settings.RETAKES_PER_YEAR + 1):
        assessment = make_assessment(owner, at=now() - days(100 - 20 * attempt))
        if attempt == 1:
            first_retake = assessment.started_at

    with pytest.raises(RetakesUsedUp) as refused:
        make_assessment(owner)

    assert first_retake is not None
    assert refused.value.again_at == first_retake + timedelta(days=365)
    assert (
        make_assessment(owner, at=refused.value.again_at + timedelta(seconds=1)).attempt_number == 5
    )


def test_the_database_refuses_two_in_progress(owner: User) -> None:
    assessment = make_assessment(owner)
    assessment.pk = None
    assessment.attempt_number = 2

    with pytest.raises(IntegrityError), transaction.atomic():
        assessment.save(force_insert=True)


@pytest.mark.parametrize(
    ("tier", "section_ids", "profile", "field"),
    [
        (Tier.QUICK, [], {}, "section_ids"),
        (Tier.QUICK, ["XXX"], {}, "section_ids"),
        (Tier.QUICK, ["IAM", "XXX"], {}, "section_ids"),
        (Tier.QUICK, ["IAM"], {"sector": ["nonsense"]}, "profile"),
        (Tier.QUICK, ["IAM"], {"sector": ["finance", "health"]}, "profile"),
        (Tier.QUICK, ["CLD"], {"cloud": ["none"]}, "section_ids"),
    ],
)
def test_a_scope_that_cannot_be_is_refused(
    owner: User, tier: Tier, section_ids: list[str], profile: dict[str, list[str]], field: str
) -> None:
    with pytest.raises(ScopeRefused) as refused:
        starting.start(owner, tier=tier, section_ids=section_ids, profile=profile, at=now())

    assert refused.value.field == field
    assert not Assessment.objects.exists()


def test_the_profile_hides_what_does_not_exist(owner: User) -> None:
    assessment = make_assessment(owner, profile={"cloud": ["none"], "size": ["1_9"]})

    assert "CLD.2.1" not in assessment.questionnaire.questions
    assert len(assessment.questionnaire.questions) == 22


@pytest.mark.django_db(transaction=True)
def test_twelve_starts_at_once_give_one_assessment() -> None:
    user = make_user()
    barrier = threading.Barrier(12)
    started: list[Assessment] = []

    def start() -> None:
        barrier.wait()
        try:
            started.append(make_assessment(user))
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(started) == 12
    assert len({assessment.pk for assessment in started}) == 1


# --- the pages of the start ----------------------------------------------------------------------

PROFILE = {
    "sector": "retail",
    "size": "10_49",
    "regions": "europe",
    "development": "none",
    "cloud": "saas",
    "ot": "none",
    "payments": "provider",
    "personal_data": "customers",
    "remote": "some",
    "regulated": "no",
    "suppliers": "few",
    "ai": "none",
}


def test_profile_then_scope_then_the_task_list(owner_client: Client) -> None:
    profiled = owner_client.post(reverse("assessments:start"), PROFILE)
    assert profiled.status_code == 302
    assert profiled["Location"] == reverse("assessments:scope")
    page = owner_client.get(profiled["Location"])
    sections = [section.id for section in loading.current().sections]

    started = owner_client.post(
        reverse("assessments:scope"), {"tier": "quick", "section_ids": sections}
    )

    assert b"Why this suggestion" in page.content or b"What should we look at" in page.content
    assessment = Assessment.objects.get()
    assert started["Location"] == assessment.get_absolute_url()
    assert assessment.profile == {name: [value] for name, value in PROFILE.items()}


def test_a_missing_profile_answer_is_named_and_the_others_are_kept(owner_client: Client) -> None:
    typed = {name: value for name, value in PROFILE.items() if name != "sector"}

    response = owner_client.post(reverse("assessments:start"), typed)

    assert response.status_code == 422
    assert response.content.count(b"Choose an answer.") == 2  # in the summary and at the question
    assert response.content.count(b"checked") == len(typed)


def test_a_profile_question_that_the_others_rule_out_is_not_required(owner_client: Client) -> None:
    typed = {name: value for name, value in PROFILE.items() if name != "regions"}

    assert owner_client.post(reverse("assessments:start"), typed).status_code == 422
    assert (
        owner_client.post(reverse("assessments:start"), {**typed, "size": "1_9"}).status_code == 302
    )


def test_only_complete_tiers_are_offered(owner_client: Client) -> None:
    owner_client.post(reverse("assessments:start"), PROFILE)

    page = owner_client.get(reverse("assessments:scope")).content.decode()

    for tier in Tier:
        offered = re.search(rf'name="tier"\s+value="{tier.value}"', page) is not None
        assert offered == (tier in loading.current().complete_tiers)


def test_a_scope_without_sections_keeps_the_tier_and_says_so(owner_client: Client) -> None:
    owner_client.post(reverse("assessments:start"), PROFILE)

    response = owner_client.post(reverse("assessments:scope"), {"tier": "quick"})

    assert response.status_code == 422
    assert b"Choose at least one section." in response.content
    assert re.search(rb'value="quick"\s+checked', response.content)
    assert not Assessment.objects.exists()


@pytest.mark.parametrize("value", ["\x00", "x" * 10_000, "<script>", "\ud800"])
def test_nonsense_in_the_start_is_refused(owner_client: Client, value: str) -> None:
    text = value.encode("utf-8", "surrogatepass").decode("latin-1")

    profiled = owner_client.post(reverse("assessments:start"), {**PROFILE, "sector": text})
    owner_client.post(reverse("assessments:start"), PROFILE)
    scoped = owner_client.post(reverse("assessments:scope"), {"tier": text, "section_ids": text})

    assert profiled.status_code == 422
    assert scoped.status_code == 422
    assert b"<script>" not in profiled.content.replace(b'<script type="module"', b"").replace(
        b'<script id="profile-rules"', b""
    )
    assert not Assessment.objects.exists()


def test_used_up_retakes_are_said_on_the_page(owner: User, owner_client: Client) -> None:
    for attempt in range(settings.RETAKES_PER_YEAR + 1):
        make_assessment(owner, at=now() - days(100 - 20 * attempt))
    owner_client.post(reverse("assessments:start"), PROFILE)

    response = owner_client.post(
        reverse("assessments:scope"), {"tier": "quick", "section_ids": ["IAM"]}
    )

    assert response.status_code == 422
    assert b"The next one can start on" in response.content
