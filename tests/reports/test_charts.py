from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import hypot
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from reports import charts
from reports.charts import Axis, Move

NAMES = ("Govern", "Identify", "Protect", "Detect", "Respond", "Recover")
HUNDRED = Fraction(100)

figures = st.fractions(0, 100, max_denominator=19_000)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[Fraction, Fraction]:
    low, high = sorted((draw(figures), draw(figures)))
    return low, high


@st.composite
def axes(draw: st.DrawFn) -> list[Axis]:
    found = []
    for name in NAMES:
        score, potential = draw(st.one_of(st.just((None, None)), ranges()))
        found.append(Axis(name, score, potential, "figure"))
    return found


moves = st.lists(
    st.builds(
        Move,
        number=st.integers(1, 99).map(str),
        column=st.integers(0, 2),
        gain=st.fractions(0, 30, max_denominator=19_000),
        wave=st.sampled_from(("now", "next", "later")),
    ),
    max_size=24,
)


def every_axis(score: int, potential: int) -> list[Axis]:
    return [Axis(name, Fraction(score), Fraction(potential), str(score)) for name in NAMES]


def corners(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


def numbers_of(chart: object) -> list[str]:
    """Every coordinate of a chart, as it is written."""
    found: list[str] = []

    def walk(value: object, name: str) -> None:
        if isinstance(value, str):
            if name in ("x", "y", "x1", "y1", "x2", "y2", "text_y", "width", "height", "ticks"):
                found.append(value)
            elif name in ("rings", "edge", "area", "reach", "marker"):
                found.extend(re.split("[ ,]", value) if value else [])
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            for field in value._fields:
                walk(getattr(value, field), field)
        elif isinstance(value, tuple):
            for item in value:
                walk(item, name)
        elif isinstance(value, msgspec.Struct):
            for field in value.__struct_fields__:
                walk(getattr(value, field), field)

    walk(chart, "")
    return found


def test_a_full_score_stands_at_the_edge_and_none_in_the_middle() -> None:
    full = charts.radar("Score", every_axis(100, 100))
    nothing = charts.radar("Score", every_axis(0, 0))

    assert full.area == full.edge
    assert set(corners(nothing.area)) == {(220.0, 160.0)}


def test_rings_stand_where_levels_begin() -> None:
    ring_of_forty = charts.radar("Score", every_axis(0, 0)).rings[1]

    assert charts.radar("Score", every_axis(40, 40)).area == ring_of_forty


def test_an_axis_that_was_not_assessed_has_no_corner() -> None:
    some = every_axis(50, 80)
    some[5] = Axis("Recover", None, None, "not assessed")

    radar = charts.radar("Score", some)

    assert len(corners(radar.area)) == len(corners(radar.reach)) == len(radar.dots) == 5
    assert len(radar.spokes) == 5
    assert len(radar.unassessed) == 1
    assert radar.labels[5].value.text == "not assessed"


@pytest.mark.parametrize(("assessed", "drawn"), [(0, False), (1, False), (2, False), (3, True)])
def test_a_shape_needs_three_corners(assessed: int, drawn: bool) -> None:
    some = every_axis(50, 80)[:assessed] + [
        Axis(name, None, None, "not assessed") for name in NAMES[assessed:]
    ]

    radar = charts.radar("Score", some)

    assert bool(radar.area) is bool(radar.reach) is drawn
    assert len(radar.dots) == assessed


def test_what_is_not_known_is_drawn_only_where_something_is_not_known() -> None:
    assert charts.radar("Score", every_axis(50, 50)).reach == ""
    assert charts.range_bar("Identity", Fraction(50), Fraction(50)).reach is None


@given(axes())
def test_the_range_of_a_radar_lies_around_its_score(drawn: list[Axis]) -> None:
    radar = charts.radar("Score", drawn)

    def distances(points: str) -> list[float]:
        return [hypot(x - 220, y - 160) for x, y in corners(points)]

    if radar.area and radar.reach:
        pairs = zip(distances(radar.area), distances(radar.reach), strict=True)
        assert all(inner <= outer + 0.2 for inner, outer in pairs)
        assert all(outer <= 118.2 for outer in distances(radar.reach))


@given(ranges())
def test_a_bar_shows_the_score_and_the_range_to_scale(drawn: tuple[Fraction, Fraction]) -> None:
    score, potential = drawn

    bar = charts.range_bar("Identity", score, potential)

    assert bar.score is not None
    reach = float(bar.reach.width) if bar.reach else 0.0
    assert float(bar.score.width) == pytest.approx(2 * score, abs=0.06)
    assert float(bar.score.width) + reach == pytest.approx(2 * potential, abs=0.11)


def test_what_is_not_rated_is_an_empty_bar() -> None:
    bar = charts.range_bar("Physical: not rated", None, None)

    assert bar.score is bar.reach is None
    assert bar.title == "Physical: not rated"


def test_the_levels_fill_the_scale_without_a_gap() -> None:
    scale = charts.level_scale("Overall", Fraction(52), Fraction(60), "52.0", "up to 60.0")

    begin = [float(step.span.x) for step in scale.steps]
    end = [float(step.span.x) + float(step.span.width) for step in scale.steps]
    assert begin[0] == 16
    assert end[-1] == pytest.approx(624)
    assert [b - e for b, e in zip(begin[1:], end, strict=False)] == pytest.approx([1] * 4)
    assert [step.boundary.text for step in scale.steps] == ["0", "20", "40", "60", "80"]


@given(ranges())
def test_the_score_is_marked_to_scale_and_its_figures_never_touch(
    drawn: tuple[Fraction, Fraction],
) -> None:
    score, potential = drawn

    scale = charts.level_scale("Overall", score, potential, "100.0", "up to 100.0")

    assert scale.marker_line is not None
    assert scale.value is not None
    assert float(scale.marker_line.x1) == pytest.approx(16 + 6.08 * score, abs=0.06)
    if scale.reach_value:
        # "100.0" is 36 wide and centred, "up to 100.0" 68 wide.
        value, reach = float(scale.value.x), float(scale.reach_value.x)
        begin = reach if scale.reach_value.anchor == "start" else reach - 68
        assert begin >= value + 18 or begin + 68 <= value - 18
        assert begin >= 0
        assert begin + 68 <= 640


def test_nothing_is_marked_without_a_score() -> None:
    scale = charts.level_scale("Overall", None, None, "", "")

    assert scale.marker == ""
    for left_out in (scale.marker_line, scale.value, scale.reach, scale.reach_value):
        assert left_out is None
    assert len(scale.steps) == 5


def test_more_gain_stands_higher_and_more_effort_further_right() -> None:
    small, large, slow = charts.effort_gain(
        "Plan",
        ["S", "M", "L"],
        [
            Move("1", 0, Fraction(1), "now"),
            Move("2", 0, Fraction(3), "now"),
            Move("3", 2, Fraction(1), "later"),
        ],
    ).dots

    assert float(large.y) < float(small.y) == float(slow.y)
    assert float(small.x) < float(slow.x)


@given(moves)
def test_every_step_of_a_plan_stays_in_its_column_and_on_the_grid(drawn: list[Move]) -> None:
    chart = charts.effort_gain("Plan", ["S", "M", "L"], drawn)

    assert len(chart.dots) == len(drawn)
    lowest = float(chart.grid[0].line.y1)
    highest = float(chart.grid[-1].line.y1)
    for move, dot in zip(drawn, chart.dots, strict=True):
        assert highest - 0.1 <= float(dot.y) <= lowest + 0.1
        assert abs(float(dot.x) - (44 + 596 / 3 * (move.column + 0.5))) <= 596 / 6 - 9.5
    assert 2 <= len(chart.grid) <= 6


@given(moves.filter(lambda drawn: len(drawn) <= 9))
def test_dots_do_not_lie_on_each_other_while_there_is_room(drawn: list[Move]) -> None:
    chart = charts.effort_gain("Plan", ["S", "M", "L"], drawn)

    for one, other in combinations(chart.dots, 2):
        distance = max(abs(float(one.x) - float(other.x)), abs(float(one.y) - float(other.y)))
        assert distance >= 20.9


@given(axes(), ranges(), moves)
def test_every_coordinate_has_one_decimal_or_none(
    drawn_axes: list[Axis], drawn_range: tuple[Fraction, Fraction], drawn_moves: list[Move]
) -> None:
    for chart in (
        charts.radar("Score", drawn_axes),
        charts.range_bar("Identity", *drawn_range),
        charts.level_scale("Overall", *drawn_range, "1.0", "up to 2.0"),
        charts.effort_gain("Plan", ["S", "M", "L"], drawn_moves),
    ):
        written = numbers_of(chart)
        assert written
        assert all(re.fullmatch(r"-?\d+(\.\d)?", number) for number in written), written
        assert "-0.0" not in written


@dataclass(frozen=True)
class Drawn:
    template: str
    chart: Any


@pytest.mark.parametrize(
    "drawn",
    [
        Drawn("radar", charts.radar("Score by function", every_axis(50, 80))),
        Drawn("range_bar", charts.range_bar("Identity & access", Fraction(50), HUNDRED)),
        Drawn("range_bar", charts.range_bar("Physical: not rated", None, None)),
        Drawn("level_scale", charts.level_scale("Overall", Fraction(5), HUNDRED, "5.0", "up to")),
        Drawn("level_scale", charts.level_scale("Overall", None, None, "", "")),
        Drawn("effort_gain", charts.effort_gain("Plan", ["S"], [Move("7", 0, HUNDRED, "now")])),
        Drawn("effort_gain", charts.effort_gain("Plan", ["S"], [])),
    ],
    ids=lambda drawn: drawn.template,
)
def test_every_chart_is_drawn_with_a_title_that_says_what_it_shows(drawn: Drawn) -> None:
    markup = render_to_string(f"charts/{drawn.template}.svg.html", {"chart": drawn.chart})

    svg = ElementTree.fromstring(markup)
    space = "{http://www.w3.org/2000/svg}"
    assert svg.findtext(f"{space}title") == drawn.chart.title
    if drawn.template != "range_bar":
        assert svg.findtext(f"{space}desc") == drawn.chart.desc
    assert "style" not in {name for element in svg.iter() for name in element.attrib}


def test_the_radar_says_its_figures_in_words() -> None:
    radar = charts.radar("Score by function", every_axis(50, 80))

    assert radar.title.startswith("Score by function: Govern 50, Identify 50,")
