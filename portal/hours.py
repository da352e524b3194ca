"""When support is open, and how working time passes. *Pure.*

A schedule is weekly intervals, versioned by the date from which they hold, with exceptions by
date, in one time zone. It answers whether it is open, when it opens or closes next, which instant
is so much working time after another, and how much working time lies between two instants
(docs/sla.md, rules 1, 2, 10, 13, 15, 17). "Open" means that the wall clock of the zone stands
inside an interval: an hour that the clock shows twice is open twice, one that it skips never.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
DAY_SECONDS = 24 * 3600
WEEK_DAYS = 7
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
MICROSECOND = timedelta(microseconds=1)
MICROS = 1_000_000  # microseconds in a second

Span = tuple[int, int]  # from, to; in seconds


class NeverOpen(ValueError):
    """The calendar has no open minute in a whole week."""


class NaiveInstant(ValueError):
    """An instant without a time zone cannot be placed on a calendar."""


@dataclass(frozen=True, order=True)
class Interval:
    """Minutes from local midnight; a closing past 1440 crosses midnight.

    Raises ValueError when it does not begin inside the day or lasts longer than one.
    """

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not (
            0 <= self.opens < DAY_MINUTES and self.opens < self.closes <= self.opens + DAY_MINUTES
        ):
            raise ValueError(f"no interval of a day: {self.opens}–{self.closes} minutes")


Day = tuple[Interval, ...]
Week = tuple[Day, Day, Day, Day, Day, Day, Day]  # Monday first


def every_day(*intervals: Interval) -> Week:
    """Give the week whose days are all alike."""
    return (intervals,) * WEEK_DAYS  # type: ignore[return-value]


@dataclass(frozen=True)
class Version:
    """The week that holds from a local date on, until the next version's date."""

    valid_from: date
    week: Week

    def __post_init__(self) -> None:
        if not any(self.week):
            raise NeverOpen(f"the week from {self.valid_from} on has no open minute")


