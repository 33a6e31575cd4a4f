"""JSON in and out."""

from __future__ import annotations

from typing import Any

import msgspec
from rest_framework import exceptions, parsers, renderers

PROBLEM = "application/problem+json"


def encode(data: object) -> bytes:
    return _encoder.encode(data)


# Texts that are translated late are written as what they say.
_encoder = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class JsonRenderer(renderers.JSONRenderer):
    """Ten times as fast as the standard library's, which counts where all answers are sent."""

    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return b"" if data is None else encode(data)


class JsonParser(parsers.JSONParser):
    """JSON as the standard has it: no NaN, no half of a character, no endless nesting."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return msgspec.json.decode(stream.read())
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError("This is not JSON that can be read.") from error
