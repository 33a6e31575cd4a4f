"""For the people who write and review the catalog: counted, and as one readable document."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string

from assessments.catalog import loading
from assessments.catalog.overview import KINDS, Counts, Overview, overview
from assessments.catalog.questions import Framework, Tier

TEMPLATES = {".md": "assessments/export/catalog.md", ".html": "assessments/export/catalog.html"}


class Command(BaseCommand):
    help = "Prints what a version of the catalog holds, or writes the whole of it to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("catalog", nargs="?", help="the version; the newest if left out")
        parser.add_argument(
            "--export", type=Path, metavar="FILE", help="a file to write, .md or .html"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = options["catalog"] or loading.versions()[-1]
        if version not in loading.versions():
            raise CommandError(f"There is no catalog {version}, only {_listed()}.")
        whole = overview(loading.load(version))
        file: Path | None = options["export"]
        if file is None:
            self.stdout.write(table(whole))
            return
        if file.suffix not in TEMPLATES:
            raise CommandError(f"{file} must end with .md or .html.")
        try:
            file.write_text(document(whole, TEMPLATES[file.suffix]), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{file}: {len(whole.catalog.questions)} questions")


def table(whole: Overview) -> str:
    """One line per section: its questions by tier and type, its must-haves, its controls."""
    rows = [
        ("section", *Tier, "must-haves", *KINDS, *Framework),
        *((f"{s.section.id} {s.section.short}", *_figures(s.counts)) for s in whole.sections),
        (f"{len(whole.sections)} sections", *_figures(whole.counts)),
    ]
    widths = [max(len(str(row[place])) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(
            [f"{row[0]:<{widths[0]}}"]
            + [f"{cell!s:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]
    title = f"Catalog {whole.catalog.version}, {whole.catalog.title}, {whole.sub_areas} sub-areas"
    return "\n".join([title, "", lines[0], *lines[1:-1], "", lines[-1]])


def document(whole: Overview, template: str) -> str:
    """The whole catalog with everything that a reviewer may want to weigh."""
    return render_to_string(template, {"overview": whole, "kinds": KINDS})


def _figures(counts: Counts) -> tuple[int, ...]:
    return (
        *counts.tiers.values(),
        counts.must_haves,
        *counts.kinds.values(),
        *counts.controls.values(),
    )


def _listed() -> str:
    return ", ".join(loading.versions())
