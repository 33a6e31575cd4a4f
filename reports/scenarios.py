"""What-ifs with a name, to come back to and to hold against each other.

Only the choices are stored. The figures are worked out from the frozen scorecard each time.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec
from django.db import transaction

from assessments.models import Assessment
from assessments.roadmap import WhatIf, what_if

MOST = 10
NAME_MAX = 80


class ScenarioRefused(Exception):
    """It cannot be kept; the message says why."""


class Scenario(msgspec.Struct, frozen=True):
    id: str
    name: str
    outcome: WhatIf

    @property
    def query(self) -> str:
        """What shows it on the page of the result."""
        return "&".join(f"raise={question_id}" for question_id in self.outcome.question_ids)


def of(assessment: Assessment) -> tuple[Scenario, ...]:
    """Those that are kept, the most gain first."""
    found = [
        Scenario(
            id=kept["id"],
            name=kept["name"],
            outcome=what_if(
                assessment.questionnaire,
                assessment.answers,
                assessment.result,
                kept["question_ids"],
            ),
        )
        for kept in assessment.scenarios
    ]
    return tuple(sorted(found, key=lambda scenario: -scenario.outcome.gain))


@transaction.atomic
def keep(assessment: Assessment, *, name: str, question_ids: Sequence[str]) -> str:
    """Its id. One of the same name is replaced. Raises ScenarioRefused."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise ScenarioRefused(f"Give it a name of at most {NAME_MAX} characters.")
    outcome = what_if(assessment.questionnaire, assessment.answers, assessment.result, question_ids)
    if not outcome.question_ids:
        raise ScenarioRefused("Choose at least one step that gains something.")
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    others = [kept for kept in locked.scenarios if kept["name"] != name]
    if len(others) >= MOST:
        raise ScenarioRefused(f"There are {MOST} already. Delete one first.")
    scenario_id = uuid.uuid4().hex
    locked.scenarios = [
        *others,
        {"id": scenario_id, "name": name, "question_ids": list(outcome.question_ids)},
    ]
    locked.save(update_fields=["scenarios", "updated_at"])
    return scenario_id


@transaction.atomic
def delete(assessment: Assessment, scenario_id: str) -> bool:
    """False if there is none."""
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    left = [kept for kept in locked.scenarios if kept["id"] != scenario_id]
    if len(left) == len(locked.scenarios):
        return False
    locked.scenarios = left
    locked.save(update_fields=["scenarios", "updated_at"])
    return True
