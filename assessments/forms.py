"""Between a posted page and the values of the domain, in both directions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.forms import one_line
from assessments import inviting
from assessments.answering import Given, Refusal
from assessments.carrying import Former
from assessments.catalog.questions import (
    NONE_OF_THESE,
    NOT_MEASURED,
    AnyQuestion,
    Catalog,
    ChoiceQuestion,
    NumberQuestion,
    PracticesQuestion,
    Profile,
    ProfileQuestion,
    Questionnaire,
    Section,
    Tier,
    holds,
)
from assessments.models import COMMENT_MAX, NA_REASON_MAX, AssessmentResponse, Invitation
from assessments.progress import SECONDS_PER_QUESTION
from assessments.scoring import State

DONT_KNOW = State.DONT_KNOW.value
NOT_APPLICABLE = State.NOT_APPLICABLE.value


# --- questions -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One radio button or checkbox."""

    value: str
    label: str
    about: str
    checked: bool


@dataclass(frozen=True, slots=True)
class QuestionField:
    """A question as the page shows it: what is filled in, and what is wrong with it."""

    question: AnyQuestion
    chosen: Sequence[str]
    number: str = ""
    comment: str = ""
    na_reason: str = ""
    planned: bool = False
    revision: int = 0
    refusal: Refusal | None = None
    answered_by: Invitation | None = None
    answered_at: datetime | None = None
    confirmed: bool = False
    former: Former | None = None

    @property
    def former_in_words(self) -> str:
        """The answer of the assessment before, while it is a suggestion or confirmed."""
        if self.former is None or (self.is_done and not self.confirmed):
            return ""
        if self.former.value is None:
            return str(AssessmentResponse.State(self.former.state.value).label)
        return self.question.describe(self.former.value)

    @property
    def former_entries(self) -> str:
        """What confirming fills in, for the page's script: names of fields with their values."""
        if self.former is None:
            return ""
        question_id, value = self.question.id, self.former.value
        entries = [(f"confirmed-{question_id}", "on")]
        if value is None:
            entries.append((f"answer-{question_id}", self.former.state.value))
        elif isinstance(value, int):
            entries.append((f"number-{question_id}", str(value)))
        else:
            chosen = [value] if isinstance(value, str) else value
            entries += [(f"answer-{question_id}", each) for each in chosen]
        entries.append((f"comment-{question_id}", self.former.comment))
        entries.append((f"reason-{question_id}", self.former.na_reason))
        return json.dumps(entries)

    @property
    def several(self) -> bool:
        """Are there checkboxes, so that several may be ticked?"""
        return not isinstance(self.question, ChoiceQuestion)

    @property
    def choices(self) -> list[Choice]:
        if isinstance(self.question, ChoiceQuestion):
            return [self._choice(o.value, o.label, o.anchor) for o in self.question.options]
        if isinstance(self.question, PracticesQuestion):
            return [self._choice(p.value, p.label, p.anchor) for p in self.question.practices]
        return []

    @property
    def apart(self) -> list[Choice]:
        """The answers that stand apart from the scale."""
        choices = [self._choice(DONT_KNOW, "I don’t know", "Counts as a gap until you find out.")]
        if isinstance(self.question, PracticesQuestion):
            choices.insert(0, self._choice(NONE_OF_THESE, self.question.none_label, ""))
        if isinstance(self.question, NumberQuestion):
            choices.insert(0, self._choice(NOT_MEASURED, "Not measured", ""))
        if self.question.na_allowed:
            choices.append(self._choice(NOT_APPLICABLE, "Not applicable", "Left out of the score."))
        return choices

    def _choice(self, value: str, label: str, about: str) -> Choice:
        return Choice(value, label, about, value in self.chosen)

    @property
    def band(self) -> str:
        """The band that a stored number falls into: shown after answering, not before."""
        if isinstance(self.question, NumberQuestion) and self.number and not self.refusal:
            return self.question.band_label(self.question.band(int(self.number)))
        return ""

    @property
    def not_applicable(self) -> bool:
        return NOT_APPLICABLE in self.chosen

    @property
    def has_note(self) -> bool:
        return bool(self.comment or self.planned)

    @property
    def is_done(self) -> bool:
        return bool(self.chosen or self.number)

    @property
    def in_words(self) -> str:
        """The stored answer as a summary says it."""
        if DONT_KNOW in self.chosen or self.not_applicable:
            return str(AssessmentResponse.State(self.chosen[0]).label)
        if self.number:
            return self.question.describe(int(self.number))
        several = isinstance(self.question, PracticesQuestion)
        return self.question.describe(list(self.chosen) if several else self.chosen[0])

    def error(self, field: str) -> str:
        return self.refusal.message if self.refusal and self.refusal.field == field else ""

    @property
    def answer_error(self) -> str:
        return self.error("answer")

    @property
    def comment_error(self) -> str:
        return self.error("comment")

    @property
    def na_reason_error(self) -> str:
        return self.error("na_reason")

    @property
    def conflict(self) -> AssessmentResponse | None:
        """What is stored instead, where somebody else was faster."""
        return self.refusal.stored if self.refusal and self.refusal.conflict else None

    @property
    def stored_instead(self) -> str:
        """In a conflict, the answer that is stored, in words."""
        stored = self.refusal.stored if self.refusal else None
        if stored is None:
            return ""
        words = stored_field(self.question, stored)
        return words.in_words if words.is_done else "unanswered"


