"""Hours in words: «ежедневно 08:00–20:00», what changes soon, which days are special."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.hours import Day
from portal.support.calendar import MINUTES_OF_DAY
from portal.support.models import Hours, HoursException
from portal.support.schedule import Ground, week

AHEAD = timedelta(days=60)


@dataclass(frozen=True)
class Line:
    """Some days of the week that have the same hours."""

    days: str
    hours: str


@dataclass(frozen=True)
class Week:
    """The lines of a week, and the date from which it holds."""

    valid_from: date
    lines: Sequence[Line]


def lines(row: Hours) -> list[Line]:
    """Write a week, days with the same hours together."""
    grouped = groupby(enumerate(hours_text(day) for day in week(row)), key=lambda pair: pair[1])
    return [
        Line(_days([number for number, _text in group]), text or _("closed"))
        for text, group in grouped
    ]


def upcoming(found: Ground, today: date) -> list[Week]:
    """Give the weeks that begin to hold later on."""
    return [Week(row.valid_from, lines(row)) for row in found.hours if row.valid_from > today]


def special_days(found: Ground, today: date) -> list[HoursException]:
    """Give the exceptions of the next weeks."""
    return [row for row in found.exceptions if today <= row.on <= today + AHEAD]


def hours_text(day: Day) -> str:
    """Write the hours of a day as «08:00–20:00», or nothing when it is closed."""
    return ", ".join(f"{_clock(one.opens)}–{_clock(one.closes)}" for one in day)


def _days(numbers: Sequence[int]) -> str:
    if len(numbers) == len(WEEKDAYS):
        return _("Every day")
    first, last = str(WEEKDAYS[numbers[0]]), str(WEEKDAYS[numbers[-1]])
    if len(numbers) == 1:
        return first
    # Days of the week are written small in Russian, and great in English.
    last = last if get_language() == "en" else last.lower()
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def _clock(minutes: int) -> str:
    # Midnight at the end of a day reads 24:00; a closing past it reads as the next morning's.
    hours, rest = divmod(minutes, 60)
    return f"{hours if minutes <= MINUTES_OF_DAY else hours - 24:02d}:{rest:02d}"
