"""Reports in a bucket: made, served and removed by way of the S3 protocol."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest
from botocore.config import Config
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import User
from reports import production
from reports.models import Report
from tests.factories import make_report, now

pytestmark = pytest.mark.django_db(transaction=True)

OBJECTS: dict[str, bytes] = {}


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as the storage speaks: PUT, HEAD, GET, DELETE, and a list by prefix."""

    protocol_version = "HTTP/1.1"

    def _answer(self, status: int, body: bytes = b"", *, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
        self.send_header("ETag", '"x"')
        self.end_headers()
        self.wfile.write(body)

    @property
    def _key(self) -> str:
        assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
        return unquote(urlsplit(self.path).path).removeprefix("/reports-bucket").lstrip("/")

    def do_PUT(self) -> None:
        OBJECTS[self._key] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def do_HEAD(self) -> None:
        found = OBJECTS.get(self._key)
        self._answer(404 if found is None else 200, length=len(found or b""))

    def do_GET(self) -> None:
        if self._key:
            self._answer(200, OBJECTS[self._key])
            return
        prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size></Contents>"
            for key, content in OBJECTS.items()
            if key.startswith(prefix)
        )
        listed = f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        self._answer(200, listed.encode())

    def do_DELETE(self) -> None:
        OBJECTS.pop(self._key, None)
        self._answer(204)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running_bucket() -> Iterator[str]:
    OBJECTS.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def bucket() -> Iterator[None]:
    with running_bucket() as address:
        options = {
            "bucket_name": "reports-bucket",
            "endpoint_url": address,
            "region_name": "auto",
            "access_key": "key",
            "secret_key": "secret",
            "file_overwrite": False,
            "client_config": Config(
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
                signature_version="s3v4",
            ),
        }
        storages = {
            "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        }
        with override_settings(STORAGES=storages):
            yield


def test_a_report_lies_in_the_bucket_and_is_served_as_it_was_made(
    bucket: None, owner: User, client: Client
) -> None:
    report = make_report(owner)
    default_storage.save(f"reports/{report.pk}/left.pdf", ContentFile(b"half a rep"))

    production.produce(report.pk, now=now)
    report.refresh_from_db()
    client.force_login(owner)
    response = client.get(reverse("reports:download", args=[report.pk]))

    assert list(OBJECTS) == [str(report.file.name)]
    stored = OBJECTS[str(report.file.name)]
    assert hashlib.sha256(stored).hexdigest() == report.sha256
    assert response.status_code == 200
    served = b"".join(response) if response.streaming else response.content
    assert served == stored


def test_the_file_in_the_bucket_goes_with_its_owner(bucket: None, owner: User) -> None:
    report = make_report(owner)
    production.produce(report.pk, now=now)
    assert len(OBJECTS) == 1

    owner.delete()

    assert OBJECTS == {}
    assert not Report.objects.exists()
