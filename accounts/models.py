"""People who sign in."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class UserManager(BaseUserManager["User"]):
    def create_user(
        self,
        email: str,
        password: str | None = None,
        *,
        full_name: str = "",
        company_name: str = "",
        is_admin: bool = False,
    ) -> User:
        """Without a password nobody can sign in as this person until they choose one."""
        user = self.model(
            email=self.normalize_email(email).lower(),
            full_name=full_name,
            company_name=company_name,
            is_admin=is_admin,
        )
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None) -> User:
        """Django's `createsuperuser` calls it so; here it is an administrator."""
        return self.create_user(email, password, is_admin=True)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A respondent, or an administrator of the firm that runs the service.

    Whether an address was verified is known to allauth's `EmailAddress` alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(
        "e-mail address",
        max_length=254,
        unique=True,
        error_messages={"unique": "There is an account with this address already."},
    )
    full_name = models.CharField("full name", max_length=120)
    company_name = models.CharField("company", max_length=120)
    password = models.CharField(max_length=128, db_column="password_hash", editable=False)
    is_active = models.BooleanField(
        "can sign in", default=True, help_text="Deactivate instead of deleting: nothing is lost."
    )
    is_admin = models.BooleanField(
        "administrator", default=False, help_text="Sees every assessment and opens this console."
    )
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    # Not kept: signing in must not write to the row of a person.
    last_login = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        db_table = "users"
        ordering = ["-created_at"]
        constraints = [
            # With it, unique means unique whatever the capitals.
            models.CheckConstraint(
                name="users_email_lower_case", condition=Q(email=Lower("email"))
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="users_created_at")]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name or self.email

    # What the Django admin asks. One role opens all of it; there are no groups.

    @property
    def is_staff(self) -> bool:
        return self.is_active and self.is_admin

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff
