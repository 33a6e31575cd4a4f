"""The API's part about people: signing in and out, oneself, and the administrators' view."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError as InvalidForm
from django.db import IntegrityError
from django.db.models import Q
from django.forms import BaseForm
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keys, people, registration, second_factor, tokens
from accounts.described import PAGING, SEARCH, page_of, problems, search_words
from accounts.endpoint import (
    Address,
    Administrator,
    Endpoint,
    Flag,
    Input,
    Refused,
    Text,
    once,
    paged,
)
from accounts.entrance import ChangePasswordForm, SignupForm
from accounts.forms import DeleteAccountForm, ProfileForm, one_line
from accounts.limits import API, Limit, by_address
from accounts.models import AdminAuditLog, Paper, TokenFamily, User
from accounts.passwords import MAXIMUM

logger = logging.getLogger(__name__)

SIGN_IN = Limit("api-login", "10/m", by=by_address, closed=True)
REGISTER = Limit("api-register", "5/m", by=by_address, closed=True)
RENEW = Limit("api-refresh", "60/m", by=by_address)
RESET = Limit("api-reset", "5/h", by=by_address, closed=True)
CODE = Limit("api-code", "10/m", by=by_address, closed=True)
ADMIN = Limit("api-admin", "100/m")

EMAIL_MAX = 254


# --- what is said and answered -------------------------------------------------------------------


class Registration(Input):
    email = Address(max_length=EMAIL_MAX)
    password = Text(min_length=12, max_length=MAXIMUM, trim_whitespace=False, write_only=True)
    full_name = Text(max_length=120, validators=[one_line])
    company_name = Text(max_length=120, validators=[one_line])


class ClaimOnAddress(serializers.Serializer[Any]):
    claim = serializers.CharField(
        help_text="Give it back with the code that was sent to the address, within 15 minutes."
    )


class Proof(Input):
    claim = Text(max_length=2_000)
    code = Text(max_length=40)


class Credentials(Input):
    email = Address(max_length=EMAIL_MAX)
    password = Text(max_length=1_000, trim_whitespace=False, write_only=True)
    code = Text(
        max_length=10,
        required=False,
        help_text="The six digits of the authenticator, where the account has one.",
    )
    cookies = Flag(
        default=False,
        help_text="Put the tokens into HttpOnly cookies instead of the answer. Needs the header "
        "`X-CSRFToken` with the token of `GET /auth/csrf`.",
    )


class Tokens(serializers.Serializer[Any]):
    access = serializers.CharField(
        required=False, help_text="Send it as `Authorization: Bearer`. Absent with cookies."
    )
    refresh = serializers.CharField(
        required=False, help_text="Good once, for the next pair. Absent with cookies."
    )
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")
    second_factor = serializers.BooleanField(
        help_text="Was the code of an authenticator given? Administrators' endpoints need it."
    )


class Renewal(Input):
    refresh = Text(max_length=4_000, required=False, help_text="Left out by clients with cookies.")


class Person(serializers.ModelSerializer[User]):
    email_verified = serializers.BooleanField(read_only=True)
    second_factor = serializers.BooleanField(read_only=True)

    class Meta:
        model = User
        fields = (
            "id",
            "email",
            "full_name",
            "company_name",
            "is_admin",
            "paper",
            "reminders",
            "email_verified",
            "second_factor",
            "created_at",
        )
        read_only_fields = fields


class PersonChange(Input):
    full_name = Text(max_length=120, required=False, validators=[one_line])
    company_name = Text(max_length=120, required=False, validators=[one_line])
    paper = serializers.ChoiceField(
        Paper.values, required=False, help_text="Of reports that are made from now on."
    )
    reminders = Flag(required=False, help_text="By mail, before the days of an assessment end.")


class Farewell(Input):
    password = Text(max_length=1_000, trim_whitespace=False, write_only=True)
    understood = Flag(
        help_text="`true`: everything of the account is deleted and cannot be brought back."
    )


class PasswordChange(Input):
    current_password = Text(max_length=1_000, trim_whitespace=False, write_only=True)
    new_password = Text(min_length=12, max_length=MAXIMUM, trim_whitespace=False, write_only=True)


class ResetRequest(Input):
    email = Address(max_length=EMAIL_MAX)


class NewPassword(Proof):
    new_password = Text(min_length=12, max_length=MAXIMUM, trim_whitespace=False, write_only=True)


class CsrfToken(serializers.Serializer[Any]):
    csrf_token = serializers.CharField()


class SignIn(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device = serializers.CharField()
    created_at = serializers.DateTimeField()
    renewed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.BooleanField(help_text="Is it the one that asks?")


class SignIns(serializers.Serializer[Any]):
    results = SignIn(many=True)


class PasswordOnly(Input):
    password = Text(max_length=1_000, trim_whitespace=False, write_only=True)


class Enrolment(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="For typing into an authenticator.")
    uri = serializers.CharField(help_text="For a QR code.")
    enrolment = serializers.CharField(help_text="Give it back with the first code.")


class FirstCode(Input):
    enrolment = Text(max_length=2_000)
    code = Text(max_length=10)


class KeySet(serializers.Serializer[Any]):
    keys = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


# --- signing in and out --------------------------------------------------------------------------


class Anybody(Endpoint):
    """Asked by who has not signed in. Who it is plays no part, so nobody is authenticated."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class Register(Anybody):
    limits = (REGISTER,)

    @extend_schema(
        summary="Register",
        description="The same answer whether there is an account with this address or not. The "
        "code that was sent to the address, and the claim, go to `POST /auth/verify`.",
        tags=["auth"],
        request=Registration,
        responses={202: ClaimOnAddress, **problems(400, 415, 429, 503)},
        examples=[
            OpenApiExample(
                "A person",
                {
                    "email": "pat@example.org",
                    "password": "correct horse battery",
                    "full_name": "Pat Person",
                    "company_name": "Example Ltd",
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        said = Registration.of(request)
        form = SignupForm(data={**said, "password1": said["password"]})
        _require(form, {"password1": "password"})
        claim = registration.register(
            form.cleaned_data["email"],
            said["password"],
            full_name=said["full_name"],
            company_name=said["company_name"],
        )
        return Response({"claim": claim}, status=202)


class Verify(Anybody):
    limits = (CODE,)

    @extend_schema(
        summary="Prove an address",
        tags=["auth"],
        request=Proof,
        responses={204: None, **problems(400, 415, 422, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        said = Proof.of(request)
        claim = _read_claim(request, said["claim"], registration.VERIFY)
        try:
            registration.verify(claim, said["code"])
        except registration.NotProven:
            raise _not_proven() from None
        return Response(status=204)


class Login(Anybody):
    limits = (SIGN_IN,)

    @extend_schema(
        summary="Sign in",
        description="Tokens in the answer, or in HttpOnly cookies. An account with an "
        "authenticator needs its code as well: without it the answer is 401 with the code "
        "`second_factor_required`.",
        tags=["auth"],
        request=Credentials,
        responses={200: Tokens, **problems(400, 401, 403, 415, 429, 503)},
        examples=[
            OpenApiExample(
                "A person",
                {"email": "pat@example.org", "password": "correct horse battery"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        said = Credentials.of(request)
        if said["cookies"]:
            tokens.require_csrf(request)
        user = _authenticated(request, said["email"], said["password"])
        second_factor = _second_factor(request, user, said.get("code"))
        if not registration.is_verified(user):
            raise Refused(
                403,
                "email_unverified",
                "Prove the address first: a code was sent to it.",
                claim=registration.send_verification(user),
            )
        pair = tokens.begin(
            user,
            second_factor=second_factor,
            device=request.headers.get("User-Agent", ""),
            at=timezone.now(),
        )
        return _given(pair, in_cookies=said["cookies"])


class Refresh(Anybody):
    limits = (RENEW,)

    @extend_schema(
        summary="Renew the tokens",
        description="A refresh token is good once. Used a second time within ten seconds it is "
        "refused with 409; later than that the whole sign-in ends, because two hold it.",
        tags=["auth"],
        request=Renewal,
        responses={200: Tokens, **problems(400, 401, 403, 409, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        said = Renewal.of(request)
        in_cookies = "refresh" not in said
        raw = request.COOKIES.get(tokens.REFRESH_COOKIE) if in_cookies else said["refresh"]
        if raw is None:
            raise NotAuthenticated("There is no refresh token.")
        if in_cookies:
            tokens.require_csrf(request)
        try:
            pair = tokens.rotate(raw, at=timezone.now())
        except tokens.Superseded:
            raise Refused(
                409, "refresh_superseded", "This refresh token was used a moment ago."
            ) from None
        except tokens.Refused:
            raise Refused(
                401, "refresh_invalid", "The refresh token is not valid. Sign in again."
            ) from None
        return _given(pair, in_cookies=in_cookies)


class Logout(Endpoint):
    @extend_schema(
        summary="Sign out",
        description="The sign-in ends: its access token is refused from the next request on.",
        tags=["auth"],
        request=None,
        responses={204: None, **problems(401, 403, 429)},
    )
    def post(self, request: Request) -> Response:
        _end(TokenFamily.objects.filter(pk=self.family.pk))
        return _forgotten(Response(status=204, headers={"Clear-Site-Data": '"cache", "storage"'}))


class Csrf(Anybody):
    limits = (API,)

    @extend_schema(
        summary="A CSRF token",
        description="For clients with cookies: send it as `X-CSRFToken` with every request that "
        "changes something. It comes with a cookie of its own.",
        tags=["auth"],
        responses={200: CsrfToken, **problems(429)},
    )
    def get(self, request: Request) -> Response:
        return Response({"csrf_token": get_token(request._request)})


class Jwks(Anybody):
    limits = ()

    @extend_schema(
        summary="The keys that sign tokens",
        description="Public parts, as a JSON Web Key Set.",
        tags=["auth"],
        responses={200: KeySet},
    )
    def get(self, request: Request) -> Response:
        return Response(keys.load().published, headers={"Cache-Control": "public, max-age=300"})


# --- oneself -------------------------------------------------------------------------------------


class Me(Endpoint):
    @extend_schema(summary="Oneself", tags=["me"], responses={200: Person, **problems(401, 429)})
    def get(self, request: Request) -> Response:
        return Response(_person(self.user))

    @extend_schema(
        summary="Change one's names",
        tags=["me"],
        request=PersonChange,
        responses={200: Person, **problems(400, 401, 403, 409, 415, 422, 429)},
    )
    @once
    def patch(self, request: Request) -> Response:
        said = PersonChange.of(request)
        user = self.user
        present = {name: getattr(user, name) for name in ProfileForm.Meta.fields}
        form = ProfileForm({**present, **said}, instance=user)
        _require(form)
        form.save()
        return Response(_person(user))

    @extend_schema(
        summary="Delete one's account",
        description="With every assessment and report. The password is asked again.",
        tags=["me"],
        request=Farewell,
        responses={204: None, **problems(400, 401, 403, 409, 415, 429)},
    )
    def delete(self, request: Request) -> Response:
        said = Farewell.of(request)
        _require(DeleteAccountForm(said, user=self.user))
        people.delete_own(self.user)
        return _forgotten(Response(status=204))


class Password(Endpoint):
    limits = (API, Limit("api-password", "5/m", closed=True))

    @extend_schema(
        summary="Change one's password",
        description="Every sign-in ends, this one too. Sign in again with the new password.",
        tags=["me"],
        request=PasswordChange,
        responses={204: None, **problems(400, 401, 403, 415, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        said = PasswordChange.of(request)
        form = ChangePasswordForm(
            user=self.user,
            data={
                "oldpassword": said["current_password"],
                "password1": said["new_password"],
                "password2": said["new_password"],
            },
        )
        _require(form, {"oldpassword": "current_password", "password1": "new_password"})
        form.save()
        tokens.end(self.user.token_families.all(), TokenFamily.End.PASSWORD, at=timezone.now())
        get_adapter(request._request).send_notification_mail(
            "account/email/password_changed", self.user
        )
        return _forgotten(Response(status=204))


class PasswordReset(Anybody):
    limits = (RESET,)

    @extend_schema(
        summary="Ask for a new password",
        description="The same answer whether there is an account or not. The code that was sent, "
        "and the claim, go to `POST /auth/password/reset/confirm`.",
        tags=["auth"],
        request=ResetRequest,
        responses={202: ClaimOnAddress, **problems(400, 415, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        email = ResetRequest.of(request)["email"].lower()
        return Response({"claim": registration.send_reset(email)}, status=202)


class PasswordResetConfirm(Anybody):
    limits = (CODE,)

    @extend_schema(
        summary="Choose a new password",
        tags=["auth"],
        request=NewPassword,
        responses={204: None, **problems(400, 415, 422, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        said = NewPassword.of(request)
        claim = _read_claim(request, said["claim"], registration.RESET)
        user = User.objects.filter(email=claim.email, is_active=True).first() or User()
        try:
            claim.require(said["code"])
            get_adapter().clean_password(said["new_password"], user=user)
            registration.set_password(claim, said["code"], user, said["new_password"])
        except registration.NotProven:
            raise _not_proven() from None
        except InvalidForm as error:
            raise ValidationError({"new_password": error.messages}) from None
        return Response(status=204)


class SignInList(Endpoint):
    @extend_schema(
        summary="One's sign-ins",
        tags=["me"],
        responses={200: SignIns, **problems(401, 429)},
    )
    def get(self, request: Request) -> Response:
        mine = TokenFamily.objects.filter(
            user=self.user, ended_at=None, expires_at__gt=timezone.now()
        )
        return Response(
            {
                "results": [
                    {
                        "id": family.pk,
                        "device": family.device,
                        "created_at": family.created_at,
                        "renewed_at": family.rotated_at,
                        "expires_at": family.expires_at,
                        "current": family == self.family,
                    }
                    for family in mine[:100]
                ]
            }
        )


class SignInDetail(Endpoint):
    @extend_schema(
        summary="End a sign-in",
        tags=["me"],
        responses={204: None, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def delete(self, request: Request, pk: UUID) -> Response:
        family = get_object_or_404(TokenFamily, user=self.user, pk=pk)
        _end(TokenFamily.objects.filter(pk=family.pk))
        return Response(status=204)


class SecondFactor(Endpoint):
    limits = (API, Limit("api-second-factor", "5/m", closed=True))

    @extend_schema(
        summary="Begin with an authenticator",
        tags=["me"],
        request=PasswordOnly,
        responses={200: Enrolment, **problems(400, 401, 403, 409, 415, 429, 503)},
    )
    def post(self, request: Request) -> Response:
        _require_password(self.user, PasswordOnly.of(request)["password"])
        try:
            begun = second_factor.begin(self.user)
        except second_factor.Exists:
            raise _exists() from None
        return Response({"secret": begun.secret, "uri": begun.uri, "enrolment": begun.note})

    @extend_schema(
        summary="Prove the authenticator",
        description="From now on signing in needs its code. This sign-in has given it.",
        tags=["me"],
        request=FirstCode,
        responses={204: None, **problems(400, 401, 403, 409, 415, 422, 429, 503)},
    )
    @once
    def put(self, request: Request) -> Response:
        said = FirstCode.of(request)
        try:
            second_factor.activate(self.user, said["enrolment"], said["code"])
        except second_factor.Exists:
            raise _exists() from None
        except second_factor.NotProven:
            raise _not_proven() from None
        TokenFamily.objects.filter(pk=self.family.pk).update(second_factor=True)
        return Response(status=204)

    @extend_schema(
        summary="Do without the authenticator",
        tags=["me"],
        request=PasswordOnly,
        responses={204: None, **problems(400, 401, 403, 409, 415, 422, 429, 503)},
    )
    @once
    def delete(self, request: Request) -> Response:
        _require_password(self.user, PasswordOnly.of(request)["password"])
        if not self.family.second_factor:
            raise Refused(
                403, "second_factor_required", "Sign in with the code of your authenticator."
            )
        second_factor.remove(self.user)
        return Response(status=204)


# --- administrators ------------------------------------------------------------------------------


class ManagedPerson(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = (
            "id",
            "email",
            "full_name",
            "company_name",
            "is_active",
            "is_admin",
            "created_at",
        )
        read_only_fields = fields


class Invitation(Input):
    email = Address(max_length=EMAIL_MAX)
    full_name = Text(max_length=120, validators=[one_line])
    company_name = Text(max_length=120, validators=[one_line])
    is_admin = Flag(default=False)


class ManagedChange(Input):
    is_active = Flag(required=False)
    is_admin = Flag(required=False)


class AuditLine(serializers.ModelSerializer[AdminAuditLog]):
    class Meta:
        model = AdminAuditLog
        fields = (
            "seq",
            "admin_email",
            "action",
            "target_user_id",
            "details",
            "timestamp",
            "prev",
            "hash",
        )
        read_only_fields = fields


class AdminUsers(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="People",
        description="Newest first; `search` looks into address, name and company.",
        tags=["admin"],
        parameters=[*PAGING, SEARCH],
        responses={200: page_of(ManagedPerson), **problems(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        people_ = User.objects.all()
        if search := search_words(request):
            people_ = people_.filter(
                Q(email__icontains=search)
                | Q(full_name__icontains=search)
                | Q(company_name__icontains=search)
            )
        return paged(self, people_, lambda user: ManagedPerson(user).data)

    @extend_schema(
        summary="Invite a person",
        description="They are told by mail how to choose a password.",
        tags=["admin"],
        request=Invitation,
        responses={201: ManagedPerson, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    )
    @once
    def post(self, request: Request) -> Response:
        said = Invitation.of(request)
        try:
            user = people.invite(**{**said, "email": said["email"].lower()}, by=self.user)
        except IntegrityError:
            raise ValidationError({"email": ["There is an account with this address."]}) from None
        return Response(ManagedPerson(user).data, status=201)


class AdminUser(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="A person",
        tags=["admin"],
        responses={200: ManagedPerson, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(ManagedPerson(get_object_or_404(User, pk=pk)).data)

    @extend_schema(
        summary="Let a person in or out, or make them an administrator",
        description="Nobody can change themselves: 409.",
        tags=["admin"],
        request=ManagedChange,
        responses={200: ManagedPerson, **problems(400, 401, 403, 404, 409, 415, 422, 429)},
    )
    @once
    def patch(self, request: Request, pk: UUID) -> Response:
        said = ManagedChange.of(request)
        user = people.change(get_object_or_404(User, pk=pk), by=self.user, **said)
        return Response(ManagedPerson(user).data)

    @extend_schema(
        summary="Delete a person",
        description="With every assessment, report and file. The audit log keeps the act.",
        tags=["admin"],
        responses={204: None, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def delete(self, request: Request, pk: UUID) -> Response:
        people.delete(get_object_or_404(User, pk=pk), by=self.user)
        return Response(status=204)


class AdminUserPassword(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="Ask a person to choose a new password",
        description="The present one ends at once, and every sign-in with it.",
        tags=["admin"],
        request=None,
        responses={204: None, **problems(400, 401, 403, 404, 409, 422, 429)},
    )
    @once
    def post(self, request: Request, pk: UUID) -> Response:
        people.ask_for_new_password(get_object_or_404(User, pk=pk), by=self.user)
        return Response(status=204)


class AuditLog(Endpoint):
    permission_classes = (Administrator,)
    limits = (ADMIN,)

    @extend_schema(
        summary="What administrators did",
        tags=["admin"],
        parameters=PAGING,
        responses={200: page_of(AuditLine), **problems(400, 401, 403, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        lines = AdminAuditLog.objects.all()
        return paged(self, lines, lambda line: AuditLine(line).data, ("-seq",))


# --- in between ----------------------------------------------------------------------------------


def _authenticated(request: Request, email: str, password: str) -> User:
    """Whoever has this password, counted and hashed the same way for known and unknown."""
    adapter = get_adapter(request._request)
    try:
        user = adapter.authenticate(request._request, email=email.lower(), password=password)
    except InvalidForm:
        raise Refused(
            429, "too_many_failures", "Too many failed attempts. Try again in five minutes."
        ) from None
    if not isinstance(user, User) or not user.is_active:
        raise Refused(401, "credentials_invalid", "The address or the password is wrong.")
    return user


def _second_factor(request: Request, user: User, code: str | None) -> bool:
    """Was a right code given? Raises Refused where one is needed."""
    if second_factor.of(user) is None:
        return False
    if not code:
        raise Refused(401, "second_factor_required", "Give the code of your authenticator.")
    Limit("api-totp", "5/5m", by=lambda _: str(user.pk), closed=True).take(request)
    try:
        second_factor.prove(user, code)
    except second_factor.NotProven:
        raise Refused(
            401, "second_factor_invalid", "The code is wrong, or was used before."
        ) from None
    return True


def _given(pair: tokens.Pair, *, in_cookies: bool) -> Response:
    about = {
        "expires_in": int(tokens.ACCESS_LIFE.total_seconds()),
        "second_factor": pair.family.second_factor,
    }
    if not in_cookies:
        return Response({"access": pair.access, "refresh": pair.refresh, **about})
    response = Response(about)
    for name, (value, path, life) in tokens.cookies(pair).items():
        _set_cookie(response, name, value, path, life)
    return response


def _forgotten(response: Response) -> Response:
    for name, path in ((tokens.ACCESS_COOKIE, "/"), (tokens.REFRESH_COOKIE, "/api/")):
        _set_cookie(response, name, "", path, timedelta(0))
    return response


def _set_cookie(response: Response, name: str, value: str, path: str, life: timedelta) -> None:
    response.set_cookie(
        name,
        value,
        max_age=life,
        path=path,
        secure=not settings.LOCAL,
        httponly=True,
        samesite="Strict",
    )


def _person(user: User) -> Mapping[str, object]:
    return {
        "id": user.pk,
        "email": user.email,
        "full_name": user.full_name,
        "company_name": user.company_name,
        "is_admin": user.is_admin,
        "paper": user.paper,
        "reminders": user.reminders,
        "email_verified": registration.is_verified(user),
        "second_factor": Authenticator.objects.filter(user=user).exists(),
        "created_at": user.created_at,
    }


def _end(families: Any) -> None:
    tokens.end(families, TokenFamily.End.SIGNED_OUT, at=timezone.now())


def _require(form: BaseForm, names: Mapping[str, str] | None = None) -> None:
    """Raises ValidationError with the form's refusals under the API's names."""
    if not form.is_valid():
        raise ValidationError(
            {
                (names or {}).get(name, name): [str(error) for error in errors]
                for name, errors in form.errors.items()
            }
        )


def _require_password(user: User, password: str) -> None:
    if not user.check_password(password):
        raise ValidationError({"password": ["This is not your password."]})


def _exists() -> Refused:
    return Refused(409, "second_factor_exists", "There is an authenticator already.")


def _read_claim(request: Request, text: str, purpose: str) -> registration.Claim:
    """The claim, with this attempt counted against it."""
    try:
        claim = registration.read(text, purpose)
    except registration.NotProven:
        raise _not_proven() from None
    Limit("api-claim", "5/15m", by=lambda _: claim.number, closed=True).take(request)
    return claim


def _not_proven() -> Refused:
    return Refused(422, "code_invalid", "The code is wrong or too old.")
