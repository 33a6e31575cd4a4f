"""What a careful reader would object to in a version of the catalog, found by rule. Pure.

The constructors in `questions` refuse what could not work at all. The rules here are about what
works and is badly made: a hole in the coverage, a question too long, two that say the same. They
find what can be counted; whether a question is worth asking takes a person. For that person:

    python -m assessments.catalog.lint [version]
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from statistics import median

import msgspec

from assessments.catalog import frameworks, loading
from assessments.catalog.questions import (
    FULL_CREDIT,
    AnyQuestion,
    Catalog,
    ChoiceQuestion,
    CoverageQuestion,
    Framework,
    NumberQuestion,
    PracticesQuestion,
    Tier,
)

SECTIONS = 19
SUB_AREAS = 92
QUESTIONS: Mapping[Tier, int] = {Tier.QUICK: 23, Tier.STANDARD: 113, Tier.DEEP: 420}
TWICE_IN_QUICK = ("IAM", "MON", "INC", "RES")
"""The sections of which the quick tier asks two questions; of the others it asks one."""

MUST_HAVES = range(30, 39)
MOST_MUST_HAVES = 3
MOST_IN = {"IAM": 4, "INC": 4, "MON": 4, "ACC": 4}
"""About 34 of them, so that each still means something; four only where attacks begin or end."""

SHARES: Mapping[str, int] = {
    "maturity": 45,
    "coverage": 20,
    "recency": 10,
    "existence": 10,
    "practices": 10,
    "number": 5,
}
"""The type of questions in percent, each give or take the tolerance."""
TOLERANCE = 5

MOST_WORDS: Mapping[str, int] = {
    "text": 25,
    "hint": 32,
    "why": 40,
    "where": 35,
    "respondent": 10,
    "label": 15,
    "anchor": 35,
    "next": 35,
}
MOST_SENTENCES: Mapping[str, int] = {"text": 1, "hint": 1, "why": 3, "where": 2, "anchor": 1}

MEDIAN_GRADE = 9.0
QUESTION_GRADE = 11.0
STEM_GRADE = 14.0
ANCHOR_GRADE = 15.0
"""School grades; a grade and five years are the age that reads with ease.

What is asked for is an age of 12 to 14, so that half of the questions, each read from its stem
to its last anchor, must stay within 9. A single question may reach 11. One sentence alone is a
poor sample: a few long words that everybody knows, such as "administrator", lift a short one
far. So stems and anchors have limits of their own that stop only the really heavy ones.
"""

SIMILARITY = 0.6
"""Two texts that share this much of their words are taken for one text written twice.

