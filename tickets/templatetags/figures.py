"""Figures in the tables of reports."""

from django import template

from portal.templatetags.moments import short_span
from tickets import figures_in_words as words

register = template.Library()


@register.filter
def share(value: float | None) -> str:
    """Write a share in percent, or a dash."""
    return words.NONE if value is None else words.percent(value)


@register.filter
def length(value: float | None) -> str:
    """Write a length of minutes, or a dash."""
    return words.NONE if value is None else short_span(value)


@register.filter
def mean(value: float | None) -> str:
    """Write a mean of scores, or a dash."""
    return words.NONE if value is None else words.score(value)


@register.filter
def number(value: int | None) -> str:
    """Write a number with its thousands apart, or a dash."""
    return words.NONE if value is None else words.count(value)
