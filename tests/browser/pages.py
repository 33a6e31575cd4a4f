"""Every page of the site in every state that looks different, as somebody gets to see it.

A scene is one person with what they have; its states are walked through in their order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts import mailbox
from accounts.models import User
from assessments import answering, completion, starting
from assessments.answering import Given
from assessments.catalog import loading
from assessments.catalog.frameworks import NAMES
from assessments.catalog.questions import Framework, Tier
from assessments.models import Assessment, AssessmentResponse, Invitation
from assessments.scoring import State, display
from reports import ordering
from reports.models import Report
from tests.browser.conftest import Watch, sign_in
from tests.factories import (
    PASSWORD,
    answer_all,
    days,
    make_assessment,
    make_completed,
    make_invitation,
    make_user,
    now,
    worth,
)

NOTE = "The two oldest servers still take a password alone; replacement is ordered."
NOWHERE = "/nowhere/"
REASON = "Nothing of ours can be reached from outside."


def stay(page: Page) -> None:
    """The state is there as soon as the page is."""


@dataclass(frozen=True)
class Shown:
    """A page in one state. Without a path it is reached from the state before it."""

    name: str
    title: str
    path: str = ""
    act: Callable[[Page], None] = stay
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    user: User | None
    states: list[Shown] = field(default_factory=list)

    def walk(self, page: Page, watch: Watch) -> Iterator[Shown]:
        """Yields each state while the page shows it."""
        if self.user:
            sign_in(page, self.user)
        for state in self.states:
            watch.expect(*state.trouble)
            if state.path:
                page.goto(state.path)
            page.wait_for_load_state()
            state.act(page)
            expect(page).to_have_title(state.title)
            yield state


# --- acts ----------------------------------------------------------------------------------------


def press(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("button", name=name).click()


def fill(values: dict[str, str], button: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for label, value in values.items():
            page.get_by_label(label, exact=True).fill(value)
        press(button)(page)

    return act


def enter_code(button: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        code = re.search(r"^    (\S+)$", mailbox.received()[0].body, re.MULTILINE)
        assert code
        fill({"Code": code[1]}, button)(page)

    return act


def fill_in_the_profile(page: Page) -> None:
    page.wait_for_load_state()  # `all` takes what there is and does not wait for the rest
    for group in page.locator("form.profile fieldset").all():
        if group.is_visible():
            group.locator("input").nth(1).check()
    press("Continue")(page)


# --- rows ----------------------------------------------------------------------------------------


def make_standard(user: User) -> Assessment:
    """In progress, with every kind of question."""
    sections = [section.id for section in loading.current().sections]
    return starting.start(user, tier=Tier.STANDARD, section_ids=sections, profile={}, at=now())


def make_mixed(assessment: Assessment) -> Assessment:
    """Completed with answers all along the scale, unknown ones, inapplicable ones and none."""
    given = {}
    for number, question in enumerate(assessment.questionnaire):
        given[question.id] = worth(question, number % 5)
        if number % 7 == 3:
            given[question.id] = Given(state=State.DONT_KNOW)
        elif number % 11 == 0 and question.na_allowed:
            given[question.id] = Given(state=State.NOT_APPLICABLE, na_reason=REASON)
        elif number % 6 == 1:
            given[question.id] = Given(
                state=State.ANSWERED, value=given[question.id].value, comment=NOTE, planned=True
            )
    given.popitem()
    assert not answering.save(assessment, given, at=now()).refusals
    return completion.complete(assessment, at=now(), unanswered_confirmed=True)


def finish(report: Report) -> None:
    """Ready, without the seconds that a real file takes."""
    content = b"%PDF-1.7 of a test"
    token = report.claim(now=now())
    assert token
    name = default_storage.save(f"reports/{report.pk}.pdf", ContentFile(content))
    digest = hashlib.sha256(content).hexdigest()
    assert report.finish(token, file=name, sha256=digest, pages=31, now=now())
    report.refresh_from_db()


def fail(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(
        status=Report.Status.FAILED, failure_reason="The finished report could not be stored."
    )


# --- scenes --------------------------------------------------------------------------------------


def visitor() -> Scene:
    make_user("known@example.org")
    new = {
        "Your full name": "Kim Example",
        "Company": "Example Ltd",
        "E-mail address": "kim@example.org",
        "Password": PASSWORD,
    }
    return Scene(
        None,
        [
            Shown("home", "Posture: know where your security stands", reverse("home")),
            Shown("method", "How scores are made | Posture", reverse("method")),
            Shown("catalog", "What is asked | Posture", reverse("assessments:catalog")),
            Shown("frameworks", "Frameworks | Posture", reverse("assessments:frameworks")),
            Shown(
                "framework",
                f"{NAMES[Framework.CSF]} | Posture",
                reverse("assessments:framework", args=["csf"]),
            ),
            Shown("sign-up", "Create an account | Posture", reverse("account_signup")),
            Shown(
                "sign-up-error", "Error: Create an account | Posture", act=press("Create account")
            ),
            Shown("code", "Confirm your address | Posture", act=fill(new, "Create account")),
            Shown(
                "code-error",
                "Error: Confirm your address | Posture",
                act=fill({"Code": "WRONG1"}, "Confirm"),
            ),
            Shown("sign-in", "Sign in | Posture", act=press("Use another address")),
            Shown("sign-in-error", "Error: Sign in | Posture", act=press("Sign in")),
            Shown("reset", "Choose a new password | Posture", reverse("account_reset_password")),
            Shown(
                "reset-code",
                "Enter the code | Posture",
                act=fill({"E-mail address": "known@example.org"}, "Send the code"),
            ),
            Shown("reset-new", "Choose a new password | Posture", act=enter_code("Continue")),
            Shown(
                "reset-done",
                "Password changed | Posture",
                act=fill(
                    {
                        "New password": "another long password",
                        "The same password again": "another long password",
                    },
                    "Save the password",
                ),
            ),
            Shown("mailbox", "Mailbox of this machine | Posture", reverse("accounts:mailbox")),
            Shown("inactive", "This account is closed | Posture", reverse("account_inactive")),
        ],
    )


def newcomer() -> Scene:
    def leave_all_out(page: Page) -> None:
        for box in page.locator("[name=section_ids]").all():
            box.set_checked(False)
        press("Start the assessment")(page)

    return Scene(
        make_user("new@example.org"),
        [
            Shown("dashboard-empty", "Dashboard | Posture", reverse("assessments:dashboard")),
            Shown("reports-empty", "Reports | Posture", reverse("reports:index")),
            Shown("start", "About your company | Posture", reverse("assessments:start")),
            Shown(
                "start-error",
                "Error: About your company | Posture",
                act=press("Continue"),
                trouble=("422 POST .*/start/$",),
            ),
            Shown("scope", "Choose the scope | Posture", act=fill_in_the_profile),
            Shown(
                "scope-error",
                "Error: Choose the scope | Posture",
                act=leave_all_out,
                trouble=("422 POST .*/scope/$",),
            ),
            Shown("profile", "Your account | Posture", reverse("accounts:profile")),
            Shown(
                "profile-error",
                "Error: Your account | Posture",
                act=fill({"Your full name": ""}, "Save changes"),
                trouble=("422 POST .*/profile/$",),
            ),
            Shown("password", "Change your password | Posture", reverse("account_change_password")),
            Shown("e-mail", "Change your e-mail address | Posture", reverse("account_email")),
            Shown("delete", "Delete your account | Posture", reverse("accounts:delete")),
            Shown(
                "delete-error",
                "Error: Delete your account | Posture",
                act=fill({"Your password": "wrong"}, "Delete everything"),
                trouble=("422 POST .*/delete/$",),
            ),
            Shown(
                "reauthenticate",
                "Confirm that it is you | Posture",
                reverse("account_reauthenticate"),
            ),
            Shown("sign-out", "Sign out | Posture", reverse("account_logout")),
        ],
    )


def respondent() -> Scene:
    """In the middle of a standard assessment, with a quick one behind them."""
    user = make_user("owner@example.org")
    first = make_mixed(make_assessment(user))
    fail(Report.objects.get(assessment=first))
    starting.start(user, tier=Tier.QUICK, section_ids=["IAM"], profile={}, at=now() - days(16))
    assessment = make_standard(user)
    given = {
        question.id: worth(question, 2)
        for question in assessment.questionnaire
        if question.section_id in ("GOV", "RSK") or question.id == "IAM.3.1"
    }
    asked = make_invitation(assessment, "GOV")
    make_invitation(assessment, "IAM.3.1", email="kim@example.org")
    given["GOV.1.1"] = Given(state=State.DONT_KNOW)
    given["RSK.2.1"] = Given(state=State.ANSWERED, value="never", comment=NOTE, planned=True)
    assert not answering.save(assessment, given, at=now()).refusals
    AssessmentResponse.objects.filter(question_id="IAM.3.1").update(answered_by=asked)
    AssessmentResponse.objects.filter(section_id="GOV").update(answered_by=asked)
    Invitation.objects.filter(pk=asked.pk).update(
        claimed_at=now(), browser_hash="x", returned_at=now(), return_message="All but one."
    )

    def questions(sub_area_id: str) -> str:
        return reverse("assessments:questions", args=[assessment.pk, sub_area_id])

    def open_all(page: Page) -> None:
        for summary in page.locator("fieldset summary").all():
            summary.click()

    def give_no_number(page: Page) -> None:
        page.locator('[name="answer-VUL.2.2"]').first.check()
        page.get_by_label("Number of").fill("soon")
        press("Save and continue")(page)

    def not_applicable(page: Page) -> None:
        page.get_by_label("Not applicable").check()
        expect(page.locator(".save-state")).to_contain_text("the reason is missing")

    def change_elsewhere(page: Page) -> None:
        AssessmentResponse.objects.filter(question_id="IAM.3.1").update(revision=9)
        page.locator('[name="answer-IAM.3.1"]').first.check()
        expect(page.locator(".save-state")).to_contain_text("see the message at the question")

    return Scene(
        user,
        [
            Shown("dashboard", "Dashboard | Posture", reverse("assessments:dashboard")),
            Shown(
                "tasks",
                "Your assessment, 12 of 113 answered | Posture",
                assessment.get_absolute_url(),
            ),
            Shown(
                "questions-scale",
                "Multi-factor authentication, Identity | Posture",
                questions("IAM.3"),
            ),
            Shown(
                "questions-help", "Multi-factor authentication, Identity | Posture", act=open_all
            ),
            Shown(
                "questions-refused",
                "Multi-factor authentication, Identity | Posture",
                act=change_elsewhere,
                trouble=("422 POST .*/save/$",),
            ),
            Shown(
                "questions-conflict",
                "Error: Multi-factor authentication, Identity | Posture",
                act=press("Save and continue"),
                trouble=("422 POST .*/IAM.3/$",),
            ),
            Shown(
                "questions-practices",
                "Coding, review, dependencies, source control, Applications | Posture",
                questions("APP.3"),
            ),
            Shown(
                "questions-number",
                "Patching and remediation deadlines, Vulnerabilities | Posture",
                questions("VUL.2"),
            ),
            Shown(
                "questions-error",
                "Error: Patching and remediation deadlines, Vulnerabilities | Posture",
                act=give_no_number,
                trouble=("422 POST ",),
            ),
            Shown(
                "questions-not-applicable",
                "Network device management, Network | Posture",
                questions("NET.3"),
                act=not_applicable,
            ),
            Shown(
                "questions-noted",
                "Risk assessment method and register, Risk | Posture",
                questions("RSK.2"),
            ),
            Shown(
                "colleagues",
                "Colleagues | Posture",
                reverse("assessments:colleagues", args=[assessment.pk]),
            ),
            Shown(
                "colleagues-error",
                "Error: Colleagues | Posture",
                act=press("Send the link"),
                trouble=("422 POST .*/colleagues/$",),
            ),
            Shown(
                "review",
                "Check your answers | Posture",
                reverse("assessments:review", args=[assessment.pk]),
            ),
            Shown(
                "review-error",
                "Error: Check your answers | Posture",
                act=press("Complete and see the result"),
                trouble=("422 POST .*/complete/$",),
            ),
            Shown(
                "consultation",
                "Talk to a consultant | Posture",
                reverse("assessments:consultation", args=[assessment.pk]),
            ),
            Shown(
                "consultation-error",
                "Error: Talk to a consultant | Posture",
                act=press("Ask for a call"),
                trouble=("422 POST .*/consultation/$",),
            ),
        ],
    )


def colleague() -> Scene:
    """Without an account, from the link in a message to handing the answers back."""
    assessment = make_assessment(make_user("asking@example.org"))
    token = "a-link-that-the-test-knows"
    invitation = make_invitation(assessment, token=token)
    area = reverse("assessments:shared-questions", args=[invitation.pk, "IAM.3"])

    def change_meanwhile(page: Page) -> None:
        AssessmentResponse.objects.create(
            assessment=assessment, user=assessment.user, section_id="IAM",
            question_id="IAM.3.1", state=State.DONT_KNOW, revision=9,
        )  # fmt: skip
        page.locator('[name="answer-IAM.3.1"]').first.check()
        expect(page.locator(".save-state")).to_contain_text("see the message at the question")

    link = reverse("assessments:link", args=[token])
    asked = "Questions for you | Posture"
    return Scene(
        None,
        [
            Shown("link", asked, link),
            Shown("link-code", asked, act=press("Send me the code")),
            Shown(
                "link-code-error",
                f"Error: {asked}",
                act=fill({"Code": "WRONG1"}, "Show the questions"),
                trouble=("422 POST .*/shared/link/",),
            ),
            Shown(
                "shared",
                f"0 of {len(invitation.questions)} answered | Posture",
                act=enter_code("Show the questions"),
            ),
            Shown("shared-again", f"0 of {len(invitation.questions)} answered | Posture", link),
            Shown("shared-questions", "Multi-factor authentication | Posture", area),
            Shown(
                "shared-questions-refused",
                "Multi-factor authentication | Posture",
                act=change_meanwhile,
                trouble=("422 POST .*/save/$",),
            ),
            Shown(
                "shared-returned",
                "Returned | Posture",
                reverse("assessments:shared", args=[invitation.pk]),
                act=fill({"Message (optional)": "Ask Kim."}, "Return to Pat Person"),
            ),
            Shown(
                "link-gone",
                "This link does not work any more | Posture",
                link,
                trouble=("404 GET .*/shared/link/",),
            ),
        ],
    )


def reader() -> Scene:
    """Has results and reports in every state."""
    user = make_user("reader@example.org")
    unrated = starting.start(user, tier=Tier.QUICK, section_ids=["VUL"], profile={}, at=now())
    inapplicable = {"VUL.2.1": Given(state=State.NOT_APPLICABLE, na_reason=REASON)}
    assert not answering.save(unrated, inapplicable, at=now()).refusals
    completion.complete(unrated, at=now())
    failed = Report.objects.get(assessment=unrated)
    fail(failed)
    quick = make_mixed(make_assessment(user))
    pending = Report.objects.get(assessment=quick)
    best = make_completed(user)
    generating = Report.objects.get(assessment=best)
    generating.claim(now=now())
    standard = make_mixed(make_standard(user))
    ready = Report.objects.get(assessment=standard)
    finish(ready)
    reviewed, rejected = (
        ordering.request_enhanced(each, context="", comments_consent=False, at=now())
        for each in (quick, best)
    )
    finish(reviewed)
    fail(rejected)

    def result(assessment: Assessment) -> str:
        return reverse("reports:results", args=[assessment.pk])

    def result_title(assessment: Assessment) -> str:
        overall = assessment.result.overall
        assert overall
        return f"Your result: {display(overall.score)} of 100, level {overall.level} | Posture"

    def try_something(page: Page) -> None:
        for box in page.locator("[name=raise]").all()[:3]:
            box.check()
        press("Work it out")(page)
        expect(page.get_by_text("With 3 steps")).to_be_visible()

    def keep_it(page: Page) -> None:
        page.get_by_label("Keep this as a scenario, named").fill("Three steps")
        press("Keep it")(page)

    def open_all(page: Page) -> None:
        for summary in page.locator(".roadmap summary").all():
            summary.click()

    return Scene(
        user,
        [
            Shown("dashboard-again", "Dashboard | Posture", reverse("assessments:dashboard")),
            Shown("results-quick", result_title(quick), result(quick)),
            Shown("results-standard", result_title(standard), result(standard)),
            Shown("results-roadmap", result_title(standard), act=open_all),
            Shown("results-what-if", result_title(standard), act=try_something),
            Shown("scenarios", "Scenarios | Posture", act=keep_it),
            Shown("results-best", result_title(best), result(best)),
            Shown("results-unrated", "Your result | Posture", result(unrated)),
            Shown(
                "section",
                "Identity and authentication | Posture",
                reverse("reports:section", args=[standard.pk, "IAM"]),
            ),
            Shown(
                "section-unrated",
                "Vulnerability, patching and security testing | Posture",
                reverse("reports:section", args=[unrated.pk, "VUL"]),
            ),
            Shown(
                "results-frameworks",
                "Frameworks | Posture",
                reverse("reports:frameworks", args=[standard.pk]),
            ),
            Shown(
                "results-framework",
                f"{NAMES[Framework.ISO]} | Posture",
                reverse("reports:framework", args=[standard.pk, "iso"]),
            ),
            Shown(
                "change", "What changed | Posture", reverse("reports:change", args=[standard.pk])
            ),
            Shown(
                "change-first",
                "What changed | Posture",
                reverse("reports:change", args=[unrated.pk]),
            ),
            Shown("to-ask", "To ask | Posture", reverse("reports:to-ask", args=[standard.pk])),
            Shown("to-ask-nobody", "To ask | Posture", reverse("reports:to-ask", args=[best.pk])),
            Shown("reports", "Reports | Posture", reverse("reports:index")),
            Shown(
                "report-pending", "Standard report: waiting | Posture", pending.get_absolute_url()
            ),
            Shown(
                "report-generating",
                "Standard report: being made | Posture",
                generating.get_absolute_url(),
            ),
            Shown("report-ready", "Standard report: ready | Posture", ready.get_absolute_url()),
            Shown("report-failed", "Standard report: failed | Posture", failed.get_absolute_url()),
            Shown(
                "report-reviewed",
                "AI-enhanced report: being reviewed | Posture",
                reviewed.get_absolute_url(),
            ),
            Shown(
                "report-rejected",
                "AI-enhanced report: failed | Posture",
                rejected.get_absolute_url(),
            ),
            Shown(
                "enhanced",
                "Ask for an AI-enhanced report | Posture",
                reverse("reports:enhanced", args=[standard.pk]),
            ),
            Shown("sessions", "Where you are signed in | Posture", reverse("accounts:sessions")),
            Shown("authenticator", "Second factor | Posture", reverse("accounts:authenticator")),
            Shown(
                "authenticator-set-up",
                "Second factor | Posture",
                act=fill({"Your password": PASSWORD}, "Set it up"),
            ),
        ],
    )


def finisher() -> Scene:
    """Has answered everything, and has not completed it."""
    user = make_user("finisher@example.org")
    assessment = answer_all(make_assessment(user), 3)
    return Scene(
        user,
        [
            Shown("dashboard-answered", "Dashboard | Posture", reverse("assessments:dashboard")),
            Shown(
                "delete-draft",
                "Delete this assessment | Posture",
                reverse("assessments:delete", args=[assessment.pk]),
            ),
            Shown(
                "tasks-answered",
                "Your assessment, 23 of 23 answered | Posture",
                assessment.get_absolute_url(),
            ),
            Shown(
                "questions-last",
                "Perimeter, entry, secure areas, Physical | Posture",
                reverse("assessments:questions", args=[assessment.pk, "PHY.1"]),
            ),
            Shown(
                "review-answered",
                "Check your answers | Posture",
                reverse("assessments:review", args=[assessment.pk]),
            ),
        ],
    )


def latecomer() -> Scene:
    """The days of their assessment end while a page of it is open."""
    user = make_user("late@example.org")
    assessment = answer_all(make_assessment(user, at=now() - days(14.9)), 1)
    page_of_questions = reverse("assessments:questions", args=[assessment.pk, "IAM.3"])

    def answer_too_late(page: Page) -> None:
        page.get_by_text("Add a note").first.click()
        page.get_by_label("Note or evidence").first.fill(NOTE)
        Assessment.objects.update(expires_at=now())
        press("Save and continue")(page)

    return Scene(
        user,
        [
            Shown(
                "closed",
                "Error: answers are closed | Posture",
                page_of_questions,
                answer_too_late,
                trouble=("409 POST ",),
            ),
            Shown("dashboard-expired", "Dashboard | Posture", reverse("assessments:dashboard")),
            Shown(
                "tasks-expired",
                "Your assessment, 23 of 23 answered | Posture",
                assessment.get_absolute_url(),
            ),
            Shown(
                "questions-expired",
                "Multi-factor authentication, Identity | Posture",
                page_of_questions,
            ),
            Shown(
                "review-expired",
                "Check your answers | Posture",
                reverse("assessments:review", args=[assessment.pk]),
            ),
        ],
    )


def unlucky() -> Scene:
    """Meets every page that refuses or fails."""
    user = make_user("unlucky@example.org")
    damaged = Report.objects.get(assessment=make_completed(user))
    finish(damaged)
    default_storage.delete(str(damaged.file.name))
    broken = make_completed(user)
    Assessment.objects.filter(pk=broken.pk).update(scorecard={})

    def lose_the_token(page: Page) -> None:
        page.locator("main [name=csrfmiddlewaretoken]").evaluate("(input) => input.value = 'x'")
        press("Ask for a call")(page)

    def send_too_much(page: Page) -> None:
        details = page.get_by_label("What would you like to talk about?")
        details.evaluate("(text) => text.value = 'y'.repeat(1_000_001)")
        press("Ask for a call")(page)

    def try_again_and_again(page: Page) -> None:
        page.context.clear_cookies()
        page.goto(reverse("account_reset_password"))
        while "Too many tries" not in page.title():
            page.goto(reverse("account_reset_password"))
            fill({"E-mail address": "known@example.org"}, "Send the code")(page)
            page.wait_for_load_state()

    consultation = reverse("assessments:consultation", args=[damaged.assessment_id])
    return Scene(
        user,
        [
            Shown(
                "404",
                "We can’t find this page | Posture",
                NOWHERE,
                trouble=("404 GET .*/nowhere/$",),
            ),
            Shown(
                "403",
                "You cannot open this page | Posture",
                reverse("admin:login"),
                trouble=("403 GET .*/console/",),
            ),
            Shown(
                "403-token",
                "This page was open too long | Posture",
                consultation,
                lose_the_token,
                ("403 POST ",),
            ),
            Shown(
                "413",
                "This is too much at once | Posture",
                consultation,
                send_too_much,
                ("413 POST ",),
            ),
            Shown(
                "500",
                "Something went wrong here | Posture",
                reverse("reports:results", args=[broken.pk]),
                trouble=("500 GET .*/results/",),
            ),
            Shown(
                "500-damaged",
                "Error: the file cannot be served | Posture",
                reverse("reports:download", args=[damaged.pk]),
                trouble=("500 GET .*/download/",),
            ),
            Shown(
                "429", "Too many tries | Posture", act=try_again_and_again, trouble=("429 POST ",)
            ),
        ],
    )


SCENES: dict[str, Callable[[], Scene]] = {
    "visitor": visitor,
    "newcomer": newcomer,
    "respondent": respondent,
    "colleague": colleague,
    "finisher": finisher,
    "reader": reader,
    "latecomer": latecomer,
    "unlucky": unlucky,
}