The measure is the words in both divided by the words in either, for texts with three words in a
row in common. A sentence of fifteen words in which three were exchanged reaches 0.67; among the
questions of the first version that a person had found distinct, none was above 0.55.
"""

GENERIC = (
    "and/or",
    "etc",
    "e.g.",
    "i.e.",
    "best practice",
    "best practices",
    "industry standard",
    "state of the art",
    "as appropriate",
    "where appropriate",
    "appropriate measures",
    "adequate",
    "as needed",
    "if necessary",
    "on a regular basis",
    "periodically",
    "in a timely manner",
    "fully implemented",
    "partially implemented",
    "process is defined",
    "improve the process",
    "robust",
    "holistic",
    "leverage",
    "synergy",
    "to be defined",
    "lorem ipsum",
)
VENDORS = (
    "Adobe", "Amazon", "Android", "Apple", "Atlassian", "AWS", "Azure", "BitLocker",
    "Bitwarden", "ChatGPT", "Cisco", "Citrix", "Cloudflare", "Confluence", "Copilot",
    "CrowdStrike", "Cylance", "Docker", "Dropbox", "Duo", "Entra", "Excel", "Facebook",
    "FortiGate", "Fortinet", "GitHub", "GitLab", "Gmail", "Google", "IBM", "Intune", "iOS",
    "iPhone", "Jira", "Juniper", "Kaspersky", "Kubernetes", "LastPass", "Linux", "macOS",
    "Microsoft", "MikroTik", "Nessus", "Okta", "OneDrive", "OpenAI", "Oracle", "Outlook",
    "PagerDuty", "Proofpoint", "Qualys", "Salesforce", "SAP", "SentinelOne", "ServiceNow",
    "SharePoint", "Siemens", "Slack", "Snowflake", "Sophos", "Splunk", "Sysmon", "TeamViewer",
    "Tenable", "Terraform", "Ubiquiti", "Veeam", "VMware", "WhatsApp", "Windows", "Wireshark",
    "Workday", "YubiKey", "Zoom", "Zscaler",
)  # fmt: skip
LAWS = (
    "AI Act",
    "CCPA",
    "Cyber Resilience Act",
    "DORA",
    "FERPA",
    "FISMA",
    "GDPR",
    "GLBA",
    "HIPAA",
    "KRITIS",
    "LGPD",
    "NIS 2",
    "NIS2",
    "PCI",
    "PIPEDA",
    "Sarbanes",
    "SOX",
    "UK GDPR",
)
FRAMEWORK_NAMES = (
    "Annex A",
    "BSI",
    "CIS Controls",
    "CMMC",
    "COBIT",
    "CSF",
    "ISO",
    "ITIL",
    "MITRE",
    "NIST",
    "OWASP",
    "SOC 2",
)
JARGON = (
    "attack surface",
    "business impact analysis",
    "control objective",
    "defence in depth",
    "kill chain",
    "least privilege",
    "nonconformity",
    "residual risk",
    "risk appetite",
    "risk treatment",
    "security posture",
    "segregation of duties",
    "stakeholder",
    "stakeholders",
    "subcategory",
    "threat actor",
    "zero trust",
)
KNOWN_ABBREVIATIONS = ("IT", "HR", "AI")
"""Every other one in capitals is jargon in the stem of a question."""

FIGURES = (
    r"\d+ ?(%|per cent|percent) of (all |the )?(attack|breach|compan|firm|organi[sz]ation)",
    r"(studies|surveys|statistics|research) (show|say|prove)\b",
    r"according to (a|the) (study|survey|report)",
    r"(most|many) (other )?(companies|firms|organi[sz]ations) (have|do|use) ",
)
"""Statistics that nobody could show the source of."""

STRAIGHT = re.compile(r"['\"]")
SPACING = re.compile(r" {2,}|^\s|\s$|[\t\n]| [,.;:?!]")
DASHES = re.compile(r"\.\.\.| - |--")
WORD = re.compile(r"[\w’']+")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[“A-Z])")
BREATH = re.compile(r"(?<=[.!?;:])\s+")


class Finding(msgspec.Struct, frozen=True):
    """One objection. `question` is its id, or that of the section or sub-area it is about."""

    rule: str
    file: str
    question: str
    field: str
    message: str

    def __str__(self) -> str:
        place = " ".join(part for part in (self.question, self.field) if part)
        return f"{self.file}: {place}: {self.message} [{self.rule}]"


class Text(msgspec.Struct, frozen=True, dict=True):
    """A sentence or a name that people read, and where it stands. `kind` is what it is."""

    file: str
    question: str
    field: str
    kind: str
    text: str

    @cached_property
    def words(self) -> list[str]:
        return WORD.findall(self.text)

    @cached_property
    def plain(self) -> list[str]:
        """The words without their capitals, to be compared."""
        return WORD.findall(self.text.lower())

    def finding(self, rule: str, message: str) -> Finding:
        return Finding(rule, self.file, self.question, self.field, message)


Rule = Callable[[Catalog, Sequence[Text]], Iterator[Finding]]


def lint(catalog: Catalog) -> list[Finding]:
    """Every finding, rule by rule; none for a catalog that may be published."""
    read = list(texts(catalog))
    return [finding for rule in RULES.values() for finding in rule(catalog, read)]


def texts(catalog: Catalog) -> Iterator[Text]:
    """Whatever people read of a catalog."""
    for section in catalog.sections:
        file = _file(section.id)
        for kind in ("name", "short", "about"):
            yield Text(file, section.id, kind, kind, getattr(section, kind))
        for sub_area in section.sub_areas:
            yield Text(file, sub_area.id, "name", "name", sub_area.name)
        for question in section.questions:
            for field, kind, text in _texts_of(question):
                yield Text(file, question.id, field, kind, text)
    for asked in catalog.profile:
        yield Text("profile.toml", asked.id, "text", "profile text", asked.text)
        yield Text("profile.toml", asked.id, "hint", "profile hint", asked.hint)
        for option in asked.options:
            field = f"options.{option.value}.label"
            yield Text("profile.toml", asked.id, field, "name", option.label)
    for number, advice in enumerate(catalog.advice):
        field = f"advice[{number}].because"
        yield Text("profile.toml", "", field, "because", advice.because)


def grade(text: str) -> float:
    """The school grade that reads this with ease, after Flesch and Kincaid.

    A part between semicolons counts as a sentence: there a reader takes breath.
    """
    words = WORD.findall(text)
    if not words:
        return 0.0
    parts = [part for part in BREATH.split(text) if part]
    syllables = sum(_syllables(word) for word in words)
    return 0.39 * len(words) / len(parts) + 11.8 * syllables / len(words) - 15.59


@cache
def _syllables(word: str) -> int:
    """By groups of vowels, without a silent e at the end: right for nine words in ten."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    letters = re.sub(r"(?:[^laeiouy]es|ed|[^laeiouy]e)$", "", letters)
    return max(1, len(re.findall(r"[aeiouy]{1,2}", letters.removeprefix("y"))))