def stored_field(
    question: AnyQuestion, response: AssessmentResponse | None, former: Former | None = None
) -> QuestionField:
    """The question with what is stored."""
    if response is None:
        return QuestionField(question, (), former=former)
    chosen: Sequence[str] = ()
    number = ""
    if response.state in (State.DONT_KNOW, State.NOT_APPLICABLE):
        chosen = (response.state,)
    elif isinstance(response.answer_value, list):
        chosen = response.answer_value
    elif isinstance(response.answer_value, str):
        chosen = (response.answer_value,)
    elif response.answer_value is not None:
        number = str(response.answer_value)
    return QuestionField(
        question,
        chosen,
        number,
        response.comment,
        response.na_reason,
        response.planned,
        response.revision,
        answered_by=response.answered_by,
        answered_at=response.updated_at,
        confirmed=response.confirmed_unchanged,
        former=former,
    )


def posted_field(
    question: AnyQuestion, post: QueryDict, refusal: Refusal, former: Former | None = None
) -> QuestionField:
    """The question with what was typed, so that a slip costs nothing.

    After a conflict the revision is the stored one: saving once more then means it.
    """
    return QuestionField(
        question,
        post.getlist(f"answer-{question.id}"),
        post.get(f"number-{question.id}", ""),
        post.get(f"comment-{question.id}", ""),
        post.get(f"reason-{question.id}", ""),
        f"planned-{question.id}" in post,
        refusal.stored.revision if refusal.stored else _revision(question.id, post) or 0,
        refusal,
        confirmed=f"confirmed-{question.id}" in post,
        former=former,
    )


def given(questions: Mapping[str, AnyQuestion], post: QueryDict) -> dict[str, Given]:
    """What the page says about each question it names; ids are checked when it is saved.

    A question that was left as it came, untouched and empty, is not mentioned; nor is one where
    somebody else's answer is to stay.
    """
    said = {}
    for question_id in dict.fromkeys(post.getlist("question")):
        if post.get(f"resolve-{question_id}") == "theirs":
            continue
        answer = _given(question_id, questions.get(question_id), post)
        untouched = answer.state is State.UNANSWERED and not (
            answer.comment or answer.planned or answer.confirmed
        )
        if not untouched or answer.revision or question_id not in questions:
            said[question_id] = answer
    return said


def is_resolved(post: QueryDict) -> bool:
    """Was it a button that says whose answer stays? Then the page is to be seen again."""
    return any(name.startswith("resolve-") for name in post)


def _given(question_id: str, question: AnyQuestion | None, post: QueryDict) -> Given:
    chosen = post.getlist(f"answer-{question_id}")
    number = post.get(f"number-{question_id}", "").strip()
    state, value = State.ANSWERED, None
    if not chosen and not number:
        state = State.UNANSWERED
    elif chosen in ([DONT_KNOW], [NOT_APPLICABLE]) and not number:
        state = State(chosen[0])
    else:
        value = _value(question, chosen, number)
    return Given(
        state=state,
        value=value,
        comment=post.get(f"comment-{question_id}", ""),
        na_reason=post.get(f"reason-{question_id}", "") if state is State.NOT_APPLICABLE else "",
        planned=f"planned-{question_id}" in post,
        confirmed=f"confirmed-{question_id}" in post,
        beside=post.get(f"resolve-{question_id}") == "both",
        revision=_revision(question_id, post),
    )


def _value(question: AnyQuestion | None, chosen: list[str], number: str) -> object:
    """The value as the question's own check expects it; what makes no sense stays as it is."""
    if isinstance(question, PracticesQuestion):
        return chosen
    if isinstance(question, NumberQuestion):
        if number and chosen:
            return None
        if number.isascii() and number.isdecimal() and len(number) < 12:
            return int(number)
        return number or (chosen[0] if len(chosen) == 1 else None)
    return chosen[0] if len(chosen) == 1 else chosen


