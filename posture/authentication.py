"""Who asks the API, and whose rows they may therefore see."""

from __future__ import annotations

from rest_framework.request import Request

from accounts import tokens
from accounts.models import TokenFamily, User
from posture.database.subject import STAFF, become

ADMIN_PATHS = ("/api/v1/admin/", "/api/admin/")


class Authentication(tokens.Authentication):
    """The token's person, in whose name the database is asked from here on."""

    def authenticate(  # type: ignore[override]  # the base has its own token as second
        self, request: Request
    ) -> tuple[User, TokenFamily] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user, family = found
        staff = user.is_staff and family.second_factor
        become(STAFF if staff and request.path_info.startswith(ADMIN_PATHS) else user.pk)
        return found
