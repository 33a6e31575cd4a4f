"""What names a company or a person is replaced before a text leaves the house. Pure.

Each name becomes a token such as [COMPANY] or [PERSON-1], the same one wherever it stands, so
that the model's sentences can have their names back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reports.enhancement.claims import TOKEN

DOMAINS = "com|org|net|io|local|lan|internal|corp|eu|de|uk|fr|us|test|example|cloud|dev|info|biz"
PATTERNS = (
    ("EMAIL", re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")),
    ("ADDRESS", re.compile(r"\b(?:https?://|www\.)[^\s<>\"”)]+", re.IGNORECASE)),
    ("NETWORK", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?\b")),
    ("NETWORK", re.compile(r"\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]{0,30}\b", re.IGNORECASE)),
    (
        "HOST",
        re.compile(rf"\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{DOMAINS})\b", re.IGNORECASE),
    ),
    ("ACCOUNT", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("PHONE", re.compile(r"(?<![\w.])\+?\d[\d ()/-]{7,}\d(?![\w.])")),
)
LEGAL_FORMS = re.compile(
    r"[\s,]+(?:ltd|limited|gmbh|ag|inc|llc|llp|plc|corp|corporation|company|co|kg|ohg|se|sa|sas"
    r"|sarl|bv|nv|ab|oy|as|a/s|aps|spa|srl|pty|kft|sro|s\.r\.o|& co\.? kg)\b\.?",
    re.IGNORECASE,
)
TITLES = frozenset("dr mr mrs ms prof head of it the and von van".split())  # noqa: SIM905
COMMON = frozenset(
    "first best great global international national general united the data cloud secure "  # noqa: SIM905
    "security systems services group digital north south east west city state new blue green "
    "red".split()
)
"""Words that begin companies' names and mean something else in most sentences."""


class Redactor:
    """Replaces names on the way out and brings them back on the way in."""

    def __init__(self, *, company: str, people: Iterable[str]) -> None:
        self._by_token: dict[str, str] = {}
        self._tokens: dict[str, str] = {}
        self._names: list[tuple[re.Pattern[str], str]] = []
        self._name("COMPANY", _variants_of_a_company(company), company)
        for number, person in enumerate(people, start=1):
            self._name(f"PERSON-{number}", _variants_of_a_person(person), person)

    def _name(self, token: str, variants: list[str], whole: str) -> None:
        if not variants:
            return
        self._by_token[f"[{token}]"] = " ".join(whole.split())
        # The longest first: of "Example Works Ltd" nothing must be left behind.
        for variant in sorted(variants, key=len, reverse=True):
            pattern = r"\s+".join(map(re.escape, variant.split()))
            self._names.append(
                (re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE), f"[{token}]")
            )

    def redact(self, text: str) -> str:
        for kind, pattern in PATTERNS:
            text = pattern.sub(lambda found, kind=kind: self._token(kind, found[0]), text)  # type: ignore[misc]  # bound at once
        for pattern, token in self._names:
            text = pattern.sub(token, text)
        return text

    def restore(self, text: str) -> str:
        return TOKEN.sub(lambda found: self._by_token.get(found[0], found[0]), text)

    def _token(self, kind: str, found: str) -> str:
        known = self._tokens.get(found.lower())
        if known is None:
            known = f"[{kind}-{len(self._tokens) + 1}]"
            self._tokens[found.lower()] = known
            self._by_token[known] = found
        return known


def _variants_of_a_company(name: str) -> list[str]:
    whole = " ".join(name.split())
    bare = LEGAL_FORMS.sub("", whole).strip(" ,.&")
    first = bare.split()[0] if bare else ""
    variants = {whole, bare}
    if len(first) >= 4 and first.lower() not in COMMON:
        variants.add(first)
    return [variant for variant in variants if len(variant) >= 2]


def _variants_of_a_person(name: str) -> list[str]:
    whole = " ".join(name.split(",", maxsplit=1)[0].split())
    words = [word for word in whole.split() if word.lower().strip(".") not in TITLES]
    return [v for v in {whole, *(word for word in words if len(word) >= 3)} if len(v) >= 3]
