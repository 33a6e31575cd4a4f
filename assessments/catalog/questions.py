"""The values of a catalog: what is asked, how it may be answered, what an answer is worth.

Everything here is frozen, knows nothing of the database or the web, and refuses to exist when
it contradicts itself. Reading the files is the work of `assessments.catalog.loading`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, TypeAlias

import msgspec

FULL_CREDIT = 1000
"""Credits are integers in thousandths, so that every sum of them is exact."""

SUFFICIENT_CREDIT = 750
"""What the roadmap aims at: the practice is followed and has an owner."""

NONE_OF_THESE = "none"
NOT_MEASURED = "not_measured"

Value: TypeAlias = str | list[str] | int
"""An answer as it is stored: an option's value, several of them, or a whole number."""

Profile: TypeAlias = Mapping[str, list[str]]
"""The chosen values of each profile question that was answered."""

Condition: TypeAlias = dict[str, list[str]]
"""Profile question -> values. It holds when each named question has one of its values."""


class InvalidAnswer(ValueError):
    """The value is not one that this question can have; the message is for the respondent."""


class Tier(StrEnum):
    """How much is asked. Each tier contains the one before it."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"

    def includes(self, other: Tier) -> bool:
        order = list(Tier)
        return order.index(other) <= order.index(self)


class Effort(StrEnum):
    S = "S"
    M = "M"
    L = "L"

    @property
    def factor(self) -> int:
        return {"S": 1, "M": 2, "L": 3}[self.value]

    @property
    def meaning(self) -> str:
        return {"S": "up to two weeks", "M": "up to a quarter", "L": "longer than a quarter"}[
            self.value
        ]


class Framework(StrEnum):
    CSF = "csf"
    CIS = "cis"
    ISO = "iso"


class Controls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Identifiers of framework controls, never their text."""

    csf: tuple[str, ...] = ()
    cis: tuple[str, ...] = ()
    iso: tuple[str, ...] = ()

    def of(self, framework: Framework) -> tuple[str, ...]:
        return {"csf": self.csf, "cis": self.cis, "iso": self.iso}[framework.value]

    def __bool__(self) -> bool:
        return bool(self.csf or self.cis or self.iso)


