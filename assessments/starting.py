"""Starting an assessment: one in progress per user, a number of retakes a year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.models import User
from assessments import expiry
from assessments.catalog import loading
from assessments.catalog.questions import Catalog, Profile, Tier, holds
from assessments.errors import RetakesUsedUp, ScopeRefused
from assessments.models import Assessment

YEAR = timedelta(days=365)


@transaction.atomic
def start(
    user: User, *, tier: Tier, section_ids: Sequence[str], profile: Profile, at: datetime
) -> Assessment:
    """The user's assessment in progress: a new one, or the one there already is.

    Raises ScopeRefused or RetakesUsedUp. The user's row is locked, so that two starts at once
    give one assessment.
    """
    User.objects.select_for_update().get(pk=user.pk)
    expiry.expire_due(at, user=user)
    mine = Assessment.objects.visible_to(user)
    present = mine.open(at).first()
    if present is not None:
        return present

    catalog = loading.current()
    questionnaire = catalog.questionnaire(
        check_tier(catalog, tier),
        check_sections(catalog, section_ids),
        check_profile(catalog, profile),
    )
    if not questionnaire.questions:
        raise ScopeRefused("section_ids", "Nothing would be asked; choose more sections.")
    require_retake(user, at=at)
    last = mine.order_by("-attempt_number").first()
    return Assessment.objects.create(
        user=user,
        tier=tier,
        catalog_version=catalog.version,
        section_ids=[section.id for section in questionnaire.sections],
        profile=check_profile(catalog, profile),
        attempt_number=last.attempt_number + 1 if last else 1,
        started_at=at,
        expires_at=at + timedelta(days=settings.ASSESSMENT_DAYS),
    )


def require_retake(user: User, *, at: datetime) -> None:
    """Raises RetakesUsedUp when the year's retakes are. The first assessment is not one."""
    retakes = Assessment.objects.visible_to(user).filter(
        attempt_number__gt=1, started_at__gt=at - YEAR
    )
    recent = list(retakes.order_by("-started_at").values_list("started_at", flat=True))
    if len(recent) >= settings.RETAKES_PER_YEAR:
        raise RetakesUsedUp(recent[settings.RETAKES_PER_YEAR - 1] + YEAR)


def check_tier(catalog: Catalog, tier: Tier) -> Tier:
    if tier not in catalog.complete_tiers:
        raise ScopeRefused("tier", "This tier cannot be chosen.")
    return tier


def check_sections(catalog: Catalog, section_ids: Sequence[str]) -> tuple[str, ...]:
    """The sections in the catalog's order."""
    chosen = tuple(section.id for section in catalog.sections if section.id in section_ids)
    if not chosen or len(chosen) != len(set(section_ids)):
        raise ScopeRefused("section_ids", "Choose at least one of the sections listed.")
    return chosen


def check_profile(catalog: Catalog, profile: Profile) -> dict[str, list[str]]:
    """The answers to the profile questions that are asked, given the other answers."""
    checked: dict[str, list[str]] = {}
    for question in catalog.profile:
        values = profile.get(question.id, [])
        if not values or not holds(question.when, checked):
            continue
        if set(values) - set(question.values) or (len(values) > 1 and not question.many):
            raise ScopeRefused("profile", f"“{question.text}” has an answer that is not listed.")
        checked[question.id] = [value for value in question.values if value in values]
    return checked
