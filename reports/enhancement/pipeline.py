"""Enhancing one report: section by section, then the whole. Runs in the worker only.

What was written and verified is stored at once, so a worker that dies loses at most the requests
that were under way. The report is made whatever happens here: a section without a text says why.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.conf import settings

from assessments.models import Assessment
from assessments.scoring import SectionScore
from reports.enhancement import client, prompts
from reports.enhancement.claims import Claim, Drafted, Dropped, verify
from reports.enhancement.client import Unavailable, Written
from reports.enhancement.prompts import Prompt, Told
from reports.enhancement.redaction import Redactor
from reports.models import Report, SectionInsight
from reports.wording import Note

logger = logging.getLogger(__name__)

SLICE = 120.0
"""Seconds of writing for one message; the rest is left to the next (`Report.hand_back`)."""

CALL = 45.0
"""Seconds for one section with all its tries; within the lease, which is renewed before it."""

GRACE = 5.0

State = SectionInsight.State


def enhance(
    report: Report, notes: dict[str, Note], token: UUID, *, now: Callable[[], datetime]
) -> bool:
    """Have an insight for every section and for the whole; False if some are left to do.

    Whoever has lost the report to another worker leaves everything to that one.
    """
    assessment = report.assessment
    told = _told(report, notes)
    end = time.monotonic() + SLICE
    rated = [section for section in assessment.result.sections if section.rated]
    while todo := _without_insight(report, rated):
        if time.monotonic() >= end or not report.extend(token, now=now()):
            return False
        wave = todo[: settings.AI_CONCURRENCY]
        _write(report, [prompts.for_section(told, section) for section in wave], told)
    if not report.insights.filter(section_id="").exists():
        if time.monotonic() >= end or not report.extend(token, now=now()):
            return False
        _write(report, [prompts.for_whole(told, _said(report))], told)
    return True


def prompt_of(report: Report, notes: dict[str, Note], section_id: str) -> tuple[Prompt, Redactor]:
    """What was asked about a section, or about the whole: to hold an edited claim against it."""
    told = _told(report, notes)
    if section_id == "":
        return prompts.for_whole(told, _said(report)), told.redactor
    (section,) = (s for s in told.scorecard.sections if s.section_id == section_id)
    return prompts.for_section(told, section), told.redactor


def _said(report: Report) -> dict[str, tuple[Claim, ...]]:
    written = report.insights.exclude(claims=[]).exclude(section_id="")
    return {insight.section_id: insight.written for insight in written}


def _told(report: Report, notes: dict[str, Note]) -> Told:
    assessment: Assessment = report.assessment
    return Told(
        questionnaire=assessment.questionnaire,
        answers=assessment.answers,
        notes=notes,
        scorecard=assessment.result,
        context=report.context,
        redactor=Redactor(company=report.user.company_name, people=[report.user.full_name]),
        with_comments=report.comments_consent,
    )


def _without_insight(report: Report, sections: Iterable[SectionScore]) -> list[SectionScore]:
    there = set(report.insights.values_list("section_id", flat=True))
    return [section for section in sections if section.section_id not in there]


def _write(report: Report, wave: Sequence[Prompt], told: Told) -> None:
    """Ask for all of a wave at once, and store each as it comes."""
    asked = []
    for prompt in wave:
        known = _paid_for(report, prompt)
        if known:
            _store(report, prompt, claims=known.written, dropped=known.refused, model=known.model)
        else:
            asked.append(prompt)
    answers: queue.Queue[tuple[Prompt, Written | Unavailable]] = queue.Queue()
    deadline = time.monotonic() + CALL
    for prompt in asked:
        # A thread that hangs in spite of its limits must not keep the worker from ending.
        threading.Thread(target=_ask, args=(prompt, deadline, answers), daemon=True).start()
    waiting = {prompt.section_id: prompt for prompt in asked}
    while waiting:
        try:
            prompt, answer = answers.get(timeout=max(0.0, deadline + GRACE - time.monotonic()))
        except queue.Empty:
            break
        del waiting[prompt.section_id]
        _take(report, prompt, answer, told.redactor)
    for prompt in waiting.values():
        _take(report, prompt, Unavailable("the AI service did not answer in time"), told.redactor)


def _ask(
    prompt: Prompt, deadline: float, answers: queue.Queue[tuple[Prompt, Written | Unavailable]]
) -> None:
    """In a thread of its own; it touches no database."""
    answer: Written | Unavailable
    try:
        answer = client.write(prompt.instructions, prompt.data, prompt.schema, deadline=deadline)
    except Unavailable as error:
        answer = error
    except Exception as error:
        logger.exception("asking the model failed")
        answer = Unavailable(f"something went wrong ({type(error).__name__})")
    answers.put((prompt, answer))


def _paid_for(report: Report, prompt: Prompt) -> SectionInsight | None:
    """The same input was answered before, in an earlier report of the same person."""
    earlier = SectionInsight.objects.filter(
        user_id=report.user_id,
        input_hash=prompt.input_hash,
        state=State.READY,
        prompt_version=prompts.VERSION,
    )
    return earlier.exclude(report=report).order_by("-created_at").first()


def _take(
    report: Report, prompt: Prompt, answer: Written | Unavailable, redactor: Redactor
) -> None:
    if isinstance(answer, Unavailable):
        _store(report, prompt, reason=str(answer))
        return
    claims: tuple[Claim, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    reason = "the AI service gave an answer that cannot be used"
    if not _repeats_instructions(answer.claims):
        claims, dropped = verify(answer.claims, prompt.facts, parts=prompt.parts)
        reason = "" if claims else "nothing that was written stood up to the checks"
    _store(
        report,
        prompt,
        claims=[
            msgspec.structs.replace(claim, text=redactor.restore(claim.text)) for claim in claims
        ],
        dropped=dropped,
        reason=reason,
        model=answer.model,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
    )


def _repeats_instructions(claims: Iterable[Drafted]) -> bool:
    return any(prompts.CANARY in claim.text for claim in claims)


def _store(
    report: Report,
    prompt: Prompt,
    *,
    claims: Sequence[Claim] = (),
    dropped: Sequence[Dropped] = (),
    reason: str = "",
    model: str = "",
    input_tokens: int = 0,
    output_tokens: int = 0,
) -> None:
    """Another worker may have been quicker; what is there stays."""
    SectionInsight.objects.bulk_create(
        [
            SectionInsight(
                report=report,
                user_id=report.user_id,
                section_id=prompt.section_id,
                state=State.UNAVAILABLE if reason else State.READY,
                reason=reason,
                input_hash=prompt.input_hash,
                model=model,
                prompt_version=prompts.VERSION,
                claims=msgspec.to_builtins(list(claims)),
                dropped=msgspec.to_builtins(list(dropped)),
                input_tokens=input_tokens,
                output_tokens=output_tokens,
            )
        ],
        ignore_conflicts=True,
    )