def _file(section_id: str) -> str:
    return f"{section_id.lower()}.toml"


def _texts_of(question: AnyQuestion) -> Iterator[tuple[str, str, str]]:
    """Field, kind and text."""
    for kind in ("text", "hint", "why", "where", "respondent"):
        yield kind, kind, getattr(question, kind)
    if isinstance(question, ChoiceQuestion):
        for option in question.options:
            for kind in ("label", "anchor", "next"):
                yield f"options.{option.value}.{kind}", kind, getattr(option, kind)
    if isinstance(question, PracticesQuestion):
        for practice in question.practices:
            for kind in ("label", "anchor", "next"):
                yield f"practices.{practice.value}.{kind}", kind, getattr(practice, kind)
        yield "none_label", "name", question.none_label
    if isinstance(question, CoverageQuestion):
        yield "population", "name", question.population
    if isinstance(question, NumberQuestion):
        yield "unit", "name", question.unit
        for number, band in enumerate(question.bands):
            yield f"bands[{number}].next", "next", band.next


# --- what there must be --------------------------------------------------------------------------


def _counts(catalog: Catalog, _: Sequence[Text]) -> Iterator[Finding]:
    sub_areas = [sub_area for section in catalog.sections for sub_area in section.sub_areas]
    found = {"sections": len(catalog.sections), "sub-areas": len(sub_areas)}
    wanted = {"sections": SECTIONS, "sub-areas": SUB_AREAS}
    for tier, count in QUESTIONS.items():
        asked = [q for q in catalog.questions.values() if tier.includes(q.tier)]
        found[f"questions of the {tier} tier"], wanted[f"questions of the {tier} tier"] = (
            len(asked),
            count,
        )
    for what, count in wanted.items():
        if found[what] != count:
            message = f"there are {found[what]} {what}; there must be {count}"
            yield Finding("counts", "catalog.toml", "", "", message)
    for section in catalog.sections:
        for sub_area in section.sub_areas:
            homes = [q for q in section.questions if q.sub_area_id == sub_area.id]
            for tier in Tier:
                count = sum(tier.includes(q.tier) for q in homes)
                if count != sub_area.planned[tier]:
                    message = f"{count} questions; {sub_area.planned[tier]} are planned"
                    field = f"planned.{tier}"
                    yield Finding("counts", _file(section.id), sub_area.id, field, message)


def _ids(catalog: Catalog, _: Sequence[Text]) -> Iterator[Finding]:
    """In the file they run as on the page: sub-area by sub-area, 1, 2, 3."""
    for section in catalog.sections:
        counts = Counter(question.sub_area_id for question in section.questions)
        wanted = [
            f"{sub_area.id}.{number}"
            for sub_area in section.sub_areas
            for number in range(1, counts[sub_area.id] + 1)
        ]
        for question, expected in zip(section.questions, wanted, strict=True):
            if question.id != expected:
                message = f"stands where {expected} belongs"
                yield Finding("ids", _file(section.id), question.id, "id", message)
                break


def _tiers(catalog: Catalog, _: Sequence[Text]) -> Iterator[Finding]:
    for section in catalog.sections:
        file = _file(section.id)
        quick = sum(question.tier is Tier.QUICK for question in section.questions)
        wanted = 2 if section.id in TWICE_IN_QUICK else 1
        if quick != wanted:
            message = f"the quick tier asks {quick} questions; it must ask {wanted}"
            yield Finding("tiers", file, section.id, "tier", message)
        standard = {q.sub_area_id for q in section.questions if q.tier is not Tier.DEEP}
        for sub_area in section.sub_areas:
            if sub_area.id not in standard:
                message = "the standard tier asks nothing here"
                yield Finding("tiers", file, sub_area.id, "tier", message)


def _must_haves(catalog: Catalog, _: Sequence[Text]) -> Iterator[Finding]:
    by_section = Counter(q.section_id for q in catalog.questions.values() if q.must_have)
    total = by_section.total()
    if total not in MUST_HAVES:
        message = f"{total} must-haves; {MUST_HAVES.start} to {MUST_HAVES.stop - 1} are meant"
        yield Finding("must-haves", "catalog.toml", "", "must_have", message)
    for section in catalog.sections:
        most = MOST_IN.get(section.id, MOST_MUST_HAVES)
        if not 1 <= by_section[section.id] <= most:
            message = f"{by_section[section.id]} must-haves; 1 to {most} are meant"
            yield Finding("must-haves", _file(section.id), section.id, "must_have", message)


