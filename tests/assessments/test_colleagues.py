"""Several people answer one assessment: what a colleague can do with a link, and cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.cache import caches
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as RedisAway

from accounts.models import User
from assessments import answering, completion, inviting, visiting
from assessments.answering import Given
from assessments.errors import Closed, InvitationRefused, LinkEnded
from assessments.models import Assessment, AssessmentResponse, Invitation
from assessments.scoring import State
from tests.database.strangers import filters_away
from tests.factories import answer_all, days, make_assessment, make_invitation, make_user, now

TOKEN = "the-token-of-the-link"
IN_SCOPE = "IAM.3.1"
OUTSIDE = "GOV.1.1"
SECRET = "known to the owner alone"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def messages_in_memory(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    caches["limits"].clear()


@pytest.fixture(autouse=True)
def on_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's transaction is never committed; what waits for that is done at once."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_: act())


@pytest.fixture
def assessment(owner: User) -> Assessment:
    """In progress, with a note of the owner's outside of what the colleague is asked."""
    assessment = make_assessment(owner)
    note = Given(state=State.DONT_KNOW, comment=SECRET)
    answering.save(assessment, {OUTSIDE: note}, at=now())
    return assessment


@pytest.fixture
def invitation(assessment: Assessment) -> Invitation:
    return make_invitation(assessment, token=TOKEN)


@pytest.fixture
def colleague(invitation: Invitation) -> Client:
    return claimed(TOKEN)


def link(token: str = TOKEN) -> str:
    return reverse("assessments:link", args=[token])


