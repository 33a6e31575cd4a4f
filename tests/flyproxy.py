"""A stand-in for Fly's proxy: takes a request at an edge, and obeys `fly-replay`.

What is emulated, from Fly's documentation: clients cannot forge Fly-* and X-Forwarded-*; a body
over 1 MB is not replayed; `fly-replay-src` on a replayed request; `fallback=force_self` brings a
request whose replay failed back, with `fly-replay-failed`, and that answer may not replay again;
no machine and too many hops are errors of the proxy's own. A client says where it is with
X-Test-Edge, and reads in X-Test-Hops where it has been.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPLAY_LIMIT = 1_000_000
MOST_HOPS = 5
OURS = ("fly-", "x-forwarded-", "x-test-")
NOT_PASSED_ON = {"connection", "host", "via", "transfer-encoding", "content-length"}


class Machines:
    """The web server of each region, by its port; a region without one is down."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.ports = dict(ports)


@contextmanager
def serve(machines: Machines) -> Iterator[int]:
    """The proxy's port."""

    class Handler(Edge):
        pass

    Handler.machines = machines
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class Edge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    machines: Machines

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def pass_on(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        edge = self.headers.get("X-Test-Edge", "")
        region = edge if edge in self.machines.ports else next(iter(self.machines.ports))
        extra: dict[str, str] = {}
        hops: list[str] = []
        comes_back_to = ""
        while len(hops) < MOST_HOPS:
            hops.append(region)
            answer = self._ask(region, body, {**self._headers(edge), **extra})
            if answer is None:
                if not comes_back_to:
                    return self._answer(502, [], b"", hops, "unreachable")
                extra = {"fly-replay-failed": f"region={region};reason=retries_exhausted"}
                region, comes_back_to = comes_back_to, ""
                continue
            response, content = answer
            replay = response.getheader("fly-replay")
            if replay is None:
                return self._answer(response.status, response.getheaders(), content, hops)
            if "fly-replay-failed" in extra:
                return self._answer(502, [], b"", hops, "replay in fallback")
            if length > REPLAY_LIMIT:
                return self._answer(502, [], b"", hops, "too large to replay")
            wishes = dict(wish.strip().split("=", 1) for wish in replay.split(";"))
            comes_back_to = region if wishes.get("fallback") == "force_self" else ""
            moment = int(time.time() * 1_000_000)
            extra = {
                "fly-replay-src": f"region={region};t={moment};state={wishes.get('state', '')}"
            }
            region = wishes["region"]
        return self._answer(502, [], b"", hops, "too many hops")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = pass_on  # noqa: N815  # as http.server calls them

    def _headers(self, edge: str) -> dict[str, str]:
        sent = {
            name: value
            for name, value in self.headers.items()
            if not name.lower().startswith(OURS) and name.lower() not in NOT_PASSED_ON
        }
        return {
            **sent,
            "Host": self.headers.get("Host", ""),
            "Fly-Client-IP": self.headers.get("X-Test-Ip", "203.0.113.9"),
            "Fly-Region": edge,
            "X-Forwarded-Proto": "https",
        }

    def _ask(
        self, region: str, body: bytes, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes] | None:
        port = self.machines.ports.get(region)
        if port is None:
            return None
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return response, response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _answer(
        self,
        status: int,
        headers: list[tuple[str, str]],
        content: bytes,
        hops: list[str],
        error: str = "",
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in NOT_PASSED_ON and not re.match("(?i)fly-replay", name):
                self.send_header(name, value)
        self.send_header("X-Test-Hops", ",".join(hops))
        if error:
            self.send_header("X-Proxy-Error", error)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
