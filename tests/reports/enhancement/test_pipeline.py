"""From the request to the report that waits for its review, whatever the AI service does."""

from __future__ import annotations

import json
import threading
import time
from io import BytesIO
from typing import Any

import msgspec
import pypdf
import pytest
from django.core.cache import caches
from django.db import IntegrityError
from pytest_django import Settings

from accounts.models import User
from assessments import answering, completion
from assessments.answering import Given
from assessments.models import Assessment
from assessments.scoring import State
from reports import ordering, production, reading
from reports.enhancement import breaker, client, pipeline, prompts
from reports.enhancement.client import Unavailable
from reports.models import Report, SectionInsight
from reports.tasks import produce_enhanced_report
from tests.factories import days, make_assessment, make_user, now, stored, worth
from tests.peer import Peer, claim, sensible

pytestmark = pytest.mark.django_db

SECTIONS = ("GOV", "IAM", "RES")
COMPANY = "Quokkawerk Ltd"
PERSON = "Zephyrine Oakapple"
COMMENT = "Zephyrine keeps it at quokkawerk on vault.quokka.example, call +44 20 7946 0958"


def completed(user: User, *sections: str) -> Assessment:
    User.objects.filter(pk=user.pk).update(company_name=COMPANY, full_name=PERSON)
    user.refresh_from_db()
    assessment = make_assessment(user, section_ids=sections or SECTIONS)
    given = {question.id: worth(question, 2) for question in assessment.questionnaire}
    first, second = list(given)[:2]
    given[first] = Given(state=State.ANSWERED, value=given[first].value, comment=COMMENT)
    given[second] = Given(state=State.DONT_KNOW)
    assert not answering.save(assessment, given, at=now()).refusals
    return completion.complete(assessment, at=now())


def requested(assessment: Assessment, *, consent: bool = False, context: str = "") -> Report:
    return ordering.request_enhanced(
        assessment, context=context, comments_consent=consent, at=now()
    )


def made(report: Report) -> Report:
    while not production.produce(report.pk, now=now):
        pass
    report.refresh_from_db()
    return report


def printed(report: Report) -> str:
    reader = pypdf.PdfReader(BytesIO(stored(report)))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


# --- when all goes well --------------------------------------------------------------------------


def test_what_the_model_wrote_is_printed_and_waits_for_its_review(
    owner: User, service: Peer
) -> None:
    report = made(requested(completed(owner)))

    assert (report.status, report.is_downloadable) == ("completed", False)
    text = printed(report)
    assert "Written with AI" in text
    assert f"The answers of {COMPANY} show where to begin." in text
    for insight in report.insights.all():
        assert insight.state == "ready"
        for written in insight.written:
            assert written.text in text
            assert written.question_ids[0] in text
    assert "were written by peer-1" in text
    assert "No artificial intelligence" not in text
    assert {insight.section_id for insight in report.insights.all()} == {"", *SECTIONS}
    assert sum(insight.input_tokens for insight in report.insights.all()) == 4_000


def test_the_model_is_told_the_questions_and_the_answers(owner: User, service: Peer) -> None:
    assessment = completed(owner)

    made(requested(assessment, context="We move offices in May."))

    asked = {question["id"]: question for told in service.told for question in told["questions"]}
    for question in assessment.questionnaire:
        assert asked[question.id]["text"] == question.text
        assert asked[question.id]["answer"]
    by_domain = [told for told in service.told if "domain" in told]
    assert {told["domain"]["name"] for told in by_domain} == {
        section.name for section in assessment.questionnaire.sections
    }
    assert all(told["added_by_the_respondent"] for told in service.told)
    (whole,) = [told for told in service.told if "domains" in told]
    assert all(domain["said"] for domain in whole["domains"])


def test_names_never_leave_the_house(owner: User, service: Peer) -> None:
    report = requested(completed(owner), context=f"{PERSON} of {COMPANY} asks: kim@quokka.example")

    made(report)

    sent = json.dumps(service.bodies, ensure_ascii=False).lower()
    assert service.bodies
    for canary in ("quokka", "zephyrine", "oakapple", "7946", "vault.", "kim@"):
        assert canary not in sent
    assert "comment" not in {name for told in service.told for q in told["questions"] for name in q}


def test_comments_are_told_only_with_consent_and_without_their_names(
    owner: User, service: Peer
) -> None:
    made(requested(completed(owner), consent=True))

    comments = {q["comment"] for told in service.told for q in told["questions"] if q["comment"]}
    assert comments == {"[PERSON-1] keeps it at [COMPANY] on [HOST-1], call [PHONE-2]"}


