"""`{% part %}`: components kept as they were drawn, under everything that they show."""

from collections.abc import Hashable
from datetime import date
from functools import lru_cache

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from portal.templatetags.moments import today

register = template.Library()
MOST = 4096  # drawn components; some 500 bytes each

# What a component was given: the type too, for 1 equals True, and a text that was marked as safe
# equals the same text of a stranger.
Given = tuple[tuple[str, type, Hashable], ...]


@register.simple_tag
def part(component: str, **values: Hashable) -> SafeString:
    """Draw a component that shows these values and nothing else.

    It sees no other variable, so what it shows follows from the values, the language and the day:
    under these it is drawn once. A component that tells the minute is no such part.
    """
    given = tuple((key, type(value), value) for key, value in values.items())
    draw = _draw.__wrapped__ if settings.DEBUG else _draw
    return draw(component, given, get_language(), today())


@lru_cache(maxsize=MOST)
def _draw(component: str, given: Given, _language: str | None, _day: date) -> SafeString:
    values = {key: value for key, _type, value in given}
    return SafeString(render_to_string(component, values).strip())
