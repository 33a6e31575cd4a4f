"""Smaller answers for weak lines."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class Compression(GZipMiddleware):
    """With bytes of chance in each answer, so that its length tells nothing of what is in it.

    What has an ETag is left alone: compressing makes it a weak one, which no If-Match may name.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.has_header("ETag"):
            return response
        return super().process_response(request, response)
