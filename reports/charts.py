"""The geometry of every chart, from figures to coordinates. Pure: no markup, no colours.

Coordinates are strings with one decimal, so that the same figures give the same characters
wherever they are drawn. The SVG templates in `templates/charts/` turn them into shapes, for the
web pages and the PDF alike. Figures that a chart prints come in as text: rounding them is not
the business of a chart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import cos, pi, sin
from typing import NamedTuple

import msgspec

from assessments.scoring import LEVEL_NAMES, THRESHOLDS

BOUNDARIES = tuple(least for least in THRESHOLDS.values() if least)
"""Where one level ends and the next begins, on the scale of 0 to 100."""


class Point(NamedTuple):
    x: str
    y: str


class Line(NamedTuple):
    x1: str
    y1: str
    x2: str
    y2: str


class Span(NamedTuple):
    """A stretch of something horizontal."""

    x: str
    width: str


class Label(NamedTuple):
    """Text beside a shape. `anchor` is start, middle or end, as SVG names it."""

    x: str
    y: str
    anchor: str
    text: str


class Axis(NamedTuple):
    """One spoke of a radar. The figures are 0 to 100, None where nothing was assessed."""

    name: str
    score: Fraction | None
    potential: Fraction | None
    value: str


class AxisLabel(NamedTuple):
    name: Label
    value: Label


class Radar(msgspec.Struct, frozen=True):
    """A polygon with a corner for each axis, on rings that stand where a level begins.

    `area` is the score, `reach` what it could be if everything unknown were in place. Axes that
    were not assessed have no corner, and with fewer than three others there is no polygon.
    """

    title: str
    desc: str
    width: str
    height: str
    rings: tuple[str, ...]
    edge: str
    spokes: tuple[Line, ...]
    unassessed: tuple[Line, ...]
    area: str
    reach: str
    dots: tuple[Point, ...]
    labels: tuple[AxisLabel, ...]


def radar(title: str, axes: Sequence[Axis]) -> Radar:
    """The axes clockwise from the top."""
    width, height, radius = 440, 320, 118
    middle_x, middle_y = width / 2, height / 2

    def at(position: int, distance: float) -> tuple[float, float]:
        angle = 2 * pi * position / len(axes)
        return middle_x + distance * sin(angle), middle_y - distance * cos(angle)

    def corners(figures: Sequence[Fraction | None]) -> list[tuple[float, float]]:
        return [
            at(position, radius * float(figure) / 100)
            for position, figure in enumerate(figures)
            if figure is not None
        ]

    def ring(figure: int) -> str:
        return _points([at(position, radius * figure / 100) for position in range(len(axes))])

    def spoke(position: int) -> Line:
        x, y = at(position, radius)
        return Line(_number(middle_x), _number(middle_y), _number(x), _number(y))

    def label(position: int, axis: Axis) -> AxisLabel:
        x, y = at(position, radius + 14)
        rightward, upward = (x - middle_x) / radius, (middle_y - y) / radius
        anchor = "middle" if abs(rightward) < 0.1 else "start" if rightward > 0 else "end"
        # Two lines: over the top corner, under the bottom one, beside the others.
        first = y - 15 if upward > 0.9 else y + 9 if upward < -0.9 else y - 2
        return AxisLabel(
            Label(_number(x), _number(first), anchor, axis.name),
            Label(_number(x), _number(first + 15), anchor, axis.value),
        )

    scored = corners([axis.score for axis in axes])
    reached = corners([axis.potential for axis in axes])
    return Radar(
        title=f"{title}: " + ", ".join(f"{axis.name} {axis.value}" for axis in axes) + ".",
        desc=(
            "Each axis runs from 0 in the middle to 100 at the edge, with a ring where a level "
            "begins. The filled shape is the score, the dashed one what it could be if "
            "everything unknown were in place."
        ),
        width=str(width),
        height=str(height),
        rings=tuple(ring(figure) for figure in BOUNDARIES),
        edge=ring(100),
        spokes=tuple(spoke(i) for i, axis in enumerate(axes) if axis.score is not None),
        unassessed=tuple(spoke(i) for i, axis in enumerate(axes) if axis.score is None),
        area=_points(scored) if len(scored) > 2 else "",
        reach=_points(reached) if len(reached) > 2 and reached != scored else "",
        dots=tuple(Point(_number(x), _number(y)) for x, y in scored),
        labels=tuple(label(position, axis) for position, axis in enumerate(axes)),
    )


class RangeBar(msgspec.Struct, frozen=True):
    """A score on a track of 0 to 100, and what could be added to it.

    `score` is None where nothing is rated, `reach` where nothing is unknown.
    """

    title: str
    width: str
    height: str
    ticks: tuple[str, ...]
    score: Span | None
    reach: Span | None


def range_bar(title: str, score: Fraction | None, potential: Fraction | None) -> RangeBar:
    width = 200
    bar = RangeBar(
        title=title,
        width=str(width),
        height="10",
        ticks=tuple(_number(Fraction(width * least, 100)) for least in BOUNDARIES),
        score=None,
        reach=None,
    )
    if score is None or potential is None:
        return bar
    end, reach = width * score / 100, width * (potential - score) / 100
    return msgspec.structs.replace(
        bar,
        score=Span(_number(0), _number(end)),
        reach=Span(_number(end), _number(reach)) if reach else None,
    )


class LevelStep(NamedTuple):
    """One level's stretch of the scale, with its name under it."""

    level: int
    span: Span
    name: Label
    boundary: Label


