"""How the API describes itself, and where that can be read and tried."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request

from accounts.api import Anybody

VERSIONED = "/api/v1/"


class AuthenticationSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its metaclass
    target_class = "posture.authentication.Authentication"
    name = ["bearer", "cookie"]  # as the base class has it

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "__Host-access",
                "description": "With `X-CSRFToken` for everything that changes something.",
            },
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        return [{"bearer": []}, {"cookie": []}]


def only_versioned(endpoints: list[Any], **_: Any) -> list[Any]:
    """The paths without a version answer as v1 and are described there."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(VERSIONED)]


def no_decoration(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A name that an endpoint does not know is refused (accounts.endpoint.Input)."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            component["additionalProperties"] = False
    return result


@cache
def schema() -> tuple[bytes, str]:
    """The description and its ETag, made once."""
    generator = SchemaGenerator(urlconf="posture.api_urls")  # type: ignore[no-untyped-call]
    content = json.dumps(
        generator.get_schema(request=None, public=True),  # type: ignore[no-untyped-call]
        indent=2,
        sort_keys=True,
        ensure_ascii=False,
        default=str,
    ).encode()
    return content + b"\n", f'"{hashlib.sha256(content).hexdigest()[:32]}"'


class OpenApi(Anybody):
    limits = ()
    schema = None

    def get(self, request: Request) -> HttpResponseBase:
        content, etag = schema()
        response = HttpResponse(content, content_type="application/json")
        response["ETag"] = etag
        response["Cache-Control"] = "public, max-age=300"
        return get_conditional_response(request._request, etag=etag, response=response) or response


_swagger = SpectacularSwaggerSplitView.as_view(
    url_name="api:openapi", authentication_classes=(), permission_classes=()
)


@csrf_exempt
@require_safe
@csp_replace({"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]})
def viewer(request: HttpRequest) -> HttpResponseBase:
    """The description to read and to try. It sets styles inline: at this address alone it may."""
    return _swagger(request)
