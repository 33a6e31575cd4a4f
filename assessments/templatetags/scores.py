"""How figures of a scorecard are shown."""

from fractions import Fraction

from django import template

from assessments import scoring

register = template.Library()


@register.filter
def figure(value: Fraction | None) -> str:
    """One decimal, half up; "not rated" where there is none."""
    return "not rated" if value is None else str(scoring.display(value))


@register.filter
def level_name(level: int) -> str:
    return scoring.LEVEL_NAMES[level]
