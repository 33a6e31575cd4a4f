"""Rows as a file for a spreadsheet. No cell is a formula, whatever somebody wrote."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO, StringIO

import xlsxwriter

Cell = str | int | float | datetime | None

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """With the mark that tells spreadsheets of UTF-8."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(heading)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(name: str, heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """One sheet with a filter over its first row."""
    content = BytesIO()
    with xlsxwriter.Workbook(
        content,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    ) as book:
        sheet = book.add_worksheet(name[:31])
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, heading, bold)
        sheet.set_column(0, len(heading) - 1, 24)
        last = 0
        for last, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                value = _plain(cell)
                if isinstance(value, str):
                    sheet.write_string(last, column, value)
                elif value is not None:
                    sheet.write_number(last, column, value)
        sheet.autofilter(0, 0, last, len(heading) - 1)
        sheet.freeze_panes(1, 0)
    return content.getvalue()


def _plain(cell: Cell) -> str | int | float | None:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, str) and cell.startswith(BEGIN_FORMULAS):
        return f"'{cell}"
    return cell
