"""What the owner of a report is told by mail: that it is ready, released, or was not released."""

from __future__ import annotations

from typing import Any

from accounts import letters
from reports.models import Report


def report_ready(report: Report) -> None:
    letters.write("reports/email/ready.txt", report.user.email, report=report)


def report_released(*, report: Report, **_: Any) -> None:
    letters.write("reports/email/released.txt", report.user.email, report=report)


def report_rejected(*, report: Report, **_: Any) -> None:
    letters.write("reports/email/rejected.txt", report.user.email, report=report)
