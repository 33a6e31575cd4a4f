"""Log lines that a machine reads: JSON, one line each, without what people typed.

Ids, counts and our own sentences may appear in a line. Addresses of people never do, nor the text
of an exception: it quotes values, so only its type and the places in the code are told.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that this thread is answering."""

FIGURES = ("method", "route", "status", "milliseconds")
"""What the request log adds to a line by `extra`."""

# Whatever stands around an @ without a space; more than an address may be, never less.
ADDRESS = re.compile(r"[^\s\"'<>(),;:=\[\]{}]+(?:@|%40)[^\s\"'<>(),;:=\[\]{}]+")

# Django names the address of what it refuses, and a colleague's link is one.
LINK = re.compile(r"/shared/link/[^/\s]+")


class JsonLines(logging.Formatter):
    """One JSON object a line; line breaks in what was logged stay inside their string."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": LINK.sub("/shared/link/[link]", ADDRESS.sub("[address]", _message(record))),
        }
        # Django tells of a fault once the request has left our middleware, but names it.
        request = getattr(record, "request", None)
        if number := request_id.get() or getattr(request, "request_id", ""):
            line["request_id"] = number
        for name in FIGURES:
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["exception"] = type(error).__name__
            line["at"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
        return json.dumps(line, ensure_ascii=True)


def _message(record: logging.LogRecord) -> str:
    """Our sentence with its ids; of an exception that is among its values, only the type."""
    values = record.args
    if isinstance(values, Mapping):
        # Celery tells of a failed task by name, with the exception's text and its traceback.
        told = {name: _told(value) for name, value in values.items()}
        if "exc" in told and record.exc_info and record.exc_info[1] is not None:
            told["exc"] = type(record.exc_info[1]).__name__
        if "traceback" in told:
            told["traceback"] = ""
        return str(record.msg) % told
    if values:
        return str(record.msg) % tuple(_told(value) for value in values)
    return str(_told(record.msg))


def _told(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value
