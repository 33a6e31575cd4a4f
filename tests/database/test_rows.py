"""Row-level security: what the database itself gives to whom, whatever a view forgets."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assessments.models import Assessment, AssessmentResponse, Invitation
from posture import checks
from posture.database.base import DatabaseWrapper
from posture.database.subject import NOBODY, STAFF, acting, acting_as, become
from reports import production
from reports.models import Report
from reports.tasks import produce_report, resend_stalled_reports
from tests.database.identity import as_owner, signed_in_as
from tests.database.strangers import CANARY, ask_at_random, filters_away, plant
from tests.factories import (
    answer_all,
    make_assessment,
    make_completed,
    make_invitation,
    make_report,
    make_user,
)
from tests.test_access import ACCESS

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no row-level security"
)

MODELS = (Assessment, AssessmentResponse, Report)


def counts() -> list[int]:
    return [model.objects.count() for model in MODELS]


@pytest.fixture
def two(db: None) -> tuple[User, User]:
    people = make_user("one@example.org"), make_user("two@example.org")
    for person in people:
        make_completed(person)
    return people


# --- the role ------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_application_has_no_right_beyond_rows() -> None:
    with connection.cursor() as cursor, acting_as(NOBODY):
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolinherit"
            " FROM pg_roles WHERE rolname = current_user"
        )
        role = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = 'posture_app'"
        )
        owned = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
            " AND has_table_privilege(oid, 'TRUNCATE, REFERENCES, TRIGGER')"
        )
        truncatable = cursor.fetchone()
        cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
        creates = cursor.fetchone()

    assert role == ("posture_app", False, False, False, False, False)
    assert (owned, truncatable, creates) == ((0,), (0,), (False,))


@pytest.mark.django_db(transaction=True)
def test_a_start_is_refused_where_rows_are_not_protected() -> None:
    assert checks.rows_are_protected(databases=["default"]) == []
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reports NO FORCE ROW LEVEL SECURITY")
        cursor.execute("CREATE TABLE secrets (user_id uuid)")
    try:
        found = checks.rows_are_protected(databases=["default"])
        with pytest.raises(ImproperlyConfigured, match="'secrets'"):
            checks.require_protected_rows()
    finally:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE reports FORCE ROW LEVEL SECURITY")
            cursor.execute("DROP TABLE secrets")

    assert [(error.id, error.msg.split("'")[1]) for error in found] == [
        ("posture.E003", "reports"),
        ("posture.E003", "secrets"),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_role_that_bypasses_the_policies_is_refused() -> None:
    with acting_as(NOBODY), signed_in_as("posture_backup"):
        found = checks.rows_are_protected(databases=["default"])

    assert [error.id for error in found] == ["posture.E002"]


# --- the subject ---------------------------------------------------------------------------------
def test_each_sees_their_own_rows_and_nobody_sees_any(two: tuple[User, User]) -> None:
    everything = counts()

    assert everything == [2, 46, 2]
    for person in two:
        with acting_as(person.pk):
            assert counts() == [1, 23, 1]
            assert {row.user_id for model in MODELS for row in model.objects.all()} == {person.pk}
            with acting_as(NOBODY):
                assert counts() == [0, 0, 0]
            assert counts() == [1, 23, 1]
    with acting_as(uuid.uuid4()):
        assert counts() == [0, 0, 0]
    assert counts() == everything


@pytest.mark.django_db(transaction=True)
def test_it_is_so_outside_transactions_too_and_nothing_stays_behind() -> None:
    """On one pooled connection, in turn: the one before must not show through."""
    people = make_user("one@example.org"), make_user("two@example.org")
    for person in people:
        make_assessment(person)

    for _ in range(3):
        for person in people:
            with acting_as(person.pk):
                assert [row.user_id for row in Assessment.objects.all()] == [person.pk]
            connection.close()
            with acting_as(NOBODY):
                assert not Assessment.objects.exists()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT current_setting('posture.user_id', true), current_user")
                    assert cursor.fetchone() in ((None, "posture_app"), ("", "posture_app"))
            with acting_as(STAFF):
                assert Assessment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_savepoint_changes_nobody() -> None:
    one, two = make_user("one@example.org"), make_user("two@example.org")
    make_assessment(one)
    make_assessment(two)

    def fail() -> None:
        with transaction.atomic():
            assert Assessment.objects.get().user_id == one.pk
            with acting_as(two.pk):
                assert Assessment.objects.get().user_id == two.pk
                raise ZeroDivisionError

    with acting_as(one.pk), transaction.atomic():
        with pytest.raises(ZeroDivisionError):
            fail()
        assert Assessment.objects.get().user_id == one.pk
        with pytest.raises(DatabaseError), transaction.atomic(), acting_as(two.pk):
            connection.cursor().execute("SELECT 1 / 0")
        assert Assessment.objects.get().user_id == one.pk
        become(two.pk)
        assert Assessment.objects.get().user_id == two.pk
    assert acting() is STAFF


@pytest.mark.django_db(transaction=True)
def test_a_thread_of_its_own_has_no_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the tests' own default, which threads share
    with acting_as(STAFF):
        make_assessment(make_user())
    seen: list[int] = []

    def look() -> None:
        seen.append(Assessment.objects.count())
        connection.close()

    with acting_as(STAFF):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    assert seen == [0]


# --- writing -------------------------------------------------------------------------------------
def test_nobody_writes_a_row_for_somebody_else(two: tuple[User, User]) -> None:
    one, other = two
    theirs = Assessment.objects.get(user=other)
    with acting_as(one.pk):
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            make_assessment(other)
        assert Assessment.objects.filter(pk=theirs.pk).update(progress_percentage=1) == 0
        assert AssessmentResponse.objects.filter(user=other).delete()[0] == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Assessment.objects.filter(user=one).update(user=other)


def test_an_answer_names_no_invitation_of_another_assessment(two: tuple[User, User]) -> None:
    one, other = two
    theirs = make_invitation(make_assessment(other))

    def name() -> None:
        with acting_as(one.pk), transaction.atomic():
            AssessmentResponse.objects.update(answered_by=theirs.pk)
            connection.check_constraints()

    with pytest.raises(IntegrityError, match="by_their_colleague"):
        name()
    with acting_as(one.pk):
        assert not Invitation.objects.exists()
    with acting_as(other.pk):
        assert Invitation.objects.get() == theirs


def test_nobody_hangs_a_row_on_somebody_elses_assessment(two: tuple[User, User]) -> None:
    """Foreign keys do not ask the policies; the composite key answers for them."""
    one, other = two
    theirs = Assessment.objects.get(user=other)

    def hang() -> None:
        with acting_as(one.pk), transaction.atomic():
            AssessmentResponse.objects.create(
                assessment_id=theirs.pk, user=one, section_id="XXX", question_id="XXX.1.1",
                state="dont_know",
            )  # fmt: skip
            connection.check_constraints()

    with pytest.raises(IntegrityError, match="of_their_owner"):
        hang()


# --- requests and tasks --------------------------------------------------------------------------
@pytest.fixture
def unfiltered() -> Iterator[None]:
    with filters_away():
        yield


@pytest.mark.usefixtures("unfiltered", "worker")
@pytest.mark.django_db
def test_the_access_table_holds_without_a_single_filter() -> None:
    """Every URL, asked by everybody who is not its owner."""
    things = plant(make_user("a@example.org"))
    stranger = make_user("stranger@example.org")
    inactive = make_user("inactive@example.org")
    User.objects.filter(pk=inactive.pk).update(is_active=False)
    wrong, rows = [], 0

    for name, access in ACCESS.items():
        url = reverse(name, args=[arg.format(**things) for arg in access.args])
        for who, person in (("anonymous", None), ("stranger", stranger), ("inactive", inactive)):
            client = Client()
            if person is not None:
                client.force_login(person)
            response = getattr(client, access.method)(url, dict(access.data))
            rows += 1
            if response.status_code != access.expected(who) or CANARY in response.content:
                wrong.append((name, who, response.status_code, access.expected(who)))

    assert wrong == []
    assert rows == 3 * len(ACCESS) > 150


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db
@pytest.mark.parametrize("without_filters", [False, True])
def test_a_stranger_who_asks_at_random_sees_no_foreign_byte(*, without_filters: bool) -> None:
    with filters_away() if without_filters else nullcontext():
        outcome = ask_at_random(requests=150)

    assert outcome.leaks == []
    assert outcome.errors == []
    assert outcome.answered[404] > 20


@pytest.mark.usefixtures("unfiltered", "worker")
@pytest.mark.django_db
def test_without_filters_and_policies_the_canaries_would_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The two tests above can fail: here everybody who signs in is staff."""
    monkeypatch.setattr("posture.middleware.subject.subject_of", lambda *_: STAFF)

    assert ask_at_random(requests=150).leaks


