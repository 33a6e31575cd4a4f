"""Everything that is stored about a person, as one file for themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.serializers.json import DjangoJSONEncoder

from accounts import signed_in
from accounts.models import AdminAuditLog, User
from assessments.models import Assessment
from reports import delivery, export
from reports.models import Report

HANDED_OVER = {
    "account.EmailAddress",
    "accounts.TokenFamily",
    "assessments.Assessment",
    "assessments.AssessmentResponse",
    "assessments.Consultation",
    "assessments.Invitation",
    "mfa.Authenticator",
    "reports.Report",
    "usersessions.UserSession",
}
KEPT_BACK = {
    "accounts.IdempotencyKey": "what programs were answered, for a day, in case they ask again",
    "admin.LogEntry": "nothing is written there",
    "reports.SectionInsight": "drafts of a text; what was released of them is in the PDF",
}
"""Rows of a person that are not in the file, and why."""

README = """\
What Posture stores about you, as of {at:%Y-%m-%d %H:%M} UTC.

account.json        you, your addresses, where you are signed in, what administrators did to your
                    account and what you did as one
assessments/*.json  each assessment with its answers, colleagues asked, wish to be called and result
assessments/*.csv   the same answers for a spreadsheet
reports.json        your reports and what you asked for with them
reports/*.pdf       those that you can download

Passwords, the secret of your authenticator and the links of colleagues are stored in a form that
nobody can read, and are not here.
"""


def archive(user: User, *, at: datetime) -> bytes:
    """A ZIP. Of an AI-enhanced report that is not released there is no text and no file."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as file:
        for name, made in _files(user, at):
            file.writestr(name, made())
    return content.getvalue()


def _files(user: User, at: datetime) -> Iterator[tuple[str, Callable[[], str | bytes]]]:
    yield "README.txt", lambda: README.format(at=at)
    yield "account.json", lambda: _json(_account(user, at))
    mine = Assessment.objects.visible_to(user).select_related("user").with_responses()
    for assessment in mine.prefetch_related("invitations"):
        name = f"assessments/{assessment.attempt_number}"
        yield f"{name}.json", lambda a=assessment: _json(_assessment(a))  # type: ignore[misc]
        yield f"{name}.csv", lambda a=assessment: export.ANSWERS.written(a)  # type: ignore[misc]
    reports = list(Report.objects.visible_to(user))
    yield "reports.json", lambda: _json([_report(report) for report in reports])
    for report in reports:
        if report.is_downloadable:
            yield f"reports/{report.file_name}", lambda r=report: delivery.content(r)  # type: ignore[misc]


def _json(what: object) -> str:
    return json.dumps(what, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _account(user: User, at: datetime) -> object:
    lines = AdminAuditLog.objects
    return {
        "id": user.pk,
        "email": user.email,
        "full_name": user.full_name,
        "company_name": user.company_name,
        "is_admin": user.is_admin,
        "paper": user.paper,
        "reminders": user.reminders,
        "created_at": user.created_at,
        "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified")),
        "authenticators": list(
            Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")
        ),
        "sessions": [
            {"device": session.device, "address": session.address, "since": session.since}
            for session in signed_in.sessions(user, at=at)
        ],
        "sign_ins": list(
            user.token_families.values(
                "device", "created_at", "rotated_at", "ended_at", "end_reason"
            )
        ),
        "done_to_you": list(
            lines.filter(target_user_id=user.pk).values("action", "timestamp", "details")
        ),
        "done_by_you": list(
            lines.filter(admin_email=user.email).values("action", "timestamp", "details")
        ),
    }


def _assessment(assessment: Assessment) -> object:
    fields = (
        *("id", "status", "tier", "catalog_version", "section_ids", "come_back_to", "profile"),
        *("attempt_number", "started_at", "expires_at", "extended_at", "completed_at"),
        *("last_saved_at", "progress_percentage", "consultation_interest", "consultation_details"),
        *("consultation_requested_at", "consultation_state", "scorecard", "scenarios"),
    )
    return {
        **{name: getattr(assessment, name) for name in fields},
        "answers": export.answers(assessment),
        "colleagues": [
            {
                "name": invitation.name,
                "email": invitation.email,
                "scope": invitation.scope_id,
                "sent_at": invitation.sent_at,
                "claimed_at": invitation.claimed_at,
                "returned_at": invitation.returned_at,
                "return_message": invitation.return_message,
                "revoked_at": invitation.revoked_at,
            }
            for invitation in assessment.invitations.all()
        ],
    }


def _report(report: Report) -> object:
    fields = ("id", "assessment_id", "report_type", "status", "context", "comments_consent")
    times = ("requested_at", "completed_at", "released_at")
    return {name: getattr(report, name) for name in (*fields, *times, "failure_reason")}
