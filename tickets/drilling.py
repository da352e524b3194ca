"""The tickets behind a figure of a report, page by page; what makes no sense is as good as not asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organization, User
from tickets.models import (
    ArticleTie,
    Category,
    ChannelCode,
    Clock,
    ClockKind,
    Dimension,
    Outcome,
    Priority,
    Rating,
    Segment,
    Ticket,
)
from tickets.reports import LONGEST, Period

ROWS = 50
LONGEST_NUMBER = 18  # digits; more do not fit into the column
OUTSIDE = (Outcome.MERGED, Outcome.WITHDRAWN)  # of all shares, as in figures.py
ONLY = ("", "late", "in_time")
ANSWERS = (ClockKind.FIRST, ClockKind.NEXT)


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    pk: int
    at: datetime
    number: int
    subject: str
    organization: str | None
    person: str | None
    kind: str = ""
    seconds: int | None = None
    was_late: bool | None = None
    score: int | None = None

    @property
    def kind_name(self) -> str:
        """What was waited for, in words."""
        return str(ClockKind(self.kind).label) if self.kind else ""

    @property
    def minutes(self) -> float | None:
        """How long it took."""
        return None if self.seconds is None else self.seconds / 60


@dataclass(frozen=True)
class Wish:
    """Which figure, of which days, of whom."""

    metric: str
    period: Period
    dimension: str = ""
    value: str = ""
    only: str = ""
    after: tuple[datetime, int] | None = None

    def address(self, **changes: str) -> str:
        """Give the query of a neighbouring page."""
        query = {
            "metric": self.metric,
            "from": str(self.period.first),
            "to": str(self.period.last),
            "dimension": self.dimension,
            "value": self.value,
            "only": self.only,
            **changes,
        }
        return "?" + urlencode({name: value for name, value in query.items() if value})

    @property
    def title(self) -> str | Promise:
        """What is listed, in words."""
        return SOURCES[self.metric].title

    @property
    def of_whom(self) -> str:
        """The category, person, … in words; empty for all."""
        return _name(self.dimension, self.value) if self.dimension else ""

    @property
    def exports(self) -> bool:
        """Whether a file can be written of this: of what clocks froze."""
        return self.metric in KINDS


@dataclass(frozen=True)
class Page:
    """Some rows, and where it goes on."""

    rows: list[Row]
    later: str


@dataclass(frozen=True)
class Source:
    """Where the rows of a figure come from: newest first by `at`."""

    title: str | Promise
    rows: Callable[[Wish], QuerySet[Any, Any]]
    at: str
    shown: tuple[str, ...]


KINDS: Mapping[str, tuple[ClockKind, ...]] = {
    "all": tuple(ClockKind),
    "answers": ANSWERS,
    "first": (ClockKind.FIRST,),
    "next": (ClockKind.NEXT,),
    "work": (ClockKind.WORK,),
    "update": (ClockKind.UPDATE,),
}


def read(data: Mapping[str, str]) -> Wish | None:
    """Read what an address asks for; None when it names no figure or no days."""
    metric, period = data.get("metric", ""), between(data)
    if metric not in SOURCES or period is None:
        return None
    dimension, value = data.get("dimension", ""), data.get("value", "")[:30]
    if not _is_known(dimension, value):
        dimension, value = "", ""
    only = data.get("only", "")
    only = only if only in ONLY and metric in KINDS else ""
    return Wish(metric, period, dimension, value, only, _read_cursor(data.get("after", "")))


def between(data: Mapping[str, str]) -> Period | None:
    """Read the first and the last day; None when they are no period."""
    first, last = _date(data.get("from", "")), _date(data.get("to", ""))
    if first is None or last is None or last < first:
        return None
    return Period(max(first, last - timedelta(days=LONGEST - 1)), last)


def page(wish: Wish) -> Page:
    """Give one page of the list."""
    source = SOURCES[wish.metric]
    found = source.rows(wish).order_by(F(source.at).desc(), "-pk")
    if wish.after:
        moment, number = wish.after
        found = found.filter(**{f"{source.at}__lte": moment}).filter(
            Q(**{f"{source.at}__lt": moment}) | Q(pk__lt=number)
        )
    rows = [
        Row(**dict(zip(("pk", "at", *source.shown), values, strict=True)))
        for values in found.values_list("pk", source.at, *COLUMNS[source.rows])[: ROWS + 1]
    ]
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    later = wish.address(after=f"{last.at.isoformat()}~{last.pk}") if last else ""
    return Page(rows[:ROWS], later)


def clocks(wish: Wish) -> QuerySet[Clock]:
    """Give the clocks that ended in the period and count."""
    start, end = wish.period.bounds
    found: QuerySet[Clock] = Clock.objects.filter(
        stopped_at__gte=start, stopped_at__lt=end, kind__in=KINDS[wish.metric]
    ).exclude(outcome__in=OUTSIDE)
    if wish.only:
        found = found.filter(was_late=wish.only == "late")
    return found.filter(_of_clock(wish, "stopped_by"))


def _owed(wish: Wish) -> QuerySet[Clock]:
    """Give answers that are owed and late by now; as figures.OWED counts them."""
    start, end = wish.period.bounds
    stands = Segment.objects.filter(clock=OuterRef("pk"), ends_at__isnull=True, is_running=False)
    promised = Subquery(
        Clock.objects.filter(pk=OuterRef("pk"), kind=ClockKind.FIRST).values("ticket__promised_at")
    )
    found: QuerySet[Clock] = (
        Clock.objects.running()
        .filter(~Exists(stands), kind__in=ANSWERS)
        .annotate(holds_at=Least("due_at", promised))
    )
    late = Q(holds_at__gte=start, holds_at__lt=min(end, timezone.now()))
    return found.filter(late).filter(_of_clock(wish, "ticket__assignee"))


def _filed(wish: Wish) -> QuerySet[Ticket]:
    start, end = wish.period.bounds
    found: QuerySet[Ticket] = Ticket.objects.filter(received_at__gte=start, received_at__lt=end)
    first = Clock.objects.filter(ticket=OuterRef("pk")).order_by("pk")[:1]
    if wish.dimension in {Dimension.CATEGORY, Dimension.PRIORITY}:
        found = found.annotate(frozen=Subquery(first.values(wish.dimension)))
        return found.filter(frozen=wish.value) if wish.value else found.filter(frozen=None)
    return found.filter(_of_clock(wish, "assignee"))


def _read_first(wish: Wish) -> QuerySet[Ticket]:
    """Give tickets that were filed although something was read, by the day of the reading."""
    start, end = wish.period.bounds
    ties = ArticleTie.objects.filter(
        ticket=OuterRef("pk"), kind=ArticleTie.Kind.READ, at__gte=start, at__lt=end
    )
    found: QuerySet[Ticket] = Ticket.objects.filter(Exists(ties))
    return found


def _unread(wish: Wish) -> QuerySet[Ticket]:
    """Give tickets that were filed without having read anything."""
    start, end = wish.period.bounds
    ties = ArticleTie.objects.filter(ticket=OuterRef("pk"), kind=ArticleTie.Kind.READ)
    found: QuerySet[Ticket] = Ticket.objects.filter(
        ~Exists(ties), received_at__gte=start, received_at__lt=end
    )
    return found


def _reopened(wish: Wish) -> QuerySet[Clock]:
    start, end = wish.period.bounds
    before = Clock.objects.filter(
        ticket=OuterRef("ticket"), kind=ClockKind.WORK, pk__lt=OuterRef("pk")
    ).order_by("-pk")[:1]
    found: QuerySet[Clock] = Clock.objects.filter(
        kind=ClockKind.WORK, started_at__gte=start, started_at__lt=end
    ).annotate(before=Subquery(before.values("pk")))
    solved = Clock.objects.filter(
        _of_clock(wish, "stopped_by"), pk=OuterRef("before"), outcome=Outcome.RESOLVED
    )
    return found.filter(Exists(solved))


def _rated(wish: Wish) -> QuerySet[Rating]:
    start, end = wish.period.bounds
    found: QuerySet[Rating] = Rating.objects.filter(rated_at__gte=start, rated_at__lt=end)
    if wish.dimension == Dimension.PERSON:
        return found.filter(specialist=int(wish.value)) if wish.value else found
    solved = Clock.objects.filter(
        ticket=OuterRef("ticket"), kind=ClockKind.WORK, stopped_at__lte=OuterRef("rated_at")
    ).order_by("-pk")[:1]
    found = found.annotate(solved=Subquery(solved.values("pk"))).filter(solved__isnull=False)
    if not wish.dimension:
        return found
    of_whom = _of_clock(wish, "stopped_by")
    return found.filter(Exists(Clock.objects.filter(of_whom, pk=OuterRef("solved"))))


def _of_clock(wish: Wish, person: str) -> Q:
    """Keep what belongs to the category, person, … that was asked for."""
    if not wish.dimension:
        return Q()
    field = person if wish.dimension == Dimension.PERSON else wish.dimension
    if not wish.value:
        return Q(**{f"{field}__isnull": True})
    is_number = wish.dimension in {Dimension.PERSON, Dimension.ORGANIZATION}
    return Q(**{field: int(wish.value) if is_number else wish.value})


_TICKET = ("number", "subject", "organization", "person")
_CLOCK = (*_TICKET, "kind", "seconds", "was_late")
SOURCES: Mapping[str, Source] = {
    "all": Source(_("Everything that ended"), clocks, "stopped_at", _CLOCK),
    "answers": Source(pgettext_lazy("reports", "Answers"), clocks, "stopped_at", _CLOCK),
    "first": Source(pgettext_lazy("reports", "First answers"), clocks, "stopped_at", _CLOCK),
    "next": Source(pgettext_lazy("reports", "Next answers"), clocks, "stopped_at", _CLOCK),
    "work": Source(pgettext_lazy("reports", "Solved"), clocks, "stopped_at", _CLOCK),
    "update": Source(
        pgettext_lazy("reports", "News of the development"), clocks, "stopped_at", _CLOCK
    ),
    "owed": Source(_("Answers that are owed and late by now"), _owed, "holds_at", _CLOCK[:5]),
    "filed": Source(_("Tickets filed"), _filed, "received_at", _TICKET),
    "read_first": Source(
        _("Filed although an article was read"), _read_first, "received_at", _TICKET
    ),
    "unread": Source(_("Filed without reading"), _unread, "received_at", _TICKET),
    "reopened": Source(_("Taken up again"), _reopened, "started_at", _TICKET),
    "rated": Source(_("Ratings"), _rated, "rated_at", (*_TICKET, "score")),
}
_OF_CLOCK = ("ticket__number", "ticket__subject", "organization__name")
# Where each column of a list comes from, in the order of `shown`.
COLUMNS: Mapping[Callable[[Wish], QuerySet[Any, Any]], tuple[str, ...]] = {
    clocks: (*_OF_CLOCK, "stopped_by__full_name", "kind", "elapsed_seconds", "was_late"),
    _owed: (*_OF_CLOCK, "ticket__assignee__full_name", "kind"),
    _reopened: (*_OF_CLOCK, "ticket__assignee__full_name"),
    _filed: ("number", "subject", "organization__name", "assignee__full_name"),
    _read_first: ("number", "subject", "organization__name", "assignee__full_name"),
    _unread: ("number", "subject", "organization__name", "assignee__full_name"),
    _rated: (
        *("ticket__number", "ticket__subject", "ticket__organization__name"),
        *("specialist__full_name", "score"),
    ),
}
CODES: Mapping[str, Mapping[str, str | Promise]] = {
    Dimension.CATEGORY: dict(Category.choices),
    Dimension.PRIORITY: {**dict(Priority.choices), "": _("Not triaged")},
    Dimension.CHANNEL: dict(ChannelCode.choices),
}


def _is_known(dimension: str, value: str) -> bool:
    if dimension in CODES:
        return value in CODES[dimension]
    is_number = value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER
    return dimension in {Dimension.PERSON, Dimension.ORGANIZATION} and is_number


def _name(dimension: str, value: str) -> str:
    if dimension in CODES:
        return str(CODES[dimension][value])
    model = User if dimension == Dimension.PERSON else Organization
    row = model._default_manager.filter(pk=int(value)).first()
    return str(row) if row else ""


def _date(text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and 2000 <= found.year <= 2200 else None  # noqa: PLR2004 (as calendars of people go)


def _read_cursor(text: str) -> tuple[datetime, int] | None:
    moment, _sign, number = text.partition("~")
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        return None
    try:
        at = parse_datetime(moment)
    except ValueError:
        return None
    return (at, int(number)) if at and at.tzinfo else None
