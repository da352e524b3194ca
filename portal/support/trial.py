"""Tells when a ticket that did not come would be due, step by step, by the hours that are saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.hours import Schedule
from portal.support.schedule import Ground
from portal.support.weeks import hours_text

MINUTE = timedelta(minutes=1)
AFTER = 6  # days shown beyond the due time
MOST_DAYS = 31
MOST_STEPS = 60
SHARES = (50, 80)


@dataclass(frozen=True)
class Step:
    """A stretch in which the time counts, or support is closed."""

    is_open: bool
    at: datetime
    until: datetime

    @property
    def minutes(self) -> int:
        """How long it is."""
        return round((self.until - self.at) / MINUTE)


@dataclass(frozen=True)
class DayHours:
    """A day of the calendar: its hours (empty: closed), and why they are not the usual ones."""

    on: date
    hours: str
    occasion: str


@dataclass(frozen=True)
class Trial:
    """When it would be due, and how that comes about."""

    received_at: datetime
    minutes: int
    due_at: datetime
    is_open: bool
    opens_at: datetime | None  # the next opening after the receipt
    half_at: datetime
    warn_at: datetime
    steps: Sequence[Step]
    days: Sequence[DayHours]

    @property
    def has_all_steps(self) -> bool:
        """Whether the steps reach the due time; a very long way is told in part."""
        return not self.steps or self.steps[-1].until == self.due_at


def tell(found: Ground, *, received_at: datetime, minutes: int) -> Trial:
    """Compute the due time of so many minutes, and say why."""
    schedule, target = found.schedule, minutes * MINUTE
    due_at = schedule.add(received_at, target)
    half_at, warn_at = (schedule.add(received_at, target * share / 100) for share in SHARES)
    return Trial(
        received_at=received_at,
        minutes=minutes,
        due_at=due_at,
        is_open=schedule.is_open(received_at),
        opens_at=schedule.opens_next(received_at),
        half_at=half_at,
        warn_at=warn_at,
        steps=_steps(schedule, received_at, due_at),
        days=_days(found, received_at, due_at),
    )


def _steps(schedule: Schedule, at: datetime, due_at: datetime) -> list[Step]:
    steps: list[Step] = []
    while at < due_at and len(steps) < MOST_STEPS:
        is_open = schedule.is_open(at)
        change = schedule.closes_next(at) if is_open else schedule.opens_next(at)
        until = min(change or due_at, due_at)
        steps.append(Step(is_open, at, until))
        at = until
    return steps


def _days(found: Ground, received_at: datetime, due_at: datetime) -> list[DayHours]:
    first, last = found.schedule.day_of(received_at), found.schedule.day_of(due_at)
    count = min((last - first).days + 1 + AFTER, MOST_DAYS)
    occasions = {row.on: row.name for row in found.exceptions}
    days = [first + timedelta(days=number) for number in range(count)]
    return [
        DayHours(day, hours_text(found.schedule.hours_on(day)), occasions.get(day, ""))
        for day in days
    ]