def test_the_names_come_back_in_what_is_printed(owner: User, service: Peer) -> None:
    def write(told: dict[str, Any]) -> list[dict[str, Any]]:
        part = "narrative" if "domains" in told else "analysis"
        return [claim(part, "[PERSON-1] leads at [COMPANY].", [told["questions"][0]["id"]])]

    service.write = write

    text = printed(made(requested(completed(owner))))

    assert f"{PERSON} leads at {COMPANY}." in text
    assert "[COMPANY]" not in text


def test_two_requests_are_one_report(owner: User, service: Peer) -> None:
    assessment = completed(owner)

    first = requested(assessment)
    second = requested(assessment, context="something else")

    assert first.pk == second.pk
    assert Report.objects.filter(report_type="ai_enhanced").count() == 1


def test_five_a_day_are_enough(owner: User, settings: Settings) -> None:
    settings.AI_REPORTS_PER_DAY = 2
    assessment = completed(owner)
    for _ in range(2):
        report = requested(assessment)
        Report.objects.filter(pk=report.pk).update(status="failed")

    with pytest.raises(ordering.RequestsUsedUp) as refused:
        requested(assessment)

    assert refused.value.again_at > now()
    Report.objects.filter(report_type="ai_enhanced").update(requested_at=now() - days(1.1))
    assert requested(assessment).status == "pending"


# --- half-way ------------------------------------------------------------------------------------


def test_what_was_written_is_not_asked_for_again(owner: User, service: Peer) -> None:
    """The worker dies after one section: the next one goes on with the others."""
    report = requested(completed(owner))
    token = report.claim(now=now())
    assert token
    told = pipeline._told(report, reading.notes(report.assessment))
    prompt = prompts.for_section(told, report.assessment.result.sections[0])
    pipeline._write(report, [prompt], told)
    assert len(service.bodies) == 1
    Report.objects.filter(pk=report.pk).update(lease_until=now() - days(1))

    made(report)

    domains = [told["domain"]["name"] for told in service.told if "domain" in told]
    assert len(domains) == len(set(domains)) == len(SECTIONS)
    assert report.insights.count() == len(SECTIONS) + 1


def test_a_long_report_is_written_in_slices(
    owner: User, service: Peer, settings: Settings, monkeypatch: pytest.MonkeyPatch, worker: None
) -> None:
    settings.AI_CONCURRENCY = 1
    monkeypatch.setattr(pipeline, "SLICE", 0.0)
    report = requested(completed(owner))
    assert production.produce(report.pk, now=now) is False
    report.refresh_from_db()
    assert (report.status, report.tries, service.bodies) == ("pending", 0, [])
    monkeypatch.setattr(pipeline, "SLICE", 60.0)
    produce_enhanced_report.delay(str(report.pk))

    report.refresh_from_db()
    assert (report.status, report.tries) == ("completed", 1)


def test_whoever_lost_the_report_leaves_it_alone(owner: User, service: Peer) -> None:
    report = requested(completed(owner))
    token = report.claim(now=now())
    assert token
    Report.objects.filter(pk=report.pk).update(lease_until=now() - days(1))
    assert report.claim(now=now())

    finished = pipeline.enhance(report, {}, token, now=now)

    assert finished is False
    assert not report.hand_back(token, now=now())
    assert service.bodies == []


def test_the_same_input_is_not_paid_for_twice(owner: User, service: Peer) -> None:
    assessment = completed(owner)
    first = made(requested(assessment))
    paid = len(service.bodies)
    Report.objects.filter(pk=first.pk).update(status="failed")

    second = made(requested(assessment))

    assert len(service.bodies) == paid
    assert second.pk != first.pk
    assert [i.claims for i in second.insights.all()] == [i.claims for i in first.insights.all()]
    other = made(requested(completed(make_user("other@example.org"))))
    assert len(service.bodies) == 2 * paid  # another company's words are its own
    assert other.insights.count() == len(SECTIONS) + 1


# --- when it goes wrong --------------------------------------------------------------------------

