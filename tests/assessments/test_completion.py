from __future__ import annotations

import threading

import pytest
from django.db import connection

from accounts.models import User
from assessments import answering, completion, expiry, scoring
from assessments.errors import Closed, NothingAnswered, QuestionsUnanswered
from assessments.models import Assessment
from reports.models import Report
from tests.factories import answer_all, days, make_assessment, make_completed, make_user, now, worth

pytestmark = pytest.mark.django_db


def test_worst_answers_score_0_and_best_ones_100(owner: User, stranger: User) -> None:
    worst, best = make_completed(owner, 0), make_completed(stranger, 4)

    assert worst.result.overall is not None
    assert best.result.overall is not None
    assert worst.result.overall.score == 0
    assert worst.result.overall.level == 1
    assert best.result.overall.score == 100
    assert best.result.overall.level == 3


def test_completion_freezes_the_scorecard_of_the_answers(owner: User) -> None:
    assessment = answer_all(make_assessment(owner), 2)
    expected = scoring.score(assessment.questionnaire, assessment.answers)
    at = now()

    completion.complete(assessment, at=at)

    stored = Assessment.objects.get()
    assert stored.status == Assessment.Status.COMPLETED
    assert stored.completed_at == at
    assert stored.result == expected


def test_completion_orders_the_standard_report_once(owner: User) -> None:
    assessment = make_completed(owner)

    report = Report.objects.get()
    assert report.assessment == assessment
    assert (report.report_type, report.status) == ("standard", "pending")


def test_open_questions_need_a_confirmation_and_count_as_unanswered(owner: User) -> None:
    assessment = make_assessment(owner)
    first, *others = assessment.questionnaire
    answering.save(assessment, {first.id: worth(first, 4)}, at=now())

    with pytest.raises(QuestionsUnanswered) as refused:
        completion.complete(assessment, at=now())
    assert refused.value.question_ids == tuple(question.id for question in others)
    completed = completion.complete(assessment, at=now(), unanswered_confirmed=True)

    assert completed.result.overall is not None
    assert completed.result.overall.score < 6
    assert completed.result.overall.potential == 100


def test_nothing_answered_is_nothing_to_score(owner: User) -> None:
    with pytest.raises(NothingAnswered):
        completion.complete(make_assessment(owner), at=now(), unanswered_confirmed=True)


def test_a_second_completion_is_refused(owner: User) -> None:
    assessment = make_completed(owner)

    with pytest.raises(Closed):
        completion.complete(assessment, at=now())

    assert Report.objects.count() == 1


def test_an_expired_assessment_cannot_be_completed(owner: User) -> None:
    assessment = answer_all(make_assessment(owner, at=now() - days(14)), at=now() - days(13))

    with pytest.raises(Closed):
        completion.complete(assessment, at=now() + days(2))

    assert Assessment.objects.get().scorecard is None


def test_expiry_marks_only_what_is_overdue_and_twice_is_once(owner: User, stranger: User) -> None:
    overdue = make_assessment(owner, at=now() - days(16))
    running = make_assessment(stranger)

    assert expiry.expire_due(now()) == 1
    assert expiry.expire_due(now()) == 0

    overdue.refresh_from_db()
    running.refresh_from_db()
    assert (overdue.status, running.status) == ("expired", "in_progress")


def test_expiry_deletes_nothing(owner: User) -> None:
    answer_all(make_assessment(owner, at=now() - days(16)), at=now() - days(10))

    expiry.expire_due(now())

    assert Assessment.objects.get().responses.count() == 23


@pytest.mark.django_db(transaction=True)
def test_two_completions_at_once_give_one_result_and_one_report() -> None:
    assessment = answer_all(make_assessment(make_user()))
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def complete() -> None:
        barrier.wait()
        try:
            completion.complete(assessment, at=now())
            outcomes.append("completed")
        except Closed:
            outcomes.append("closed")
        finally:
            connection.close()

    threads = [threading.Thread(target=complete) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["closed", "completed"]
    assert Report.objects.count() == 1
