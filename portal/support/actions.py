"""What may be done to hours, exceptions, channels and brand: changes that never rewrite the past."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.hours import Day, Interval
from portal.refusals import NotAllowed, Refused
from portal.support import schedule
from portal.support.calendar import MINUTES_OF_DAY, parse_intervals
from portal.support.hooks import tell_hours_changed
from portal.support.models import DAYS, Brand, Channel, Hours, HoursException


class HoursInThePast(Refused):
    """Hours that have begun to hold are history: clocks have run by them."""

    code = "hours_in_the_past"
    message = _("Hours hold from a day to come on: clocks have run by those of the past.")
    field = "valid_from"


class DayHasPassed(Refused):
    """What has passed of a day cannot become open or closed afterwards."""

    code = "day_has_passed"
    message = _("This would change hours that have passed already: clocks have run by them.")
    field = "hours"


class HoursNeverOpen(Refused):
    """A week without an open minute would let clocks stand still for ever."""

    code = "hours_never_open"
    message = _("In such a week nobody would ever be here. Fill in at least one day.")
    field = "monday"


def check_hours(*, hours: Hours, at: datetime) -> None:
    """Refuse what save_hours would refuse. Raises HoursInThePast, HoursNeverOpen."""
    today = _today(at)
    held_from = Hours.objects.filter(pk=hours.pk).values_list("valid_from", flat=True).first()
    if hours.valid_from <= today or (held_from and held_from <= today):
        raise HoursInThePast
    if not any(getattr(hours, day).strip() for day in DAYS):
        raise HoursNeverOpen


@transaction.atomic
def save_hours(*, hours: Hours, actor: User, at: datetime) -> Hours:
    """Add hours, or change those that do not hold yet. Raises HoursInThePast, HoursNeverOpen."""
    _may(actor, "change_hours")
    _one_at_a_time()
    check_hours(hours=hours, at=at)
    if hours.pk is None:
        hours.created_by, hours.created_at = actor, at
    hours.save()
    _changed(at)
    return hours


@transaction.atomic
def delete_hours(*, hours: Hours, actor: User, at: datetime) -> None:
    """Take back hours that do not hold yet. Raises HoursInThePast."""
    _may(actor, "delete_hours")
    _one_at_a_time()
    if hours.valid_from <= _today(at):
        raise HoursInThePast
    hours.delete()
    _changed(at)


def check_exception(*, exception: HoursException, at: datetime) -> None:
    """Refuse what save_exception would refuse. Raises DayHasPassed."""
    _keep_past(exception.on, parse_intervals(exception.hours), at)
    before = HoursException.objects.filter(pk=exception.pk).first()
    if before and before.on != exception.on:
        _keep_past(before.on, _usual(before.on), at)


@transaction.atomic
def save_exception(*, exception: HoursException, actor: User, at: datetime) -> HoursException:
    """Give a date other hours. Raises DayHasPassed where that would change what has passed."""
    _may(actor, "change_hoursexception")
    _one_at_a_time()
    check_exception(exception=exception, at=at)
    exception.save()
    _changed(at)
    return exception


@transaction.atomic
def delete_exception(*, exception: HoursException, actor: User, at: datetime) -> None:
    """Give a date the hours of its weekday again. Raises DayHasPassed."""
    _may(actor, "delete_hoursexception")
    _one_at_a_time()
    _keep_past(exception.on, _usual(exception.on), at)
    exception.delete()
    _changed(at)


@transaction.atomic
def save_channel(*, channel: Channel, actor: User) -> Channel:
    """Change how we can be reached."""
    _may(actor, "change_channel")
    channel.save()
    return channel


@transaction.atomic
def save_brand(*, brand: Brand, actor: User, at: datetime) -> Brand:
    """Change whose portal this is; another zone moves the deadlines that are open."""
    _may(actor, "change_brand")
    zone_before = _one_at_a_time().zone
    brand.save()
    if brand.zone != zone_before:
        _changed(at)
    return brand


def _may(actor: User, permission: str) -> None:
    if not actor.has_perm(f"support.{permission}"):
        raise NotAllowed(_("Only the head of support changes this."))


def _one_at_a_time() -> Brand:
    """Let one change of hours happen at a time."""
    return Brand.objects.select_for_update().get(pk=1)


def _today(at: datetime) -> date:
    return at.astimezone(schedule.ground().zone).date()


def _usual(day: date) -> Day:
    """Give the hours that the weekday of a date has."""
    return schedule.week(schedule.ground().hours_on(day))[day.weekday()]


def _keep_past(day: date, hours: Day, at: datetime) -> None:
    """Refuse hours of a date that differ from the present ones in what has passed of it."""
    found = schedule.ground()
    row = next((one for one in found.exceptions if one.on == day), None)
    present = parse_intervals(row.hours) if row else _usual(day)
    now = at.astimezone(found.zone)
    minute = (now.date() - day).days * MINUTES_OF_DAY + now.hour * 60 + now.minute
    if _passed(present, minute) != _passed(hours, minute):
        raise DayHasPassed


def _passed(hours: Day, minute: int) -> list[Interval]:
    """Give open times as far as they have passed at a minute of their day."""
    return [Interval(one.opens, min(one.closes, minute)) for one in hours if one.opens < minute]


def _changed(at: datetime) -> None:
    """Read the rows anew, then let everybody who counts by them count anew."""
    schedule.forget()
    tell_hours_changed(at)
