"""The SLA clock: targets, deadlines, warnings, and why. *Pure.*

A clock is a target and a list of segments; the deadline is the smallest instant at which the
working time of the running segments reaches the target (docs/sla.md, rule 1).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.hours import Schedule

WARN_PERCENTS = (50, 80, 100)
WARN_AT_PERCENT = 80


class NoTarget(LookupError):
    """No target holds for this category and priority on that day."""


@dataclass(frozen=True)
class Target:
    """How many minutes of working time an answer may take, from a date on."""

    category: str
    priority: str
    minutes: int
    valid_from: date


@dataclass(frozen=True)
class Segment:
    """A stretch of a clock, `[start, end)`; the last one of an open clock has no end."""

    start: datetime
    end: datetime | None
    is_running: bool
    reason: str
    calendar: str = ""


@dataclass(frozen=True)
class Clock:
    """A target of working time and the segments in which it ran or stood still."""

    target: timedelta
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("a clock has at least one segment")

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return self.segments[0].start


class Code(StrEnum):
    """What a line of an explanation says."""

    RECEIVED = "received"
    WAITS = "waits"
    RUNS = "runs"
    PAUSED = "paused"
    DUE = "due"


@dataclass(frozen=True)
class Line:
    """One line of "why this time?"; words are chosen where it is shown."""

    code: Code
    at: datetime
    until: datetime | None = None
    minutes: int = 0


@dataclass(frozen=True)
class Promise:
    """What becomes of a promise when the deadline moves."""

    at: datetime
    moves_later: bool


def target_minutes(targets: Iterable[Target], category: str, priority: str | None, on: date) -> int:
    """Give the minutes of the target in force on a day.

    Without a priority the strictest of the category holds, so that an untriaged ticket can never
    hide a critical one (rule 7). Raises NoTarget.
    """
    in_force = _in_force(targets, category, on)
    if priority is not None:
        in_force = {name: target for name, target in in_force.items() if name == priority}
    if not in_force:
        raise NoTarget(f"no target for {category}, {priority} on {on}")
    return min(target.minutes for target in in_force.values())


def _in_force(targets: Iterable[Target], category: str, on: date) -> dict[str, Target]:
    """Give the latest target of each priority that began by the day, or the earliest there is."""
    found: dict[str, Target] = {}
    ours = [target for target in targets if target.category == category]
    for target in sorted(ours, key=lambda one: one.valid_from):
        if target.valid_from <= on or target.priority not in found:
            found[target.priority] = target
    return found


def start(
    at: datetime, target: timedelta, *, reason: str = "received", calendar: str = ""
) -> Clock:
    """Start a clock at the server's receipt of a message."""
    return Clock(target, (Segment(at, None, is_running=True, reason=reason, calendar=calendar),))


def pause(clock: Clock, at: datetime, *, reason: str, calendar: str = "") -> Clock:
    """Let a clock stand still from an instant on."""
    return _switch(clock, at, is_running=False, reason=reason, calendar=calendar)


def resume(clock: Clock, at: datetime, *, reason: str, calendar: str = "") -> Clock:
    """Let a clock run on from an instant."""
    return _switch(clock, at, is_running=True, reason=reason, calendar=calendar)


def retarget(clock: Clock, target: timedelta) -> Clock:
    """Replace the target and keep the time that has run (rule 6)."""
    return replace(clock, target=target)


def stop(clock: Clock, at: datetime) -> Clock:
    """End a clock."""
    return replace(clock, segments=(*clock.segments[:-1], replace(clock.segments[-1], end=at)))


def _switch(clock: Clock, at: datetime, *, is_running: bool, reason: str, calendar: str) -> Clock:
    last = clock.segments[-1]
    if last.end is not None:
        raise ValueError("a closed clock never changes")
    if at < last.start:
        raise ValueError("a segment cannot begin before the one before it")
    return replace(
        clock,
        segments=(
            *clock.segments[:-1],
            replace(last, end=at),
            Segment(at, None, is_running=is_running, reason=reason, calendar=calendar),
        ),
    )


def elapsed(clock: Clock, schedule: Schedule, at: datetime) -> timedelta:
    """Give the working time that has run until an instant."""
    total = timedelta(0)
    for segment in clock.segments:
        end = at if segment.end is None else min(segment.end, at)
        if segment.is_running:
            total += schedule.between(segment.start, end)
    return total


def due_at(clock: Clock, schedule: Schedule) -> datetime | None:
    """Give the instant at which the target is reached; None while the clock stands still."""
    return _reaches(clock, schedule, clock.target)


def warn_at(clock: Clock, schedule: Schedule, percent: int = WARN_AT_PERCENT) -> datetime | None:
    """Give the instant at which so many percent of the working time have run (rule 12)."""
    return _reaches(clock, schedule, clock.target * percent / 100)


def _reaches(clock: Clock, schedule: Schedule, wanted: timedelta) -> datetime | None:
    left = wanted
    for segment in clock.segments:
        if not segment.is_running:
            continue
        reached = schedule.add(segment.start, left)
        if segment.end is None or reached <= segment.end:
            return reached
        left -= schedule.between(segment.start, segment.end)
    return None


def same_day_due(received_at: datetime, zone: ZoneInfo) -> datetime:
    """Give the end of the calendar day of receipt: critical and high incidents (rule 11)."""
    day = received_at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(0), zone)


def after_move(promised_at: datetime, new_due_at: datetime) -> Promise:
    """Say what a moved deadline does to the promise: earlier silently, later only with a reason."""
    return Promise(min(promised_at, new_due_at), moves_later=new_due_at > promised_at)


def explain(clock: Clock, schedule: Schedule) -> list[Line]:
    """Tell why the deadline is what it is, stretch by stretch."""
    lines = [Line(Code.RECEIVED, clock.started_at)]
    due = due_at(clock, schedule)
    for segment in clock.segments:
        end = min((one for one in (segment.end, due) if one is not None), default=None)
        if not segment.is_running:
            lines.append(Line(Code.PAUSED, segment.start, segment.end))
        elif end is not None and segment.start < end:
            lines += _stretches(schedule, segment.start, end)
    if due is not None:
        lines.append(Line(Code.DUE, due, minutes=_minutes(clock.target)))
    return lines


def _stretches(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[Line]:
    at = begin
    while at < end:
        opens = min(schedule.opens_next(at), end)
        if opens > at:
            yield Line(Code.WAITS, at, opens)
        closes = min(schedule.closes_next(opens), end)
        if opens < closes:
            yield Line(Code.RUNS, opens, closes, _minutes(closes - opens))
        at = closes


def _minutes(span: timedelta) -> int:
    return round(span / timedelta(minutes=1))
