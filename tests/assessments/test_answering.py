from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from assessments import answering, completion
from assessments.answering import Given
from assessments.errors import Closed
from assessments.models import Assessment, AssessmentResponse
from assessments.scoring import State
from tests.factories import answer_all, days, make_assessment, make_user, now, worth

pytestmark = pytest.mark.django_db

YES = Given(state=State.ANSWERED, value="yes")
DONT_KNOW = Given(state=State.DONT_KNOW)
REASON = "We have no such systems at all."


def test_an_answer_is_stored_with_what_it_belongs_to(owner: User) -> None:
    assessment = make_assessment(owner)

    saved = answering.save(assessment, {"GOV.1.1": replace(YES, comment=" A\r\nB ")}, at=now())

    response = AssessmentResponse.objects.get()
    assert saved.refusals == {}
    assert saved.done == 1
    assert (response.user, response.assessment, response.section_id) == (owner, assessment, "GOV")
    assert (response.state, response.answer_value, response.comment) == ("answered", "yes", "A\nB")
    assert response.revision == 1


def test_progress_counts_what_was_said_and_never_rounds_up(owner: User) -> None:
    assessment = make_assessment(owner)
    everything = {question.id: worth(question, 2) for question in assessment.questionnaire}
    last = everything.popitem()

    saved = answering.save(assessment, everything, at=now())
    assert saved.assessment.progress_percentage == 95  # 22 of 23
    saved = answering.save(assessment, {last[0]: DONT_KNOW}, at=now())

    assert saved.assessment.progress_percentage == 100


def test_a_comment_without_an_answer_is_kept_but_answers_nothing(owner: User) -> None:
    assessment = make_assessment(owner)

    saved = answering.save(
        assessment, {"GOV.1.1": Given(state=State.UNANSWERED, comment="Ask Kim.")}, at=now()
    )

    assert saved.assessment.progress_percentage == 0
    assert AssessmentResponse.objects.get().comment == "Ask Kim."


