"""What people type about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest

from accounts.models import User

# Not as what must not be found: the API's description would ask for it instead.
one_line = RegexValidator(
    r"^[^\x00-\x1f\x7f\u2028\u2029]*\Z",
    "Leave out line breaks and control characters.",
)


class PersonFields(forms.Form):
    """The two fields that both registration and the profile page have."""

    full_name = forms.CharField(
        label="Your full name",
        max_length=120,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    company_name = forms.CharField(
        label="Company",
        max_length=120,
        help_text="As it should stand on the cover of your report.",
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class SignupDetails(PersonFields):
    """What registration asks beside allauth's e-mail address and password."""

    field_order = ["full_name", "company_name", "email", "password1"]

    def signup(self, request: HttpRequest, user: User) -> None:
        user.full_name = self.cleaned_data["full_name"]
        user.company_name = self.cleaned_data["company_name"]
        user.save(update_fields=["full_name", "company_name"])


class ProfileForm(forms.ModelForm[User], PersonFields):
    class Meta:
        model = User
        fields = ["full_name", "company_name", "paper", "reminders"]


class PasswordForm(forms.Form):
    """For whoever knows the password."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError("This is not your password.")
        return password


class DeleteAccountForm(PasswordForm):
    """Deletion is for the person who knows the password, and says so twice."""

    understood = forms.BooleanField(
        label="Delete my account, my assessments and my reports. I know that this cannot be undone."
    )


class CodeForm(forms.Form):
    """The code that an authenticator shows."""

    code = forms.CharField(
        label="Code",
        help_text="The six digits that your authenticator shows now.",
        max_length=10,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "short"}
        ),
    )

    def clean_code(self) -> str:
        return "".join(str(self.cleaned_data["code"]).split())
