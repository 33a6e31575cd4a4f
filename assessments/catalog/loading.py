"""From the files of a version to a `Catalog`, once per process.

A version is a folder beside this file: `catalog.toml` names it and lists its sections,
`profile.toml` holds what is asked before the start, each section has a file of its own, and
`doubts.toml`, if there is one, names answers that hardly go together.
A published version is never edited; a change is a new folder.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from assessments.catalog.questions import (
    Advice,
    AnyQuestion,
    Catalog,
    Doubt,
    ProfileQuestion,
    Section,
)

DIRECTORY = Path(__file__).parent


class CatalogError(Exception):
    """A shipped file is wrong. The message names the file, the question and the field."""


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    sections: tuple[str, ...]


class _Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    questions: tuple[ProfileQuestion, ...]
    advice: tuple[Advice, ...]


class _Doubts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    doubts: tuple[Doubt, ...] = ()


def versions(directory: Path = DIRECTORY) -> list[str]:
    """The versions that ship, oldest first."""
    found = [path.parent.name for path in directory.glob("*/catalog.toml")]
    return sorted(found, key=lambda name: [int(part) for part in name.split(".")])


def current() -> Catalog:
    """The version that new assessments run on."""
    return load(versions()[-1])


@cache
def load(version: str, directory: Path = DIRECTORY) -> Catalog:
    """The whole catalog of this version. Raises CatalogError."""
    folder = directory / version
    manifest = _convert(folder / "catalog.toml", _read(folder / "catalog.toml"), _Manifest)
    profile = _convert(folder / "profile.toml", _read(folder / "profile.toml"), _Profile)
    sections = tuple(_section(folder / f"{code.lower()}.toml") for code in manifest.sections)
    there = folder / "doubts.toml"
    doubts = _convert(there, _read(there) if there.exists() else {}, _Doubts)
    try:
        return Catalog(
            version=version,
            title=manifest.title,
            sections=sections,
            profile=profile.questions,
            advice=profile.advice,
            doubts=doubts.doubts,
        )
    except ValueError as error:
        raise CatalogError(f"{folder.name}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogError(f"{path.parent.name}/{path.name}: the file is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path.parent.name}/{path.name}: {error}") from error


def _convert(path: Path, data: object, to: Any, place: str = "") -> Any:
    try:
        return msgspec.convert(data, to)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{path.parent.name}/{path.name}: {place}{error}") from error


def _section(path: Path) -> Section:
    """Each question is converted alone, so that an error can name it."""
    data = _read(path)
    questions = _convert(path, data.get("questions", []), list[dict[str, Any]], "questions: ")
    data["questions"] = [
        _question(path, question, number) for number, question in enumerate(questions, start=1)
    ]
    section: Section = _convert(path, data, Section)
    if section.id.lower() != path.stem:
        raise CatalogError(f"{path.parent.name}/{path.name}: id is {section.id!r}")
    return section


def _question(path: Path, data: dict[str, Any], number: int) -> AnyQuestion:
    question: AnyQuestion = _convert(path, data, AnyQuestion, f"{data.get('id', number)}: ")
    return question
