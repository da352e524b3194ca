"""The clocks of an answer: targets, deadlines, warnings, promises and their explanation. *Pure.*

The rules are those of docs/sla.md, cited by number. Categories and priorities are the codes of
`tickets.rules`; all moments are aware and answered in UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.hours import NaiveMoment, Schedule

WARNINGS = (50, 80, 100)  # percent of the working time (rule 12)
SAME_DAY = frozenset({("incident", "high"), ("incident", "critical")})  # rule 11


class TargetMissing(LookupError):
    """No target is in force for this category and priority on this day."""


class BrokenLedger(ValueError):
    """The segments of a clock do not follow one another."""


class ClockClosed(ValueError):
    """A clock that has stopped keeps the target it had (rule 6)."""


class Kind(StrEnum):
    """Which answer a clock waits for."""

    FIRST = "first"
    NEXT = "next"


@dataclass(frozen=True)
class Target:
    """How many working minutes an answer may take, from a date on; None: any other priority."""

    category: str
    priority: str | None
    minutes: int
    valid_from: date


@dataclass(frozen=True)
class Segment:
    """A stretch `[start, end)` of a clock that runs or stands, why, and by which hours."""

    start: datetime
    end: datetime | None
    running: bool
    reason: str
    calendar: str

    def __post_init__(self) -> None:
        """Turn the moments to UTC: Python subtracts moments of one zone by the wall clock."""
        object.__setattr__(self, "start", _utc(self.start))
        object.__setattr__(self, "end", None if self.end is None else _utc(self.end))


@dataclass(frozen=True)
class Clock:
    """One cycle from a customer's message to our answer; only its last segment may be open."""

    kind: str
    segments: tuple[Segment, ...]
    target: timedelta

    def __post_init__(self) -> None:
        """Refuse a ledger with overlaps, or with an open segment before the last."""
        if not self.segments:
            raise BrokenLedger("a clock has at least one segment")
        follows = [segment.start for segment in self.segments[1:]]
        for segment, limit in zip(self.segments, [*follows, None], strict=True):
            if segment.end is None and limit is not None:
                raise BrokenLedger("only the last segment may be open")
            if segment.end is not None and not segment.start <= segment.end <= (
                limit or segment.end
            ):
                raise BrokenLedger("segments follow one another and do not overlap")

    @property
    def started_at(self) -> datetime:
        """The receipt of the message that started it."""
        return self.segments[0].start

    @property
    def stopped_at(self) -> datetime | None:
        """The moment at which it was stopped; None while it is open."""
        return self.segments[-1].end


def target_for(targets: Iterable[Target], category: str, priority: str | None, *, on: date) -> int:
    """Give the minutes in force on the day of receipt; untriaged: the strictest (rule 7).

    Raises TargetMissing.
    """
    in_force: dict[str | None, Target] = {}
    for target in targets:
        if target.category != category or target.valid_from > on:
            continue
        known = in_force.get(target.priority)
        if known is None or known.valid_from < target.valid_from:
            in_force[target.priority] = target
    if priority is None and in_force:
        return min(target.minutes for target in in_force.values())
    found = in_force.get(priority) or in_force.get(None)
    if found is None:
        raise TargetMissing(f"no target for {category}, {priority} on {on}")
    return found.minutes


def due_at(clock: Clock, schedule: Schedule) -> datetime | None:
    """Give the smallest moment at which the running segments have worked the target (rule 1).

    None when the clock stopped before that, or stands still: nothing is or will be late then.
    """
    left = clock.target
    for segment in clock.segments:
        if not segment.running:
            continue
        due = schedule.add(segment.start, left)
        if segment.end is None or due <= segment.end:
            return due
        left -= schedule.between(segment.start, segment.end)
    return None


def elapsed(clock: Clock, schedule: Schedule, at: datetime) -> timedelta:
    """Give the working time that has run up to a moment."""
    return sum(
        (
            schedule.between(segment.start, min(segment.end or at, at))
            for segment in clock.segments
            if segment.running and segment.start < at
        ),
        timedelta(0),
    )


def is_late(due: datetime | None, at: datetime) -> bool:
    """Whether a due time has passed; an answer at the very moment is in time."""
    return due is not None and at > due


def warn_at(schedule: Schedule, start: datetime, target: timedelta, percent: int) -> datetime:
    """Give the moment at which this share of the target has run: 50, 80 or 100 (rule 12)."""
    if percent not in WARNINGS:
        raise ValueError(f"warnings come at {WARNINGS} percent, not at {percent}")
    return schedule.add(start, target * percent / 100)


class Retargeted(NamedTuple):
    """A clock after a change of its target: what it is now, and when it is due."""

    clock: Clock
    due_at: datetime | None


def retarget(clock: Clock, schedule: Schedule, *, target: timedelta, at: datetime) -> Retargeted:
    """Replace the target and keep the time already run; the new due time may have passed (rule 6).

    A clock that is late at the moment of the change keeps a stricter target than the new one: a
    lowered priority never un-breaches. Raises ClockClosed.
    """
    if clock.stopped_at is not None:
        raise ClockClosed("this clock has stopped")
    due = due_at(clock, schedule)
    if is_late(due, at) and target > clock.target:
        return Retargeted(clock, due)
    changed = replace(clock, target=target)
    return Retargeted(changed, due_at(changed, schedule))


class Move(StrEnum):
    """Which way a promise would move."""

    SAME = "same"
    EARLIER = "earlier"
    LATER = "later"


