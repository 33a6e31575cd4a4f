"""What Django's own password validators leave out."""

from django.core.exceptions import ValidationError

MAXIMUM = 128


class MaximumLengthValidator:
    """Refuses what no person types: hashing it would only cost time."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > MAXIMUM:
            raise ValidationError(
                f"This password is too long. It can have at most {MAXIMUM} characters.",
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return f"Your password can have at most {MAXIMUM} characters."
