"""What administrators do through the API, and the log of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError

from accounts import audit
from accounts.models import AdminAuditLog, User
from reports.models import Report
from tests.api.conftest import Api
from tests.factories import make_completed, make_user

pytestmark = pytest.mark.django_db

PERSON = {"email": "New@Example.org", "full_name": "New Person", "company_name": "C"}


def test_every_act_is_in_the_log(admin_api: Api, admin: User, owner: User) -> None:
    invited = admin_api.post("admin/users", PERSON).json()
    admin_api.patch(f"admin/users/{owner.pk}", {"is_active": False})
    admin_api.patch(f"admin/users/{owner.pk}", {"is_active": False})  # nothing changes
    admin_api.post(f"admin/users/{owner.pk}/password")
    assessment = make_completed(owner)
    admin_api.post(f"admin/reports/{assessment.pk}/generate")
    Report.objects.update(status="failed")
    report = Report.objects.get()
    assert admin_api.post(f"admin/reports/{report.pk}/retry").status_code == 202
    admin_api.delete(f"admin/users/{invited['id']}")

    lines = list(AdminAuditLog.objects.order_by("seq"))

    assert [line.action for line in lines] == [
        "user.invite",
        "user.change",
        "user.ask_for_new_password",
        "report.generate",
        "report.retry",
        "user.delete",
    ]
    assert {line.admin_email for line in lines} == {admin.email}
    assert lines[1].details == {"is_active": False}
    assert str(lines[-1].target_user_id) == invited["id"]
    assert audit.verify() == []
    listed = admin_api.get("admin/audit-log?page_size=2").json()
    assert [line["seq"] for line in listed["results"]] == [6, 5]
    assert owner.email not in str([line.details for line in lines])


def test_without_the_line_there_is_no_act(
    admin_api: Api, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("INSERT is not allowed")

    monkeypatch.setattr(AdminAuditLog, "save", refuse)

    refused = admin_api.patch(f"admin/users/{owner.pk}", {"is_active": False})

    assert refused.status_code == 500
    owner.refresh_from_db()
    assert owner.is_active


def test_nobody_does_it_to_themselves(admin_api: Api, admin: User) -> None:
    own = f"admin/users/{admin.pk}"

    answers = [
        admin_api.patch(own, {"is_admin": False}),
        admin_api.post(f"{own}/password"),
        admin_api.delete(own),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
        (409, "own_account")
    }
    assert not AdminAuditLog.objects.exists()


def test_a_person_who_is_let_out_is_signed_out(admin_api: Api, owner: User, api: Api) -> None:
    admin_api.patch(f"admin/users/{owner.pk}", {"is_active": False})
    admin_api.patch(f"admin/users/{owner.pk}", {"is_active": True})

    assert api.get("auth/me").status_code == 401


def test_statistics_are_counted_once_a_minute(admin_api: Api, owner: User) -> None:
    cache.clear()
    make_completed(owner)
    first = admin_api.get("admin/stats").json()
    make_completed(make_user("another@example.org"))

    assert (first["completed"], first["users"]) == (1, 2)
    assert admin_api.get("admin/stats").json() == first
    cache.clear()
    assert admin_api.get("admin/stats").json()["completed"] == 2


def test_lists_are_searched_and_filtered(admin_api: Api, owner: User, stranger: User) -> None:
    make_completed(owner)

    found = admin_api.get("admin/users?search=stranger").json()["results"]
    assert [person["email"] for person in found] == [stranger.email]
    assert len(admin_api.get("admin/assessments?status=completed").json()["results"]) == 1
    assert admin_api.get("admin/assessments?status=expired").json()["results"] == []
    assert admin_api.get("admin/assessments?status=lost").status_code == 400
    assert admin_api.get("admin/assessments?status=").status_code == 400
    assert admin_api.get("admin/reports?status=").status_code == 400
    assert (
        admin_api.get("admin/reports?status=pending").json()["results"][0]["email"] == owner.email
    )
