"""When support is open, and how much working time lies between two moments. *Pure.*

A moment is open exactly when the wall clock of the zone shows an open time: half open, from the
opening to the closing. An interval belongs to the date on which it opens, so the night shift of
the eve runs on into a holiday. Working time is time that really passes: an hour that the clocks
skip is not worked, an hour that they repeat is worked twice.

How it is computed: between a change of the zone's offset, a new version and an exception, every
week is like the next. Such spans carry running totals, so that a moment is found by bisection and
whole weeks are a multiplication; distance costs nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

MINUTES_OF_DAY = 24 * 60
DAYS_OF_WEEK = 7

# Positions and lengths below are whole microseconds: exact, and quicker than timedelta.
_TICK = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = MINUTES_OF_DAY * _MINUTE
_WEEK = DAYS_OF_WEEK * _DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_A_MONDAY = date(1970, 1, 5).toordinal()
# One year short of datetime's own ends: local time must not run out before UTC does.
_FIRST_YEAR, _LAST_YEAR = 2, 9998


class NeverOpen(ValueError):
    """The hours hold no open minute, so nothing could ever be due."""


class NaiveMoment(ValueError):
    """A moment without a time zone says nothing about when it is."""


@dataclass(frozen=True)
class Interval:
    """Minutes from local midnight; a closing past 1440 crosses midnight."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        """Refuse what is no part of a day and its night."""
        if not 0 <= self.opens < MINUTES_OF_DAY:
            raise ValueError(f"an interval opens within its day, not at minute {self.opens}")
        if not self.opens < self.closes <= self.opens + MINUTES_OF_DAY:
            raise ValueError("an interval closes after it opens, within 24 hours")


Day: TypeAlias = tuple[Interval, ...]
Week: TypeAlias = tuple[Day, ...]  # seven days, Monday first


@dataclass(frozen=True)
class Version:
    """The week that holds from a local date on."""

    valid_from: date
    week: Week

    def __post_init__(self) -> None:
        """Refuse a week that is none, or that is never open."""
        if len(self.week) != DAYS_OF_WEEK:
            raise ValueError(f"a week has seven days, not {len(self.week)}")
        if not any(self.week):
            raise NeverOpen(f"the hours from {self.valid_from} on hold no open minute")


@dataclass(frozen=True)
class Schedule:
    """Hours in a zone: versions by date, and dates with hours of their own (none: closed).

    A version holds from its date on, the earliest one also before it. Every method takes aware
    moments (NaiveMoment otherwise) and answers in UTC. OverflowError: outside years 2 to 9998.
    """

    zone: str | ZoneInfo
    versions: Sequence[Version]
    exceptions: Mapping[date, Day] = field(default_factory=dict, hash=False)
    _drawn: "_Timeline | None" = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put the versions in order; refuse none, and two from the same date."""
        ordered = tuple(sorted(self.versions, key=lambda version: version.valid_from))
        if not ordered:
            raise NeverOpen("a schedule without a version is never open")
        if len({version.valid_from for version in ordered}) < len(ordered):
            raise ValueError("two versions of the hours begin on the same date")
        object.__setattr__(self, "zone", self.tz)
        object.__setattr__(self, "versions", ordered)
        object.__setattr__(self, "exceptions", dict(self.exceptions))

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone in which the hours are meant."""
        return self.zone if isinstance(self.zone, ZoneInfo) else ZoneInfo(self.zone)

    def day_of(self, at: datetime) -> date:
        """Give the calendar date of a moment in the zone of the hours."""
        return _aware(at).astimezone(self.tz).date()

    def version_on(self, day: date) -> Version:
        """Give the version that is in force on a date."""
        found = bisect_right(self.versions, day, key=lambda version: version.valid_from)
        return self.versions[max(found - 1, 0)]

    def hours_on(self, day: date) -> Day:
        """Give the intervals that open on a date."""
        if day in self.exceptions:
            return self.exceptions[day]
        return self.version_on(day).week[day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at a moment; the moment of closing is closed."""
        moment = _position(at)
        return self._covering(moment).is_open(moment)

    def opens_next(self, at: datetime) -> datetime | None:
        """Give the first opening after a moment; None when it is open from there on for ever."""
        moment = _position(at)
        closed_from = self._closing(moment) if self.is_open(at) else moment
        if closed_from is None:
            return None
        timeline = self._covering(closed_from)
        work = timeline.worked(closed_from)
        return _moment(self._holding(timeline, work + 1).latest(work))

    def closes_next(self, at: datetime) -> datetime | None:
        """Give the end of the current open stretch; None when closed, or open for ever."""
        closing = self._closing(_position(at)) if self.is_open(at) else None
        return None if closing is None else _moment(closing)

    def add(self, start: datetime, working: timedelta) -> datetime:
        """Give the smallest moment that has this much working time between the start and it.

        So a full day ends at its closing, not at the next opening, and adding nothing gives the
        start itself, open or not (docs/sla.md, rule 1).
        """
        if working < timedelta(0):
            raise ValueError("working time runs forward only")
        if not working:
            return _aware(start).astimezone(UTC)
        moment = _position(start)
        timeline = self._covering(moment)
        work = timeline.worked(moment) + working // _TICK
        return _moment(self._holding(timeline, work).earliest(work))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Give the working time from one moment to another; negative when they are swapped."""
        first, last = _position(start), _position(end)
        timeline = self._covering(first, last)
        return timedelta(microseconds=timeline.worked(last) - timeline.worked(first))

    def _closing(self, moment: int) -> int | None:
        """Find where the open stretch around a moment ends."""
        while True:
            span = self._covering(moment).span_at(moment)
            closing = span.pattern.closing(moment + span.shift)
            if closing is not None and closing - span.shift < span.end:
                return closing - span.shift
            # Two days are more than any offset: no cut lies ahead, and the pattern has no gap.
            if closing is None and moment > self._cuts[-1].begins + 2 * _DAY:
                return None
            moment = span.end
            if not self._covering(moment).is_open(moment):
                return moment

    def _covering(self, *moments: int) -> "_Timeline":
        """Give one timeline that holds the moments, drawing more years when needed."""
        drawn = self._drawn
        if drawn is not None and all(drawn.start <= moment < drawn.end for moment in moments):
            return drawn
        first, last = _moment(min(moments)).year - 1, _moment(max(moments)).year + 2
        if first < _FIRST_YEAR or last > _LAST_YEAR:
            raise OverflowError(f"hours are computed within the years {_FIRST_YEAR}–{_LAST_YEAR}")
        if drawn is not None:
            first, last = min(first, drawn.first_year), max(last, drawn.last_year)
        return self._draw(first, last)

    def _holding(self, timeline: "_Timeline", work: int) -> "_Timeline":
        """Give a timeline with the same start that holds at least this much work."""
        while timeline.total < work:
            if timeline.last_year >= _LAST_YEAR:
                raise OverflowError(f"the moment lies beyond the year {_LAST_YEAR}")
            longer = 2 * timeline.last_year - timeline.first_year
            timeline = self._draw(timeline.first_year, min(longer, _LAST_YEAR))
        return timeline

    def _draw(self, first_year: int, last_year: int) -> "_Timeline":
        """Compute the timeline of some years and keep it for the next question."""
        timeline = _Timeline(first_year, last_year, self._spans(first_year, last_year))
        # Race: another thread may put its own in place; each is right, and no caller reads twice.
        object.__setattr__(self, "_drawn", timeline)
        return timeline

    def _spans(self, first_year: int, last_year: int) -> Iterator["_Span"]:
        """Cut the years where the offset, the version or the kind of day changes."""
        begins = [cut.begins for cut in self._cuts]
        for start, end, offset in _offsets(self.tz, first_year, last_year):
            place = bisect_right(begins, start + offset) - 1
            begin = start
            while begin < end:
                cut = self._cuts[place]
                place += 1
                until = min(begins[place] - offset, end) if place < len(begins) else end
                yield _Span(begin, until, offset - cut.anchor, cut.pattern)
                begin = until

    @cached_property
    def _cuts(self) -> tuple["_Cut", ...]:
        """The local moments from which another pattern of open times holds."""
        earliest = self.version_on(date(_FIRST_YEAR, 1, 1))
        cuts = [_week_cut(date.min.toordinal(), earliest)]
        special = self._special_days()
        for day in sorted(special):
            eve, today = date.fromordinal(day - 1), date.fromordinal(day)
            pattern = _day_pattern(self.hours_on(eve), self.hours_on(today))
            cuts.append(_Cut(_local(day), _local(day), pattern))
            if day + 1 not in special:
                cuts.append(_week_cut(day + 1, self.version_on(date.fromordinal(day + 1))))
        return tuple(cuts)

    def _special_days(self) -> set[int]:
        """Name the dates, and the mornings after them, that are not as their week says."""
        days = {day.toordinal() for day in self.exceptions if _FIRST_YEAR <= day.year < _LAST_YEAR}
        started = (version.valid_from for version in self.versions[1:])
        return days.union(
            (day + 1 for day in days),
            (day.toordinal() for day in started if _FIRST_YEAR <= day.year < _LAST_YEAR),
        )


class _Pattern:
    """Open times that repeat after a period; `x` counts from the start of some period."""

    __slots__ = ("before", "ends", "period", "starts", "total")

    def __init__(self, period: int, stretches: Iterable[tuple[int, int]]) -> None:
        self.period = period
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []  # open time of the period before each stretch
        self.total = 0
        for start, end in _merged(stretches):
            self.starts.append(start)
            self.ends.append(end)
            self.before.append(self.total)
            self.total += end - start

    def is_open(self, x: int) -> bool:
        x %= self.period
        place = bisect_right(self.starts, x) - 1
        return place >= 0 and x < self.ends[place]

    def worked(self, x: int) -> int:
        """Give the open time from 0 to x."""
        periods, x = divmod(x, self.period)
        place = bisect_right(self.starts, x) - 1
        if place < 0:
            return periods * self.total
        within = min(x, self.ends[place]) - self.starts[place]
        return periods * self.total + self.before[place] + within

    def earliest(self, work: int) -> int:
        """Find the smallest x with this much open time: the end of an open stretch, not later."""
        periods, rest = divmod(work - 1, self.total)
        rest += 1
        place = bisect_left(self.before, rest) - 1
        return periods * self.period + self.starts[place] + rest - self.before[place]

    def latest(self, work: int) -> int:
        """Find the largest x with this much open time: the start of the next open stretch."""
        periods, rest = divmod(work, self.total)
        place = bisect_right(self.before, rest) - 1
        return periods * self.period + self.starts[place] + rest - self.before[place]

    def closing(self, x: int) -> int | None:
        """Find where the open stretch around x ends; None when the pattern has no gap."""
        if self.total == self.period:
            return None
        periods, x = divmod(x, self.period)
        end = self.ends[bisect_right(self.starts, x) - 1]
        if end == self.period and self.starts[0] == 0:
            end += self.ends[0]
        return periods * self.period + end


class _Cut(NamedTuple):
    """From this local moment on, the pattern holds, counted from the anchor."""

    begins: int
    anchor: int
    pattern: _Pattern


class _Span(NamedTuple):
    """A stretch of UTC with one offset and one pattern; moment + shift is a position in the pattern."""

    start: int
    end: int
    shift: int
    pattern: _Pattern


class _Timeline:
    """Some years of spans with running totals of the work from their start."""

    __slots__ = (
        "_bases",
        "_spans",
        "_starts",
        "_works",
        "end",
        "first_year",
        "last_year",
        "start",
        "total",
    )

    def __init__(self, first_year: int, last_year: int, spans: Iterable[_Span]) -> None:
        self.first_year, self.last_year = first_year, last_year
        self._starts: list[int] = []
        self._spans: list[_Span] = []
        self._works: list[int] = []  # work before each span
        self._bases: list[int] = []  # work before each span, less what its pattern counts there
        self.total = 0
        for span in spans:
            base = self.total - span.pattern.worked(span.start + span.shift)
            self._starts.append(span.start)
            self._spans.append(span)
            self._works.append(self.total)
            self._bases.append(base)
            self.total = base + span.pattern.worked(span.end + span.shift)
        self.start, self.end = self._spans[0].start, self._spans[-1].end

    def span_at(self, moment: int) -> _Span:
        return self._spans[bisect_right(self._starts, moment) - 1]

    def is_open(self, moment: int) -> bool:
        span = self.span_at(moment)
        return span.pattern.is_open(moment + span.shift)

    def worked(self, moment: int) -> int:
        place = bisect_right(self._starts, moment) - 1
        span = self._spans[place]
        return self._bases[place] + span.pattern.worked(moment + span.shift)

    def earliest(self, work: int) -> int:
        place = bisect_left(self._works, work) - 1
        span = self._spans[place]
        return span.pattern.earliest(work - self._bases[place]) - span.shift

    def latest(self, work: int) -> int:
        place = bisect_right(self._works, work) - 1
        span = self._spans[place]
        return span.pattern.latest(work - self._bases[place]) - span.shift


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise NaiveMoment(f"{at.isoformat()} has no time zone")
    return at


def _position(at: datetime) -> int:
    return (_aware(at) - _EPOCH) // _TICK


def _moment(position: int) -> datetime:
    return _EPOCH + timedelta(microseconds=position)


def _local(ordinal: int) -> int:
    return (ordinal - _EPOCH_DAY) * _DAY


def _merged(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join what overlaps or touches, so that nothing is counted twice."""
    ordered = sorted(stretches)
    while ordered:
        start, end = ordered.pop(0)
        while ordered and ordered[0][0] <= end:
            end = max(end, ordered.pop(0)[1])
        yield start, end