FAULTS = (
    "500", "503", "429", "429:0.2", "429:30", "quota", "400", "401", "html", "cut", "reset",
    "hang:1", "drip", "empty", "nothing", "broken", "length", "huge", "injection", "canary",
    "numbers", "invented",
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_service_does_there_is_an_honest_report(
    owner: User, service: Peer, impatient: None, fault: str
) -> None:
    service.always = fault
    report = requested(completed(owner, "IAM"))
    token = report.claim(now=now())
    assert token

    assert pipeline.enhance(report, {}, token, now=now)

    told = production.enhancement(report)
    assert told
    assert (told.summary, told.plan, set(told.sections.values())) == ((), (), {()})
    for insight in report.insights.all():
        assert (insight.state, insight.claims) == ("unavailable", [])
        assert any(insight.reason in sentence for sentence in told.missing)
    assert report.insights.count() == 2
    document = production.document(report)
    assert len(document.sections) == 1
    assert document.sections[0].topics


def test_a_passing_fault_is_tried_again(owner: User, service: Peer) -> None:
    service.plan = ["500", "html", "429:0.1"]

    report = made(requested(completed(owner, "IAM")))

    assert report.insights.get(section_id="IAM").state == "ready"
    assert len(service.bodies) == 5


def test_without_a_key_nobody_is_asked_and_the_report_says_so(owner: User) -> None:
    report = made(requested(completed(owner, "IAM")))

    text = printed(report)
    assert "There is no AI text for any part of this report: no AI service is set up." in text
    assert "this report is the standard one" in text


def test_one_section_without_a_text_is_named(owner: User, service: Peer) -> None:
    def write(told: dict[str, Any]) -> list[dict[str, Any]]:
        if told.get("domain", {}).get("name", "").startswith("Identity"):
            return [claim("analysis", "At level 5 already.", [told["questions"][0]["id"]])]
        return sensible(told)

    service.write = write

    report = made(requested(completed(owner)))

    text = printed(report)
    insight = report.insights.get(section_id="IAM")
    assert [dropped.reason for dropped in insight.refused] == ["No level 5 is known here."]
    name = "Identity and authentication"
    reason = "nothing that was written stood up to the checks"
    assert f"There is no AI text for {name}: {reason}." in text


def test_a_dead_service_is_spared(owner: User, service: Peer, monkeypatch: Any) -> None:
    """40 threads, 1,000 requests to a service that is down: at most 2 % reach it."""
    monkeypatch.setattr("reports.enhancement.client.time.sleep", lambda _: None)
    service.always = "503"
    refused: list[Unavailable] = []

    def ask() -> None:
        for _ in range(25):
            try:
                client.write("i", '{"questions": [{"id": "x"}]}', {}, deadline=time.monotonic() + 5)
            except Unavailable as error:
                refused.append(error)

    ask_first = threading.Thread(target=ask)
    ask_first.start()
    ask_first.join()
    threads = [threading.Thread(target=ask) for _ in range(39)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1_000
    assert breaker.THRESHOLD <= len(service.bodies) <= 20


def test_after_the_pause_one_asks_for_all(service: Peer, monkeypatch: Any) -> None:
    monkeypatch.setattr("reports.enhancement.client.time.sleep", lambda _: None)
    told = '{"questions": [{"id": "x"}]}'
    service.plan = ["503"] * breaker.THRESHOLD
    for _ in range(3):
        with pytest.raises(Unavailable):
            client.write("i", told, {}, deadline=time.monotonic() + 5)
    assert len(service.bodies) == breaker.THRESHOLD
    caches["limits"].delete(breaker.OPEN)  # the pause is over

    with breaker.guard((OSError,)), pytest.raises(breaker.Open), breaker.guard((OSError,)):
        raise AssertionError("two asked at once")
    with breaker.guard((OSError,)):
        pass  # and after a good answer everybody may


def test_with_the_counters_away_the_breaker_steps_aside(
    service: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OSError

    for name in ("get", "add", "incr", "delete"):
        monkeypatch.setattr(f"posture.counters.FileCounters.{name}", away)
    service.write = lambda _: [claim("analysis", "Good.", ["x"])]

    written = client.write("i", '{"questions": [{"id": "x"}]}', {}, deadline=time.monotonic() + 5)

    assert [claim.text for claim in written.claims] == ["Good."]


def test_an_unavailable_insight_names_its_reason_in_the_database(owner: User) -> None:
    report = requested(completed(owner, "IAM"))
    with pytest.raises(IntegrityError, match="report_insights_reason_if_unavailable"):
        SectionInsight.objects.create(
            report=report, user=owner, state="unavailable", input_hash="x", prompt_version="1"
        )


def test_stored_claims_are_read_as_they_were_written(owner: User, service: Peer) -> None:
    report = made(requested(completed(owner, "IAM")))
    insight = report.insights.get(section_id="IAM")

    assert msgspec.json.decode(msgspec.json.encode(insight.written)) == insight.claims
    assert insight.decisions == {}
