"""The audit log only grows, and shows whatever was done to it in spite of that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts import audit, people
from accounts.audit import Damage
from accounts.models import AdminAuditLog, AppendOnly, AuditHead, User
from tests.api.conftest import Api
from tests.auditing import tampering
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lines(admin: User) -> None:
    """Five acts."""
    for number in range(1, 6):
        with transaction.atomic():
            audit.record(admin, f"test.act_{number}", admin.pk, {"number": number})


LINES = AdminAuditLog.objects


def test_lines_follow_each_other(lines: None) -> None:
    assert list(LINES.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4, 5]
    assert audit.verify() == []
    last = LINES.get(seq=5)
    assert audit.head() == audit.Head(5, last.hash)


def test_an_act_that_is_rolled_back_leaves_no_gap(lines: None, admin: User) -> None:
    with transaction.atomic():
        audit.record(admin, "test.undone")
        transaction.set_rollback(True)
    with transaction.atomic():
        audit.record(admin, "test.done")

    assert LINES.get(seq=6).action == "test.done"
    assert audit.verify() == []


def test_a_line_written_while_the_chain_is_read_is_no_damage(
    lines: None, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = audit.head

    def head_after_one_more() -> audit.Head:
        with transaction.atomic():
            audit.record(admin, "test.meanwhile")
        return read()

    monkeypatch.setattr(audit, "head", head_after_one_more)
    assert audit.verify() == []
    assert LINES.filter(action="test.meanwhile").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE admin_audit_log SET action = 'x' WHERE seq = 2",
        "DELETE FROM admin_audit_log WHERE seq = 2",
        "DELETE FROM admin_audit_log",
        "UPDATE admin_audit_head SET seq = 9",
        "TRUNCATE admin_audit_log",
        "INSERT INTO admin_audit_head (id, seq, hash) VALUES (1, 0, '')",
    ],
)
def test_the_application_can_change_nothing(lines: None, statement: str) -> None:
    if connection.vendor == "sqlite" and "log" not in statement:
        pytest.skip("SQLite knows no rights; the chain shows it")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert audit.verify() == []


def test_neither_can_the_model(lines: None) -> None:
    line = LINES.get(seq=2)
    with pytest.raises(AppendOnly):
        line.save()
    with pytest.raises(AppendOnly):
        line.delete()


def test_a_line_that_does_not_follow_is_refused(lines: None, admin: User) -> None:
    line = LINES.get(seq=5)
    line.pk = None
    line.seq = 7
    line._state.adding = True
    with pytest.raises(DatabaseError), transaction.atomic():
        line.save(force_insert=True)


def changed() -> None:
    LINES.filter(seq=2).update(action="test.other")


def rewritten() -> None:
    """Its hash too, so that its content holds."""
    changed()
    LINES.filter(seq=2).update(hash=audit.link(LINES.get(seq=2)))


def taken() -> None:
    LINES.filter(seq=3).delete()


def cut() -> None:
    LINES.filter(seq__gte=4).delete()


def added() -> None:
    line = LINES.get(seq=5)
    line.pk, line.seq, line.prev = None, 6, line.hash
    line._state.adding = True
    line.hash = audit.link(line)
    line.save(force_insert=True)


def swapped() -> None:
    first, second = LINES.get(seq=2), LINES.get(seq=3)
    LINES.filter(pk=first.pk).update(seq=99)
    LINES.filter(pk=second.pk).update(seq=2)
    LINES.filter(pk=first.pk).update(seq=3)


def moved_head() -> None:
    AuditHead.objects.update(seq=4, hash=LINES.get(seq=4).hash)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (changed, [Damage(2, "content")]),
        (rewritten, [Damage(3, "link")]),
        (taken, [Damage(3, "gap")]),
        (cut, [Damage(4, "head")]),
        (added, [Damage(7, "head")]),
        (
            swapped,
            [
                Damage(2, "link"),
                Damage(2, "content"),
                Damage(3, "link"),
                Damage(3, "content"),
                Damage(4, "link"),
            ],
        ),
        (moved_head, [Damage(6, "head")]),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_each_kind_of_tampering_is_named(
    lines: None, tamper: Callable[[], None], named: list[Damage]
) -> None:
    with tampering():
        tamper()

    assert audit.verify() == named
    with pytest.raises(CommandError):
        call_command("audit", "verify")


def test_a_chain_that_was_written_anew_is_shown_by_an_anchor(
    lines: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit", "head")
    anchor = tmp_path / "anchor"
    anchor.write_text(capsys.readouterr().out)
    with tampering():
        before = ""
        for line in LINES.order_by("seq"):
            line.prev = before
            line.action += ".forged"
            before = audit.link(line)
            LINES.filter(pk=line.pk).update(prev=line.prev, action=line.action, hash=before)
        AuditHead.objects.update(hash=before)

    call_command("audit", "verify")
    with pytest.raises(CommandError):
        call_command("audit", "verify", anchor=anchor)
    assert "line 5: anchor" in capsys.readouterr().out


def test_what_cannot_be_noted_is_not_done(lines: None, admin: User, owner: User) -> None:
    """By the process and by the API: the act is undone with its line."""
    with tampering():
        AuditHead.objects.update(seq=3)  # no line can follow now

    with pytest.raises(DatabaseError):
        people.change(owner, by=admin, is_active=False)
    answer = Api(admin, second_factor=True).patch(f"admin/users/{owner.pk}", {"is_admin": True})

    owner.refresh_from_db()
    assert (owner.is_active, owner.is_admin) == (True, False)
    assert answer.status_code == 500
    assert LINES.count() == 5


def test_the_command_says_when_all_is_well(
    lines: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit", "verify")
    assert capsys.readouterr().out == "5 lines, all as they were written.\n"

    with pytest.raises(CommandError, match="does not hold a head"):
        call_command("audit", "verify", anchor=tmp_path / "missing")


def test_people_of_whom_a_line_speaks_may_go(lines: None, admin: User) -> None:
    gone = make_user("gone@example.org")
    target = gone.pk
    people.change(gone, by=admin, is_active=False)
    people.delete(gone, by=admin)

    assert LINES.filter(target_user_id=target).count() == 2
    assert audit.verify() == []
