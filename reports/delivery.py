"""Handing a report over: exactly the bytes that were stored, or none."""

from __future__ import annotations

import hashlib
import logging

from reports.models import Report

logger = logging.getLogger(__name__)


class NotReady(Exception):
    """There is no file for this person yet."""


class Damaged(Exception):
    """The stored file is missing, or is not the one that was made."""


def content(report: Report) -> bytes:
    """The report's file for its owner. Raises NotReady or Damaged."""
    if not report.is_downloadable:
        raise NotReady
    return stored(report)


def stored(report: Report) -> bytes:
    """The file that was made, for whoever may have it. Raises Damaged."""
    content = b""
    try:
        if report.file:
            with report.file.open("rb") as file:
                content = file.read()
    except OSError:
        pass
    if hashlib.sha256(content).hexdigest() != report.sha256:
        logger.error("the file of report %s is missing or not the one that was made", report.pk)
        raise Damaged
    return content


def headers(report: Report) -> dict[str, str]:
    """What keeps a browser from doing anything with the file but saving it."""
    return {
        "Content-Disposition": f'attachment; filename="{report.file_name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
