"""From a composed document to a PDF. The only import of WeasyPrint, and a lazy one.

The renderer may fetch what stands in a table here, the typeface, and nothing else: no address,
no file, no redirect. What it sets was escaped by the template engine before.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from django.template.loader import render_to_string

from accounts.models import Paper
from reports.composition import Document

STATIC = Path(__file__).resolve().parent.parent / "static"
STYLE = STATIC / "css" / "report.css"
FONTS = sorted((STATIC / "vendor").glob("inter-*/*.woff2"))
PAPERS = tuple(Paper.values)
PDF_UA = "pdf/ua-1"

UNPRINTABLE = dict.fromkeys(
    [
        *(code for code in range(0x20) if chr(code) not in "\t\n"),
        *range(0x7F, 0xA0),
        *range(0xD800, 0xE000),
        *range(0xFDD0, 0xFDF0),
        *(plane << 16 | last for plane in range(0x11) for last in (0xFFFE, 0xFFFF)),
    ]
)
"""Control characters, lone surrogates and code points that are no characters at all."""


class PdfUnavailable(Exception):
    """The renderer cannot be loaded on this machine; the message says what is missing."""


class Pdf(NamedTuple):
    content: bytes
    pages: int


def render(document: Document, *, paper: str = "A4") -> Pdf:
    """The same document gives the same bytes. Raises PdfUnavailable."""
    weasyprint = _weasyprint()
    scorecard = weasyprint.Attachment(
        string=document.scorecard_json,
        name="scorecard.json",
        description="The scorecard with the trace of every figure",
        created=document.completed_at,
        modified=document.completed_at,
    )
    with _without_garbage_collection(), _fonts_dated(document.completed_at):
        pages = lay_out(document, paper=paper)
        content = pages.write_pdf(
            pdf_variant=PDF_UA,
            pdf_identifier=hashlib.sha256(document.scorecard_json).digest()[:16],
            attachments=[scorecard],
        )
    return Pdf(content, len(pages.pages))


def lay_out(document: Document, *, paper: str = "A4") -> Any:
    """The document on its pages, as they are before the file is written. Raises as `render`."""
    if paper not in PAPERS:
        raise ValueError(f"paper is {paper!r}; it must be one of {PAPERS}")
    weasyprint = _weasyprint()
    fetcher = _fetcher(weasyprint)
    fonts = weasyprint.text.fonts.FontConfiguration()
    styles = [
        weasyprint.CSS(string=style, url_fetcher=fetcher, font_config=fonts)
        for style in (STYLE.read_text(encoding="utf-8"), f"@page {{ size: {paper} }}")
    ]
    html = render_to_string("reports/pdf/report.html", {"document": document})
    return weasyprint.HTML(string=html.translate(UNPRINTABLE), url_fetcher=fetcher).render(
        font_config=fonts, stylesheets=styles, pdf_variant=PDF_UA
    )


def _weasyprint() -> Any:
    try:
        import weasyprint
        import weasyprint.text.fonts
        import weasyprint.urls
    except OSError as error:
        raise PdfUnavailable(
            "Reports need the Pango library, which is not installed. On Debian and Ubuntu: "
            "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. "
            "On macOS: brew install pango."
        ) from error
    return weasyprint


@cache
def _fetcher(weasyprint: Any) -> Any:
    allowed = {f"app:{path.stem}": _unpacked(path) for path in FONTS}

    class AllowedOnly(weasyprint.urls.URLFetcher):  # type: ignore[misc]  # it has no types
        """Hands out what is in the table. Everything else is an error, which leaves it out."""

        def __init__(self) -> None:
            super().__init__(allowed_protocols=frozenset(), allow_redirects=False)

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url not in allowed:
                raise weasyprint.urls.URLFetchingError("not in the table of what may be fetched")
            return weasyprint.urls.URLFetcherResponse(
                url, allowed[url], {"Content-Type": "font/ttf"}
            )

    return AllowedOnly()


def _unpacked(font: Path) -> bytes:
    """The renderer would unpack every file again for every report."""
    from fontTools.ttLib import woff2

    unpacked = BytesIO()
    woff2.decompress(BytesIO(font.read_bytes()), unpacked)
    return unpacked.getvalue()


@contextmanager
def _fonts_dated(moment: datetime) -> Iterator[None]:
    """Embedded fonts carry the time they were cut from the typeface; it must not be now."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Layout makes millions of objects that all live to the end: looking for dead ones is lost."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
