"""What a respondent says when they ask for more than the standard report."""

from __future__ import annotations

from django import forms

from reports.models import CONTEXT_MAX


class EnhancedForm(forms.Form):
    context = forms.CharField(
        label="What should the writer know?",
        help_text="Optional. For example plans, dates or worries that no question asked about.",
        max_length=CONTEXT_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    comments_consent = forms.BooleanField(
        label="Send my comments too, with names replaced.",
        required=False,
    )
