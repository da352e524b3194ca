"""Reads hours as the head of support writes them («08:00–12:00, 13:00–20:00»). *Almost pure.*"""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.hours import Interval

MINUTES_OF_DAY = 24 * 60
_RANGE = re.compile(r"^\s*(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})\s*$")


class NotHours(ValueError):
    """The text is no list of ranges of times."""


def parse_intervals(text: str) -> tuple[Interval, ...]:
    """Read ranges separated by commas; a range that ends before it begins crosses midnight.

    Raises NotHours.
    """
    parts = [part for part in re.split(r"[,;]", text) if part.strip()]
    return tuple(sorted((_interval(part) for part in parts), key=lambda one: one.opens))


def _interval(part: str) -> Interval:
    found = _RANGE.match(part)
    if not found:
        raise NotHours(part.strip())
    opens, closes = _minutes(*found.groups()[:2]), _minutes(*found.groups()[2:])
    if opens is None or closes is None or opens == MINUTES_OF_DAY:
        raise NotHours(part.strip())
    return Interval(opens, closes if closes > opens else closes + MINUTES_OF_DAY)


def _minutes(hours: str, minutes: str) -> int | None:
    total = int(hours) * 60 + int(minutes)
    return total if int(minutes) < 60 and total <= MINUTES_OF_DAY else None  # noqa: PLR2004


def validate_intervals(text: str) -> None:
    """Refuse a text that is no list of ranges, and say how one looks."""
    try:
        parse_intervals(text)
    except NotHours as error:
        raise ValidationError(
            _("“%(part)s” is no range of times. Write it like 08:00–20:00."),
            params={"part": str(error)},
        ) from error
