"""Times as people say them, countdowns, and no-break spaces."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from portal.templatetags.icons import icon

register = template.Library()
MOSCOW = ZoneInfo("Europe/Moscow")
SOON = timedelta(minutes=30)
NBSP = "\u00a0"
HOURS_OF_DAY = 24
SYMBOLS = {"ok": "clock", "soon": "soon", "late": "late", "paused": "pause", "met": "check"}
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
def day(at: datetime | None) -> str:
    """Say the day of an instant in Moscow: «сегодня», «21 ноября»."""
    if not isinstance(at, datetime):
        return ""
    return _day(at.astimezone(MOSCOW).date(), today(), get_language())


@register.filter
def moment(at: datetime | None, zone: ZoneInfo = MOSCOW) -> str:
    """Say an instant in Moscow time: «сегодня, 14:20», «21 ноября, 14:20»."""
    if not isinstance(at, datetime):
        return ""
    local = at.astimezone(zone)
    return f"{_day(local.date(), today(zone), get_language())}, {local:%H:%M}"


def today(zone: ZoneInfo = MOSCOW) -> date:
    """Give the present day of the calendar, in Moscow unless another zone is named."""
    return timezone.now().astimezone(zone).date()


# A page says some fifty days, most of them the same ones as the page before.
@lru_cache(maxsize=2000)
def _day(on: date, now: date, _language: str | None) -> str:
    near = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}
    distance = (on - now).days
    if distance in near:
        return near[distance]
    # E is the month as it stands in a date: «21 ноября», not «21 Ноябрь».
    shape = "j E" if on.year == now.year else "j E Y"
    return date_format(on, shape).replace(" ", NBSP)


@register.filter
def clock(at: datetime | None) -> str:
    """Say the time of day in Moscow."""
    return f"{at.astimezone(MOSCOW):%H:%M}" if isinstance(at, datetime) else ""


@register.filter
def until(at: datetime) -> str:
    """Say an instant after «до»: only the time when it is today."""
    local = at.astimezone(MOSCOW)
    return f"{local:%H:%M}" if local.date() == today() else moment(at)


@register.simple_tag
def own_time(at: datetime | None, person: Any) -> str:
    """Say the reader's own time of an instant when their clock differs from Moscow's, else nothing."""
    zone = _zone(getattr(person, "time_zone", ""))
    if at is None or zone is None:
        return ""
    here, there = at.astimezone(zone), at.astimezone(MOSCOW)
    if here.utcoffset() == there.utcoffset():
        return ""
    return f"{here:%H:%M}" if here.date() == there.date() else moment(at, zone)


@register.simple_tag
def both_times(at: datetime | None, person: Any) -> str:
    """Say an instant in Moscow time, and in the reader's own where it differs."""
    own = own_time(at, person)
    if not own:
        return moment(at)
    return _("%(moscow)s Moscow time (%(own)s yours)") % {"moscow": moment(at), "own": own}


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


@register.simple_tag
def right_now() -> str:
    """Give the server's clock, by which the scripts of the page count."""
    return timezone.now().isoformat()


@register.filter
def span(minutes: float) -> str:
    """Say a length of time in whole words: «45 минут», «3 часа», «1 ч 12 мин»."""
    minutes = round(minutes)
    hours, left = divmod(minutes, 60)
    if not hours:
        return ngettext("%(count)d minute", "%(count)d minutes", left) % {"count": left}
    if not left and hours < HOURS_OF_DAY:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return short_span(minutes)


@register.filter
def short_span(minutes: float) -> str:
    """Say a length of time as a chip does: «45 мин», «1 ч 12 мин», «2 д 3 ч»."""
    hours, left = divmod(round(minutes), 60)
    if hours >= HOURS_OF_DAY:
        return _days() % {"days": hours // HOURS_OF_DAY, "hours": hours % HOURS_OF_DAY}
    pattern = _hours_and_minutes() if hours and left else _hours() if hours else _minutes()
    return pattern % {"hours": hours, "minutes": left}


def _days() -> str:
    return _("%(days)d d %(hours)d h")


def _hours_and_minutes() -> str:
    return _("%(hours)d h %(minutes)d min")


def _hours() -> str:
    return _("%(hours)d h")


def _minutes() -> str:
    return _("%(minutes)d min")


@register.simple_tag
def countdown(due_at: datetime | None, warn_at: datetime | None = None) -> SafeString:
    """Show how long there is until an answer is due; the script keeps it right."""
    if due_at is None:
        return state_chip("paused", _("Nobody waits"))
    at = timezone.now()
    left = due_at - at
    is_late = left < timedelta(0)
    is_near = at >= warn_at if warn_at else left < SOON
    state = "late" if is_late else "soon" if is_near else "ok"
    minutes = round(abs(left) / timedelta(minutes=1))
    return _counting(state, minutes, due_at, warn_at, get_language())


@lru_cache(maxsize=1000)
def _counting(
    state: str, minutes: int, due_at: datetime, warn_at: datetime | None, language: str | None
) -> SafeString:
    """Draw a chip that counts; a queue has one in every row, and it stands for a minute."""
    length = short_span(minutes)
    text = _("Late by %(span)s") % {"span": length} if state == "late" else length
    due = due_at.isoformat()
    warn = format_html(' data-warn="{}"', warn_at.isoformat()) if warn_at else ""
    return format_html(
        '<span class="chip" data-state="{}" data-due="{}"{} data-words="{}">{}<time datetime="{}">{}</time></span>',
        *(state, due, warn, _words(language), icon(SYMBOLS[state]), due, text),
    )


@lru_cache(maxsize=8)
def _words(_language: str | None) -> str:
    """Give the patterns by which static/js/countdown.js writes the chip anew."""
    late = _("Late by %(span)s")
    return "|".join([_days(), _hours_and_minutes(), _hours(), _minutes(), late])


@register.simple_tag
def state_chip(state: str, text: str) -> SafeString:
    """Show a chip that does not count: «Пауза: ждём клиента» (paused), «Ответ за 41 мин» (met)."""
    return format_html(
        '<span class="chip" data-state="{}">{}{}</span>', state, icon(SYMBOLS[state]), text
    )
