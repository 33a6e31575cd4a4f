"""What names somebody is replaced on the way out, and comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.enhancement.redaction import Redactor


def redactor() -> Redactor:
    return Redactor(company="Brannigan & Söhne GmbH", people=["Dr. Alex Doe, Head of IT"])


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Brannigan & Söhne GmbH decides", "[COMPANY] decides"),
        ("at BRANNIGAN & söhne it is", "at [COMPANY] it is"),
        ("brannigan’s own", "[COMPANY]’s own"),
        ("Dr. Alex Doe signs", "[PERSON-1] signs"),
        ("ask Alex, or Doe", "ask [PERSON-1], or [PERSON-1]"),
        ("mail alex.doe@brannigan.example", "mail [EMAIL-1]"),
        ("see https://wiki.intern.example/x?y=1", "see [ADDRESS-1]"),
        ("on fs01.corp and 10.1.2.3/24", "on [HOST-2] and [NETWORK-1]"),
        ("call +49 (89) 1234-5678 now", "call [PHONE-1] now"),
        ("account DE89 3704 0044 0532 0130 00", "account [ACCOUNT-1]"),
        ("the does and don’ts", "the does and don’ts"),
        ("12 of 20 in 2026", "12 of 20 in 2026"),
        ("version 1.2.3 of it", "version 1.2.3 of it"),
    ],
)
def test_names_become_tokens(written: str, sent: str) -> None:
    assert redactor().redact(written) == sent


def test_the_same_name_has_the_same_token_and_comes_back() -> None:
    there = redactor()
    text = "a@x.example wrote to b@x.example, and A@X.example again"

    sent = there.redact(text)

    assert sent == "[EMAIL-1] wrote to [EMAIL-2], and [EMAIL-1] again"
    assert there.restore(sent) == "a@x.example wrote to b@x.example, and a@x.example again"
    assert there.restore("[COMPANY], [PERSON-1] and [PERSON-9]") == (
        "Brannigan & Söhne GmbH, Dr. Alex Doe, Head of IT and [PERSON-9]"
    )


def test_a_common_word_is_not_taken_for_the_company() -> None:
    there = Redactor(company="Security First Ltd", people=[])

    assert there.redact("Security comes first at Security First.") == (
        "Security comes first at [COMPANY]."
    )


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=200))
def test_no_name_breaks_it(company: str, person: str, text: str) -> None:
    there = Redactor(company=company, people=[person])

    there.restore(there.redact(text))
