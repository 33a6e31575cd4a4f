from __future__ import annotations

import builtins
import gc
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pypdf
import pytest
from django.template.loader import render_to_string
from fontTools.ttLib import TTFont

from assessments.catalog.questions import Questionnaire, Tier
from assessments.scoring import Answer, State, display, from_json, score
from reports import pdf
from reports.composition import Document
from reports.wording import Note
from tests.reports.samples import (
    COMPLETED,
    all_answered,
    best_value,
    document_of,
    make_subject,
    middling,
    middling_document,
    shipped,
    worst_value,
)

REPOSITORY = Path(__file__).resolve().parent.parent.parent
TEMPLATES = REPOSITORY / "templates" / "reports" / "pdf"
MM = 96 / 25.4


@pytest.fixture(scope="module")
def document() -> Document:
    return middling_document()


@pytest.fixture(scope="module")
def rendered(document: Document) -> pdf.Pdf:
    return pdf.render(document)


@pytest.fixture(scope="module")
def reader(rendered: pdf.Pdf) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(rendered.content))


@pytest.fixture(scope="module")
def text(reader: pypdf.PdfReader) -> str:
    """Without line ends: where a line breaks is not what these tests are about."""
    return flowing("\n".join(page.extract_text() for page in reader.pages))


def flowing(printed: str) -> str:
    return " ".join(printed.split())


def pages_from(reader: pypdf.PdfReader, heading: str) -> list[str]:
    """The pages of the part that begins with this heading, up to the next part."""
    starts = {
        str(item["/Title"]): reader.get_destination_page_number(item) for item in parts(reader)
    }
    first = starts[heading]
    later = [start for start in starts.values() if start is not None and start > (first or 0)]
    last = min(later, default=len(reader.pages))
    return [flowing(page.extract_text()) for page in reader.pages[first:last]]


def parts(reader: pypdf.PdfReader) -> list[Any]:
    """The bookmarks of the first order."""
    return [item for item in reader.outline if not isinstance(item, list)]


# --- the parts -------------------------------------------------------------------------------


def test_the_parts_stand_in_their_order(reader: pypdf.PdfReader) -> None:
    assert [item["/Title"] for item in parts(reader)] == [
        "Contents",
        "Board summary",
        "Domains at a glance",
        "Strengths",
        "Gaps that matter most",
        "Roadmap",
        "Domain by domain",
        "Framework views",
        "Not known, not applicable",
        "Method and limits",
    ]


def test_the_cover_says_whose_report_it_is(reader: pypdf.PdfReader, document: Document) -> None:
    cover = flowing(reader.pages[0].extract_text())

    assert "Security posture report" in cover
    assert "Brannigan & Söhne Maschinenbau GmbH" in cover
    assert "Quick assessment · 20 November 2026" in cover
    for fact in document.cover.facts:
        assert fact.label in cover
        assert fact.value in cover


def test_the_board_summary_has_score_risks_and_decisions(
    reader: pypdf.PdfReader, document: Document
) -> None:
    board = " ".join(pages_from(reader, "Board summary"))

    assert document.summary.headline in board
    assert document.summary.range_sentence in board
    assert document.summary.assurance_sentence in board
    for figure in document.summary.figures:
        assert re.search(
            rf"{figure.label} {re.escape(figure.value)} ?{re.escape(figure.hint)}", board
        )
    for gap in document.summary.risks:
        assert gap.risk in board
        assert gap.question_id in board
    for decision in document.summary.decisions:
        assert decision.action in board
        assert decision.owner in board


def test_the_glance_has_every_function_and_every_domain(
    reader: pypdf.PdfReader, document: Document
) -> None:
    (glance,) = pages_from(reader, "Domains at a glance")

    assert "Level, indicative" in glance
    assert "no level above 3 is shown" in glance
    for row in document.glance.functions:
        expected = f"{row.score} {row.potential} {row.sum}" if row.sum else "not assessed"
        assert f"{row.name} {row.code} {expected}" in glance
    for section in document.glance.sections:
        level = f"{section.level.level} {section.level.name}" if section.level else "not rated"
        figures = f"{section.score} {section.potential} {level} {section.assurance}"
        assert f"{section.name} {section.remark}".strip() in glance
        assert figures in glance