@pytest.mark.parametrize("count", [1, 5, 23])
def test_any_number_of_answers_costs_the_same(
    owner: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assessment = make_assessment(owner)
    questions = list(assessment.questionnaire)[:count]

    # savepoint, lock, these responses, upsert, count of all, assessment, release
    with django_assert_num_queries(7):
        answering.save(assessment, {q.id: worth(q, 1) for q in questions}, at=now())


def test_the_same_answer_again_changes_nothing_but_the_time(owner: User) -> None:
    assessment = make_assessment(owner)
    answering.save(assessment, {"GOV.1.1": YES}, at=now())
    later = now()

    saved = answering.save(assessment, {"GOV.1.1": YES}, at=later)

    assert AssessmentResponse.objects.get().revision == 1
    assert saved.assessment.last_saved_at == later


def test_a_change_raises_the_revision_and_keeps_the_row(owner: User) -> None:
    assessment = make_assessment(owner)
    answering.save(assessment, {"GOV.1.1": YES}, at=now())
    before = AssessmentResponse.objects.get()

    answering.save(assessment, {"GOV.1.1": replace(DONT_KNOW, revision=1)}, at=now())

    after = AssessmentResponse.objects.get()
    assert (after.pk, after.created_at, after.revision) == (before.pk, before.created_at, 2)
    assert after.answer_value is None


def test_an_answer_from_an_older_page_is_refused_and_the_newer_one_stays(owner: User) -> None:
    assessment = make_assessment(owner)
    answering.save(assessment, {"GOV.1.1": replace(YES, revision=0)}, at=now())

    saved = answering.save(assessment, {"GOV.1.1": replace(DONT_KNOW, revision=0)}, at=now())

    refusal = saved.refusals["GOV.1.1"]
    assert refusal.stored is not None
    assert refusal.stored.answer_value == "yes"
    assert AssessmentResponse.objects.get().state == "answered"


def test_what_is_right_is_stored_beside_what_is_refused(owner: User) -> None:
    assessment = make_assessment(owner)

    wrong = Given(state=State.ANSWERED, value="x")
    saved = answering.save(assessment, {"GOV.1.1": YES, "RSK.2.1": wrong}, at=now())

    assert set(saved.responses) == {"GOV.1.1"}
    assert saved.refusals["RSK.2.1"].field == "answer"
    assert AssessmentResponse.objects.get().question_id == "GOV.1.1"


BAD = {
    "unknown question": ("XXX.1.1", YES, "answer"),
    "question of a deeper tier": ("GOV.1.2", YES, "answer"),
    "id too long": ("G" * 51, YES, "answer"),
    "wrong option": ("GOV.1.1", Given(state=State.ANSWERED, value="maybe"), "answer"),
    "no value": ("GOV.1.1", Given(state=State.ANSWERED), "answer"),
    "list for a choice": ("GOV.1.1", Given(state=State.ANSWERED, value=["yes"]), "answer"),
    "number for a choice": ("GOV.1.1", Given(state=State.ANSWERED, value=1), "answer"),
    "text for a number": ("VUL.2.1", Given(state=State.ANSWERED, value="soon"), "answer"),
    "fraction": ("VUL.2.1", Given(state=State.ANSWERED, value=1.5), "answer"),
    "not a number": ("VUL.2.1", Given(state=State.ANSWERED, value=float("nan")), "answer"),
    "truth for a number": ("VUL.2.1", Given(state=State.ANSWERED, value=True), "answer"),
    "negative": ("VUL.2.1", Given(state=State.ANSWERED, value=-1), "answer"),
    "huge": ("VUL.2.1", Given(state=State.ANSWERED, value=10**308), "answer"),
    "nothing at all": ("GOV.1.1", Given(state=State.UNANSWERED), "answer"),
    "not applicable where it always applies": (
        "IAM.3.1",
        Given(state=State.NOT_APPLICABLE, na_reason=REASON),
        "answer",
    ),
    "no reason": ("VUL.2.1", Given(state=State.NOT_APPLICABLE), "na_reason"),
    "short reason": (
        "VUL.2.1",
        Given(state=State.NOT_APPLICABLE, na_reason="not us" + " " * 40),
        "na_reason",
    ),
    "long reason": (
        "VUL.2.1",
        Given(state=State.NOT_APPLICABLE, na_reason="x" * 1001),
        "na_reason",
    ),
    "comment of 5,000": ("GOV.1.1", replace(YES, comment="x" * 5000), "comment"),
    "comment of 4,001": ("GOV.1.1", replace(YES, comment="x" * 4001), "comment"),
    "NUL": ("GOV.1.1", replace(YES, comment="a\x00b"), "comment"),
    "lone surrogate": ("GOV.1.1", replace(YES, comment="a\ud800b"), "comment"),
    "escape": ("GOV.1.1", replace(YES, comment="a\x1b[31mb"), "comment"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_where_it_is_and_stores_nothing(owner: User, case: str) -> None:
    question_id, given, field = BAD[case]
    assessment = make_assessment(owner)

    saved = answering.save(assessment, {question_id: given}, at=now())

    assert saved.refusals[question_id].field == field
    assert saved.refusals[question_id].message
    assert not AssessmentResponse.objects.exists()
    assessment.refresh_from_db()
    assert assessment.last_saved_at is None


def test_a_comment_of_exactly_the_limit_in_any_script_is_kept(owner: User) -> None:
    assessment = make_assessment(owner)
    comment = ("<b>&\"'日本語عربي\U0001f512\n\t" * 400)[:4000].strip()

    answering.save(assessment, {"GOV.1.1": replace(YES, comment=comment)}, at=now())

    assert AssessmentResponse.objects.get().comment == comment


def test_nothing_is_saved_after_completion(owner: User) -> None:
    assessment = answer_all(make_assessment(owner))
    completion.complete(assessment, at=now())

    with pytest.raises(Closed) as refused:
        answering.save(assessment, {"GOV.1.1": DONT_KNOW}, at=now())

    assert refused.value.status == "completed"
    assert AssessmentResponse.objects.get(question_id="GOV.1.1").state == "answered"


def test_nothing_is_saved_from_the_second_the_days_are_over(owner: User) -> None:
    assessment = make_assessment(owner, at=now() - days(15))

    with pytest.raises(Closed) as refused:
        answering.save(assessment, {"GOV.1.1": YES}, at=now())

    assert refused.value.status == "expired"
    assert not AssessmentResponse.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_answers_at_once_from_many_pages_are_all_kept() -> None:
    assessment = make_assessment(make_user())
    questions = list(assessment.questionnaire)
    barrier = threading.Barrier(len(questions))
    failures: list[BaseException] = []

    def save(number: int) -> None:
        barrier.wait()
        try:
            answering.save(
                assessment, {questions[number].id: worth(questions[number], 1)}, at=now()
            )
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test must see it
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(n,)) for n in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    stored = Assessment.objects.get()
    assert stored.responses.count() == len(questions)
    assert stored.progress_percentage == 100


@pytest.mark.django_db(transaction=True)
def test_no_answer_lands_after_its_score() -> None:
    """Completion takes the same lock as saving, so one of the two comes first."""
    for _ in range(5):
        user = make_user(f"{now().timestamp()}@example.org")
        assessment = answer_all(make_assessment(user), 4)
        barrier = threading.Barrier(2)

        def save(assessment: Assessment = assessment, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            try:
                answering.save(assessment, {"GOV.1.1": DONT_KNOW}, at=now())
            except Closed:
                pass
            finally:
                connection.close()

        thread = threading.Thread(target=save)
        thread.start()
        barrier.wait()
        completed = completion.complete(assessment, at=now())
        thread.join()

        scored = next(
            mark.state
            for section in completed.result.sections
            for mark in section.marks
            if mark.question_id == "GOV.1.1"
        )
        assert (
            scored
            == AssessmentResponse.objects.get(assessment=assessment, question_id="GOV.1.1").state
        )
