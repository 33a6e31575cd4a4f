"""Tokens of the API: signed for minutes, renewed in families, ended at once.

An access token says which family it belongs to, and each request reads that family with its
person: so signing out, a changed password and a deactivated account count from the next request.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from rest_framework import exceptions
from rest_framework.authentication import CSRFCheck
from rest_framework.request import Request
from rest_framework_simplejwt import tokens as simplejwt
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError

from accounts import keys
from accounts.models import TokenFamily, User

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=7)
FAMILY_LIFE = timedelta(days=30)
"""However often it is renewed, a sign-in ends after so long."""

TWICE = timedelta(seconds=10)
"""A refresh token that comes again so soon is two tabs of one browser, not a thief."""

LEEWAY = timedelta(seconds=5)

ACCESS_COOKIE = "posture-access" if settings.LOCAL else "__Host-access"
REFRESH_COOKIE = "posture-refresh" if settings.LOCAL else "__Secure-refresh"


class Superseded(Exception):
    """The refresh token was used a moment ago; whoever used it has the next one."""


class Refused(Exception):
    """The refresh token is none, or none any more."""


class Pair(NamedTuple):
    access: str
    refresh: str
    family: TokenFamily


# --- signing and reading -------------------------------------------------------------------------


class Signature(TokenBackend):
    """RS256 with one of our own keys, chosen by its id. Nothing else in a header is followed."""

    def encode(self, payload: dict[str, Any]) -> str:
        loaded = keys.load()
        claims = {**payload, "iss": self.issuer, "aud": self.audience}
        return jwt.encode(
            claims, loaded.private, algorithm="RS256", headers={"kid": loaded.signing}
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        text = token.decode("ascii", "replace") if isinstance(token, bytes) else str(token)
        try:
            if not _is_canonical(text):
                raise jwt.DecodeError("not canonical")
            key = keys.load().public[str(jwt.get_unverified_header(text)["kid"])]
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                algorithms=["RS256"],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "jti", "sub", "aud", "iss"]},
            )
        except (KeyError, ValueError, RecursionError, jwt.PyJWTError) as error:
            raise TokenBackendError("Token is invalid") from error
        return claims


def _is_canonical(token: str) -> bool:
    """Base64 can write the same bytes in several ways; only one of them is a token."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        return False
    try:
        return all(
            base64.urlsafe_b64encode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            .rstrip(b"=")
            .decode()
            == part
            for part in parts
        )
    except (binascii.Error, ValueError):
        return False


signature = Signature(
    "RS256", audience="posture-api", issuer=settings.SITE_URL, leeway=LEEWAY.total_seconds()
)


class _Signed:
    def get_token_backend(self) -> TokenBackend:
        return signature


class AccessToken(_Signed, simplejwt.AccessToken):
    lifetime = ACCESS_LIFE


class RefreshToken(_Signed, simplejwt.RefreshToken):  # type: ignore[misc]  # so made by simplejwt
    lifetime = REFRESH_LIFE


# --- a family's life -----------------------------------------------------------------------------


def begin(user: User, *, second_factor: bool, device: str, at: datetime) -> Pair:
    """The first pair of a new sign-in."""
    family = TokenFamily(
        user=user,
        session_hash=user.get_session_auth_hash(),
        second_factor=second_factor,
        device=device[:200],
        created_at=at,
    )
    return _renewed(family, at=at)


def rotate(raw: str, *, at: datetime) -> Pair:
    """The next pair for a refresh token, which is good once. Raises Superseded or Refused.

    The row of the family is locked, so of any number of uses at once one wins. An old token
    that comes back later is in two hands: the whole family ends, the thief's part with it.
    """
    try:
        token = RefreshToken(raw)  # type: ignore[arg-type]  # simplejwt means bytes or text
        family_id, jti = UUID(str(token["sid"])), str(token["jti"])
    except (TokenError, KeyError, ValueError) as error:
        raise Refused from error
    with transaction.atomic():
        family = (
            TokenFamily.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=family_id)
            .first()
        )
        if family is None or not is_good(family, at=at):
            raise Refused
        if jti == family.jti:
            return _renewed(family, at=at)
        if jti == family.previous_jti and at - family.rotated_at <= TWICE:
            raise Superseded
        end(TokenFamily.objects.filter(pk=family.pk), TokenFamily.End.REUSE, at=at)
    raise Refused


