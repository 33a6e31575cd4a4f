"""Reports in the console: their states, failed ones, and the review of AI-enhanced ones."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin import BoundedAdmin
from accounts.models import User
from assessments.admin import ReadOnly
from reports import delivery, ordering, release
from reports.enhancement.claims import TEXT_MAX, Decision
from reports.models import Report
from reports.review import review


class RejectForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        help_text="The owner of the report reads it.",
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
    )


@admin.register(Report)
class ReportAdmin(ReadOnly, BoundedAdmin[Report]):
    list_display = (
        "user",
        "report_type",
        "status",
        "to_review",
        "tries",
        "pages",
        "requested_at",
        "completed_at",
        "released_at",
    )
    list_filter = ("status", "report_type", "requested_at")
    search_fields = ("user__email", "user__company_name")
    show_full_result_count = False
    fields = (
        "user",
        "assessment",
        "report_type",
        "status",
        "to_review",
        "requested_at",
        "context",
        "comments_consent",
        "completed_at",
        "released_at",
        "released_by",
        "tries",
        "failure_reason",
        "lease_until",
        "pages",
        "sha256",
    )
    readonly_fields = fields
    actions = ("order_again", "release_decided")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return Report.objects.visible_to_admin(_me(request)).select_related(
            "assessment", "user", "released_by"
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/review/", wrap(self.review), name="reports_report_review"),
            path("<uuid:pk>/preview/", wrap(self.preview), name="reports_report_preview"),
            path("<uuid:pk>/act/", wrap(self.act), name="reports_report_act"),
            *super().get_urls(),
        ]

    @admin.display(description="review")
    def to_review(self, report: Report) -> SafeString | str:
        if not report.is_enhanced or report.is_under_way:
            return "–"
        address = reverse("admin:reports_report_review", args=[report.pk])
        words = "Review" if report.status == Report.Status.COMPLETED else "Look"
        return format_html('<a href="{}">{}</a>', address, words)

    @admin.action(description="Order failed reports again", permissions=["view"])
    def order_again(self, request: HttpRequest, chosen: QuerySet[Report]) -> None:
        failed = list(chosen.filter(status=Report.Status.FAILED))
        for report in failed:
            ordering.order_again(report, by=_me(request), at=timezone.now())
        self.message_user(request, f"{len(failed)} ordered again.", messages.SUCCESS)

    @admin.action(
        description="Release: of AI-enhanced ones those with every claim decided",
        permissions=["view"],
    )
    def release_decided(self, request: HttpRequest, chosen: QuerySet[Report]) -> None:
        """What nobody has read through is left alone, and said."""
        done, left = 0, 0
        for report in chosen:
            try:
                if not release.is_decided(report):
                    raise release.NotForReview
                release.release(report, sha256=report.sha256, by=_me(request), at=timezone.now())
            except (release.NotForReview, release.OtherFile, delivery.Damaged):
                left += 1
            else:
                done += 1
        self.message_user(request, f"{done} released.", messages.SUCCESS)
        if left:
            self.message_user(
                request,
                f"{left} left as they are: not for review, not decided claim by claim, or not "
                "made again since.",
                messages.WARNING,
            )

    # --- the review of one report ----------------------------------------------------------------

    def review(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Every claim beside the answers it cites; the form decides about all of them at once."""
        report = self._enhanced(request, pk)
        if request.method != "POST":
            return self._page(request, report)
        typed: dict[tuple[str, str], Decision] = {}
        faults: dict[tuple[str, str], str] = {}
        for insight in report.insights.all():
            decisions = _decisions(insight.section_id, request.POST)
            decisions = {c: d for c, d in decisions.items() if d != insight.decisions.get(c)}
            if not decisions:
                continue
            try:
                release.decide(insight, decisions, by=_me(request), at=timezone.now())
            except release.EditsRefused as error:
                typed |= {(insight.section_id, c): d for c, d in decisions.items()}
                faults |= {(insight.section_id, c): r for c, r in error.reasons.items()}
            except release.NotForReview:
                self.message_user(request, NOT_FOR_REVIEW, messages.WARNING)
                return redirect("admin:reports_report_review", pk)
        if faults:
            return self._page(request, report, typed=typed, faults=faults, status=422)
        self.message_user(request, "Your decisions are saved.", messages.SUCCESS)
        return redirect("admin:reports_report_review", pk)

    def preview(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The file as its owner would get it."""
        report = self._enhanced(request, pk)
        try:
            content = delivery.stored(report)
        except delivery.Damaged:
            self.message_user(request, DAMAGED, messages.ERROR)
            return redirect("admin:reports_report_review", pk)
        return HttpResponse(
            content, content_type="application/pdf", headers=delivery.headers(report)
        )

    def act(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """One of the five acts on the report as a whole."""
        report = self._enhanced(request, pk)
        if request.method != "POST":
            return redirect("admin:reports_report_review", pk)
        me, now = _me(request), timezone.now()
        act = request.POST.get("act")
        try:
            if act == "release":
                release.release(report, sha256=request.POST.get("sha256", ""), by=me, at=now)
                said = "Released: its owner can download it."
            elif act == "reject":
                form = RejectForm(request.POST)
                if not form.is_valid():
                    return self._page(request, report, form=form, status=422)
                release.reject(report, reason=form.cleaned_data["reason"], by=me, at=now)
                said = "Rejected: its owner reads why."
            elif act == "make_again":
                release.make_again(report, by=me, at=now)
                said = "It is being made with your decisions. Come back in a minute."
            elif act == "write_again":
                release.write_again(report, by=me, at=now)
                said = "Everything is being written anew. It takes some minutes."
            elif act == "reopen":
                release.reopen(report, by=me)
                said = "Taken back: its owner cannot download it any more."
            else:
                raise Http404
        except release.OtherFile:
            self.message_user(request, OTHER_FILE, messages.ERROR)
        except delivery.Damaged:
            self.message_user(request, DAMAGED, messages.ERROR)
        except (release.NotForReview, release.NotReleased):
            self.message_user(request, NOT_FOR_REVIEW, messages.WARNING)
        else:
            self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:reports_report_review", pk)

    def _enhanced(self, request: HttpRequest, pk: UUID) -> Report:
        enhanced = self.get_queryset(request).filter(report_type=Report.Type.AI_ENHANCED)
        return get_object_or_404(enhanced, pk=pk)

    def _page(
        self,
        request: HttpRequest,
        report: Report,
        *,
        typed: dict[tuple[str, str], Decision] | None = None,
        faults: dict[tuple[str, str], str] | None = None,
        form: RejectForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"Review: {report.user.company_name}",
            "opts": self.opts,
            "report": report,
            "review": review(report, typed=typed, faults=faults),
            "reviewable": report.status == Report.Status.COMPLETED,
            "form": form or RejectForm(),
            "text_max": TEXT_MAX,
        }
        return render(request, "admin/reports/report/review.html", context, status=status)


OTHER_FILE = (
    "Not released: the file is not the one this page showed, or claims were decided about after it "
    "was made. Make it again and look at it."
)
DAMAGED = "The stored file is missing or is not the one that was made. Make it again."
NOT_FOR_REVIEW = "Nothing was done: the report is not in that state any more."


def _decisions(section_id: str, post: QueryDict) -> dict[str, Decision]:
    """What the form says about the claims of one section; what nobody touched is not said."""
    found: dict[str, Decision] = {}
    prefix = f"verdict-{section_id}-"
    for name in post:
        verdict = post.get(name)
        claim_id = name.removeprefix(prefix)
        if not name.startswith(prefix):
            continue
        if verdict == "approved":
            found[claim_id] = Decision("approved")
        elif verdict == "dropped":
            found[claim_id] = Decision("dropped")
        elif verdict == "edited":
            text = " ".join(post.get(f"text-{section_id}-{claim_id}", "").split())
            found[claim_id] = Decision("edited", text)
    return found


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
