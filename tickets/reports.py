"""Reads the figures of a stretch of days: what the head of support answers for, and how it was before.

Everything comes from DayFigure rows, whose number depends on days, people and organizations, not on
tickets; a report is computed once and kept until the figures are counted again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.db.models import Max, Sum

from accounts.models import Organization, User
from portal.delivery.models import Heartbeat
from tickets import figures, histogram
from tickets.models import Category, ChannelCode, DayFigure, Dimension, Metric, Priority

LONGEST = 366  # days
MOST_ORGANIZATIONS = 12
ANSWERS = (Metric.FIRST, Metric.NEXT)
LATE = {kind: Metric(f"late_{kind.value}") for kind in (*ANSWERS, Metric.WORK, Metric.UPDATE)}
NINE_OF_TEN = 0.9


@dataclass(frozen=True)
class Period:
    """Some days, the first and the last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The moments `[start, end)` of these days."""
        return figures.start_of(self.first), figures.start_of(self.last + timedelta(days=1))

    def dates(self) -> list[date]:
        """Name the days."""
        return [self.first + timedelta(days=number) for number in range(self.days)]


@dataclass
class Tally:
    """What some days amount to, for one metric."""

    total: int = 0
    promised: int = 0
    in_time: int = 0
    amount: int = 0
    lengths: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Add what another holds."""
        self.total += other.total
        self.promised += other.promised
        self.in_time += other.in_time
        self.amount += other.amount
        histogram.add(self.lengths, other.lengths, other.lengths.values())

    @property
    def share(self) -> float | None:
        """The share in time of what was promised, in percent."""
        return 100 * self.in_time / self.promised if self.promised else None

    @property
    def late(self) -> int:
        """How many were not in time."""
        return self.promised - self.in_time

    @property
    def mean(self) -> float | None:
        """The mean, of scores."""
        return self.amount / self.total if self.total else None

    @property
    def median(self) -> float | None:
        """The length that half of them did not exceed, in minutes."""
        return _minutes(histogram.percentile(self.lengths, 0.5))

    @property
    def nine_of_ten(self) -> float | None:
        """The length that nine of ten did not exceed, in minutes."""
        return _minutes(histogram.percentile(self.lengths, NINE_OF_TEN))


@dataclass
class Line:
    """The figures of one priority, person, organization, …, and of everything."""

    value: str
    name: str = ""
    metrics: dict[str, Tally] = field(default_factory=dict)

    def of(self, *metrics: str) -> Tally:
        """Add up some metrics."""
        found = Tally()
        for metric in metrics:
            if metric in self.metrics:
                found.add(self.metrics[metric])
        return found

    @property
    def answers(self) -> Tally:
        """Answers, first and next; those that are owed and late by now count as late."""
        return self.of(*ANSWERS, LATE[Metric.FIRST], LATE[Metric.NEXT])

    @property
    def first(self) -> Tally:
        """First answers that were given."""
        return self.of(Metric.FIRST)

    @property
    def work(self) -> Tally:
        """Solutions, and work that is owed and late by now."""
        return self.of(Metric.WORK, LATE[Metric.WORK])

    @property
    def solved(self) -> Tally:
        """Solutions."""
        return self.of(Metric.WORK)

    @property
    def updates(self) -> Tally:
        """News of a development, and those that are owed and late by now."""
        return self.of(Metric.UPDATE, LATE[Metric.UPDATE])

    @property
    def filed(self) -> Tally:
        """Tickets that came."""
        return self.of(Metric.FILED)

    @property
    def came(self) -> Tally:
        """Readings of articles and tickets filed without one; in time: those that needed no ticket."""
        return self.of(Metric.CAME)

    @property
    def rated(self) -> Tally:
        """Ratings."""
        return self.of(Metric.RATED)

    @property
    def reopened(self) -> Tally:
        """Tickets that were taken up again."""
        return self.of(Metric.REOPENED)

    @property
    def reopen_share(self) -> float | None:
        """Tickets taken up again, of a hundred solutions."""
        return 100 * self.reopened.total / self.solved.total if self.solved.total else None

    @property
    def owed(self) -> int:
        """Answers that are owed and late by now."""
        return self.of(LATE[Metric.FIRST], LATE[Metric.NEXT]).total


@dataclass(frozen=True)
class Day:
    """The figures of one day that charts draw."""

    on: date
    everything: Line
    filed_by_category: dict[str, int]

    @property
    def backlog(self) -> int | None:
        """Open tickets at its end; None before the figures begin."""
        kept = self.everything.metrics.get(Metric.BACKLOG)
        return kept.total if kept else None


@dataclass(frozen=True)
class Report:
    """All figures of a period, and the same in all of the one it is compared with."""

    period: Period
    everything: Line
    before: Line
    days: Sequence[Day]
    by: dict[str, Sequence[Line]]


