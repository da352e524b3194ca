"""Who can be reached, how, and are they here now: from the same rows that the clock uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.hours import Day, Schedule, Version
from portal.support.calendar import parse_intervals
from portal.support.models import DAYS, Brand, Channel, ChannelKind, Hours, HoursException


@dataclass(frozen=True)
class Ground:
    """All that pages and clocks need to know of support, read once per change."""

    brand: Brand
    schedule: Schedule
    channels: Sequence[Channel]
    exceptions: Sequence[HoursException]


@dataclass(frozen=True)
class Presence:
    """Whether somebody is here, and until or from when."""

    is_open: bool
    closes_at: datetime
    opens_at: datetime


@dataclass(frozen=True)
class ChannelNow:
    """A channel and its present state in words."""

    kind: str
    label: str
    address: str
    href: str
    note: str
    state: str
    accepts_always: bool


# The last ground of this process, by the version that made it.
_cached: dict[UUID, Ground] = {}

ICONS = {
    ChannelKind.CABINET: "chat",
    ChannelKind.TELEGRAM: "plane",
    ChannelKind.EMAIL: "mail",
    ChannelKind.PHONE: "phone",
    ChannelKind.MANAGER: "case",
}


def ground() -> Ground:
    """Give the present ground: one query, and the rest only after a change."""
    brand = Brand.objects.get(pk=1)
    found = _cached.get(brand.version)
    if found is None:
        found = _load(brand)
        _cached.clear()
        _cached[brand.version] = found
    return found


def for_request(request: HttpRequest) -> Ground:
    """Give the ground, read once per request."""
    found = getattr(request, "support_ground", None)
    if found is None:
        found = ground()
        request.support_ground = found  # type: ignore[attr-defined]
    return found


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


def presence(schedule: Schedule, at: datetime) -> Presence:
    """Say whether specialists are here now."""
    opens_at = schedule.opens_next(at)
    return Presence(schedule.is_open(at), schedule.closes_next(opens_at), opens_at)


def channels_now(found: Ground, at: datetime) -> list[ChannelNow]:
    """Give every shown channel with its present state in the reader's language."""
    here = presence(found.schedule, at)
    zone = found.schedule.zone
    return [
        ChannelNow(
            kind=channel.kind,
            label=_labels()[channel.kind],
            address=channel.address,
            href=_href(channel),
            note=channel.note,
            state=_state(channel, here, zone, at),
            accepts_always=channel.accepts_always,
        )
        for channel in found.channels
    ]


def _labels() -> dict[str, str]:
    return {
        ChannelKind.CABINET: _("From the cabinet"),
        ChannelKind.TELEGRAM: _("Telegram"),
        ChannelKind.EMAIL: _("E-mail"),
        ChannelKind.PHONE: _("Phone"),
        ChannelKind.MANAGER: _("Your manager"),
    }


def _state(channel: Channel, here: Presence, zone: ZoneInfo, at: datetime) -> str:
    closes, opens = (moment.astimezone(zone) for moment in (here.closes_at, here.opens_at))
    if here.is_open:
        if channel.kind == ChannelKind.PHONE:
            return _("On the line until %(time)s") % {"time": f"{closes:%H:%M}"}
        return _("Answering now")
    when = (
        f"{opens:%H:%M}" if opens.date() == at.astimezone(zone).date() else f"{opens:%d.%m %H:%M}"
    )
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


def hours_text(day: Day) -> str:
    """Write the hours of a day as «08:00–20:00», or nothing when it is closed."""
    return ", ".join(f"{_clock(one.opens)}–{_clock(one.closes)}" for one in day)


def week_text(schedule: Schedule, on: date) -> list[tuple[int, str]]:
    """Give weekday numbers (Monday is 0) with their hours, as the version of a day has them."""
    return [(number, hours_text(day)) for number, day in enumerate(schedule.version_at(on).week)]


def _clock(minutes: int) -> str:
    return f"{time(minutes // 60 % 24, minutes % 60):%H:%M}" if minutes != 24 * 60 else "24:00"


def _load(brand: Brand) -> Ground:
    exceptions = list(HoursException.objects.order_by("on"))
    return Ground(
        brand=brand,
        schedule=build(brand.zone, list(Hours.objects.order_by("valid_from")), exceptions),
        channels=list(Channel.objects.filter(is_shown=True).order_by("order", "id")),
        exceptions=exceptions,
    )
