"""Requests that may be sent again: the same key gives the same effect and the same answer.

First the key is taken, in a transaction of its own, so that whoever comes with it meanwhile is
told to wait. Then effect and answer are stored together. What failed leaves no trace but the
key, which is given back; if even that fails it is free again after a minute.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q

from accounts.models import IdempotencyKey, User

KEPT = timedelta(hours=24)
LEASE = timedelta(minutes=1)

logger = logging.getLogger(__name__)


class Running(Exception):
    """The first request with this key is still being worked on."""


class OtherRequest(Exception):
    """The key was used for something else."""


def fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def take(user: User, key: str, print_: str, *, at: datetime) -> IdempotencyKey:
    """The key's row: with a status if there is an answer to repeat, without if there is work.

    Raises Running or OtherRequest.
    """
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(
                user=user, key=key, fingerprint=print_, taken_at=at
            )
    except IntegrityError:
        there = IdempotencyKey.objects.filter(user=user, key=key).first()
    if there is None:
        raise Running
    free = Q(taken_at__lt=at - KEPT) | Q(status=None, taken_at__lt=at - LEASE)
    mine = IdempotencyKey.objects.filter(free, pk=there.pk, taken_at=there.taken_at)
    if mine.update(fingerprint=print_, taken_at=at, status=None, body="", headers={}):
        there.refresh_from_db()
        return there
    if there.fingerprint != print_:
        raise OtherRequest
    if there.status is None:
        raise Running
    return there


def keep(taken: IdempotencyKey, status: int, body: str, headers: Mapping[str, str]) -> None:
    """Store the answer, in the transaction of its effect. Raises Running if the key was lost."""
    kept = IdempotencyKey.objects.filter(pk=taken.pk, taken_at=taken.taken_at, status=None)
    if not kept.update(status=status, body=body, headers=dict(headers)):
        raise Running


def release(taken: IdempotencyKey) -> None:
    """Nothing was done: the key is as if it had never been used."""
    with suppress(DatabaseError):
        IdempotencyKey.objects.filter(pk=taken.pk, taken_at=taken.taken_at, status=None).delete()


def forget_old(*, at: datetime) -> int:
    return IdempotencyKey.objects.filter(taken_at__lt=at - KEPT).delete()[0]