def test_strengths_come_before_gaps(text: str, document: Document) -> None:
    for strength in document.strengths:
        assert f"{strength.section} {strength.question_id}" in text
        assert f"{strength.question} {strength.answer}. {strength.standing}".strip() in text
    for gap in document.gaps:
        assert f"{gap.question} {gap.answered} {gap.standing}".strip() in text
        assert f"First step. {gap.action}" in text
        assert f"{gap.question_id} · {gap.section} · {gap.trace}" in text
    assert text.index(document.strengths_opening) < text.index(document.gaps_opening)


def test_the_roadmap_has_every_step(reader: pypdf.PdfReader, document: Document) -> None:
    roadmap = " ".join(pages_from(reader, "Roadmap"))

    assert document.plan.opening in roadmap
    for wave in document.plan.waves:
        assert wave.level
        assert (
            f"{wave.heading} {wave.efforts} {wave.points} {wave.score} {wave.level.level} "
            f"{wave.level.name}" in roadmap
        )
        for step in wave.steps:
            assert step.action in roadmap
            assert f"{step.section} {step.question_id} {step.effort} {step.credit} {step.gain}" in (
                roadmap
            )


def test_the_section_pages_have_every_answer(reader: pypdf.PdfReader, document: Document) -> None:
    pages = " ".join(pages_from(reader, "Domain by domain"))

    cards = [c for section in document.sections for topic in section.topics for c in topic.cards]
    assert len(cards) == 23
    for section in document.sections:
        assert section.sentence in pages
    for card in cards:
        assert card.question in pages
        assert f"{card.question_id} · {card.trace}" in pages
        assert card.next in pages
        if card.comment:
            assert flowing(card.comment.text) in pages
        if card.reason:
            assert card.reason.text in pages


def test_every_framework_is_told_as_far_as_was_asked(reader: pypdf.PdfReader) -> None:
    printed = " ".join(pages_from(reader, "Framework views"))

    for name, called in (("NIST CSF 2.0", "106 subcategories"), ("CIS", "153 safeguards")):
        assert name in printed
        assert f"of {called} were assessed" in printed
    assert "of 93 controls were assessed" in printed
    assert "is no statement of conformity" in printed
    assert "compliant" not in printed.lower()


def test_a_deep_report_names_every_control_with_its_status() -> None:
    document = middling_document(Tier.DEEP)
    views = document.frameworks.views
    laid_out = render_to_string("reports/pdf/_frameworks.html", {"part": document.frameworks})

    for view in views:
        for group in view.groups:
            listed = dict(group.by_status)
            for control in group.controls:
                assert control.id in listed[control.name].split(", ")
                assert control.id in laid_out


def test_what_is_not_known_and_not_applicable_is_registered(
    reader: pypdf.PdfReader, document: Document
) -> None:
    printed = " ".join(pages_from(reader, "Not known, not applicable"))

    for entry in (*document.register.unknown, *document.register.not_applicable):
        assert f"{entry.question} {entry.question_id}" in printed
        assert entry.effect in printed
        assert flowing(entry.reason.text if entry.reason else entry.hint) in printed


def test_the_method_says_what_the_report_cannot_say(reader: pypdf.PdfReader) -> None:
    method = " ".join(pages_from(reader, "Method and limits"))

    assert "This is a self-assessment." in method
    assert "No artificial intelligence was used for this report." in method
    assert "100 × sum of w × c ÷ (1,000 × sum of w)" in method


def test_every_printed_sum_is_right(text: str) -> None:
    sums = re.findall(r"Score 100 × ([\d,]+) ÷ ([\d,]+) = ([\d.]+)", text)

    rated = re.findall(r"100 × \(([\d,]+) \+ ([\d,]+)\) ÷ ([\d,]+) = ([\d.]+)", text)
    assert len(sums) > 15
    assert rated
    for earned, possible, result in sums:
        figure = Fraction(100 * int(earned.replace(",", "")), int(possible.replace(",", "")))
        assert str(display(figure)) == result
    for earned, unknown, possible, result in rated:
        reached = int(earned.replace(",", "")) + int(unknown.replace(",", ""))
        figure = Fraction(100 * reached, int(possible.replace(",", "")))
        assert str(display(figure)) == result


# --- form ------------------------------------------------------------------------------------


def test_the_attached_scorecard_is_the_scorecard(reader: pypdf.PdfReader) -> None:
    questionnaire = shipped(Tier.QUICK)
    answers, _ = middling(questionnaire)

    attachments = dict(reader.attachments.items())

    assert list(attachments) == ["scorecard.json"]
    (content,) = attachments["scorecard.json"]
    assert from_json(json.loads(content)) == score(questionnaire, answers)


