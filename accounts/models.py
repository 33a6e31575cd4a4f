"""People who sign in."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

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


class Paper(models.TextChoices):
    A4 = "A4", "A4"
    LETTER = "Letter", "US Letter"


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
    paper = models.CharField(
        "paper of your reports",
        max_length=6,
        choices=Paper,
        default=Paper.A4,
        db_default=Paper.A4,
        help_text="For reports that are made from now on.",
    )
    reminders = models.BooleanField(
        "remind me by e-mail before the days of an assessment end",
        default=True,
        db_default=True,
        help_text="7, 3 and 1 days before. Codes and news of your reports come all the same.",
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


class TokenFamily(models.Model):
    """One sign-in of an API client: the line of refresh tokens that follow each other.

    Of the whole line only `jti` is good, and `previous_jti` for a moment longer counts as a
    client that asked twice. Any older one is a copy in the wrong hands and ends the line. No
    token is stored, only its number.
    """

    class End(models.TextChoices):
        SIGNED_OUT = "signed_out", "Signed out"
        REUSE = "reuse", "A used refresh token came back"
        PASSWORD = "password", "The password was changed"  # not a password

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_families")
    jti = models.CharField(max_length=32)
    previous_jti = models.CharField(max_length=32, blank=True)
    session_hash = models.CharField(max_length=64)
    second_factor = models.BooleanField(default=False)
    device = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    rotated_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=10, choices=End, blank=True)

    class Meta:
        db_table = "token_families"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="token_families_ended_for_a_reason",
                condition=Q(ended_at=None, end_reason="")
                | Q(ended_at__isnull=False) & ~Q(end_reason=""),
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="token_families_expires_at")]

    def __str__(self) -> str:
        return f"Sign-in of {self.created_at:%Y-%m-%d %H:%M}"


class IdempotencyKey(models.Model):
    """A request that its sender may send again: what it was, and what it was answered.

    Without a status it is being worked on. The answer is stored in the transaction of its
    effect, so one is never there without the other.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    taken_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)

    class Meta:
        db_table = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(name="idempotency_keys_one_per_user", fields=["user", "key"]),
        ]
        indexes = [models.Index(fields=["taken_at"], name="idempotency_keys_taken_at")]

    def __str__(self) -> str:
        return self.key


class AuditHead(models.Model):
    """The last link of the audit log; its one row is what writers queue for."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "admin_audit_head"
        constraints = [
            models.CheckConstraint(name="admin_audit_head_is_one", condition=Q(id=1)),
        ]

    def __str__(self) -> str:
        return f"{self.seq}"


class AdminAuditLog(models.Model):
    """What an administrator did: each row names the hash of the one before it.

    `details` are ids and names of fields, never what stood in them. The person it was done to
    is a plain id, because the act outlives the account.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seq = models.PositiveBigIntegerField(unique=True, editable=False)
    admin_email = models.EmailField(max_length=254, editable=False)
    action = models.CharField(max_length=60, editable=False)
    target_user_id = models.UUIDField(null=True, editable=False)
    details = models.JSONField(default=dict, editable=False)
    timestamp = models.DateTimeField(editable=False)
    prev = models.CharField(max_length=64, blank=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)

    class Meta:
        db_table = "admin_audit_log"
        verbose_name = "line of the audit log"
        verbose_name_plural = "audit log"
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["timestamp"], name="admin_audit_log_timestamp"),
            models.Index(fields=["admin_email"], name="admin_audit_log_admin_email"),
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly


class AppendOnly(Exception):
    """A row of the audit log stays as it was written."""