class LevelScale(msgspec.Struct, frozen=True):
    """The five levels side by side, the score marked on them and the range as a bracket."""

    title: str
    desc: str
    width: str
    height: str
    steps: tuple[LevelStep, ...]
    end: Label
    marker: str
    marker_line: Line | None
    value: Label | None
    reach: Span | None
    reach_value: Label | None


def level_scale(
    title: str, score: Fraction | None, potential: Fraction | None, value: str, reach_value: str
) -> LevelScale:
    """`value` and `reach_value` are what is printed at the two ends of the range."""
    width, margin = 640, 16
    scale = Fraction(width - 2 * margin, 100)

    def x_of(figure: Fraction | int) -> Fraction:
        return margin + scale * figure

    def step(level: int, least: int, limit: int) -> LevelStep:
        middle = x_of(Fraction(least + limit, 2))
        return LevelStep(
            level=level,
            span=Span(_number(x_of(least)), _number(scale * (limit - least) - (limit < 100))),
            name=Label(_number(middle), "74", "middle", f"{level} {LEVEL_NAMES[level]}"),
            boundary=Label(_number(x_of(least)), "92", "middle", str(least)),
        )

    limits = [*BOUNDARIES, 100]
    empty = LevelScale(
        title=title,
        desc="The scale runs from 0 to 100; a new level begins at 20, 40, 60 and 80.",
        width=str(width),
        height="98",
        steps=tuple(
            step(level, least, limit)
            for (level, least), limit in zip(THRESHOLDS.items(), limits, strict=True)
        ),
        end=Label(_number(x_of(100)), "92", "middle", "100"),
        marker="",
        marker_line=None,
        value=None,
        reach=None,
        reach_value=None,
    )
    if score is None or potential is None:
        return empty
    x, far = float(x_of(score)), float(x_of(potential))
    value_x = min(max(x, 24), width - 24)
    reach_label = None
    if far > x:
        reach_x, anchor = _beside(value_x, far, width)
        reach_label = Label(_number(reach_x), "17", anchor, reach_value)
    return msgspec.structs.replace(
        empty,
        marker=_points([(x - 6, 24), (x + 6, 24), (x, 32)]),
        marker_line=Line(_number(x), "30", _number(x), "58"),
        value=Label(_number(value_x), "17", "middle", value),
        reach=Span(_number(x), _number(far - x)) if far > x else None,
        reach_value=reach_label,
    )