def test_the_file_is_tagged_and_names_itself(reader: pypdf.PdfReader) -> None:
    root: Any = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "<pdfuaid:part>1" in metadata or 'pdfuaid:part="1"' in metadata
    assert reader.metadata is not None
    assert reader.metadata.title == "Security posture report: Brannigan & Söhne Maschinenbau GmbH"
    assert reader.metadata.author == "Posture"
    assert reader.metadata.creation_date == COMPLETED
    assert reader.metadata.modification_date == COMPLETED


def structure(reader: pypdf.PdfReader) -> Iterator[Any]:
    root: Any = reader.trailer["/Root"]
    waiting = [root["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, list):
            waiting += reversed(element)
        elif isinstance(element, dict):
            if "/S" in element:
                yield element
            if "/K" in element:
                waiting.append(element["/K"])


def test_the_tags_tell_headings_tables_and_pictures(reader: pypdf.PdfReader) -> None:
    elements = list(structure(reader))

    kinds = {element["/S"] for element in elements}
    assert {"/H1", "/H2", "/H3", "/P", "/Table", "/TR", "/TH", "/TD", "/L", "/Link"} <= kinds
    figures = [element for element in elements if element["/S"] == "/Figure"]
    assert len(figures) == 3 + 2 * 19
    assert all(figure["/Alt"] for figure in figures)
    depths = [int(element["/S"][2:]) for element in elements if re.match(r"/H\d", element["/S"])]
    assert depths[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(depths))


def bookmarks(reader: pypdf.PdfReader) -> dict[str, int]:
    """Every bookmark with its page, the first page being 1."""
    waiting: list[Any] = list(reader.outline)
    found: dict[str, int] = {}
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting = item + waiting
        else:
            page = reader.get_destination_page_number(item)
            assert page is not None
            found[str(item["/Title"])] = page + 1
    return found


def test_contents_and_bookmarks_lead_to_the_pages_they_name(
    reader: pypdf.PdfReader, document: Document
) -> None:
    marked = bookmarks(reader)

    for title, page in marked.items():
        assert title in flowing(reader.pages[page - 1].extract_text())
    titles = [str(part["/Title"]) for part in parts(reader)][1:]
    after = titles.index("Domain by domain") + 1
    sections = [f"{section.name} {section.section_id}" for section in document.sections]
    listed = [*titles[:after], *sections, *titles[after:]]
    numbers = flowing(reader.pages[1].extract_text()).split()[: len(listed)]
    assert [int(number) for number in numbers] == [marked[title] for title in listed]


def test_every_page_but_the_cover_has_header_and_footer(reader: pypdf.PdfReader) -> None:
    count = len(reader.pages)

    assert "Page 1 of" not in reader.pages[0].extract_text()
    for number, page in enumerate(reader.pages[1:], start=2):
        printed = flowing(page.extract_text())
        assert f"Page {number} of {count}" in printed
        assert "Brannigan & Söhne Maschinenbau GmbH Security posture report" in printed


@pytest.mark.parametrize(("paper", "size"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_both_papers_hold_the_same_report(paper: str, size: tuple[int, int]) -> None:
    questionnaire = shipped(Tier.QUICK)
    document = document_of(questionnaire, all_answered(questionnaire, State.DONT_KNOW))

    rendered = pdf.render(document, paper=paper)

    reader = pypdf.PdfReader(BytesIO(rendered.content))
    assert len(reader.pages) == rendered.pages
    for page in reader.pages:
        assert (round(page.mediabox.width), round(page.mediabox.height)) == size
    assert len(pages_from(reader, "Board summary")) == 2
    assert len(pages_from(reader, "Domains at a glance")) == 1
    assert len(pages_from(reader, "Contents")) == 1


def test_an_unknown_paper_is_refused(document: Document) -> None:
    with pytest.raises(ValueError, match="paper is 'A5'"):
        pdf.render(document, paper="A5")


def longest(questionnaire: Questionnaire) -> list[str]:
    """The questions whose texts take most room in a board summary."""
    return sorted(
        questionnaire.questions,
        key=lambda id_: (
            -len(
                questionnaire.questions[id_].why
                + questionnaire.questions[id_].text
                + questionnaire.questions[id_].where
            )
        ),
    )


@pytest.mark.parametrize("paper", pdf.PAPERS)
def test_the_board_summary_never_takes_more_than_two_pages(paper: str) -> None:
    """Even where the wordiest questions of all are the ones that it is made of."""
    questionnaire = shipped(Tier.DEEP)
    wordiest = longest(questionnaire)[:6]
    answers = {q.id: best_value(q) for q in questionnaire}
    answers |= {id_: Answer(State.DONT_KNOW) for id_ in wordiest[:3]}
    answers |= {id_: worst_value(questionnaire.questions[id_]) for id_ in wordiest[3:]}
    document = document_of(questionnaire, answers, subject=make_subject(company="W" * 300))
    assert len(document.summary.risks) == 5

    board_only = msgspec.structs.replace(document, sections=())

    reader = pypdf.PdfReader(BytesIO(pdf.render(board_only, paper=paper).content))
    assert len(pages_from(reader, "Board summary")) == 2


# --- the same bytes --------------------------------------------------------------------------


IN_ANOTHER_PROCESS = """
import hashlib, sys
import django
django.setup()
from reports import pdf
assert "weasyprint" not in sys.modules, "importing reports.pdf must not load the renderer"
from tests.reports.samples import middling_document
content = pdf.render(middling_document()).content
print(hashlib.sha256(content).hexdigest())
sys.stdout.flush()
open(sys.argv[1], "wb").write(content)
"""


def run(tmp_path: Path, **environment: str) -> bytes:
    """The middling report as another process makes it."""
    written = tmp_path / "report.pdf"
    subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, str(written)],
        cwd=REPOSITORY,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "posture.settings", **environment},
        check=True,
        timeout=120,
        capture_output=True,
    )
    return written.read_bytes()


def test_the_same_document_gives_the_same_bytes(document: Document, rendered: pdf.Pdf) -> None:
    assert pdf.render(document) == rendered


def test_another_process_gives_the_same_bytes(tmp_path: Path, rendered: pdf.Pdf) -> None:
    content = run(tmp_path, PYTHONHASHSEED="4711", TZ="Asia/Tokyo", LANG="C")

    assert content == rendered.content


def test_another_document_gives_another_identifier(rendered: pdf.Pdf) -> None:
    questionnaire = shipped(Tier.QUICK, "IAM")
    one = document_of(questionnaire, all_answered(questionnaire, State.DONT_KNOW))

    def identifier(content: bytes) -> object:
        trailer: Any = pypdf.PdfReader(BytesIO(content)).trailer
        return trailer["/ID"][0]

    assert identifier(pdf.render(one).content) != identifier(rendered.content)


def test_rendering_leaves_the_process_as_it_was(document: Document) -> None:
    before = dict(os.environ)

    pdf.lay_out(document)
    pdf.render(msgspec.structs.replace(document, sections=()))

    assert dict(os.environ) == before
    assert gc.isenabled()


# --- typeface --------------------------------------------------------------------------------


def embedded_fonts(content: bytes) -> dict[str, TTFont]:
    """By the name after the subset's tag."""
    found = {}
    for page in pypdf.PdfReader(BytesIO(content)).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"]
            name = descriptor["/FontName"].partition("+")[2]
            data = descriptor.get("/FontFile2") or descriptor.get("/FontFile3")
            found[str(name)] = TTFont(BytesIO(data.get_data()))
    return found


def test_only_the_own_typeface_is_embedded_and_bold_is_bold(rendered: pdf.Pdf) -> None:
    fonts = embedded_fonts(rendered.content)

    assert set(fonts) == {"Inter", "Inter-Semi-Bold"}
    (latin,) = [path for path in pdf.FONTS if "latin-400" in path.name]
    glyph = TTFont(latin).getGlyphID("l")
    regular, bold = (
        font["glyf"][font.getGlyphOrder()[glyph]]
        for font in (fonts["Inter"], fonts["Inter-Semi-Bold"])
    )
    assert bold.xMax - bold.xMin > 1.3 * (regular.xMax - regular.xMin)


def test_letters_of_every_script_of_the_typeface_come_out_as_themselves() -> None:
    written = "Łódź, Žižek, ő; Việt; Ελλάδα; Кириллица"
    document = one_comment(written)

    content = pdf.render(document).content

    printed = flowing(
        " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(content)).pages)
    )
    assert written in printed
    fonts = embedded_fonts(content)
    # Two files under one name would draw the letters of one with the shapes of the other.
    assert {
        "Inter",
        "Inter-Extended",
        "Inter-Vietnamese",
        "Inter-Greek",
        "Inter-Cyrillic",
    } <= set(fonts)


def test_a_machine_without_fonts_makes_the_same_report(tmp_path: Path, rendered: pdf.Pdf) -> None:
    empty = tmp_path / "fonts.conf"
    empty.write_text('<?xml version="1.0"?><fontconfig></fontconfig>')

    content = run(tmp_path, FONTCONFIG_FILE=str(empty))

    assert set(embedded_fonts(content)) == {"Inter", "Inter-Semi-Bold"}
    assert len(pypdf.PdfReader(BytesIO(content)).pages) == rendered.pages


# --- hostile words ---------------------------------------------------------------------------


class Trap(ThreadingHTTPServer):
    """Remembers every request that reaches it."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        trap = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                trap.requests.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"secret")

            def log_request(self, code: object = None, size: object = None) -> None:
                """Nothing to standard error."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def trap() -> Iterator[Trap]:
    server = Trap()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def attacks(address: str) -> list[str]:
    return [
        f'<img src="{address}/img">',
        f'<link rel="stylesheet" href="{address}/css">',
        f"<style>@import url({address}/import); * {{ background: url({address}/bg) }}</style>",
        f'<svg><image href="{address}/svg"/></svg>',
        f'<svg xmlns="http://www.w3.org/2000/svg"><use href="{address}/use#a"/></svg>',
        f'<embed src="{address}/embed"><object data="{address}/object"></object>',
        f"<style>@font-face {{ font-family: Inter; src: url({address}/font) }}</style>",
        f'<link rel="attachment" href="{address}/attachment">',
        '<link rel="attachment" href="file:///etc/passwd">',
        f'<base href="{address}/"><img src="relative">',
        f'"><a href="{address}/link" onclick="alert(1)">link</a><script>alert(1)</script>',
        f"</p></div></body></html><iframe src='{address}/frame'>",
        f"{{{{ document }}}} {{% include 'base.html' %}} &lt;img src={address}/entity&gt;",
        f"{address}/plain file:///etc/passwd data:text/html,<b>x</b>",
        f'<meta http-equiv="refresh" content="0;url={address}/refresh">',
        f'<li style="list-style-image:url({address}/list)">item',
    ]


def test_what_people_write_is_printed_and_never_followed(trap: Trap) -> None:
    questionnaire = shipped(Tier.QUICK)
    answers, notes = middling(questionnaire)
    comments = attacks(trap.address)
    for question, comment in zip(questionnaire, comments[:-3], strict=False):
        answers[question.id] = worst_value(question)
        notes[question.id] = Note(comment=comment)
    *_, last = questionnaire
    answers[last.id] = Answer(State.NOT_APPLICABLE)
    notes[last.id] = Note(na_reason=comments[-3])
    subject = make_subject(company=comments[-2], respondent=comments[-1])

    content = pdf.render(document_of(questionnaire, answers, notes, subject=subject)).content

    assert trap.requests == []
    assert b"root:" not in content
    reader = pypdf.PdfReader(BytesIO(content))
    assert list(reader.attachments) == ["scorecard.json"]
    printed = "".join("".join(page.extract_text().split()) for page in reader.pages)
    for comment in comments:
        assert "".join(comment.split()) in printed
    for page in reader.pages:
        for annotation in page.get("/Annots", ()):
            assert "/A" not in annotation.get_object(), "only places in this file may be linked"


def test_the_renderer_may_fetch_the_typeface_and_nothing_else(trap: Trap) -> None:
    import weasyprint

    fetcher = pdf._fetcher(weasyprint)
    html = weasyprint.HTML(string="".join(attacks(trap.address)), url_fetcher=fetcher)

    content = html.write_pdf()

    assert trap.requests == []
    assert b"root:" not in content
    assert list(pypdf.PdfReader(BytesIO(content)).attachments) == []
    for address in (f"{trap.address}/x", "file:///etc/passwd", "data:,x", "app:other", "report"):
        with pytest.raises(weasyprint.urls.URLFetchingError):
            fetcher(address)
    assert fetcher("app:inter-latin-400-700").read()[:4] == b"\0\1\0\0"


def one_comment(comment: str) -> Document:
    questionnaire = shipped(Tier.QUICK, "IAM")
    answers: dict[str, Answer] = {q.id: worst_value(q) for q in questionnaire}
    first = next(iter(questionnaire)).id
    return document_of(questionnaire, answers, {first: Note(comment=comment)})


def text_boxes(page: Any) -> Iterator[Any]:
    from weasyprint.formatting_structure import boxes

    waiting = [page._page_box]
    while waiting:
        box = waiting.pop()
        box = getattr(box, "_box", box)
        if isinstance(box, boxes.TextBox):
            yield box
        waiting += getattr(box, "children", ())


def reaching_over(pages: Sequence[Any]) -> list[str]:
    """Text that ends right of the margin or under the footer, or begins left of it."""
    found = []
    for page in pages:
        for box in text_boxes(page):
            right = box.position_x + box.width
            bottom = box.position_y + box.height
            inside = (
                box.position_x >= 19.9 * MM
                and right <= page.width - 19.9 * MM
                and bottom <= page.height - 8 * MM
            )
            if not inside and box.text.strip():
                found.append(box.text)
    return found


AWKWARD: Mapping[str, str] = {
    "no spaces": "W" * 4000,
    "no spaces in Japanese": "日本語のコメントは空白なしで続きます。" * 210,
    "right to left": "هذه ملاحظة طويلة باللغة العربية عن كلمات المرور، (٢٠٢٦). " * 60,
    "right to left without spaces": "שלום" * 1000,
    "long addresses": " ".join(["https://example.com/" + "a" * 300] * 12),
    "many lines": "line\n" * 800,
    "combining marks": "Z" + "\u0301" * 3999,
    "wide tabs": "a\t\t\tb" * 700,
    "controls": "a\x00b\x01c\x1bd\ud800e\ufffef\u202eg" * 100,
    "emoji": "😀👩‍👩‍👧" * 300,
}


@pytest.mark.parametrize("kind", AWKWARD)
@pytest.mark.parametrize("paper", pdf.PAPERS)
def test_nothing_that_is_written_leaves_its_page(kind: str, paper: str) -> None:
    questionnaire = shipped(Tier.QUICK, "PHY")
    (question,) = questionnaire
    written = AWKWARD[kind]
    answers = {question.id: Answer(State.NOT_APPLICABLE)}
    notes = {question.id: Note(na_reason=written, comment=written)}
    subject = make_subject(company=written, respondent=written)

    laid_out = pdf.lay_out(document_of(questionnaire, answers, notes, subject=subject), paper=paper)

    assert reaching_over(laid_out.pages) == []


def test_control_characters_are_left_out_of_the_file() -> None:
    content = pdf.render(one_comment("be\x00fore\x07 \ud800af\ufffeter\x9f")).content

    printed = " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(content)).pages)
    assert "before after" in printed


def test_marks_that_pile_up_stay_in_their_own_lines() -> None:
    """They are drawn over whatever stands above, unless what they stand in cuts them off."""
    from weasyprint.formatting_structure import boxes

    laid_out = pdf.lay_out(one_comment("Z" + "\u0301" * 500))

    around = [
        box
        for page in laid_out.pages
        for box in page._page_box.descendants()
        if isinstance(box, boxes.BlockBox) and box.element.get("class") == "words"
    ]
    assert around
    assert all(box.style["overflow"] == "hidden" for box in around)


def test_a_long_comment_begins_under_its_question() -> None:
    laid_out = pdf.lay_out(one_comment("A word. " * 500))

    with_question = [
        page
        for page in laid_out.pages
        if any("administrator accounts need" in box.text for box in text_boxes(page))
        and any("A word." in box.text for box in text_boxes(page))
        and any("Domain by domain" in box.text for box in text_boxes(page))
    ]
    assert len(with_question) == 1


# --- the longest report, and none ------------------------------------------------------------


def test_the_deepest_assessment_fits_on_its_pages() -> None:
    questionnaire = shipped(Tier.DEEP)
    document = document_of(questionnaire, *middling(questionnaire))

    laid_out = pdf.lay_out(document)

    assert len(laid_out.pages) <= 100
    assert reaching_over(laid_out.pages) == []


def test_parts_with_nothing_to_say_share_a_page() -> None:
    questionnaire = shipped(Tier.QUICK, "PHY")
    document = document_of(questionnaire, all_answered(questionnaire, State.NOT_APPLICABLE))

    reader = pypdf.PdfReader(BytesIO(pdf.render(document).content))

    pages = {
        str(item["/Title"]): reader.get_destination_page_number(item) for item in parts(reader)
    }
    assert pages["Strengths"] == pages["Gaps that matter most"] == pages["Roadmap"]


def test_a_machine_without_pango_says_what_is_missing(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def without_pango(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pango)

    with pytest.raises(pdf.PdfUnavailable, match="apt-get install libpango"):
        pdf.render(document)


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_space_stands_before_an_element_within_a_line(template: Path) -> None:
    """The renderer breaks the line before such an element a word too early, at some widths.

    The space has to stand inside the element.
    """
    assert not re.findall(r"\}\} <(?:b|span|a)\b", template.read_text())
