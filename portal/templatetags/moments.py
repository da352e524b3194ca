"""Times as people say them, countdowns, and no-break spaces."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()
MOSCOW = ZoneInfo("Europe/Moscow")
SOON = timedelta(minutes=30)
NBSP = "\u00a0"
SHORT_WORD = re.compile(r"(?<![\w-])((?:[а-яё]{1,2}|№)) (?=\S)", re.IGNORECASE)
DASH = re.compile(r" (—|–) ")
UNIT = re.compile(r"(\d) (?=(?:мин|ч|ч\.|руб|₽|%|МБ|КБ|min|h|MB|KB)\b)")


@register.filter
def typeset(text: str) -> str:
    """Put no-break spaces where a line must not end: after short words, before a dash and units."""
    # Twice: of two short words in a row the pattern sees one at a time.
    text = SHORT_WORD.sub(rf"\1{NBSP}", SHORT_WORD.sub(rf"\1{NBSP}", str(text)))
    return UNIT.sub(rf"\1{NBSP}", DASH.sub(rf"{NBSP}\1 ", text))


@register.filter
def moment(at: datetime | None, zone: ZoneInfo = MOSCOW) -> str:
    """Say an instant in Moscow time: «сегодня, 14:20», «21 ноября, 14:20»."""
    if not isinstance(at, datetime):
        return ""
    local, today = at.astimezone(zone), timezone.now().astimezone(zone).date()
    return f"{_day(local, (local.date() - today).days, today.year)}, {local:%H:%M}"


def _day(local: datetime, distance: int, this_year: int) -> str:
    near = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}
    if distance in near:
        return near[distance]
    return (
        date_format(local, "j E" if local.year == this_year else "j E Y").lower()
        if _is_russian()
        else (date_format(local, "j F" if local.year == this_year else "j F Y"))
    )


def _is_russian() -> bool:
    return _("today") == "сегодня"


@register.filter
def clock(at: datetime | None) -> str:
    """Say the time of day in Moscow."""
    return f"{at.astimezone(MOSCOW):%H:%M}" if isinstance(at, datetime) else ""


@register.filter
def until(at: datetime) -> str:
    """Say an instant after «до»: only the time when it is today."""
    local, today = at.astimezone(MOSCOW), timezone.now().astimezone(MOSCOW).date()
    return f"{local:%H:%M}" if local.date() == today else moment(at)


@register.simple_tag
def own_time(at: datetime | None, person: Any) -> str:
    """Say the reader's own time of an instant when their zone differs from Moscow's, else nothing."""
    zone = _zone(getattr(person, "time_zone", ""))
    if (
        at is None
        or zone is None
        or zone.utcoffset(_naive(at, zone)) == MOSCOW.utcoffset(_naive(at, MOSCOW))
    ):
        return ""
    here, there = at.astimezone(zone), at.astimezone(MOSCOW)
    return f"{here:%H:%M}" if here.date() == there.date() else moment(at, zone)


def _naive(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


@register.simple_tag
def stamp(at: datetime | None) -> SafeString:
    """Show an instant as a <time> element."""
    if at is None:
        return SafeString("")
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), moment(at))


@register.filter
def span(minutes: float) -> str:
    """Say a length of time: «45 мин», «1 ч 12 мин», «2 д 3 ч»."""
    minutes = round(minutes)
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours and left:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": left}
    if hours:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return _("%(minutes)d min") % {"minutes": left}


@register.inclusion_tag("components/chip.html")
def countdown(due_at: datetime | None, warn_at: datetime | None = None) -> dict[str, Any]:
    """Show how long there is until an answer is due; the script keeps it right."""
    if due_at is None:
        return {"state": "paused"}
    left = due_at - timezone.now()
    state = "late" if left < timedelta(0) else "soon" if left < SOON else "ok"
    return {
        "state": state,
        "due_at": due_at,
        "minutes": abs(left) / timedelta(minutes=1),
        "warn_at": warn_at,
    }
