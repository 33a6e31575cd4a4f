"""One request to the model, bounded in time and size. The only import of openai, and a late one.

It costs a process half a second and the memory of its thousand types, and only workers ever ask.
The library's own time limits are for each read, and its retries come on top: an answer that drips
would keep a worker for minutes. So the clock and the tries are ours.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings

from reports.enhancement import breaker
from reports.enhancement.claims import Drafted

if TYPE_CHECKING:
    import openai

logger = logging.getLogger(__name__)

TRIES = 4
READ = 10.0
"""Seconds that one read may take; the deadline of the whole call is the caller's."""

BODY_MAX = 400_000
OUTPUT_TOKENS_MAX = 4_000
HOPELESS = (400, 401, 403, 404, 409, 413, 422)
"""Statuses that another try would not change."""


class Unavailable(Exception):
    """There is no text, and the message says why in words for the report."""


class Garbled(Exception):
    """The model answered, and not with what was asked for."""


class Written(msgspec.Struct, frozen=True):
    claims: tuple[Drafted, ...]
    model: str
    input_tokens: int
    output_tokens: int


class _Answer(msgspec.Struct, frozen=True):
    claims: tuple[Drafted, ...]


def write(instructions: str, data: str, schema: Mapping[str, Any], *, deadline: float) -> Written:
    """The model's claims. `deadline` is a moment of the monotonic clock. Raises Unavailable."""
    if not settings.OPENAI_API_KEY:
        raise Unavailable("no AI service is set up")
    import openai

    why = "the AI service did not answer in time"
    for number in range(TRIES):
        if time.monotonic() >= deadline:
            break
        wait = 0.5 * 2**number * random.uniform(0.5, 1.5)  # noqa: S311  # spreads tries, no secret
        try:
            with breaker.guard((openai.APIError, Garbled, OSError)):
                return _ask(instructions, data, schema, deadline)
        except breaker.Open:
            raise Unavailable("the AI service has been failing and is left alone for now") from None
        except openai.APIStatusError as error:
            logger.warning("the model answered %s (%s)", error.status_code, error.code)
            if error.status_code in HOPELESS:
                raise Unavailable("the AI service refused the request") from error
            if error.code == "insufficient_quota":
                raise Unavailable("the budget of the AI service is used up") from error
            why = "the AI service was overloaded or failing"
            wait = _retry_after(error) or wait
        except (openai.APIError, OSError) as error:
            logger.warning("the model cannot be reached: %s", type(error).__name__)
            why = "the AI service could not be reached, or broke off"
        except Garbled as error:
            logger.warning("the model's answer is of no use: %s", error)
            why = "the AI service gave an answer that cannot be used"
        if time.monotonic() + wait >= deadline:
            break
        time.sleep(wait)
    raise Unavailable(why)


def _ask(instructions: str, data: str, schema: Mapping[str, Any], deadline: float) -> Written:
    left = max(0.1, deadline - time.monotonic())
    request = _client().with_options(timeout=min(READ, left)).chat.completions
    messages: Any = [
        {"role": "system", "content": instructions},
        {"role": "user", "content": data},
    ]
    wanted: Any = {
        "type": "json_schema",
        "json_schema": {"name": "claims", "strict": True, "schema": dict(schema)},
    }
    with request.with_streaming_response.create(
        model=settings.OPENAI_MODEL,
        messages=messages,
        max_completion_tokens=OUTPUT_TOKENS_MAX,
        response_format=wanted,
    ) as response:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > BODY_MAX:
                raise Garbled("too long")
            if time.monotonic() > deadline:
                raise Garbled("too slow")
    return _read(bytes(body))


def _read(body: bytes) -> Written:
    """Nothing about the shape is believed. Raises Garbled."""
    try:
        answer = json.loads(body)
        (choice,) = answer["choices"]
        content = choice["message"]["content"]
        finished = choice["finish_reason"]
        usage = answer.get("usage") or {}
        model = str(answer["model"])[:100]
        used = [int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Garbled(f"not a completion ({type(error).__name__})") from None
    if finished != "stop":
        raise Garbled(f"finished by {finished!r:.30}")
    try:
        claims = msgspec.json.decode(content or "", type=_Answer, strict=True).claims
    except (msgspec.DecodeError, UnicodeError, TypeError) as error:
        raise Garbled(f"not claims ({type(error).__name__})") from None
    return Written(claims, model, max(0, used[0]), max(0, used[1]))


def _retry_after(error: openai.APIStatusError) -> float | None:
    told = error.response.headers.get("retry-after", "")
    try:
        seconds = float(told)
    except ValueError:
        return None
    return seconds if 0 <= seconds < 10_000 else None


@cache
def _client_of(key: str, address: str) -> openai.OpenAI:
    import openai

    return openai.OpenAI(api_key=key, base_url=address or None, max_retries=0)


_making = threading.Lock()


def _client() -> openai.OpenAI:
    """One for all threads: those that begin together would make one each."""
    with _making:
        return _client_of(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL)