def end(families: Any, reason: TokenFamily.End, *, at: datetime) -> int:
    """End these sign-ins; how many there were."""
    ended: int = families.filter(ended_at=None).update(ended_at=at, end_reason=reason)
    return ended


def is_good(family: TokenFamily, *, at: datetime) -> bool:
    return (
        family.ended_at is None
        and family.expires_at > at
        and family.user.is_active
        and constant_time_compare(family.session_hash, family.user.get_session_auth_hash())
    )


def forget_expired(*, at: datetime) -> int:
    return TokenFamily.objects.filter(expires_at__lt=at).delete()[0]


def _renewed(family: TokenFamily, *, at: datetime) -> Pair:
    refresh = RefreshToken()
    access = AccessToken()
    for token in (refresh, access):
        token["sub"] = str(family.user_id)
        token["sid"] = str(family.pk)
    access["is_admin"] = family.user.is_staff
    family.previous_jti, family.jti = family.jti, str(refresh["jti"])
    family.rotated_at = at
    family.expires_at = min(at + REFRESH_LIFE, family.created_at + FAMILY_LIFE)
    refresh["exp"] = int(family.expires_at.timestamp())
    family.save()
    return Pair(str(access), str(refresh), family)


# --- authentication ------------------------------------------------------------------------------


class Authentication(JWTAuthentication):
    """By a Bearer header, or by a cookie with the CSRF token that a cookie needs.

    `request.auth` is the token's family. The role is read from the person, not from the token.
    """

    def authenticate(  # type: ignore[override]  # a family in place of the token
        self, request: Request
    ) -> tuple[User, TokenFamily] | None:
        header: bytes | None = self.get_header(request)
        if header and header.split()[:1] == [b"Bearer"]:
            raw = self.get_raw_token(header)
            if raw is None:
                return None
            return self._family(raw)
        cookie = request.COOKIES.get(ACCESS_COOKIE)
        if cookie is None:
            return None
        found = self._family(cookie)
        require_csrf(request)
        return found

    def _family(self, raw: bytes | str) -> tuple[User, TokenFamily]:
        try:
            token = AccessToken(raw)  # type: ignore[arg-type]  # simplejwt means bytes or text
            family_id = UUID(str(token["sid"]))
        except (TokenError, KeyError, ValueError) as error:
            raise exceptions.AuthenticationFailed(
                "The access token is not valid, or not any more.", code="token_invalid"
            ) from error
        family = TokenFamily.objects.select_related("user").filter(pk=family_id).first()
        if (
            family is None
            or str(family.user_id) != token["sub"]
            or not is_good(family, at=timezone.now())
        ):
            raise exceptions.AuthenticationFailed(
                "This sign-in has ended. Sign in again.", code="token_revoked"
            )
        return family.user, family


def require_csrf(request: Request) -> None:
    """Raises PermissionDenied unless an unsafe request proves that it comes from our frontend."""
    check = CSRFCheck(_unused)
    django_request: HttpRequest = request._request
    check.process_request(django_request)
    if reason := check.process_view(django_request, _unused, (), {}):
        raise exceptions.PermissionDenied(f"CSRF: {reason}", code="csrf_failed")


def _unused(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("never called")


def cookies(pair: Pair) -> Mapping[str, tuple[str, str, timedelta]]:
    """What a browser keeps for a frontend: name, value, path and life."""
    return {
        ACCESS_COOKIE: (pair.access, "/", ACCESS_LIFE),
        REFRESH_COOKIE: (pair.refresh, "/api/", REFRESH_LIFE),
    }