def _week_cut(ordinal: int, version: Version) -> _Cut:
    return _Cut(_local(ordinal), _local(_A_MONDAY), _week_pattern(version.week))


@lru_cache(maxsize=256)
def _week_pattern(week: Week) -> _Pattern:
    stretches = []
    for weekday, day in enumerate(week):
        for interval in day:
            start = weekday * _DAY + interval.opens * _MINUTE
            end = weekday * _DAY + interval.closes * _MINUTE
            stretches.append((start, min(end, _WEEK)))
            if end > _WEEK:  # Sunday's night ends on Monday
                stretches.append((0, end - _WEEK))
    return _Pattern(_WEEK, stretches)


def _day_pattern(eve: Day, today: Day) -> _Pattern:
    """Make the pattern of one date: its own intervals, and the night that the eve began."""
    nights = [(0, one.closes * _MINUTE - _DAY) for one in eve if one.closes > MINUTES_OF_DAY]
    own = [(one.opens * _MINUTE, min(one.closes * _MINUTE, _DAY)) for one in today]
    return _Pattern(_DAY, nights + own)


def _offsets(zone: ZoneInfo, first_year: int, last_year: int) -> Iterator[tuple[int, int, int]]:
    """Give the stretches of years, in UTC, during which the zone keeps one offset."""
    start, end = _year_start(first_year), _year_start(last_year)
    offset = _offset(zone, start)
    for year in range(first_year, last_year):
        for at, after in _changes(zone, year):
            yield start, at, offset
            start, offset = at, after
    if start < end:
        yield start, end, offset


@lru_cache(maxsize=4096)
def _changes(zone: ZoneInfo, year: int) -> tuple[tuple[int, int], ...]:
    """Find when in a year the zone changes its offset, and to what.

    zoneinfo does not tell its transitions, so every day is asked, once per zone and process.
    """
    changes = []
    at, offset = _year_start(year), _offset(zone, _year_start(year))
    while at < _year_start(year + 1):
        after = _offset(zone, at + _DAY)
        if after != offset:
            changes.append((_change(zone, at, offset), after))
        at, offset = at + _DAY, after
    return tuple(changes)


def _change(zone: ZoneInfo, day: int, before: int) -> int:
    """Find the second of a day at which the zone leaves its offset."""
    seconds = range(_DAY // _SECOND + 1)
    return day + _SECOND * bisect_left(
        seconds, 1, key=lambda second: int(_offset(zone, day + second * _SECOND) != before)
    )


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = _moment(moment).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _TICK


@lru_cache(maxsize=4096)
def _year_start(year: int) -> int:
    return _position(datetime(year, 1, 1, tzinfo=UTC))