def holds(condition: Condition, profile: Profile) -> bool:
    """Does the profile meet the condition? A question left out of the profile meets any.

    Who has not said whether they run industrial systems is asked about them: a scope can only
    shrink by something the respondent said.
    """
    return all(
        not profile.get(name) or bool(set(values) & set(profile[name]))
        for name, values in condition.items()
    )


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One possible answer: what someone could see, and the step from there to the next."""

    value: str
    label: str
    anchor: str
    next: str


class Practice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several measures that can be in place independently of each other."""

    value: str
    label: str
    anchor: str
    next: str
    weight: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.weight <= 3:
            raise ValueError(f"weight is {self.weight}; it must be 1, 2 or 3")


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of numbers worth the same. The worst band has no limit."""

    credit: int
    next: str
    limit: int | None = None


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """What every question has, whatever its type. `dict=True` is for cached properties."""

    id: str
    tier: Tier
    text: str
    hint: str
    why: str
    where: str
    respondent: str
    weight: int
    risk: int
    effort: Effort
    na_allowed: bool
    must_have: int | None = None
    prerequisites: tuple[str, ...] = ()
    when: Condition = msgspec.field(default_factory=dict)
    primary: Controls = Controls()
    related: Controls = Controls()

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{3}\.\d\.\d{1,2}", self.id):
            raise ValueError(f"id is {self.id!r}; it must look like IAM.3.2")
        for name, value in (("weight", self.weight), ("risk", self.risk)):
            if not 1 <= value <= 3:
                raise ValueError(f"{name} is {value}; it must be 1, 2 or 3")
        if self.must_have is not None:
            if not 3 <= self.must_have <= 5:
                raise ValueError(f"must_have is {self.must_have}; it must be 3, 4 or 5")
            if self.tier is Tier.DEEP:
                raise ValueError("must_have is set; must-haves belong to the standard tier")

    @property
    def section_id(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def sub_area_id(self) -> str:
        return self.id.rsplit(".", 1)[0]

    @property
    def target(self) -> int:
        """The credit that the roadmap aims at: the first one an answer can have that suffices."""
        return min(credit for credit in self.credits if credit >= SUFFICIENT_CREDIT)

    def controls(self, framework: Framework) -> tuple[str, ...]:
        """Primary ones first."""
        return self.primary.of(framework) + self.related.of(framework)

    @property
    def credits(self) -> tuple[int, ...]:
        """Every credit an answer can have, lowest first."""
        raise NotImplementedError

    def checked(self, value: object) -> Value:
        """The value in its stored form. Raises InvalidAnswer."""
        raise NotImplementedError

    def credit(self, value: Value) -> int:
        """What a checked value is worth, 0 to 1000."""
        raise NotImplementedError

    def describe(self, value: Value) -> str:
        """A checked value in the words of the questionnaire."""
        raise NotImplementedError

    def evidence(self, value: Value) -> str:
        """What the respondent says can be seen, in a sentence or two; empty for a figure."""
        raise NotImplementedError

    def next_steps(self, value: Value | None) -> tuple[str, ...]:
        """What to do next from this answer, best first; from the very start if None."""
        raise NotImplementedError


class ChoiceQuestion(Question, frozen=True, kw_only=True):
    """One of a fixed scale of options, worst to best."""

    options: tuple[Option, ...]

    SCALE: ClassVar[Mapping[str, int]]

    def __post_init__(self) -> None:
        super().__post_init__()
        values = [option.value for option in self.options]
        if values != list(self.SCALE):
            raise ValueError(f"options are {values}; they must be {list(self.SCALE)}")

    @cached_property
    def by_value(self) -> dict[str, Option]:
        return {option.value: option for option in self.options}

    @property
    def credits(self) -> tuple[int, ...]:
        return tuple(self.SCALE.values())

    def checked(self, value: object) -> Value:
        if not isinstance(value, str) or value not in self.SCALE:
            raise InvalidAnswer("Choose one of the answers listed.")
        return value

    def credit(self, value: Value) -> int:
        return self.SCALE[str(value)]

    def describe(self, value: Value) -> str:
        return self.by_value[str(value)].label

    def evidence(self, value: Value) -> str:
        return self.by_value[str(value)].anchor

    def next_steps(self, value: Value | None) -> tuple[str, ...]:
        option = self.options[0] if value is None else self.by_value[str(value)]
        return (option.next,)


class MaturityQuestion(ChoiceQuestion, frozen=True, kw_only=True, tag="maturity"):
    kind = "maturity"
    SCALE = {"not_done": 0, "ad_hoc": 250, "defined": 500, "followed": 750, "measured": 1000}


class CoverageQuestion(ChoiceQuestion, frozen=True, kw_only=True, tag="coverage"):
    kind = "coverage"
    SCALE = {"none": 0, "under_25": 250, "25_74": 500, "75_94": 750, "95_100": 1000}

    population: str


class RecencyQuestion(ChoiceQuestion, frozen=True, kw_only=True, tag="recency"):
    kind = "recency"
    SCALE = {
        "never": 0,
        "over_24_months": 250,
        "12_24_months": 500,
        "within_12_months": 750,
        "within_interval": 1000,
    }


class ExistenceQuestion(ChoiceQuestion, frozen=True, kw_only=True, tag="existence"):
    kind = "existence"
    SCALE = {"no": 0, "partly": 500, "yes": 1000}


class PracticesQuestion(Question, frozen=True, kw_only=True, tag="practices"):
    """Any number of practices; "None of these" excludes the others."""

    practices: tuple[Practice, ...]
    none_label: str = "None of these"

    kind = "practices"

    def __post_init__(self) -> None:
        super().__post_init__()
        values = [practice.value for practice in self.practices]
        if len(values) < 3 or len(set(values)) != len(values) or NONE_OF_THESE in values:
            raise ValueError(
                f"practices are {values}; at least 3 different ones, none of them 'none'"
            )

    @cached_property
    def by_value(self) -> dict[str, Practice]:
        return {practice.value: practice for practice in self.practices}

    @cached_property
    def total_weight(self) -> int:
        return sum(practice.weight for practice in self.practices)

    @property
    def credits(self) -> tuple[int, ...]:
        sums = {0}
        for practice in self.practices:
            sums |= {weight + practice.weight for weight in sums}
        return tuple(FULL_CREDIT * weight // self.total_weight for weight in sorted(sums))

    def checked(self, value: object) -> Value:
        if not isinstance(value, list) or not value:
            raise InvalidAnswer("Tick what applies, or “None of these”.")
        known = [practice.value for practice in self.practices]
        if any(not isinstance(item, str) for item in value):
            raise InvalidAnswer("Choose from the answers listed.")
        if value == [NONE_OF_THESE]:
            return [NONE_OF_THESE]
        if NONE_OF_THESE in value:
            raise InvalidAnswer("“None of these” cannot be combined with other answers.")
        if set(value) - set(known):
            raise InvalidAnswer("Choose from the answers listed.")
        return [item for item in known if item in value]

    def _chosen(self, value: Value) -> list[Practice]:
        assert isinstance(value, list)
        return [self.by_value[item] for item in value if item != NONE_OF_THESE]

    def credit(self, value: Value) -> int:
        chosen = sum(practice.weight for practice in self._chosen(value))
        return FULL_CREDIT * chosen // self.total_weight

    def describe(self, value: Value) -> str:
        return "; ".join(practice.label for practice in self._chosen(value)) or self.none_label

    def evidence(self, value: Value) -> str:
        return " ".join(practice.anchor for practice in self._chosen(value))

    def next_steps(self, value: Value | None) -> tuple[str, ...]:
        chosen = [] if value is None else self._chosen(value)
        missing = [practice for practice in self.practices if practice not in chosen]
        return tuple(p.next for p in sorted(missing, key=lambda p: -p.weight))


class NumberQuestion(Question, frozen=True, kw_only=True, tag="number"):
    """A whole number in a named unit, or "not measured". Bands run worst to best.

    `better` says which way. Where lower is better a band's limit is its largest number, where
    higher is better its smallest.
    """

    unit: str
    better: str
    bands: tuple[Band, ...]
    maximum: int

    kind = "number"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.better not in ("lower", "higher"):
            raise ValueError(f"better is {self.better!r}; it must be 'lower' or 'higher'")
        worth = [band.credit for band in self.bands]
        ends = worth[:1] + worth[-1:]
        if worth != sorted(set(worth)) or ends != [0, FULL_CREDIT]:
            raise ValueError(f"bands have credits {worth}; they must rise from 0 to {FULL_CREDIT}")
        if self.bands[0].limit is not None:
            raise ValueError("bands[0] has a limit; the worst band takes whatever is left")
        limits = [band.limit for band in self.bands[1:]]
        if None in limits:
            raise ValueError("bands need a limit, all but the first")
        rising = sorted({limit for limit in limits if limit is not None})
        if limits != (rising if self.better == "higher" else rising[::-1]):
            raise ValueError(f"bands have limits {limits}; they must run worst to best")
        if any(not 0 <= limit <= self.maximum for limit in rising):
            raise ValueError(f"bands have limits {limits}; they must lie in 0..{self.maximum}")

    @property
    def credits(self) -> tuple[int, ...]:
        return tuple(band.credit for band in self.bands)

    def checked(self, value: object) -> Value:
        if value == NOT_MEASURED:
            return NOT_MEASURED
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidAnswer(f"Give a whole number of {self.unit}, or “Not measured”.")
        if not 0 <= value <= self.maximum:
            raise InvalidAnswer(f"Give a number of {self.unit} from 0 to {self.maximum:,}.")
        return value

    def band(self, value: Value | None) -> Band:
        best = self.bands[0]
        if isinstance(value, int):
            for band in self.bands[1:]:
                assert band.limit is not None
                if value <= band.limit if self.better == "lower" else value >= band.limit:
                    best = band
        return best

    def credit(self, value: Value) -> int:
        return self.band(value).credit

    def band_label(self, band: Band) -> str:
        """The band in words, such as "8 to 14 days"."""
        following = self.bands.index(band) + 1
        better = self.bands[following].limit if following < len(self.bands) else None
        if self.better == "lower":
            low, high = (0 if better is None else better + 1), band.limit
        else:
            low, high = band.limit or 0, (None if better is None else better - 1)
        if high is None:
            return f"{low:,} {self.unit} or more"
        if low == 0 and high > 0:
            return f"up to {self._amount(high)}"
        return self._amount(low) if low == high else f"{low:,} to {high:,} {self.unit}"

    def _amount(self, number: int) -> str:
        one = number == 1 and self.unit.endswith("s")
        return f"{number:,} {self.unit[:-1] if one else self.unit}"

    def describe(self, value: Value) -> str:
        return self._amount(value) if isinstance(value, int) else "Not measured"

    def evidence(self, value: Value) -> str:
        return ""

    def next_steps(self, value: Value | None) -> tuple[str, ...]:
        return (self.band(value).next,)


AnyQuestion: TypeAlias = (
    MaturityQuestion
    | CoverageQuestion
    | RecencyQuestion
    | ExistenceQuestion
    | PracticesQuestion
    | NumberQuestion
)


class SubArea(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A handful of related questions, shown on one page.

    `planned` is how many questions a complete version has per tier, `controls` the framework
    controls that have their primary home here.
    """

    id: str
    name: str
    planned: dict[Tier, int]
    controls: Controls = Controls()

    def __post_init__(self) -> None:
        if set(self.planned) != set(Tier):
            raise ValueError(f"planned of {self.id} must say how many questions each tier has")


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One of the domains of security. `short` fits a chart's label."""

    id: str
    name: str
    short: str
    about: str
    sub_areas: tuple[SubArea, ...]
    questions: tuple[AnyQuestion, ...]
    weight: int = 1

    def __post_init__(self) -> None:
        if self.weight < 1:
            raise ValueError(f"weight is {self.weight}; it must be 1 or more")
        known = [sub_area.id for sub_area in self.sub_areas]
        if known != [f"{self.id}.{number}" for number in range(1, len(known) + 1)]:
            raise ValueError(f"sub_areas are {known}; they must be {self.id}.1, {self.id}.2, ...")
        seen: set[str] = set()
        for question in self.questions:
            if question.id in seen:
                raise ValueError(f"{question.id} appears twice")
            if question.sub_area_id not in known:
                raise ValueError(f"{question.id} belongs to no sub-area of {self.id}")
            seen.add(question.id)
        for sub_area in self.sub_areas:
            homes = [q for q in self.questions if q.sub_area_id == sub_area.id]
            for framework in Framework:
                for question in homes:
                    for control in question.primary.of(framework):
                        if control not in sub_area.controls.of(framework):
                            raise ValueError(
                                f"{question.id}.primary.{framework} names {control}, "
                                f"which has its home elsewhere than {sub_area.id}"
                            )


class ProfileOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: str
    label: str


class ProfileQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asked before the start and not scored: it decides what is in scope and what is suggested."""

    id: str
    text: str
    hint: str
    options: tuple[ProfileOption, ...]
    many: bool = False
    when: Condition = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"options of {self.id} are {self.values}; none may appear twice")

    @property
    def values(self) -> list[str]:
        return [option.value for option in self.options]


class Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the intake suggests when the condition holds, and why in one sentence.

    It may name a tier, sections to look at first (`focus`) or sections to leave out (`omit`).
    """

    when: Condition
    because: str
    tier: Tier | None = None
    focus: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()


class Suggestion(msgspec.Struct, frozen=True):
    """The intake's answer to a profile: a tier, sections, and the reasons for both."""

    tier: Tier
    section_ids: tuple[str, ...]
    focus: tuple[str, ...]
    reasons: tuple[str, ...]


WELL_ANSWERED = 750
POORLY_ANSWERED = 250
DOUBT_WORDS = 40


class Doubt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two answers that hardly go together: `high` worth 750 or more, `low` 250 or less.

    The text asks about it, and accuses nobody.
    """

    high: str
    low: str
    text: str

    def __post_init__(self) -> None:
        if self.high == self.low:
            raise ValueError(f"high and low are both {self.high}")
        if not self.text.endswith("?") or len(self.text.split()) > DOUBT_WORDS:
            raise ValueError(f"text must ask, in {DOUBT_WORDS} words at most: {self.text!r}")


class Catalog(msgspec.Struct, frozen=True, dict=True):
    """One published version, whole. It never changes once published."""

    version: str
    title: str
    sections: tuple[Section, ...]
    profile: tuple[ProfileQuestion, ...]
    advice: tuple[Advice, ...]
    doubts: tuple[Doubt, ...] = ()

    def __post_init__(self) -> None:
        section_ids = {section.id for section in self.sections}
        if len(section_ids) != len(self.sections):
            raise ValueError("a section appears twice")
        if len({question.id for question in self.profile}) != len(self.profile):
            raise ValueError("a profile question appears twice")
        questions = {q.id: q for section in self.sections for q in section.questions}
        profile = {question.id: set(question.values) for question in self.profile}

        def check_condition(place: str, condition: Condition) -> None:
            for name, values in condition.items():
                if name not in profile or set(values) - profile[name]:
                    raise ValueError(f"{place}.when names {name}={values}, which the profile lacks")

        for question in questions.values():
            check_condition(question.id, question.when)
            for prerequisite in question.prerequisites:
                if prerequisite not in questions:
                    raise ValueError(
                        f"{question.id}.prerequisites names {prerequisite}, which does not exist"
                    )
        for asked in self.profile:
            check_condition(f"profile.{asked.id}", asked.when)
        for number, advice in enumerate(self.advice):
            check_condition(f"advice[{number}]", advice.when)
            for section_id in advice.focus + advice.omit:
                if section_id not in section_ids:
                    raise ValueError(f"advice[{number}] names {section_id}, which does not exist")
        _refuse_cycles(questions)
        if len({(doubt.high, doubt.low) for doubt in self.doubts}) != len(self.doubts):
            raise ValueError("a pair of doubts appears twice")
        for doubt in self.doubts:
            for name, question_id in (("high", doubt.high), ("low", doubt.low)):
                if question_id not in questions:
                    raise ValueError(f"doubts.{name} names {question_id}, which does not exist")

    @cached_property
    def questions(self) -> dict[str, AnyQuestion]:
        return {q.id: q for section in self.sections for q in section.questions}

    @cached_property
    def sections_by_id(self) -> dict[str, Section]:
        return {section.id: section for section in self.sections}

    @cached_property
    def complete_tiers(self) -> tuple[Tier, ...]:
        """The tiers that have as many questions as each sub-area has planned for them."""
        return tuple(
            tier
            for tier in Tier
            if all(
                sub_area.planned[tier]
                == sum(
                    q.sub_area_id == sub_area.id and tier.includes(q.tier)
                    for q in section.questions
                )
                for section in self.sections
                for sub_area in section.sub_areas
            )
        )

    def questionnaire(
        self, tier: Tier, section_ids: tuple[str, ...], profile: Profile
    ) -> Questionnaire:
        """What a company with this profile is asked at this tier, in these sections."""
        return Questionnaire(
            catalog=self,
            tier=tier,
            sections=tuple(
                SectionInScope(
                    section=section,
                    questions=tuple(
                        question
                        for question in section.questions
                        if tier.includes(question.tier) and holds(question.when, profile)
                    ),
                )
                for section in self.sections
                if section.id in section_ids
            ),
        )

    def suggest(self, profile: Profile) -> Suggestion:
        """The tier and sections to start with. Only complete tiers are suggested."""
        applying = [
            advice
            for advice in self.advice
            if set(advice.when) <= set(profile) and holds(advice.when, profile)
        ]
        omitted = {section_id for advice in applying for section_id in advice.omit}
        wanted = max(
            (advice.tier for advice in applying if advice.tier),
            key=list(Tier).index,
            default=Tier.QUICK,
        )
        # The deepest there is that is no deeper than wanted.
        fitting = [tier for tier in self.complete_tiers if wanted.includes(tier)]
        tier = (fitting or self.complete_tiers)[-1]
        return Suggestion(
            tier=tier,
            section_ids=tuple(s.id for s in self.sections if s.id not in omitted),
            focus=tuple(
                s.id
                for s in self.sections
                if s.id not in omitted and any(s.id in advice.focus for advice in applying)
            ),
            reasons=tuple(
                advice.because
                for advice in applying
                if advice.focus or advice.omit or advice.tier is tier
            ),
        )


class SectionInScope(msgspec.Struct, frozen=True, dict=True):
    """A section with those of its questions that are asked."""

    section: Section
    questions: tuple[AnyQuestion, ...]

    @property
    def id(self) -> str:
        return self.section.id

    @property
    def name(self) -> str:
        return self.section.name

    @cached_property
    def pages(self) -> tuple[tuple[SubArea, tuple[AnyQuestion, ...]], ...]:
        """The sub-areas that have something to ask, each with its questions."""
        by_sub_area = (
            (sub_area, tuple(q for q in self.questions if q.sub_area_id == sub_area.id))
            for sub_area in self.section.sub_areas
        )
        return tuple((sub_area, questions) for sub_area, questions in by_sub_area if questions)


class Questionnaire(msgspec.Struct, frozen=True, dict=True):
    """The part of a catalog that one assessment asks."""

    catalog: Catalog
    tier: Tier
    sections: tuple[SectionInScope, ...]

    def __iter__(self) -> Iterator[AnyQuestion]:
        return iter(self.questions.values())

    @cached_property
    def questions(self) -> dict[str, AnyQuestion]:
        return {q.id: q for section in self.sections for q in section.questions}

    @cached_property
    def sections_by_id(self) -> dict[str, SectionInScope]:
        return {section.id: section for section in self.sections}


def _refuse_cycles(questions: Mapping[str, AnyQuestion]) -> None:
    done: set[str] = set()

    def visit(question_id: str, path: tuple[str, ...]) -> None:
        if question_id in path:
            raise ValueError(f"{question_id}.prerequisites leads back to itself: {path}")
        if question_id not in done:
            for prerequisite in questions[question_id].prerequisites:
                visit(prerequisite, (*path, question_id))
            done.add(question_id)

    for question_id in questions:
        visit(question_id, ())
