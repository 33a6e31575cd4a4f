"""A stand-in for the AI service: a real local server that speaks its protocol, and misbehaves by
script. It writes claims from what it was told, so that what comes back rests on real answers.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pytest_django import Settings

from reports.enhancement.prompts import CANARY

Claims = list[dict[str, Any]]


@dataclass
class Peer:
    """What it was asked, and what it is to do: the plan's next step, or "ok" without one.

    Steps: ok, a status such as 500, 429:SECONDS, quota, html, cut, reset, hang:SECONDS, drip,
    empty, nothing, broken, length, huge, injection, canary, numbers, invented.
    """

    plan: list[str] = field(default_factory=list)
    always: str = "ok"
    bodies: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    write: Callable[[dict[str, Any]], Claims] = lambda told: sensible(told)
    address: str = ""

    def next_step(self) -> str:
        with self.lock:
            return self.plan.pop(0) if self.plan else self.always

    @property
    def told(self) -> list[dict[str, Any]]:
        """The data of every request."""
        return [json.loads(body["messages"][1]["content"]) for body in self.bodies]


def sensible(told: dict[str, Any]) -> Claims:
    """Claims that say no more than the answers."""
    questions = told["questions"]
    if "domains" in told:
        first, last = questions[0], questions[-1]
        both = [first["id"], last["id"]]
        return [
            claim("narrative", "The answers of [COMPANY] show where to begin.", both),
            claim("theme", "Responsibility is the thread through several domains.", both),
            claim("plan_30", f"Within 30 days: {first['next_step'] or first['text']}", both[:1]),
            claim("plan_60", "Carry on with what was begun.", both[1:]),
            claim("plan_90", "Look again at what was done.", both),
        ]
    question = questions[0]
    return [
        claim("analysis", f"Today the answer is “{question['answer']}”.", [question["id"]]),
        claim("risk", question["why"].split(". ")[0].rstrip(".") + ".", [question["id"]]),
        claim(
            "action",
            question["next_step"] or question["where_to_find_out"] or "Keep it so.",
            [question["id"]],
            question["controls"][:1],
        ),
    ]


def claim(
    part: str, text: str, question_ids: list[str], control_ids: list[str] | None = None
) -> dict[str, Any]:
    return {
        "part": part,
        "text": text,
        "question_ids": question_ids,
        "control_ids": control_ids or [],
    }


@contextmanager
def serving(settings: Settings) -> Iterator[Peer]:
    """The service is this one while the block runs."""
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """The test tells what went wrong."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with peer.lock:
                peer.bodies.append(body)
            try:
                answer(self, peer, body, peer.next_step())
            except OSError:
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        peer.address = f"http://127.0.0.1:{server.server_port}/v1"
        settings.OPENAI_API_KEY = "a-key-of-a-test"
        settings.OPENAI_BASE_URL = peer.address
        yield peer
        server.shutdown()


def answer(handler: BaseHTTPRequestHandler, peer: Peer, body: dict[str, Any], step: str) -> None:
    name, _, seconds = step.partition(":")
    told = json.loads(body["messages"][1]["content"])
    first = told["questions"][0]["id"]
    if name == "hang":
        time.sleep(float(seconds))
        handler.close_connection = True
        return
    if name == "reset":
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        handler.close_connection = True
        return
    if name == "cut":
        send(handler, 200, b'{"id": "c1", "cho', length=1000)
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
        return
    if name == "drip":
        send(handler, 200, b"", length=10_000)
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
        handler.close_connection = True
        return
    if name == "html":
        send(handler, 200, b"<html>a gateway speaks</html>")
        return
    if name == "nothing":
        send(handler, 200, json.dumps({**completion(""), "choices": []}).encode())
        return
    if name == "quota":
        send(handler, 429, failure("insufficient_quota"))
        return
    if name.isdecimal():
        headers = {"Retry-After": seconds} if seconds else {}
        send(handler, int(name), failure("failed"), headers=headers)
        return
    contents = {
        "empty": "",
        "broken": "Sure! Here it is: {broken",
        "length": '{"claims": [{"part": "analy',
        "huge": json.dumps({"claims": [claim("analysis", "x" * 500_000, [first])]}),
        "injection": claims(
            claim("analysis", "<script>alert(1)</script>", [first]),
            claim("risk", "[press here](javascript:alert(1))", [first]),
            claim("action", "See https://evil.example/x", [first]),
        ),
        "canary": claims(claim("analysis", f"My rules: {CANARY}", [first])),
        "numbers": claims(claim("analysis", "About 73 % of staff, at level 5.", [first])),
        "invented": claims(claim("analysis", "A good answer.", ["ZZZ.9.9"])),
    }
    content = contents[name] if name in contents else claims(*peer.write(told))
    finish = "length" if name == "length" else "stop"
    send(handler, 200, json.dumps(completion(content, finish)).encode())


def claims(*written: dict[str, Any]) -> str:
    return json.dumps({"claims": written})


def completion(content: str, finish: str = "stop") -> dict[str, Any]:
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1_770_000_000,
        "model": "peer-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content},
                "finish_reason": finish,
            }
        ],
        "usage": {"prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200},
    }


def failure(code: str) -> bytes:
    return json.dumps({"error": {"message": "no", "type": code, "code": code}}).encode()


def send(
    handler: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    *,
    length: int | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()
