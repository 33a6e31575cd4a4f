"""How far an assessment is: counted, never estimated, and never 100 with something open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from assessments.catalog.questions import AnyQuestion, Questionnaire, SectionInScope, SubArea
from assessments.scoring import Answer, State

SECONDS_PER_QUESTION = 35


@dataclass(frozen=True)
class PageProgress:
    """One page of questions: a sub-area."""

    sub_area: SubArea
    questions: tuple[AnyQuestion, ...]
    open_questions: tuple[AnyQuestion, ...]

    @property
    def done(self) -> int:
        return len(self.questions) - len(self.open_questions)


@dataclass(frozen=True)
class SectionProgress:
    section: SectionInScope
    pages: tuple[PageProgress, ...]
    dont_know: int
    not_applicable: int
    come_back: bool = False
    """Has the respondent marked it to come back to, however much is answered?"""

    @property
    def total(self) -> int:
        return len(self.section.questions)

    @cached_property
    def left(self) -> int:
        return sum(len(page.open_questions) for page in self.pages)

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def state(self) -> str:
        """The words of the task list. Notes are optional, so counting is not enough: what is marked
        to come back to is not completed.
        """
        if self.is_completed:
            return "Completed"
        return "In progress" if self.done else "Not started"

    @property
    def is_completed(self) -> bool:
        return self.left == 0 and not self.come_back

    @property
    def resume_page(self) -> PageProgress:
        """Where to go on: the first page with something open, or the first of all."""
        return next((page for page in self.pages if page.open_questions), self.pages[0])


@dataclass(frozen=True)
class Progress:
    sections: tuple[SectionProgress, ...]

    @cached_property
    def total(self) -> int:
        return sum(section.total for section in self.sections)

    @cached_property
    def left(self) -> int:
        return sum(section.left for section in self.sections)

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def percentage(self) -> int:
        return 100 * self.done // max(self.total, 1)

    @property
    def minutes_left(self) -> int:
        return -(-self.left * SECONDS_PER_QUESTION // 60)

    @property
    def sections_done(self) -> int:
        return sum(section.is_completed for section in self.sections)

    @property
    def resume(self) -> SectionProgress | None:
        """The first section with something open."""
        return next((section for section in self.sections if section.left), None)


def measure(
    questionnaire: Questionnaire,
    answers: Mapping[str, Answer],
    come_back_to: Collection[str] = (),
) -> Progress:
    """`come_back_to` are the ids of the sections that are marked so."""
    said = {
        question_id: answer.state
        for question_id, answer in answers.items()
        if answer.state is not State.UNANSWERED
    }
    return Progress(
        tuple(
            SectionProgress(
                section=section,
                pages=tuple(
                    PageProgress(
                        sub_area, questions, tuple(q for q in questions if q.id not in said)
                    )
                    for sub_area, questions in section.pages
                ),
                dont_know=sum(said.get(q.id) is State.DONT_KNOW for q in section.questions),
                not_applicable=sum(
                    said.get(q.id) is State.NOT_APPLICABLE for q in section.questions
                ),
                come_back=section.id in come_back_to,
            )
            for section in questionnaire.sections
            if section.questions
        )
    )
