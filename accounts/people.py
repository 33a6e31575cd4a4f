"""What administrators do with people: invite, let in and out, ask for a new password.

One administrator is always left.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from accounts import audit, signed_in, tokens
from accounts.models import TokenFamily, User


class OwnAccount(Exception):
    """Nobody locks themselves out by a slip."""


class LastAdministrator(Exception):
    """Without this one nobody could open the console."""


@transaction.atomic
def invite(email: str, *, full_name: str, company_name: str, is_admin: bool, by: User) -> User:
    """A person who is told how to choose a password. Raises IntegrityError if there is one."""
    user = User.objects.create_user(
        email, full_name=full_name, company_name=company_name, is_admin=is_admin
    )
    # Verified by the code with which they choose a password.
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    _write_on_commit("invitation", user)
    audit.record(by, "user.invite", user.pk, {"is_admin": is_admin})
    return user


@transaction.atomic
def change(user: User, *, by: User, **values: str | bool) -> User:
    """Change `is_active`, `is_admin`, `full_name` or `company_name`. Raises OwnAccount or
    LastAdministrator.

    A person who is not let in any more is signed out everywhere at once.
    """
    if not (values.get("is_active", True) and values.get("is_admin", True)):
        if user.pk == by.pk:
            raise OwnAccount
        _require_another_administrator(user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    changed = [name for name, value in values.items() if getattr(locked, name) != value]
    for name in changed:
        setattr(locked, name, values[name])
    if changed:
        locked.save(update_fields=[*changed, "updated_at"])
        if not locked.is_active:
            tokens.end(locked.token_families.all(), TokenFamily.End.SIGNED_OUT, at=timezone.now())
        rights: dict[str, str | int | bool | list[str]] = {
            name: values[name] for name in changed if isinstance(values[name], bool)
        }
        # A name is somebody's own: the log says that it changed, not to what.
        names = [name for name in changed if name not in rights]
        audit.record(by, "user.change", user.pk, {**rights, **({"fields": names} if names else {})})
    return locked


@transaction.atomic
def end_sessions(user: User, *, by: User) -> int:
    """Everywhere, browsers and programs; how many. Raises OwnAccount."""
    if user.pk == by.pk:
        raise OwnAccount
    ended = signed_in.end(user, others_than="", at=timezone.now())
    audit.record(by, "user.end_sessions", user.pk)
    return ended


@transaction.atomic
def remove_second_factor(user: User, *, by: User) -> None:
    """For somebody who lost their authenticator: they set up another. Raises OwnAccount."""
    if user.pk == by.pk:
        raise OwnAccount
    Authenticator.objects.filter(user=user).delete()
    audit.record(by, "user.remove_second_factor", user.pk)


@transaction.atomic
def ask_for_new_password(user: User, *, by: User) -> None:
    """Their present password ends, and a mail says how to choose the next. Raises OwnAccount."""
    if user.pk == by.pk:
        raise OwnAccount
    user.set_unusable_password()
    user.save(update_fields=["password", "updated_at"])
    _write_on_commit("reset_request", user)
    audit.record(by, "user.ask_for_new_password", user.pk)


@transaction.atomic
def delete(user: User, *, by: User) -> None:
    """The person with all assessments, reports and files. Raises OwnAccount or
    LastAdministrator.
    """
    if user.pk == by.pk:
        raise OwnAccount
    _require_another_administrator(user)
    target = user.pk
    user.delete()
    audit.record(by, "user.delete", target)


@transaction.atomic
def delete_own(user: User) -> None:
    """One's account with everything in it. Raises LastAdministrator."""
    _require_another_administrator(user)
    user.delete()


@transaction.atomic
def recover(user: User) -> bool:
    """Remove the second factor of somebody whom no administrator can help, by the operator of the
    machine. False if there is none. The log says so in the person's own name.
    """
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        audit.record(user, "user.remove_second_factor", user.pk, {"by_operator": True})
    return bool(removed)


def _require_another_administrator(than: User) -> None:
    """Locks them all, so that of two who remove each other the second is refused."""
    active = User.objects.select_for_update().filter(is_admin=True, is_active=True)
    administrators = {user.pk for user in active.order_by("pk")}
    if administrators == {than.pk}:
        raise LastAdministrator


def _write_on_commit(what: str, user: User) -> None:
    """allauth names the site by the request, which may be over by then."""
    request = context.request

    def write() -> None:
        with context.request_context(request):
            get_adapter().send_mail(f"account/email/{what}", user.email, {"email": user.email})

    transaction.on_commit(write)
