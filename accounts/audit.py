"""The audit log: one line for each act of an administrator, each chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from typing import NamedTuple
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
    head = AuditHead.objects.select_for_update().filter(pk=1).first() or AuditHead()
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
    line.save(force_insert=True)  # a trigger moves the head on, and nothing else can
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


class Damage(NamedTuple):
    """Where the chain does not hold, and how: content, link, gap, head or anchor."""

    seq: int
    kind: str


class Head(NamedTuple):
    """The end of the chain, to be kept where nobody who can write to the database can."""

    seq: int
    hash: str


def head() -> Head:
    stored = AuditHead.objects.filter(pk=1).first() or AuditHead()
    return Head(stored.seq, stored.hash)


def verify(anchor: Head | None = None) -> list[Damage]:
    """Everything that is not as it was written; nothing if all is well.

    Whoever can switch off the triggers can also write the whole chain anew from some line on.
    Only an anchor shows that: a head that was noted elsewhere before.

    Administrators may act meanwhile: the chain must lead through the head that stood before it
    was read, and not beyond the one that stands after.
    """
    found: list[Damage] = []
    seq, before = 0, ""
    start = head()
    reached = start == Head(0, "")
    anchored = anchor is None or anchor == Head(0, "")
    for line in AdminAuditLog.objects.order_by("seq").iterator():
        if line.seq != seq + 1:
            found.append(Damage(seq + 1, "gap"))
        elif line.prev != before:
            found.append(Damage(line.seq, "link"))
        if line.hash != link(line):
            found.append(Damage(line.seq, "content"))
        seq, before = line.seq, line.hash
        anchored = anchored or anchor == Head(seq, before)
        reached = reached or start == Head(seq, before)
    if not reached or seq > head().seq:
        found.append(Damage(seq + 1, "head"))
    if anchor and not anchored:
        found.append(Damage(anchor.seq, "anchor"))
    return found
