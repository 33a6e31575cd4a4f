"""Messages as a mail server receives them."""

from __future__ import annotations

import email
import html
import re
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import letters
from accounts.letters import Block
from accounts.models import User
from accounts.tasks import send_mail
from assessments import consultation
from reports import ordering, production, release
from reports.models import Report
from tests.factories import make_assessment, make_completed, make_report, make_user, now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("worker")]


class Server:
    """A real mail server: what it took, and what it says to a recipient."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answer = "250 OK"

    async def handle_RCPT(  # noqa: N802  # the server looks for this name
        self, _s: Any, _session: Any, envelope: Any, address: str, _o: Any
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(  # noqa: N802  # likewise
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        message = email.message_from_bytes(envelope.content, _class=EmailMessage, policy=default)
        self.taken.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    handler = Server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.MAIL_STAYS_HERE = False
    yield handler
    controller.stop()


def text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")


def page(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")


def link(message: EmailMessage) -> str:
    found = re.search(r"^    (http\S+)$", text(message), re.MULTILINE)
    assert found
    assert f'href="{html.escape(found[1])}"' in page(message)
    return found[1]


def test_a_finished_report_is_told_once_with_a_link_that_works(
    server: Server, owner: User, client: Client, settings: Settings
) -> None:
    report = make_report(owner)  # its worker is this process

    (message,) = server.taken
    assert server.recipients == [[owner.email]]
    assert message["Subject"] == "Posture: your report is ready"
    assert message["To"] == owner.email
    client.force_login(owner)
    path = link(message).removeprefix(settings.SITE_URL)
    assert path == report.get_absolute_url()
    assert b"Your report is ready" in client.get(path).content
    production.produce(report.pk, now=now)
    assert len(server.taken) == 1


def test_a_page_fetches_nothing_and_says_the_same(server: Server, owner: User) -> None:
    make_report(owner)

    (message,) = server.taken
    shown = page(message)
    assert not re.search(r"<(img|script|link|iframe)|url\(|@import", shown)
    words = re.sub(r"<style>.*?</style>|<[^>]+>", " ", shown, flags=re.DOTALL)
    for paragraph in text(message).split("\n\n"):
        flat = " ".join(paragraph.split())
        assert flat in html.unescape(" ".join(words.split()))


def enhanced(owner: User) -> Report:
    assessment = make_completed(owner)
    ordering.request_enhanced(assessment, context="", comments_consent=False, at=now())
    return Report.objects.get(report_type="ai_enhanced")


def test_of_an_enhanced_report_its_owner_hears_when_it_is_released(
    server: Server, owner: User, admin: User
) -> None:
    report = enhanced(owner)
    assert [message["Subject"] for message in server.taken] == ["Posture: your report is ready"]

    release.release(report, sha256=report.sha256, by=admin, at=now())

    assert server.taken[-1]["Subject"] == "Posture: your AI-enhanced report is released"
    assert server.recipients[-1] == [owner.email]
    assert link(server.taken[-1]).endswith(report.get_absolute_url())


def test_or_that_it_is_not_and_the_reason_stays_on_its_page(
    server: Server, owner: User, admin: User
) -> None:
    release.reject(enhanced(owner), reason="Confidential words.", by=admin, at=now())

    assert server.taken[-1]["Subject"] == "Posture: your AI-enhanced report was not released"
    assert "Confidential words." not in text(server.taken[-1])


def test_a_wish_to_be_called_is_told_to_both_sides_once(
    server: Server, owner: User, admin: User, settings: Settings
) -> None:
    assessment = make_assessment(owner)
    for details in ("Call me about the gaps.", "Call me tomorrow."):
        consultation.request(assessment, details, at=now())

    assert server.recipients == [[owner.email], [admin.email]]
    assert "gaps" not in text(server.taken[1])
    assert owner.email not in text(server.taken[1])
    settings.CONSULTATION_EMAIL = "desk@firm.example"
    consultation.request(make_assessment(make_user("other@example.org")), "Me too.", at=now())
    assert server.recipients[-1] == ["desk@firm.example"]


def test_a_name_begins_no_header_and_no_element(server: Server, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(
        full_name="Pat\r\nBcc: thief@example.org", company_name="<script>alert(1)</script>"
    )
    make_report(User.objects.get(pk=owner.pk))

    (message,) = server.taken
    assert server.recipients == [[owner.email]]
    assert message["Bcc"] is None
    assert "<script>" not in page(message)
    with pytest.raises(mail.BadHeaderError):
        mail.EmailMessage("a\r\nBcc: thief@example.org", "b", None, ["x@example.org"]).message()


def test_a_refusal_for_good_is_not_tried_again(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = "550 no such person"

    send_mail("subject", "body", ["gone@example.org"], "")

    assert server.taken == []
    (said,) = [r.getMessage() for r in caplog.records if r.name == "accounts.tasks"]
    assert said == "a message was refused by the mail server: [550]"


def test_a_server_that_is_away_is_tried_again(settings: Settings) -> None:
    settings.EMAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    settings.MAIL_STAYS_HERE = False

    with pytest.raises(OSError, match="refused"):
        send_mail("subject", "body", ["x@example.org"], "")


def test_a_busy_server_is_tried_again(server: Server) -> None:
    server.answer = "451 come back later"

    with pytest.raises(OSError, match="451"):
        send_mail("subject", "body", ["x@example.org"], "")


def test_blocks_of_a_text() -> None:
    body = "Hello Pat,\n\ntwo lines\nof words.\n\n    ABCD-EFGH\n\n    https://x.example/a?b=1\n"

    assert letters.blocks(body) == [
        Block("words", "Hello Pat,"),
        Block("words", "two lines of words."),
        Block("code", "ABCD-EFGH"),
        Block("link", "https://x.example/a?b=1"),
    ]


def test_codes_are_well_visible_too(server: Server, client: Client) -> None:
    make_user("known@example.org")
    client.post(reverse("account_reset_password"), {"email": "known@example.org"})

    (message,) = server.taken
    code = re.search(r"^    (\S+)$", text(message), re.MULTILINE)
    assert code
    assert f'<p class="code">{code[1]}</p>' in page(message)