@dataclass(frozen=True)
class Schedule:
    """Versions and exceptions in a zone. The earliest version also holds before its date.

    An exception replaces the hours of its date; empty, it closes the date. Instants go in aware
    and come out in UTC. Raises NeverOpen, and ValueError when there is no version.
    """

    zone: ZoneInfo
    versions: Sequence[Version]
    exceptions: Mapping[date, Day] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.versions:
            raise ValueError("a schedule needs at least one version")
        ordered = tuple(sorted(self.versions, key=lambda version: version.valid_from))
        put = object.__setattr__
        put(self, "versions", ordered)
        put(self, "_starts", [version.valid_from.toordinal() for version in ordered])
        put(self, "_days", {day.toordinal(): hours for day, hours in self.exceptions.items()})
        put(self, "_templates", [_templates(version.week) for version in ordered])
        put(self, "_years", {})

    def __hash__(self) -> int:
        return hash((self.zone.key, self.versions, frozenset(self.exceptions.items())))

    # --- questions ------------------------------------------------------------------------

    def is_open(self, at: datetime) -> bool:
        """Whether support is open at this instant; at the very moment of closing it is not."""
        second = _micros(at) / MICROS
        return any(opens <= second < closes for opens, closes in self._spans(self._ordinal(at)))

    def opens_next(self, at: datetime) -> datetime:
        """Give `at` itself when it is open then, else the first instant that is."""
        second = _micros(at) / MICROS
        for opens, closes in self._spans_from(self._ordinal(at)):
            if closes > second:
                return at.astimezone(UTC) if opens <= second else _instant(opens * MICROS)
        raise NeverOpen("no opening follows")

    def closes_next(self, at: datetime) -> datetime:
        """Give the end of the open stretch that holds `at`, or of the next one.

        A schedule that never closes answers the same time a week later.
        """
        end: int | None = None
        limit = _micros(at) // MICROS + WEEK_DAYS * DAY_SECONDS
        for opens, closes in self._spans_from(self._ordinal(at)):
            if closes <= _micros(at) / MICROS:
                continue
            if end is not None and (opens > end or end > limit):
                break
            end = closes
        return _instant((end if end is not None else limit) * MICROS)

    def add(self, start: datetime, working: timedelta) -> datetime:
        """Give the smallest instant at which so much working time has passed since `start`.

        Nothing to wait for is over at once: adding zero gives `start` (docs/sla.md, rule 1).
        Raises ValueError for a negative time, OverflowError past the year 9999.
        """
        if working < timedelta(0):
            raise ValueError("working time cannot be negative")
        if not working:
            return start.astimezone(UTC)
        day = self._ordinal(start)
        target = self._worked(day, _micros(start)) + working // MICROSECOND
        year = date.fromordinal(day).year
        while target > (total := self._year(year).total * MICROS):
            target -= total
            year += 1
        return self._locate(self._year(year), target)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Give the working time from `start` to `end`; none when `end` is not later."""
        if end <= start:
            return timedelta(0)
        first, last = self._ordinal(start), self._ordinal(end)
        worked = self._worked(last, _micros(end)) - self._worked(first, _micros(start))
        for year in range(date.fromordinal(first).year, date.fromordinal(last).year):
            worked += self._year(year).total * MICROS
        return timedelta(microseconds=worked)

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """Give the open stretches of a local day."""
        return [
            (_instant(opens * MICROS), _instant(closes * MICROS))
            for opens, closes in self._spans(day.toordinal())
        ]

    def intervals(self, day: date) -> Day:
        """Give the hours of a local day as written, exceptions applied."""
        return self._hours(day.toordinal())

    def version_at(self, day: date) -> Version:
        """Give the version that holds on a local day."""
        return self.versions[self._version(day.toordinal())]

    def local_date(self, at: datetime) -> date:
        """Give the calendar day of an instant in the schedule's zone."""
        return date.fromordinal(self._ordinal(at))

    # --- arithmetic -----------------------------------------------------------------------

    def _ordinal(self, at: datetime) -> int:
        if at.tzinfo is None:
            raise NaiveInstant(f"{at} has no time zone")
        return at.astimezone(self.zone).toordinal()

    def _worked(self, day: int, micros: int) -> int:
        """Give the working microseconds from the start of the local year to an instant of `day`."""
        year = self._year(date.fromordinal(day).year)
        done = year.before(day) * MICROS
        for opens, closes in self._spans(day):
            done += max(0, min(micros, closes * MICROS) - opens * MICROS)
        return done

    def _locate(self, year: "_Year", target: int) -> datetime:
        """Find the instant at which the year's working time reaches `target` microseconds."""
        day, left = year.find(target)
        for opens, closes in self._spans(day):
            length = (closes - opens) * MICROS
            if left <= length:
                return _instant(opens * MICROS + left)
            left -= length
        raise AssertionError("the day holds less than its own total")

    def _year(self, year: int) -> "_Year":
        found = self._years.get(year)  # type: ignore[attr-defined]
        if found is None:
            found = self._years[year] = _Year(self, year)  # type: ignore[attr-defined]
        return found  # type: ignore[no-any-return]

    def _seconds(self, day: int) -> int:
        return sum(closes - opens for opens, closes in self._spans(day))

    # --- days -----------------------------------------------------------------------------

    def _version(self, day: int) -> int:
        starts: list[int] = self._starts  # type: ignore[attr-defined]
        return max(0, bisect_right(starts, day) - 1)

    def _hours(self, day: int) -> Day:
        exception: Day | None = self._days.get(day)  # type: ignore[attr-defined]
        if exception is not None:
            return exception
        return self.versions[self._version(day)].week[(day - 1) % WEEK_DAYS]

    def _is_regular(self, day: int) -> bool:
        """Whether the hours of the day are those that its version gives its weekday."""
        exceptions = self._days  # type: ignore[attr-defined]
        if day in exceptions or day - 1 in exceptions:
            return False
        return self._version(day) == self._version(day - 1)

    def _local_spans(self, day: int) -> list[Span]:
        """Give the open seconds of the local day, spill of the day before included."""
        if self._is_regular(day):
            templates = self._templates[self._version(day)]  # type: ignore[attr-defined]
            return templates[(day - 1) % WEEK_DAYS]  # type: ignore[no-any-return]
        return _clip(self._hours(day - 1), self._hours(day))

    def _spans(self, day: int) -> list[Span]:
        """Give the open stretches of the local day in seconds since the epoch."""
        midnight = (day - EPOCH_ORDINAL) * DAY_SECONDS
        local = self._local_spans(day)
        offset, changes = self._offset(day)
        if not changes:
            shift = midnight - offset
            return [(opens + shift, closes + shift) for opens, closes in local]
        return _merge(
            (
                max(opens + midnight - piece.offset, piece.start),
                min(closes + midnight - piece.offset, piece.end),
            )
            for piece in _pieces(self.zone, midnight)
            for opens, closes in local
        )

    def _spans_from(self, day: int) -> Iterator[Span]:
        while True:
            yield from self._spans(day)
            day += 1

    def _offset(self, day: int) -> tuple[int, bool]:
        """Give the zone's offset at local midnight in seconds, and whether it changes that day."""
        start = _offset_at(self.zone, datetime.fromordinal(day), fold=0)
        end = _offset_at(self.zone, datetime.fromordinal(day + 1), fold=1)
        return start, start != end


