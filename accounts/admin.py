"""People in the console: create, deactivate, ask to choose a new password. Nobody types one."""

from __future__ import annotations

from typing import Any, TypeVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone

from accounts import audit, people, signed_in
from accounts.models import AdminAuditLog, User

# Addresses and sessions belong to their people, and there are no groups.
admin.site.unregister((Authenticator, EmailAddress, Group, UserSession))


AT_MOST = 100
"""Rows that one act may be about: a slip has bounds, and so has its transaction."""


Row = TypeVar("Row", bound=Model)


class BoundedAdmin(admin.ModelAdmin[Row]):
    """Acts on chosen rows are done for a bounded number of them, or for none. Files are no acts."""

    actions_without_bounds: tuple[str, ...] = ()

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any
    ) -> HttpResponse | None:
        chosen = len(request.POST.getlist(ACTION_CHECKBOX_NAME))
        if request.POST.get("select_across") == "1":
            chosen = queryset.count()
        if chosen > AT_MOST and request.POST.get("action") not in self.actions_without_bounds:
            messages.error(
                request,
                f"Nothing was done: {chosen:,} are chosen, and {AT_MOST} at most are possible.",
            )
            return redirect(request.get_full_path())
        return super().response_action(request, queryset, *args)


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
class UserAdmin(BoundedAdmin[User]):
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
    readonly_fields = ("email", "verified", "where_signed_in", "created_at", "updated_at")
    fields = (
        "email",
        "verified",
        "full_name",
        "company_name",
        "is_active",
        "is_admin",
        "where_signed_in",
        "created_at",
        "updated_at",
    )
    actions = ("end_sessions", "deactivate", "activate", "send_reset", "remove_second_factor")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        verified = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
        return super().get_queryset(request).annotate(is_verified=Exists(verified))

    @admin.display(description="verified", boolean=True)
    def verified(self, user: User) -> bool:
        return bool(getattr(user, "is_verified", False))

    @admin.display(description="signed in")
    def where_signed_in(self, user: User) -> str:
        now = timezone.now()
        places = [f"{s.device}, {s.address}" for s in signed_in.sessions(user, at=now)]
        places += [family.device or "a program" for family in signed_in.families(user, at=now)]
        return "; ".join(places) or "nowhere"

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
            changed = {name: form.cleaned_data[name] for name in form.changed_data}
            try:
                people.change(obj, by=_me(request), **changed)
            except people.LastAdministrator:  # another one left in the meantime
                raise PermissionDenied from None
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

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        people.delete(obj, by=_me(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with transaction.atomic():
            for user in queryset:
                people.delete(user, by=_me(request))

    # Django's own log would keep the addresses of people; the audit log is the record.

    def log_addition(self, *args: Any) -> Any:
        return None

    def log_change(self, *args: Any) -> Any:
        return None

    def log_deletions(self, *args: Any) -> Any:
        return None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with a person may go, though nobody may delete it by itself."""
        listed, counts, _, protected = super().get_deleted_objects(objs, request)
        return listed, counts, set(), protected

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj != request.user

    @admin.action(description="End all sessions and sign-ins")
    def end_sessions(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        me = _me(request)
        with transaction.atomic():
            ended = sum(people.end_sessions(user, by=me) for user in chosen.exclude(pk=me.pk))
        self.message_user(request, f"{ended} ended.", messages.SUCCESS)

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

    @admin.action(description="Remove the second factor: they set up another")
    def remove_second_factor(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        me = _me(request)
        with transaction.atomic():
            for user in (others := list(chosen.exclude(pk=me.pk))):
                people.remove_second_factor(user, by=me)
        self.message_user(request, f"Removed from {len(others)}.", messages.SUCCESS)


@admin.register(AdminAuditLog)
class AdminAuditLogAdmin(admin.ModelAdmin[AdminAuditLog]):
    """What administrators did, to read and to verify."""

    list_display = ("seq", "timestamp", "admin_email", "action", "target_user_id", "details")
    list_filter = ("action", "timestamp")
    search_fields = ("admin_email__startswith", "action__startswith", "target_user_id__exact")
    show_full_result_count = False
    fields = (*list_display, "prev", "hash")
    readonly_fields = fields
    actions = None
    change_list_template = "admin/accounts/adminauditlog/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        verify = self.admin_site.admin_view(self.verify)
        return [path("verify/", verify, name="accounts_adminauditlog_verify"), *super().get_urls()]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Every line against the chain."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Verify the audit log",
            "opts": self.opts,
            "found": audit.verify(),
            "head": audit.head(),
        }
        return render(request, "admin/accounts/adminauditlog/verify.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def _me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
