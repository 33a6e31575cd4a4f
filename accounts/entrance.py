"""allauth's forms in the words of these pages.

Apart from `accounts.forms`, because allauth imports that module while it makes its own forms.
"""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth
from django.core.validators import MaxLengthValidator

EMAIL_MAX = 254

WORDS = {
    "login": ("E-mail address", ""),
    "email": ("E-mail address", ""),
    "password": ("Password", ""),
    "password1": ("Password", "At least 12 characters. Pasting from a password manager works."),
    "password2": ("The same password again", ""),
    "oldpassword": ("Your present password", ""),
    "code": ("Code", "As in the message; capitals do not matter."),
}
NEW_PASSWORD = ("New password", WORDS["password1"][1])


class Worded:
    """Labels that say one thing one way, hints where they help, no text that vanishes."""

    fields: dict[str, Any]
    words = WORDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in ("email", "login"):
                # allauth leaves the length to the database, which refuses it less politely.
                field.validators.append(MaxLengthValidator(EMAIL_MAX))
            if name in self.words:
                field.label, field.help_text = self.words[name]


class LoginForm(Worded, allauth.LoginForm):  # type: ignore[misc]  # allauth carries no types
    pass


class SignupForm(Worded, allauth.SignupForm):  # type: ignore[misc]  # likewise
    pass


class ResetPasswordForm(Worded, allauth.ResetPasswordForm):  # type: ignore[misc]  # likewise
    pass


class ResetPasswordKeyForm(Worded, allauth.ResetPasswordKeyForm):  # type: ignore[misc]  # likewise
    words = {**WORDS, "password1": NEW_PASSWORD}


class ChangePasswordForm(Worded, allauth.ChangePasswordForm):  # type: ignore[misc]  # likewise
    words = {**WORDS, "password1": NEW_PASSWORD}


class AddEmailForm(Worded, allauth.AddEmailForm):  # type: ignore[misc]  # likewise
    words = {"email": ("New e-mail address", "")}


class ReauthenticateForm(Worded, allauth.ReauthenticateForm):  # type: ignore[misc]  # likewise
    pass


class ConfirmEmailVerificationCodeForm(
    Worded,
    allauth.ConfirmEmailVerificationCodeForm,  # type: ignore[misc]  # likewise
):
    pass


class ConfirmPasswordResetCodeForm(
    Worded,
    allauth.ConfirmPasswordResetCodeForm,  # type: ignore[misc]  # likewise
):
    pass
