"""People in the console: create, deactivate, ask to choose a new password. Nobody types one."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from accounts import people
from accounts.models import User

# Addresses belong to their people, and there are no groups.
admin.site.unregister((Authenticator, EmailAddress, Group))


class NewUserForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("email", "full_name", "company_name", "is_admin")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("There is an account with this address already.")
        return email


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    list_display = (
        "email",
        "full_name",
        "company_name",
        "verified",
        "is_active",
        "is_admin",
        "created_at",
    )
    list_filter = ("is_active", "is_admin", "created_at")
    search_fields = ("email", "full_name", "company_name")
    readonly_fields = ("email", "verified", "created_at", "updated_at")
    fields = (
        "email",
        "verified",
        "full_name",
        "company_name",
        "is_active",
        "is_admin",
        "created_at",
        "updated_at",
    )
    actions = ("deactivate", "activate", "send_reset")
    show_full_result_count = False
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        verified = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
        return super().get_queryset(request).annotate(is_verified=Exists(verified))

    @admin.display(description="verified", boolean=True)
    def verified(self, user: User) -> bool:
        return bool(getattr(user, "is_verified", False))

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[User]]:
        if obj is None:
            kwargs["form"] = NewUserForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return NewUserForm.Meta.fields if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ()
        if obj.pk == request.user.pk:
            # Nobody locks themselves out by a slip.
            return (*self.readonly_fields, "is_active", "is_admin")
        return self.readonly_fields

    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm[User], change: bool
    ) -> None:
        """A new person is told how to choose a password."""
        if change:
            super().save_model(request, obj, form, change)
            return
        invited = people.invite(
            obj.email,
            full_name=obj.full_name,
            company_name=obj.company_name,
            is_admin=obj.is_admin,
            by=_me(request),
        )
        obj.pk = invited.pk
        obj.refresh_from_db()
        self.message_user(
            request, f"{obj.email} has been told how to choose a password.", messages.SUCCESS
        )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a person may go, though nobody may delete it by itself."""
        listed, counts, _, protected = super().get_deleted_objects(objs, request)
        return listed, counts, set(), protected

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj != request.user

    @admin.action(description="Deactivate: cannot sign in any more")
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        me = _me(request)
        count = 0
        for user in chosen.exclude(pk=me.pk):
            people.change(user, by=me, is_active=False)
            count += 1
        self.message_user(request, f"{count} deactivated.", messages.SUCCESS)

    @admin.action(description="Activate: can sign in again")
    def activate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        me = _me(request)
        count = 0
        for user in chosen.exclude(pk=me.pk):
            people.change(user, by=me, is_active=True)
            count += 1
        self.message_user(request, f"{count} activated.", messages.SUCCESS)

    @admin.action(description="Ask to choose a new password: the present one ends")
    def send_reset(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        me = _me(request)
        asked = list(chosen.filter(is_active=True).exclude(pk=me.pk))
        with transaction.atomic():
            for user in asked:
                people.ask_for_new_password(user, by=me)
        self.message_user(
            request, f"{len(asked)} asked to choose a new password.", messages.SUCCESS
        )


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