@pytest.mark.usefixtures("unfiltered")
def test_a_page_without_its_filter_shows_no_foreign_row(two: tuple[User, User]) -> None:
    one, other = two
    theirs = make_assessment(other)
    report = Report.objects.get(user=other)
    client = Client()
    client.force_login(one)

    assert client.get(reverse("assessments:detail", args=[theirs.pk])).status_code == 404
    assert client.get(reverse("reports:detail", args=[report.pk])).status_code == 404
    client.force_login(other)
    assert client.get(reverse("assessments:detail", args=[theirs.pk])).status_code == 200


@pytest.mark.usefixtures("unfiltered")
def test_an_administrator_sees_everybody_in_the_console_alone(two: tuple[User, User]) -> None:
    admin = make_user("admin@example.org", is_admin=True)
    client = Client()
    client.force_login(admin)
    theirs = Assessment.objects.filter(user=two[0]).get()

    page = client.get(reverse("admin:assessments_assessment_changelist"))

    assert b"one@example.org" in page.content
    assert b"two@example.org" in page.content
    assert client.get(reverse("assessments:detail", args=[theirs.pk])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_request_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = make_user()
    assessment = make_completed(owner)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    url = reverse("assessments:consultation", args=[assessment.pk])

    def fail(*_: object) -> None:
        assessment.refresh_from_db()
        assert assessment.consultation_interest  # written, and to be undone
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("django.contrib.messages.success", fail)
        failed = client.post(url, {"details": "Please call."})
    assessment.refresh_from_db()
    assert (failed.status_code, assessment.consultation_interest) == (500, False)

    client.post(url, {"details": "Please call."})
    assessment.refresh_from_db()
    assert assessment.consultation_interest


@pytest.mark.usefixtures("worker")
def test_tasks_work_in_the_name_they_say(
    two: tuple[User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report.objects.get(user=two[0])
    names: list[object] = []

    def reap(**_: object) -> list[uuid.UUID]:
        names.append(acting())
        return []

    monkeypatch.setattr(production, "produce", lambda *_, **__: names.append(acting()))
    monkeypatch.setattr(production, "reap", reap)

    produce_report.delay(str(report.pk))
    produce_report.delay(str(uuid.uuid4()))
    resend_stalled_reports.delay()

    assert names == [two[0].pk, NOBODY, STAFF]


@pytest.mark.usefixtures("worker")
@pytest.mark.django_db(transaction=True)
def test_a_report_is_made_of_its_owners_rows_alone() -> None:
    one, two = make_user("one@example.org"), make_user("two@example.org")
    answer_all(make_assessment(two))
    report = make_report(one)

    produce_report.delay(str(report.pk))

    report.refresh_from_db()
    assert report.status == Report.Status.COMPLETED


# --- cost ----------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_page_is_one_transaction_that_begins_with_its_subject() -> None:
    owner = make_user()
    make_assessment(owner)
    client = Client()
    client.force_login(owner)
    client.get(reverse("assessments:dashboard"))
    sent: list[str] = []
    send = DatabaseWrapper._send

    def noted(self: DatabaseWrapper, sql: str) -> None:
        sent.append(sql)
        send(self, sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseWrapper, "_send", noted)
        client.get(reverse("assessments:dashboard"))

    assert [str(owner.pk) in sql for sql in sent if "BEGIN" in sql and "NONE" in sql] == [True]
