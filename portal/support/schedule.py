"""Who can be reached, how, and are they here now: from the same rows that the clock uses."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.hours import Day, Schedule, Version
from portal.support.calendar import parse_intervals
from portal.support.models import DAYS, Brand, Channel, ChannelKind, Hours, HoursException

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Ground:
    """All that pages and clocks need to know of support, read once per change."""

    brand: Brand
    schedule: Schedule
    zone: ZoneInfo
    hours: Sequence[Hours]
    exceptions: Sequence[HoursException]
    channels: Sequence[Channel]

    def hours_on(self, day: date) -> Hours:
        """Give the version that holds on a date; the earliest also holds before its own."""
        begun = [row for row in self.hours if row.valid_from <= day]
        return begun[-1] if begun else self.hours[0]


@dataclass(frozen=True)
class Presence:
    """Whether somebody is here, until or from when, and what day it is if it is a special one."""

    is_open: bool
    closes_at: datetime | None  # None while it is open around the clock
    opens_at: datetime
    exception: HoursException | None = None


@dataclass(frozen=True)
class ChannelNow:
    """A channel and its present state in words."""

    kind: str
    icon: str
    label: str
    address: str
    href: str
    note: str
    state: str
    is_open: bool
    accepts_always: bool


# The last ground of this process, by the version that made it.
_cached: dict[UUID, Ground] = {}
# The ground of the present request, as a list of at most one; None outside of requests.
_of_request: ContextVar[list[Ground] | None] = ContextVar("ground", default=None)

ICONS = {
    ChannelKind.CABINET: "chat",
    ChannelKind.TELEGRAM: "plane",
    ChannelKind.EMAIL: "mail",
    ChannelKind.PHONE: "phone",
    ChannelKind.MANAGER: "case",
}


def ground() -> Ground:
    """Give the present ground: one query a request, and the rest only after a change."""
    kept = _of_request.get()
    if kept is None:
        return _read()
    if not kept:
        kept.append(_read())
    return kept[0]


class GroundMiddleware:
    """Lets all that happens in a request read the ground once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Keep the ground for the time of the request."""
        with one_ground():
            return self.get_response(request)


@contextmanager
def one_ground() -> Iterator[None]:
    """Let all that happens in the block read the ground once."""
    token = _of_request.set([])
    try:
        yield
    finally:
        _of_request.reset(token)


def forget() -> None:
    """Read the ground anew the next time: this request has changed it."""
    kept = _of_request.get()
    if kept:
        kept.clear()


def _read() -> Ground:
    found = _cached.get(_version())
    if found is None:
        found = _load(Brand.objects.get(pk=1))
        _cached.clear()
        _cached[found.brand.version] = found
    return found


def _version() -> UUID:
    # Every page asks this, and composing the query would take longer than its answer.
    with connection.cursor() as cursor:
        cursor.execute("select version from support_brand where id = 1")
        row: tuple[UUID] | None = cursor.fetchone()
    if row is None:
        raise Brand.DoesNotExist
    return row[0]


def last_known() -> Ground | None:
    """Give the ground that this process read last, for pages that must not ask the database."""
    return next(iter(_cached.values()), None)


def for_request(_request: HttpRequest) -> Ground:
    """Give the ground of a request, for templates that know nothing else."""
    return ground()


def presence_for(request: HttpRequest) -> Presence:
    """Say who is here now, with the ground of this request."""
    return presence(timezone.now(), for_request(request))


def channels_for(request: HttpRequest) -> list[ChannelNow]:
    """Give the channels as they are now, with the ground of this request."""
    return channels_now(timezone.now(), translation.get_language(), for_request(request))


def current_schedule() -> Schedule:
    """Give the calendar that holds now, past versions included."""
    return ground().schedule


def build(zone: str, hours: Sequence[Hours], exceptions: Sequence[HoursException]) -> Schedule:
    """Make the calendar of these rows. Raises portal.hours.NeverOpen."""
    return Schedule(
        ZoneInfo(zone),
        tuple(Version(row.valid_from, week(row)) for row in hours),
        {row.on: parse_intervals(row.hours) for row in exceptions},
    )


def week(row: Hours) -> tuple[Day, Day, Day, Day, Day, Day, Day]:
    """Read the seven days of a row."""
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (
        parse_intervals(getattr(row, day)) for day in DAYS
    )
    return monday, tuesday, wednesday, thursday, friday, saturday, sunday


def presence(at: datetime, found: Ground | None = None) -> Presence:
    """Say whether specialists are here at this moment."""
    found = found or ground()
    is_open = found.schedule.is_open(at)
    opens_at = at if is_open else found.schedule.opens_next(at) or at
    closes_at = found.schedule.closes_next(opens_at)
    today = at.astimezone(found.zone).date()
    return Presence(
        is_open=is_open,
        closes_at=closes_at if closes_at and closes_at - opens_at <= DAY else None,
        opens_at=opens_at,
        exception=next((row for row in found.exceptions if row.on == today), None),
    )


def channels_now(
    at: datetime, language: str | None = None, found: Ground | None = None
) -> list[ChannelNow]:
    """Give every shown channel with its present state in the reader's language."""
    found = found or ground()
    here = presence(at, found)
    with translation.override(language):
        return [_now(channel, here, found.zone, at) for channel in found.channels]