def _mappings(catalog: Catalog, _: Sequence[Text]) -> Iterator[Finding]:
    """Every control is some question's primary one exactly once, and none is invented."""
    for framework in Framework:
        known = set(frameworks.controls(framework))
        primary = Counter(
            control for q in catalog.questions.values() for control in q.primary.of(framework)
        )
        for control in frameworks.controls(framework):
            if primary[control] != 1:
                home = _home(catalog, framework, control)
                message = f"{control} is primary {primary[control]} times; once is right"
                yield Finding("coverage", _file(home[:3]), home, f"primary.{framework}", message)
        for question in catalog.questions.values():
            mapped = Counter(question.controls(framework))
            for control, times in mapped.items():
                field = (
                    f"{'primary' if control in question.primary.of(framework) else 'related'}"
                    f".{framework}"
                )
                file = _file(question.section_id)
                if control not in known:
                    message = f"{control} does not exist"
                    yield Finding("unknown control", file, question.id, field, message)
                if times > 1:
                    message = f"{control} is named {times} times"
                    yield Finding("coverage", file, question.id, field, message)


def _home(catalog: Catalog, framework: Framework, control: str) -> str:
    for section in catalog.sections:
        for sub_area in section.sub_areas:
            if control in sub_area.controls.of(framework):
                return sub_area.id
    return "catalog"


def _credits(catalog: Catalog, _: Sequence[Text]) -> Iterator[Finding]:
    for question in catalog.questions.values():
        worth = question.credits
        rising = list(worth) == sorted(set(worth)) and (worth[0], worth[-1]) == (0, FULL_CREDIT)
        if not rising or len(worth) < 3:
            message = f"credits are {worth}; at least three must rise from 0 to {FULL_CREDIT}"
            yield Finding("credits", _file(question.section_id), question.id, "credit", message)


def _types(catalog: Catalog, _: Sequence[Text]) -> Iterator[Finding]:
    found = Counter(question.kind for question in catalog.questions.values())
    for kind, share in SHARES.items():
        percent = 100 * found[kind] / max(len(catalog.questions), 1)
        if not found[kind] or abs(percent - share) > TOLERANCE:
            message = f"{percent:.1f} % are {kind} questions; about {share} % are meant"
            yield Finding("types", "catalog.toml", "", "type", message)


# --- how it is written ---------------------------------------------------------------------------