@dataclass(frozen=True)
class Promise:
    """What was promised, what would be due now, and which way that moves."""

    promised_at: datetime | None
    due_at: datetime
    move: Move

    @property
    def needs_reason(self) -> bool:
        """Whether the customer has to be told why before it moves."""
        return self.move is Move.LATER

    @property
    def holds_at(self) -> datetime:
        """What holds as long as no reason is given: the earlier of both."""
        return self.due_at if self.promised_at is None else min(self.promised_at, self.due_at)


def promise_after(promised_at: datetime | None, new_due: datetime) -> Promise:
    """Compare a new due time with the promise: earlier silently, later with a reason (rule 7)."""
    if promised_at is None or new_due == promised_at:
        return Promise(promised_at, new_due, Move.SAME)
    move = Move.EARLIER if new_due < promised_at else Move.LATER
    return Promise(promised_at, new_due, move)


def is_same_day(category: str, priority: str | None) -> bool:
    """Whether work on such a ticket is owed on the day of receipt (rule 11)."""
    return (category, priority) in SAME_DAY


def same_day_due(zone: str | ZoneInfo, received_at: datetime) -> datetime:
    """Give the end of the calendar day of receipt in the zone, open or not (rule 11)."""
    received_at = _utc(received_at)
    tz = zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone)
    tomorrow = received_at.astimezone(tz).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time.min, tzinfo=tz)
    if midnight.astimezone(UTC) <= received_at:  # clocks went back over midnight: it comes again
        midnight = midnight.replace(fold=1)
    return midnight.astimezone(UTC)


def owed_from(clock: Clock, zone: str | ZoneInfo) -> datetime:
    """Give the moment whose day work is owed: the receipt, as long as that day was ours (rule 11).

    A day that ended while the clock stood still is followed by the day on which it ran again.
    """
    start = clock.started_at
    for segment in clock.segments:
        if segment.running or segment.end is None:
            continue
        if segment.start <= same_day_due(zone, start) < segment.end:
            start = segment.end
    return start


class Said(NamedTuple):
    """A public message: when, by whom, and whether it counts as an answer of a human."""

    at: datetime
    is_from_staff: bool
    is_answer: bool = True


class Cycle(NamedTuple):
    """What a clock measures: from the oldest unanswered message to its answer, None: still open."""

    kind: Kind
    started_at: datetime
    answered_at: datetime | None


def cycles(messages: Iterable[Said]) -> list[Cycle]:
    """Divide a conversation into response cycles (rules 3 to 5).

    Acknowledgements, codes and bots are no answers and stop nothing; further messages of the
    customer restart nothing.
    """
    found: list[Cycle] = []
    waiting_since: datetime | None = None
    for message in sorted(messages):
        if not message.is_from_staff:
            waiting_since = waiting_since or message.at
        elif message.is_answer and waiting_since is not None:
            found.append(_cycle(found, waiting_since, message.at))
            waiting_since = None
    return found if waiting_since is None else [*found, _cycle(found, waiting_since, None)]


def _cycle(earlier: list[Cycle], start: datetime, answered_at: datetime | None) -> Cycle:
    return Cycle(Kind.NEXT if earlier else Kind.FIRST, start, answered_at)


class Code(StrEnum):
    """What a line of an explanation tells; the words stand in the templates."""

    RECEIVED = "received"
    WAITS = "waits"  # received outside hours, until the opening
    RUNS = "runs"
    CLOSED = "closed"  # between two stretches of hours
    PAUSED = "paused"
    STOPPED = "stopped"
    DUE = "due"


class ExplainLine(NamedTuple):
    """One step of "why this time?": what, from when, until when, and the working time it took."""

    code: Code
    at: datetime
    until: datetime | None = None
    worked: timedelta = timedelta(0)
    reason: str = ""


def explain(clock: Clock, schedule: Schedule) -> list[ExplainLine]:
    """Tell step by step how the due time comes about, or how the clock came to its stop."""
    due = due_at(clock, schedule)
    lines = [ExplainLine(Code.RECEIVED, clock.started_at)]
    for segment in clock.segments:
        if due is not None and segment.start >= due:
            break
        if segment.running:
            end = min(one for one in (segment.end, due) if one is not None)
            lines += _runs(schedule, segment.start, end, has_run=_has_run(lines))
        else:
            lines.append(
                ExplainLine(Code.PAUSED, segment.start, segment.end, reason=segment.reason)
            )
    if due is not None:
        lines.append(ExplainLine(Code.DUE, due))
    elif clock.stopped_at is not None:
        lines.append(ExplainLine(Code.STOPPED, clock.stopped_at))
    return lines


def _has_run(lines: list[ExplainLine]) -> bool:
    return any(line.code is Code.RUNS for line in lines)


def _runs(
    schedule: Schedule, start: datetime, end: datetime, *, has_run: bool
) -> list[ExplainLine]:
    """Divide a running segment into the hours in which it runs and those between them."""
    lines: list[ExplainLine] = []
    at = start
    while at < end:
        if schedule.is_open(at):
            until = min(schedule.closes_next(at) or end, end)
            lines.append(ExplainLine(Code.RUNS, at, until, until - at))
            has_run = True
        else:
            until = min(schedule.opens_next(at) or end, end)
            lines.append(ExplainLine(Code.CLOSED if has_run else Code.WAITS, at, until))
        at = until
    return lines


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise NaiveMoment(f"{at.isoformat()} has no time zone")
    return at.astimezone(UTC)