def code() -> str:
    found = re.search(r"^    (\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    return found[1]


def claimed(token: str) -> Client:
    """The browser of a colleague who has entered the code."""
    client = Client()
    assert client.post(link(token)).status_code == 302
    entered = client.post(link(token), {"code": code()})
    assert entered.status_code == 302
    return client


def save(client: Client, invitation: Invitation, question_id: str = IN_SCOPE) -> Any:
    return client.post(
        reverse("assessments:shared-save", args=[invitation.pk]),
        {
            "question": question_id,
            f"answer-{question_id}": "dont_know",
            f"revision-{question_id}": "0",
        },
    )


def stored(assessment: Assessment) -> dict[str, AssessmentResponse]:
    rows = AssessmentResponse.objects.filter(assessment=assessment).select_related("answered_by")
    return {row.question_id: row for row in rows}


# --- what it is for ------------------------------------------------------------------------------


def test_a_colleague_answers_a_section_and_returns_it(
    owner: User, owner_client: Client, assessment: Assessment
) -> None:
    sent = owner_client.post(
        reverse("assessments:colleagues", args=[assessment.pk]),
        {"scope": "IAM", "name": "Robin Roe", "email": "Robin@example.org", "days": "3"},
    )
    assert sent.status_code == 302
    message = mail.outbox[-1]
    assert message.to == ["robin@example.org"]
    found = re.search(r"^    (http\S+)$", str(message.body), re.MULTILINE)
    assert found
    path = urlsplit(found[1]).path
    invitation = Invitation.objects.get()
    assert path.split("/")[-2] not in str(vars(invitation))  # only its hash is stored

    colleague = Client()
    assert b"Send me the code" in colleague.get(path).content
    assert len(mail.outbox) == 1  # opening the page changes nothing
    colleague.post(path)
    assert mail.outbox[-1].to == ["robin@example.org"]
    home = colleague.post(path, {"code": code().lower()})
    assert home["Location"] == reverse("assessments:shared", args=[invitation.pk])
    assert colleague.get(path)["Location"] == home["Location"]

    page = colleague.get(reverse("assessments:shared-questions", args=[invitation.pk, "IAM.3"]))
    assert b"asked by Pat Person" in page.content
    assert save(colleague, invitation).json()["done"] == 1
    returned = colleague.post(
        reverse("assessments:shared-return", args=[invitation.pk]), {"message": "Ask Kim."}
    )
    assert b"Thank you" in colleague.get(returned["Location"]).content
    assert mail.outbox[-1].to == [owner.email]
    assert "Ask Kim." in str(mail.outbox[-1].body)

    answer = stored(assessment)[IN_SCOPE]
    assert answer.answered_by == invitation
    for name, args in (("questions", ["IAM.3"]), ("review", [])):
        page = owner_client.get(reverse(f"assessments:{name}", args=[assessment.pk, *args]))
        assert b"Answered by Robin Roe (robin@example.org)" in page.content
    listed = owner_client.get(reverse("assessments:colleagues", args=[assessment.pk]))
    assert b"Returned" in listed.content
    assert b"Ask Kim." in listed.content


def test_an_answer_is_the_owners_again_once_they_change_it(
    colleague: Client, invitation: Invitation, assessment: Assessment
) -> None:
    save(colleague, invitation)
    same = {IN_SCOPE: Given(state=State.DONT_KNOW, revision=1)}

    answering.save(assessment, same, at=now())
    assert stored(assessment)[IN_SCOPE].answered_by == invitation
    noted = Given(state=State.DONT_KNOW, comment="I asked.", revision=1)
    answering.save(assessment, {IN_SCOPE: noted}, at=now())
    assert stored(assessment)[IN_SCOPE].answered_by is None


def test_owner_and_colleague_at_the_same_answer_are_told(
    colleague: Client, invitation: Invitation, assessment: Assessment
) -> None:
    owners = Given(state=State.DONT_KNOW, comment="The owner was first.")
    answering.save(assessment, {IN_SCOPE: owners}, at=now())

    refused = save(colleague, invitation)

    assert refused.status_code == 422
    assert "changed elsewhere" in refused.json()["refusals"][IN_SCOPE]["message"]
    assert stored(assessment)[IN_SCOPE].comment == "The owner was first."


def test_one_question_can_be_sent_alone(assessment: Assessment) -> None:
    invitation = make_invitation(assessment, IN_SCOPE, token=TOKEN)
    client = claimed(TOKEN)

    assert list(invitation.questions) == [IN_SCOPE]
    assert save(client, invitation).json()["total"] == 1
    others = [q.id for q in assessment.questionnaire if q.section_id == "IAM" and q.id != IN_SCOPE]
    assert save(client, invitation, others[0]).status_code == 422


def test_a_slip_on_the_page_costs_nothing(colleague: Client, invitation: Invitation) -> None:
    url = reverse("assessments:shared-questions", args=[invitation.pk, "IAM.3"])
    answer = {"question": IN_SCOPE, f"revision-{IN_SCOPE}": "0"}

    wrong = colleague.post(url, {**answer, f"answer-{IN_SCOPE}": "x", f"comment-{IN_SCOPE}": "Hm"})
    assert wrong.status_code == 422
    assert b"Hm" in wrong.content
    right = colleague.post(url, {**answer, f"answer-{IN_SCOPE}": "dont_know"})
    assert right.status_code == 302
    Invitation.objects.update(revoked_at=now())
    late = colleague.post(url, {**answer, f"comment-{IN_SCOPE}": "Typed for an hour"})
    assert late.status_code == 409
    assert b"Typed for an hour" in late.content


# --- sending -------------------------------------------------------------------------------------


def test_what_cannot_be_sent_is_refused_where_the_owner_looks(
    owner_client: Client, assessment: Assessment, invitation: Invitation
) -> None:
    url = reverse("assessments:colleagues", args=[assessment.pk])
    right = {"scope": "IAM", "name": "Robin", "email": "robin@example.org", "days": "7"}

    for wrong in (
        {"scope": "XXX"},
        {"scope": "IAM.99.1"},
        {"email": "robin"},
        {"name": "Robin\nBcc: all@example.org"},
        {"days": "0"},
        {},  # sent to them already
    ):
        page = owner_client.post(url, {**right, **wrong})
        assert page.status_code == 422
        assert b"There is a problem" in page.content
    assert Invitation.objects.count() == 1


def test_links_are_few_and_messages_are_counted(
    assessment: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inviting, "LIVE_MAX", 2)
    monkeypatch.setattr(inviting, "DAILY_MAX", 3)
    first = make_invitation(assessment, email="a@example.org")
    make_invitation(assessment, email="b@example.org")

    with pytest.raises(InvitationRefused, match="at the same time"):
        make_invitation(assessment, email="c@example.org")
    inviting.send_again(first, at=now())
    inviting.revoke(Invitation.objects.get(email="b@example.org"), at=now())
    with pytest.raises(InvitationRefused, match="in a day"):
        make_invitation(assessment, email="c@example.org")
    make_invitation(assessment, email="c@example.org", at=now() + days(1.1))


def test_a_link_never_outlives_the_assessment(assessment: Assessment) -> None:
    late = assessment.expires_at - timedelta(hours=1)
    assert make_invitation(assessment, at=late).expires_at == assessment.expires_at
    with pytest.raises(Closed):
        make_invitation(assessment, "GOV", at=assessment.expires_at)


def test_sending_again_ends_the_link_before(
    owner_client: Client, colleague: Client, invitation: Invitation
) -> None:
    args = [invitation.assessment_id, invitation.pk]

    assert owner_client.post(reverse("assessments:send-again", args=args)).status_code == 302
    assert save(colleague, invitation).status_code == 409
    states = [row.state_now for row in Invitation.objects.order_by("sent_at")]
    assert states == [Invitation.State.REVOKED, Invitation.State.SENT]
    assert owner_client.post(reverse("assessments:revoke", args=args)).status_code == 302


def test_the_owner_sees_what_is_with_whom_and_deletes_it_with_the_account(
    owner: User, owner_client: Client, invitation: Invitation
) -> None:
    tasks = owner_client.get(reverse("assessments:detail", args=[invitation.assessment_id]))
    page = owner_client.get(
        reverse("assessments:questions", args=[invitation.assessment_id, "IAM.3"])
    )

    assert b"With Robin Roe." in tasks.content
    assert b"Robin Roe is asked about this section" in page.content
    assert b"Ask a colleague" in page.content
    owner.delete()
    assert not Invitation.objects.exists()


# --- ten attacks, and more -----------------------------------------------------------------------


@pytest.fixture
def foreign() -> Invitation:
    return make_invitation(make_assessment(make_user("b@example.org")))


@pytest.fixture(params=[False, True], ids=["", "without-filters"])
def perhaps_unfiltered(
    request: pytest.FixtureRequest, colleague: Client, foreign: Invitation
) -> Iterator[None]:
    """Also as if every query had forgotten whose rows it may see."""
    with filters_away() if request.param else nullcontext():
        yield


@pytest.mark.usefixtures("perhaps_unfiltered")
@pytest.mark.parametrize("question_id", [OUTSIDE, "XXX.1.1", "IAM.99.9", "'; --"])
def test_a_question_that_was_not_sent_is_not_stored(
    colleague: Client, invitation: Invitation, assessment: Assessment, question_id: str
) -> None:
    before = {row.pk: row.revision for row in stored(assessment).values()}

    refused = save(colleague, invitation, question_id)

    assert refused.status_code == 422
    assert list(refused.json()["refusals"]) == [question_id]
    assert {row.pk: row.revision for row in stored(assessment).values()} == before


@pytest.mark.usefixtures("perhaps_unfiltered")
def test_another_section_is_not_shown(colleague: Client, invitation: Invitation) -> None:
    pages = [
        colleague.get(reverse("assessments:shared-questions", args=[invitation.pk, area]))
        for area in ("GOV.1", "IAM.3", "XXX.1")
    ]
    pages.append(colleague.get(reverse("assessments:shared", args=[invitation.pk])))

    assert [page.status_code for page in pages] == [404, 200, 404, 200]
    assert not any(SECRET.encode() in page.content for page in pages)


def ended(invitation: Invitation, how: str) -> None:
    if how == "expired":
        past = now() - days(1)
        Invitation.objects.update(sent_at=past - days(1), expires_at=past)
    elif how == "revoked":
        inviting.revoke(invitation, at=now())
    elif how == "returned":
        visiting.hand_back(invitation, "", at=now())
    elif how == "completed":
        completion.complete(invitation.assessment, at=now(), unanswered_confirmed=True)
    elif how == "assessment expired":
        past = now() - days(1)
        Assessment.objects.update(started_at=past - days(9), expires_at=past)
    elif how == "owner deactivated":
        User.objects.filter(pk=invitation.user_id).update(is_active=False)


ENDS = ("expired", "revoked", "returned", "completed", "assessment expired", "owner deactivated")


@pytest.mark.parametrize("how", ENDS)
def test_after_its_end_a_link_opens_nothing(
    colleague: Client, invitation: Invitation, assessment: Assessment, how: str
) -> None:
    ended(invitation, how)
    before = stored(assessment)

    page = reverse("assessments:shared-questions", args=[invitation.pk, "IAM.3"])
    assert colleague.get(page).status_code == 404
    assert save(colleague, invitation).status_code in (404, 409)
    assert colleague.post(page, {"question": IN_SCOPE}).status_code in (404, 409)
    assert stored(assessment).keys() == before.keys()
    gone = without_token(Client().get(link()))
    assert gone == without_token(Client().get(link("no-such-token")))
    if how != "owner deactivated":
        with pytest.raises((LinkEnded, Closed)):
            answering.save(assessment, {}, at=now(), by=invitation)


@pytest.mark.parametrize("how", [how for how in ENDS if how != "returned"])
def test_a_link_that_nobody_has_opened_ends_as_well(invitation: Invitation, how: str) -> None:
    client = Client()
    client.post(link())
    entered = code()
    if how == "completed":
        answer_all(invitation.assessment)
    ended(invitation, how)

    answers = [client.get(link()), client.post(link()), client.post(link(), {"code": entered})]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def without_token(response: object) -> bytes:
    assert isinstance(response, HttpResponse)
    assert response.status_code == 404
    return re.sub(rb'value="\w+"', b"", response.content)


def test_the_link_works_for_the_first_person_alone(
    colleague: Client, invitation: Invitation
) -> None:
    second = Client()
    sent = len(mail.outbox)

    answers = [second.get(link()), second.post(link()), second.post(link(), {"code": "AAAA-AAAA"})]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len(mail.outbox) == sent
    assert save(second, invitation).status_code == 404
    assert second.get(reverse("assessments:shared", args=[invitation.pk])).status_code == 404
    assert save(colleague, invitation).status_code == 200


def test_a_guessed_token_is_like_one_that_never_was(invitation: Invitation) -> None:
    for token in ("x", TOKEN[:-1], TOKEN.upper(), invitation.token_hash, str(invitation.pk)):
        assert Client().get(link(token)).status_code == 404
        assert Client().post(link(token)).status_code == 404


def test_a_code_is_void_after_five_tries(invitation: Invitation) -> None:
    client = Client()
    client.post(link())
    right = code()

    for _ in range(visiting.CODE_TRIES):
        assert client.post(link(), {"code": "BCDF-BCDF"}).status_code == 422
    assert client.post(link(), {"code": right}).status_code == 422
    assert b"Send me the code" in client.get(link()).content
    client.post(link())
    assert client.post(link(), {"code": code()}).status_code == 302


def test_codes_cannot_be_asked_for_without_end(invitation: Invitation) -> None:
    client = Client()

    answers = [client.post(link()).status_code for _ in range(22)]

    assert answers == [302] * 20 + [429] * 2
    other_address = Client(REMOTE_ADDR="192.0.2.7").post(link())
    assert other_address.status_code == 429  # counted by link as well as by address


def test_with_the_counter_away_nobody_gets_in(
    invitation: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway

    monkeypatch.setattr(type(caches["limits"]), "add", away)
    monkeypatch.setattr(type(caches["limits"]), "incr", away)

    assert Client().post(link()).status_code == 503
    assert not mail.outbox or "code" not in mail.outbox[-1].subject


def test_a_code_works_once_and_not_for_long(invitation: Invitation) -> None:
    client = Client()
    client.post(link())
    entered = code()

    assert visiting.claim(invitation, entered, at=now() + visiting.CODE_LIFE) is None
    assert client.post(link(), {"code": entered}).status_code == 302
    assert Client().post(link(), {"code": entered}).status_code == 404
    assert visiting.claim(invitation, entered, at=now()) is None


def test_the_code_of_one_link_opens_no_other(
    assessment: Assessment, invitation: Invitation
) -> None:
    make_invitation(assessment, "GOV", token="another", email="kim@example.org")
    client = Client()
    client.post(link("another"))
    others = code()
    client.post(link())

    assert client.post(link(), {"code": others}).status_code == 422


@pytest.mark.usefixtures("perhaps_unfiltered")
def test_the_colleagues_cookie_opens_none_of_the_owners_pages(
    colleague: Client, assessment: Assessment
) -> None:
    for name, args in (
        ("dashboard", []),
        ("detail", [assessment.pk]),
        ("questions", [assessment.pk, "IAM.3"]),
        ("review", [assessment.pk]),
        ("colleagues", [assessment.pk]),
    ):
        answer = colleague.get(reverse(f"assessments:{name}", args=args))
        assert answer["Location"].startswith(reverse("account_login"))
    assert colleague.post(reverse("assessments:save", args=[assessment.pk])).status_code == 302
    assert colleague.get(f"/api/v1/assessments/{assessment.pk}").status_code == 401


@pytest.mark.usefixtures("perhaps_unfiltered")
def test_the_cookie_of_one_link_opens_no_other(
    colleague: Client, invitation: Invitation, assessment: Assessment, foreign: Invitation
) -> None:
    other = make_invitation(assessment, "GOV", email="kim@example.org")
    mine = next(name for name in colleague.cookies if invitation.pk.hex in name)

    for target in (other, foreign):
        colleague.cookies[mine.replace(invitation.pk.hex, target.pk.hex)] = colleague.cookies[
            mine
        ].value
        answers = [
            colleague.get(reverse("assessments:shared", args=[target.pk])),
            save(colleague, target),
            colleague.post(reverse("assessments:shared-return", args=[target.pk])),
        ]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
    morsel = colleague.cookies[mine]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"


def test_a_well_signed_cookie_with_another_secret_opens_nothing(invitation: Invitation) -> None:
    client = Client()
    for secret in ("guessed", invitation.browser_hash or "x", invitation.token_hash):
        given = HttpResponse()
        visiting.give_cookie(given, invitation, secret, at=now())
        client.cookies.update(given.cookies)
        assert save(client, invitation).status_code == 404


def test_an_owner_reaches_no_invitation_of_somebody_elses(
    owner_client: Client, assessment: Assessment, foreign: Invitation
) -> None:
    for name in ("revoke", "send-again"):
        for pk in (assessment.pk, foreign.assessment_id):
            url = reverse(f"assessments:{name}", args=[pk, foreign.pk])
            assert owner_client.post(url).status_code == 404
    assert Invitation.objects.get(pk=foreign.pk).is_live


def test_a_colleagues_page_asks_for_few_rows(
    colleague: Client,
    invitation: Invitation,
    assessment: Assessment,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    answer_all(assessment)
    url = reverse("assessments:shared-questions", args=[invitation.pk, "IAM.3"])

    with django_assert_num_queries(4):  # whose it is, the invitation, its answers twice
        assert colleague.get(url).status_code == 200
