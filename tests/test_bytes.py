"""What crosses a weak line: pages and all that belongs to them, as they are sent."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments import starting
from assessments.catalog import loading
from assessments.catalog.questions import Tier
from tests.api.conftest import Api
from tests.factories import answer_all, now

STATIC = Path(__file__).parents[1] / "static"
FONT = "vendor/inter-5.3.0/inter-latin-400-700.woff2"
"""What a page in English loads; the other alphabets are fetched where they are written."""


def sent(path: Path) -> int:
    content = path.read_bytes()
    return len(content) if path.suffix == ".woff2" else len(brotli.compress(content))


def test_all_scripts_are_small() -> None:
    assert sum(sent(path) for path in (STATIC / "js").glob("*.js")) < 15_000


def test_all_that_the_site_loads_is_small() -> None:
    of_the_site = [
        *(STATIC / "js").glob("*.js"),
        *(STATIC / "img").glob("*.svg"),
        STATIC / "css/site.css",
        STATIC / FONT,
    ]

    assert sum(map(sent, of_the_site)) < 60_000


@pytest.mark.django_db
def test_no_page_of_questions_is_large(owner: User, owner_client: Client) -> None:
    sections = [section.id for section in loading.current().sections]
    deep = starting.start(owner, tier=Tier.DEEP, section_ids=sections, profile={}, at=now())
    answer_all(deep)
    # The longest, with all answers; every page would take a minute.
    pages = [page for section in deep.questionnaire.sections for page in section.pages]
    longest, _ = max(pages, key=lambda page: sum(len(repr(question)) for question in page[1]))

    for address in (
        reverse("assessments:questions", args=[deep.pk, longest.id]),
        reverse("assessments:review", args=[deep.pk]),
    ):
        response = owner_client.get(address, headers={"Accept-Encoding": "gzip"})
        assert response["Content-Encoding"] == "gzip"
        assert len(response.content) < 30_000, address


@pytest.mark.django_db
def test_an_etag_stays_strong(owner: User) -> None:
    assessment = answer_all(
        starting.start(owner, tier=Tier.QUICK, section_ids=["IAM"], profile={}, at=now())
    )
    api = Api(owner)
    said = {"state": "dont_know", "comment": "x" * 1_000}
    api.put(f"assessments/{assessment.pk}/responses/IAM.3.1", said)

    one = api.get(f"assessments/{assessment.pk}/responses/IAM.3.1", Accept_Encoding="gzip")
    all_ = api.get(f"assessments/{assessment.pk}/responses", Accept_Encoding="gzip")

    assert one["ETag"] == '"2"'
    assert all_["Content-Encoding"] == "gzip"