def _unique(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    first: dict[tuple[str, str], Text] = {}
    for text in read:
        if text.kind in ("text", "hint", "why", "where", "anchor", "next"):
            key = text.kind, " ".join(text.plain)
            other = first.setdefault(key, text)
            if other is not text:
                message = f"repeats {other.question} {other.field}"
                yield text.finding("unique", message)
    for question in catalog.questions.values():
        labels = Counter(text for _, kind, text in _texts_of(question) if kind == "label")
        for label, times in labels.items():
            if times > 1:
                message = f"“{label}” labels {times} answers"
                yield Finding("unique", _file(question.section_id), question.id, "label", message)


def _similar(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    """Only texts with three words in a row in common are held against each other.

    Four million pairs would take minutes; those that share a phrase are a few thousand, and two
    texts that share 60 % of their words always do, in practice.
    """
    for kind in ("text", "hint", "anchor", "next"):
        having: dict[tuple[str, ...], list[int]] = {}
        kept: list[tuple[Text, frozenset[str]]] = []
        for text in read:
            if text.kind != kind:
                continue
            words = text.plain
            mine = frozenset(words)
            phrases = set(zip(words, words[1:], words[2:], strict=False))
            for number in sorted({n for phrase in phrases for n in having.get(phrase, ())}):
                other, theirs = kept[number]
                if mine != theirs and len(mine & theirs) >= SIMILARITY * len(mine | theirs):
                    share = len(mine & theirs) / len(mine | theirs)
                    message = f"shares {share:.0%} of its words with {other.question} {other.field}"
                    yield text.finding("similar", message)
            for phrase in phrases:
                having.setdefault(phrase, []).append(len(kept))
            kept.append((text, mine))


def _length(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    for text in read:
        words = len(text.words)
        if words > MOST_WORDS.get(text.kind, words):
            yield text.finding("length", f"{words} words; {MOST_WORDS[text.kind]} at most")
        sentences = len(SENTENCE.split(text.text))
        if sentences > MOST_SENTENCES.get(text.kind, sentences):
            message = f"{sentences} sentences; {MOST_SENTENCES[text.kind]} at most"
            yield text.finding("length", message)


def _reading(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    grades = []
    for section in catalog.sections:
        for question in section.questions:
            file = _file(section.id)
            anchors = [(f, text) for f, kind, text in _texts_of(question) if kind == "anchor"]
            whole = grade(" ".join([question.text, question.hint, *(text for _, text in anchors)]))
            grades.append(whole)
            limits = [
                ("", whole, QUESTION_GRADE),
                ("text", grade(question.text), STEM_GRADE),
                *((field, grade(text), ANCHOR_GRADE) for field, text in anchors),
            ]
            for field, found, limit in limits:
                if found > limit:
                    message = f"reads at grade {found:.1f}; {limit:.0f} at most"
                    yield Finding("reading", file, question.id, field, message)
    if grades and median(grades) > MEDIAN_GRADE:
        message = f"half of the questions read above grade {median(grades):.1f}; {MEDIAN_GRADE:.0f}"
        yield Finding("reading", "catalog.toml", "", "median", f"{message} at most")


def _phrases(rule: str, phrases: tuple[str, ...] | list[str], *, kinds: str = "") -> Rule:
    """Finds whole phrases; one that has a capital letter only in the same letters."""
    plain = "|".join(re.escape(phrase) for phrase in phrases if phrase == phrase.lower())
    named = "|".join(re.escape(phrase) for phrase in phrases if phrase != phrase.lower())
    parts = [part for part in (f"(?i:{plain})" if plain else "", named) if part]
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w-])")

    def find(_: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
        for text in read:
            if not kinds or text.kind in kinds.split():
                for match in pattern.finditer(text.text):
                    yield text.finding(rule, f"says “{match[0]}”")

    return find


def _jargon(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    yield from _phrases("jargon", JARGON, kinds="text")(catalog, read)
    for text in read:
        if text.kind == "text":
            for abbreviation in re.findall(r"\b[A-Z][A-Z0-9]+\b", text.text):
                if abbreviation not in KNOWN_ABBREVIATIONS:
                    yield text.finding("jargon", f"says “{abbreviation}”")


def _figures(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    pattern = re.compile("|".join(FIGURES), re.IGNORECASE)
    for text in read:
        for match in pattern.finditer(text.text):
            yield text.finding("figures", f"says “{match[0].strip()}”")


def _typography(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    for text in read:
        for pattern, message in (
            (STRAIGHT, "has a straight quotation mark; ’ “ ” are right"),
            (SPACING, "has a space too many"),
            (DASHES, "has dots or a hyphen for a dash"),
        ):
            if pattern.search(text.text):
                yield text.finding("typography", message)


def _endings(catalog: Catalog, read: Sequence[Text]) -> Iterator[Finding]:
    """A question ends with its mark, a sentence with a full stop, a name with neither."""
    for text in read:
        end = text.text.rstrip("”")[-1:]
        if text.kind in ("text", "profile text"):
            wanted = "?"
        elif text.kind in ("anchor", "profile hint", "about", "because"):
            wanted = "."
        elif text.kind in ("hint", "why", "where", "next"):
            wanted = ".?"
        else:
            if end in ".?!;:,":
                yield text.finding("endings", f"ends with “{end}”")
            continue
        if not end or end not in wanted:
            yield text.finding("endings", f"ends with “{end}”; “{'” or “'.join(wanted)}” is right")
        if text.text[:1].islower():
            yield text.finding("endings", "begins with a small letter")


RULES: Mapping[str, Rule] = {
    "counts": _counts,
    "ids": _ids,
    "tiers": _tiers,
    "must-haves": _must_haves,
    "coverage, unknown control": _mappings,
    "credits": _credits,
    "types": _types,
    "unique": _unique,
    "similar": _similar,
    "length": _length,
    "reading": _reading,
    "generic": _phrases("generic", GENERIC),
    "vendors": _phrases("vendors", VENDORS),
    "laws": _phrases("laws", LAWS),
    "framework names": _phrases("framework names", FRAMEWORK_NAMES),
    "jargon": _jargon,
    "figures": _figures,
    "typography": _typography,
    "endings": _endings,
}
"""Each by what it finds, in the order in which findings are told."""


def main(versions: list[str]) -> int:
    found = 0
    for version in versions or loading.versions():
        for finding in lint(loading.load(version)):
            sys.stdout.write(f"{version}/{finding}\n")
            found += 1
    sys.stdout.write(f"{found} findings\n" if found != 1 else "1 finding\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