def counted_at() -> datetime | None:
    """Say when the figures were counted last."""
    beat = Heartbeat.objects.filter(job=figures.JOB)
    return beat.values_list("beat_at", flat=True).first()


def newest() -> int:
    """Name the newest figure: each counting writes new ones, so what was read before is kept by it."""
    return DayFigure.objects.aggregate(newest=Max("id"))["newest"] or 0


def last_days(on: date, days: int) -> Line:
    """Give the figures of the last days, of everything."""
    return _everything(Period(on - timedelta(days=days - 1), on))


@lru_cache(maxsize=128)
def report(period: Period, compared: Period, _newest: int) -> Report:
    """Give the figures of a period, read once for each counting."""
    lines: dict[str, dict[str, Line]] = {dimension: {} for dimension in Dimension.values}
    days = {on: Day(on, Line(""), {}) for on in period.dates()}
    for day, metric, dimension, value, tally in _rows(period):
        line = lines[dimension].setdefault(value, Line(value))
        line.metrics.setdefault(metric, Tally()).add(tally)
        if dimension == Dimension.ALL:
            days[day].everything.metrics[metric] = tally
        elif dimension == Dimension.CATEGORY and metric == Metric.FILED:
            days[day].filed_by_category[value] = tally.total
    everything = lines[Dimension.ALL].get("") or Line("")
    by: dict[str, Sequence[Line]] = {
        Dimension.CATEGORY.value: _in_order(lines[Dimension.CATEGORY], Category.values),
        Dimension.PRIORITY.value: _in_order(
            lines[Dimension.PRIORITY], [*reversed(Priority.values), ""]
        ),
        Dimension.CHANNEL.value: _in_order(lines[Dimension.CHANNEL], ChannelCode.values),
        Dimension.PERSON.value: _people(lines[Dimension.PERSON].values()),
        Dimension.ORGANIZATION.value: _organizations(period),
    }
    return Report(period, everything, _everything(compared), list(days.values()), by)


def _rows(period: Period) -> Iterable[tuple[date, str, str, str, Tally]]:
    """Read the rows of a period, but for organizations: there may be a thousand of them."""
    told_apart = [name for name in Dimension.values if name != Dimension.ORGANIZATION]
    rows = DayFigure.objects.filter(
        dimension__in=told_apart, day__range=(period.first, period.last)
    ).values_list(
        *("day", "metric", "dimension", "value"),
        *("total", "promised", "in_time", "amount", "buckets", "counts"),
    )
    for day, metric, dimension, value, *numbers in rows:
        yield day, metric, dimension, value, _tally(*numbers)


def _everything(period: Period) -> Line:
    line = Line("")
    rows = DayFigure.objects.filter(
        dimension=Dimension.ALL, day__range=(period.first, period.last)
    ).values_list("metric", "total", "promised", "in_time", "amount", "buckets", "counts")
    for metric, total, promised, in_time, amount, buckets, counts in rows:
        tally = _tally(total, promised, in_time, amount, buckets, counts)
        line.metrics.setdefault(metric, Tally()).add(tally)
    return line


def _tally(
    total: int,
    promised: int,
    in_time: int,
    amount: int,
    buckets: Sequence[int],
    counts: Sequence[int],
) -> Tally:
    return Tally(total, promised, in_time, amount, dict(zip(buckets, counts, strict=True)))


def _in_order(lines: dict[str, Line], codes: Iterable[str]) -> list[Line]:
    return [lines[code] for code in codes if code in lines]


def _people(lines: Iterable[Line]) -> list[Line]:
    known = {line.value: line for line in lines if line.value}
    for number, name in User.objects.filter(pk__in=known).values_list("pk", "full_name"):
        known[str(number)].name = name
    return sorted(known.values(), key=lambda line: (-line.answers.total, line.name))


def _organizations(period: Period) -> list[Line]:
    """Give the organizations that were answered most, added up by the database."""
    owed = [LATE[Metric.FIRST], LATE[Metric.NEXT]]
    rows = (
        DayFigure.objects.filter(
            dimension=Dimension.ORGANIZATION,
            day__range=(period.first, period.last),
            metric__in=[*ANSWERS, *owed],
        )
        .values("value")
        .annotate(totals=Sum("total"), promises=Sum("promised"), kept=Sum("in_time"))
        .order_by("-totals", "value")
        .values_list("value", "totals", "promises", "kept")[:MOST_ORGANIZATIONS]
    )
    lines = {row[0]: Line(row[0], metrics={Metric.FIRST: Tally(*row[1:])}) for row in rows}
    for number, name in Organization.objects.filter(pk__in=lines).values_list("pk", "name"):
        lines[str(number)].name = name
    return list(lines.values())


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