def _beside(value_x: float, far: float, width: int) -> tuple[float, str]:
    """Where the upper figure stands: right of the range if it has room there, or at the end of
    the scale, or left of the lower figure. Neither is wider than 70.
    """
    right = max(far + 5, value_x + 24)
    if right + 70 <= width:
        return right, "start"
    if value_x + 24 + 70 <= width:
        return width, "end"
    return value_x - 24, "end"


class Move(NamedTuple):
    """One step of a plan as the chart sees it. `column` counts the efforts from 0."""

    number: str
    column: int
    gain: Fraction
    wave: str


class Dot(NamedTuple):
    x: str
    y: str
    text_y: str
    number: str
    wave: str


class Gridline(NamedTuple):
    line: Line
    label: Label


class EffortGain(msgspec.Struct, frozen=True):
    """Steps as numbered dots: a column for each effort, higher for more gain."""

    title: str
    desc: str
    width: str
    height: str
    columns: tuple[Label, ...]
    dividers: tuple[Line, ...]
    grid: tuple[Gridline, ...]
    dots: tuple[Dot, ...]


def effort_gain(title: str, columns: Sequence[str], moves: Sequence[Move]) -> EffortGain:
    width, left, top, bottom = 640, 44, 16, 214
    column_width = Fraction(width - left, len(columns))
    unit = _unit(max((move.gain for move in moves), default=Fraction(0)))
    highest = unit * max(1, *(-(-move.gain // unit) for move in moves), 1)

    def y_of(gain: Fraction) -> Fraction:
        return bottom - (bottom - top) * gain / highest

    def gridline(gain: Fraction) -> Gridline:
        y = y_of(gain)
        return Gridline(
            Line(str(left), _number(y), str(width), _number(y)),
            Label(str(left - 8), _number(y + 4), "end", _plain(gain)),
        )

    return EffortGain(
        title=title,
        desc=(
            "Each dot is a step, with its number in the plan. The further left, the less effort; "
            "the higher, the more points it adds to the overall score."
        ),
        width=str(width),
        height=str(bottom + 30),
        columns=tuple(
            Label(_number(left + column_width * (i + Fraction(1, 2))), "236", "middle", name)
            for i, name in enumerate(columns)
        ),
        dividers=tuple(
            Line(_number(x), str(top), _number(x), str(bottom))
            for x in (left + column_width * i for i in range(1, len(columns)))
        ),
        grid=tuple(gridline(unit * i) for i in range(int(highest / unit) + 1)),
        dots=tuple(
            Dot(_number(x), _number(y), _number(y + Fraction(7, 2)), move.number, move.wave)
            for move, x, y in _placed(
                [(move, y_of(move.gain)) for move in moves], left, column_width
            )
        ),
    )


def _placed(
    moves: Sequence[tuple[Move, Fraction]], left: int, column_width: Fraction
) -> Iterator[tuple[Move, Fraction, Fraction]]:
    """Dots that would lie on each other stand side by side, while the column has room."""
    apart = 21
    beside = range(1, int((column_width - apart) / 2) // apart + 1)
    offsets = [0] + [apart * place * side for place in beside for side in (1, -1)]
    taken: list[tuple[Fraction, Fraction]] = []
    for move, y in moves:
        middle = left + column_width * (move.column + Fraction(1, 2))

        def crowd(offset: int, middle: Fraction = middle, y: Fraction = y) -> int:
            return sum(
                abs(x_other - middle - offset) < apart and abs(y_other - y) < apart
                for x_other, y_other in taken
            )

        x = middle + min(offsets, key=crowd)
        taken.append((x, y))
        yield move, x, y


def _unit(highest: Fraction) -> Fraction:
    """The distance of gridlines, 1, 2 or 5 times a power of ten, for at most five of them."""
    unit = Fraction(1, 100)
    for factor in (2, Fraction(5, 2), 2) * 8:
        if highest <= 5 * unit:
            break
        unit *= factor
    return unit


def _number(figure: Fraction | float) -> str:
    return f"{float(figure):.1f}"


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in pairs)


def _plain(figure: Fraction) -> str:
    return f"{float(figure):.2f}".rstrip("0").rstrip(".")