def _revision(question_id: str, post: QueryDict) -> int | None:
    text = post.get(f"revision-{question_id}", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


# --- before the start ----------------------------------------------------------------------------


class ProfileForm(forms.Form):
    """The profile questions; those that the answers so far rule out are not required."""

    def __init__(self, catalog: Catalog, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.catalog = catalog
        for question in catalog.profile:
            self.fields[question.id] = _profile_field(question)

    @property
    def rules(self) -> dict[str, dict[str, list[str]]]:
        """Under which answers a question is asked at all, for the page's script."""
        return {question.id: question.when for question in self.catalog.profile if question.when}

    def clean(self) -> dict[str, Any]:
        said: dict[str, list[str]] = {}
        for question in self.catalog.profile:
            value = self.cleaned_data.get(question.id)
            values = [value] if isinstance(value, str) else value
            if not holds(question.when, said):
                continue
            if values and values != [""]:
                said[question.id] = list(values)
            elif question.id not in self.errors:
                self.add_error(question.id, "Choose an answer.")
        return {"profile": said}

    @property
    def profile(self) -> dict[str, list[str]]:
        profile: dict[str, list[str]] = self.cleaned_data["profile"]
        return profile


def _profile_field(question: ProfileQuestion) -> forms.Field:
    choices = [(option.value, option.label) for option in question.options]
    common: dict[str, Any] = {
        "label": question.text,
        "help_text": question.hint,
        "choices": choices,
        "required": False,
    }
    if question.many:
        return forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, **common)
    return forms.ChoiceField(widget=forms.RadioSelect, **common)


@dataclass(frozen=True, slots=True)
class TierChoice:
    tier: Tier
    checked: bool
    available: bool
    suggested: bool
    questions: int
    minutes: int


@dataclass(frozen=True, slots=True)
class SectionChoice:
    section: Section
    checked: bool
    focus: bool


class ScopeForm(forms.Form):
    """The tier and the sections, with the intake's suggestion filled in."""

    tier = forms.ChoiceField(widget=forms.RadioSelect, label="How deep should it go?")
    section_ids = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        label="Which sections?",
        error_messages={"required": "Choose at least one section."},
    )

    def __init__(self, catalog: Catalog, profile: Profile, data: QueryDict | None = None) -> None:
        self.catalog = catalog
        self.profile = profile
        self.suggestion = catalog.suggest(profile)
        suggested = {"tier": self.suggestion.tier, "section_ids": self.suggestion.section_ids}
        super().__init__(data, initial=suggested)
        tiers = self.fields["tier"]
        sections = self.fields["section_ids"]
        assert isinstance(tiers, forms.ChoiceField)
        assert isinstance(sections, forms.ChoiceField)
        tiers.choices = [(tier.value, tier.value.capitalize()) for tier in catalog.complete_tiers]
        sections.choices = [(section.id, section.name) for section in catalog.sections]

    @property
    def tier_choices(self) -> list[TierChoice]:
        """Every tier with what it asks of this company; those that are not complete as well."""
        everything = tuple(section.id for section in self.catalog.sections)
        counts = {
            tier: len(self.catalog.questionnaire(tier, everything, self.profile).questions)
            for tier in Tier
        }
        return [
            TierChoice(
                tier=tier,
                checked=self["tier"].value() == tier,
                available=tier in self.catalog.complete_tiers,
                suggested=self.suggestion.tier is tier,
                questions=counts[tier],
                minutes=-(-counts[tier] * SECONDS_PER_QUESTION // 60),
            )
            for tier in Tier
        ]

    @property
    def section_choices(self) -> list[SectionChoice]:
        chosen = self["section_ids"].value() or ()
        return [
            SectionChoice(section, section.id in chosen, section.id in self.suggestion.focus)
            for section in self.catalog.sections
        ]

    @property
    def chosen_tier(self) -> Tier:
        return Tier(self.cleaned_data["tier"])


class ConsultationForm(forms.Form):
    details = forms.CharField(
        label="What would you like to talk about?",
        help_text="For example the gaps that worry you, a date you have to meet, or who to call.",
        max_length=COMMENT_MAX,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


# --- colleagues ----------------------------------------------------------------------------------


class InvitationForm(forms.Form):
    """Who is asked what: a section, or the question from whose page the owner comes."""

    scope = forms.ChoiceField(label="What do you send?")
    name = forms.CharField(
        label="Your colleague’s name",
        max_length=120,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label="Their e-mail address",
        max_length=254,
        help_text="They get a link, and need no account. A code makes sure that it is them.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    days = forms.IntegerField(
        label="Days they have",
        min_value=1,
        max_value=inviting.DAYS_MAX,
        initial=inviting.DAYS,
        help_text="Never longer than the assessment is open.",
    )

    def __init__(self, questionnaire: Questionnaire, asked: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sections = [(section.id, section.name) for section in questionnaire.sections]
        scope = self.fields["scope"]
        assert isinstance(scope, forms.ChoiceField)
        scope.choices = sections
        if question := questionnaire.questions.get(asked):
            scope.choices = [(question.id, f"Only the question {question.id}"), *sections]
        self.initial["scope"] = asked


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=40,
        help_text="As in the message; capitals do not matter.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


class ReturnForm(forms.Form):
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=NA_REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