def _now(channel: Channel, here: Presence, zone: ZoneInfo, at: datetime) -> ChannelNow:
    return ChannelNow(
        kind=channel.kind,
        icon=ICONS[ChannelKind(channel.kind)],
        label=_label(channel.kind),
        address=channel.address,
        href=_href(channel),
        note=channel.note,
        state=_state_open(channel, here, zone) if here.is_open else _state(channel, here, zone, at),
        is_open=here.is_open,
        accepts_always=channel.accepts_always,
    )


def _label(kind: str) -> str:
    return {
        ChannelKind.CABINET: _("From the cabinet"),
        ChannelKind.TELEGRAM: _("Telegram"),
        ChannelKind.EMAIL: _("E-mail"),
        ChannelKind.PHONE: _("Phone"),
        ChannelKind.MANAGER: _("Your manager"),
    }[ChannelKind(kind)]


def _state_open(channel: Channel, here: Presence, zone: ZoneInfo) -> str:
    if channel.accepts_always:
        return _("Answering now")
    if here.closes_at is None:
        return _("On the line around the clock")
    return _("On the line until %(time)s") % {"time": f"{here.closes_at.astimezone(zone):%H:%M}"}


def _state(channel: Channel, here: Presence, zone: ZoneInfo, at: datetime) -> str:
    opens = here.opens_at.astimezone(zone)
    is_today = opens.date() == at.astimezone(zone).date()
    when = f"{opens:%H:%M}" if is_today else f"{opens:%d.%m, %H:%M}"
    if channel.accepts_always:
        return _("Write now, we answer from %(time)s Moscow time") % {"time": when}
    return _("On the line from %(time)s Moscow time") % {"time": when}


def _href(channel: Channel) -> str:
    if channel.kind == ChannelKind.EMAIL:
        return f"mailto:{channel.address}"
    if channel.kind == ChannelKind.PHONE:
        return "tel:" + "".join(sign for sign in channel.address if sign in "+0123456789")
    if channel.kind == ChannelKind.TELEGRAM:
        return f"https://t.me/{channel.address.lstrip('@')}"
    return ""


def _load(brand: Brand) -> Ground:
    hours = list(Hours.objects.order_by("valid_from"))
    exceptions = list(HoursException.objects.order_by("on"))
    return Ground(
        brand=brand,
        schedule=build(brand.zone, hours, exceptions),
        zone=ZoneInfo(brand.zone),
        hours=hours,
        exceptions=exceptions,
        channels=list(Channel.objects.filter(is_shown=True).order_by("order", "id")),
    )
