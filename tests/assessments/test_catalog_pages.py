"""What anybody may read about the catalog: the public pages and the command's documents."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from assessments.catalog import frameworks, loading
from assessments.catalog.lint import texts
from assessments.catalog.questions import Framework, Tier

VERSION = loading.versions()[-1]


def text_of(content: bytes) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode())))


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_public_pages_ask_the_database_nothing(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pages = [
        reverse("assessments:catalog"),
        reverse("assessments:frameworks"),
        *(reverse("assessments:framework", args=[name.value]) for name in Framework),
    ]

    for page in pages:
        with django_assert_num_queries(0):
            assert client.get(page).status_code == 200


@pytest.mark.django_db
def test_the_catalog_page_counts_each_sub_area(client: Client) -> None:
    page = client.get(reverse("assessments:catalog")).content.decode()
    rows = {
        sub_area: [int(count) for count in re.findall(r'class="number">(\d+)<', row)]
        for sub_area, row in re.findall(
            r'<code class="id">([A-Z]{3}\.\d)</code></th>(.*?)</tr>', page, re.DOTALL
        )
    }

    assert rows == {
        sub_area.id: [sub_area.planned[tier] for tier in Tier]
        for section in loading.current().sections
        for sub_area in section.sub_areas
    }
    assert f"Catalog {VERSION}" in page
    for figure in ("19", "23", "113", "420", "34"):
        assert re.search(rf'<dd class="figure">\s*{figure}\s*</dd>', page)


@pytest.mark.django_db
@pytest.mark.parametrize("framework", Framework)
def test_each_control_shows_the_questions_behind_it(client: Client, framework: Framework) -> None:
    page = client.get(reverse("assessments:framework", args=[framework.value])).content.decode()
    rows = re.findall(
        r'<th scope="row"><span class="number">([^<]+)</span></th>(.*?)</tr>', page, re.DOTALL
    )

    assert [control for control, _ in rows] == [*frameworks.controls(framework)]
    for control, row in rows:
        ids = re.findall(r'<code class="id">([^<]+)</code>', row)
        questions = loading.current().questions
        assert set(ids) == {q.id for q in questions.values() if control in q.controls(framework)}
        assert control in questions[ids[0]].primary.of(framework)
        assert all(questions[question_id].text in unescape(row) for question_id in ids)


@pytest.mark.django_db
def test_of_protected_frameworks_the_pages_show_identifiers_only(client: Client) -> None:
    """Whatever stands in a heading is ours or a number."""
    for name, word in ((Framework.CIS, "Control"), (Framework.ISO, "Theme")):
        page = client.get(reverse("assessments:framework", args=[name.value])).content.decode()
        headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page)

        assert headings == [f"{word} {group.id}" for group in frameworks.groups(name)]


@pytest.mark.django_db
def test_the_overview_counts_the_controls_that_each_tier_asks_about(client: Client) -> None:
    page = client.get(reverse("assessments:frameworks")).content.decode()
    counts = [
        [int(count) for count in re.findall(r'class="number">(\d+)<', row)]
        for row in re.findall(r'<th scope="row">(.*?)</tr>', page, re.DOTALL)
    ]

    assert [row[0] for row in counts] == [row[-1] for row in counts] == [106, 153, 93]
    assert all(row[1] < row[2] < row[3] for row in counts)


@pytest.mark.django_db
def test_an_unknown_framework_is_not_found(client: Client) -> None:
    assert client.get(reverse("assessments:framework", args=["cobit"])).status_code == 404


@pytest.mark.django_db
def test_the_method_page_leads_there(client: Client) -> None:
    page = client.get(reverse("method")).content.decode()

    assert f'href="{reverse("assessments:catalog")}"' in page
    assert f'href="{reverse("assessments:frameworks")}"' in page


# --- the command ---------------------------------------------------------------------------------


def catalog(*args: str) -> str:
    out = StringIO()
    call_command("catalog", *args, stdout=out)
    return out.getvalue()


def test_the_table_counts_each_section_and_the_whole() -> None:
    lines = {line.split()[0]: line.split() for line in catalog().splitlines() if line}

    assert " ".join(lines["section"][1:]) == (
        "quick standard deep must-haves maturity coverage recency existence practices number "
        "csf cis iso"
    )
    assert " ".join(lines["19"]) == "19 sections 23 113 420 34 176 97 40 36 49 22 106 153 93"
    assert " ".join(lines["INC"]) == "INC Incidents 2 7 25 3 12 4 2 3 3 1 21 9 11"
    assert lines["Catalog"][1] == f"{VERSION},"


@pytest.mark.parametrize("name", ["catalog.md", "catalog.html"])
def test_the_document_holds_whatever_people_read(name: str, tmp_path: Path) -> None:
    said = catalog("--export", str(tmp_path / name))
    written = (tmp_path / name).read_bytes()
    text = text_of(written) if name.endswith("html") else written.decode()

    assert said == f"{tmp_path / name}: 420 questions\n"
    assert b"{{" not in written
    assert b"{%" not in written
    for part in texts(loading.current()):
        if part.kind not in ("short", "respondent") and part.field != "none_label":
            assert part.text in text, part
    for question in loading.current().questions.values():
        assert question.id in text
        assert question.respondent in text


def test_the_html_document_needs_nothing_beside_it_and_escapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "versions"
    (folder / VERSION).mkdir(parents=True)
    for file in (loading.DIRECTORY / VERSION).glob("*.toml"):
        text = file.read_text(encoding="utf-8").replace("Incidents", "<script>x</script>")
        (folder / VERSION / file.name).write_text(text, encoding="utf-8")
    hostile = loading.load(VERSION, folder)
    monkeypatch.setattr(loading, "load", partial(loading.load, directory=folder))

    catalog("--export", str(tmp_path / "catalog.html"))
    html = (tmp_path / "catalog.html").read_text(encoding="utf-8")

    assert "<script" not in html
    assert "<link" not in html
    assert not re.search(r'(src|href)="(?!#)', html)
    assert html.count("<article") == 420 + len(hostile.profile)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["1999.1"], "There is no catalog 1999.1"),
        (["--export", "catalog.docx"], "must end with .md or .html"),
        (["--export", "/nowhere/catalog.md"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(args: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        catalog(*args)