class _Year:
    """Working time of one local year: its total, and how it is spread over the days."""

    def __init__(self, schedule: Schedule, year: int) -> None:
        self.schedule = schedule
        self.first = date(year, 1, 1).toordinal()
        self.length = date(year, 12, 31).toordinal() - self.first + 1
        self._cumulative: list[int] | None = None
        self.total = self._quick_total()

    def _quick_total(self) -> int:
        """Count by weeks, and day by day only where a day differs from its week."""
        schedule, last = self.schedule, self.first + self.length - 1
        if schedule._version(self.first - 1) != schedule._version(last):
            return self._table()[-1]
        templates = schedule._templates[schedule._version(last)]  # type: ignore[attr-defined]
        lengths = [sum(closes - opens for opens, closes in spans) for spans in templates]
        total = self.length // WEEK_DAYS * sum(lengths)
        for day in range(self.first + self.length // WEEK_DAYS * WEEK_DAYS, last + 1):
            total += lengths[(day - 1) % WEEK_DAYS]
        for day in self._special_days():
            total += schedule._seconds(day) - lengths[(day - 1) % WEEK_DAYS]
        return total

    def _special_days(self) -> set[int]:
        schedule = self.schedule
        days = {day + spill for day in schedule._days for spill in (0, 1)}  # type: ignore[attr-defined]
        special = {day for day in days if self.first <= day < self.first + self.length}
        return special | set(self._transition_days())

    def _transition_days(self) -> Iterator[int]:
        """Find the days on which the zone changes its offset: weekly looks, then day by day."""
        zone, end = self.schedule.zone, self.first + self.length
        for week in range(self.first, end, WEEK_DAYS):
            stop = min(week + WEEK_DAYS, end)
            before = _offset_at(zone, datetime.fromordinal(week), fold=0)
            if before != _offset_at(zone, datetime.fromordinal(stop), fold=1):
                yield from (day for day in range(week, stop) if self.schedule._offset(day)[1])

    def _table(self) -> list[int]:
        """Give, for each day and the end of the year, the working seconds before it."""
        if self._cumulative is None:
            table = [0]
            for day in range(self.first, self.first + self.length):
                table.append(table[-1] + self.schedule._seconds(day))
            self._cumulative = table
        return self._cumulative

    def before(self, day: int) -> int:
        """Give the working seconds of the year before a day."""
        return self._table()[day - self.first]

    def find(self, micros: int) -> tuple[int, int]:
        """Give the day on which the year's working time reaches `micros`, and what is left then."""
        table = self._table()
        # The first day whose end reaches the target; the target is positive.
        index = bisect_right(table, (micros - 1) // MICROS) - 1
        return self.first + index, micros - table[index] * MICROS


@dataclass(frozen=True)
class _Piece:
    """A stretch of constant offset around a day; seconds since the epoch."""

    start: int
    end: int
    offset: int


def _pieces(zone: ZoneInfo, midnight: int) -> Iterator[_Piece]:
    """Cut the hours around a local day where the zone's offset changes."""
    start, stop = midnight - 2 * DAY_SECONDS, midnight + 3 * DAY_SECONDS
    while start < stop:
        offset = _utc_offset(zone, start)
        end = start
        while end < stop and _utc_offset(zone, end) == offset:
            end += 3600
        if end < stop:
            end = _change(zone, end - 3600, end)
        yield _Piece(start, end, offset)
        start = end


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """Find the second at which the offset becomes what it is at `after`."""
    wanted = _utc_offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _utc_offset(zone, middle) == wanted:
            after = middle
        else:
            before = middle
    return after


def _utc_offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _offset_at(zone: ZoneInfo, wall: datetime, *, fold: int) -> int:
    offset = zone.utcoffset(wall.replace(fold=fold))
    return offset.days * DAY_SECONDS + offset.seconds if offset else 0


def _templates(week: Week) -> list[list[Span]]:
    return [_clip(week[number - 1], week[number]) for number in range(WEEK_DAYS)]


def _clip(yesterday: Iterable[Interval], today: Iterable[Interval]) -> list[Span]:
    """Give the open seconds of a day: its own hours, and what crosses midnight into it."""
    spill = ((0, one.closes - DAY_MINUTES) for one in yesterday)
    own = ((one.opens, min(one.closes, DAY_MINUTES)) for one in today)
    return _merge((opens * 60, closes * 60) for opens, closes in (*spill, *own))


def _merge(spans: Iterable[Span]) -> list[Span]:
    """Sort spans, drop empty ones, join what overlaps or touches."""
    merged: list[Span] = []
    for opens, closes in sorted(span for span in spans if span[0] < span[1]):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return merged


def _micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
