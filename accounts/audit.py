"""The audit log: one line for each act of an administrator, each chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import AdminAuditLog, AuditHead, User

Details = Mapping[str, str | int | bool | list[str]]


def record(
    admin: User, action: str, target: UUID | None = None, details: Details | None = None
) -> AdminAuditLog:
    """Add a line, in the transaction of the act itself: without the line there is no act.

    Writers wait for each other from here to their commit, so call it last.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an act and its line need one transaction")
    AuditHead.objects.get_or_create(pk=1)
    head = AuditHead.objects.select_for_update().get(pk=1)
    line = AdminAuditLog(
        seq=head.seq + 1,
        admin_email=admin.email,
        action=action,
        target_user_id=target,
        details=dict(details or {}),
        timestamp=timezone.now(),
        prev=head.hash,
    )
    line.hash = link(line)
    line.save(force_insert=True)
    AuditHead.objects.filter(pk=1).update(seq=line.seq, hash=line.hash)
    return line


def link(line: AdminAuditLog) -> str:
    """The hash of a line: over every field and the hash before it, each with its length."""
    parts = (
        str(line.seq),
        line.admin_email,
        line.action,
        str(line.target_user_id or ""),
        json.dumps(line.details, sort_keys=True, separators=(",", ":")),
        line.timestamp.astimezone(UTC).isoformat(timespec="microseconds"),
        line.prev,
    )
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def broken_link(*, upto: datetime | None = None) -> int | None:
    """The first line that is not what was written, or that follows a gap; None if all is well."""
    seq, before = 0, ""
    lines = AdminAuditLog.objects.order_by("seq")
    for line in lines.filter(timestamp__lte=upto) if upto else lines:
        seq += 1
        if (line.seq, line.prev, line.hash) != (seq, before, link(line)):
            return seq
        before = line.hash
    if upto is None:
        head = AuditHead.objects.filter(pk=1).first()
        if (seq, before) != ((head.seq, head.hash) if head else (0, "")):
            return seq + 1
    return None
