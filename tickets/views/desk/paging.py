"""One page of the queue in each of its orders: by cursor, so that a million rows cost the same."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import initials_of
from tickets import filters, search
from tickets.filters import Filters
from tickets.models import Category, ChannelCode, Ticket
from tickets.querysets import URGENCY, Scope, TicketQuerySet, anybody, read

ROWS = 25
NOBODY_WAITS = "none"  # the place of the cursor among tickets without a due time
# The newest tickets with the words that are looked through for other filters at a time.
CANDIDATES = 300
# Marks in composed queries: where the page before ended, and what a search found.
LAST, RANK, IDS = -2, -3, "·ids"
MOMENT = datetime(1, 1, 5, tzinfo=UTC)

Narrow = Callable[[TicketQuerySet], TicketQuerySet]
After = dict[Hashable, Any]  # marks with their values


@dataclass(frozen=True)
class Assignee:
    """Who answers, as far as a row shows it."""

    full_name: str
    is_customer = False

    @property
    def initials(self) -> str:
        """The letters of the avatar."""
        return initials_of(self.full_name)


@dataclass(frozen=True)
class Row:
    """What the queue shows of a ticket, and nothing more: under this it is drawn once."""

    pk: int
    number: int
    subject: str
    status: str
    priority: str | None
    category: str
    channel: str
    due_at: datetime | None
    last_message_at: datetime
    assignee_name: str | None
    requester: str
    hotel: str | None
    organization: str

    @property
    def assignee(self) -> Assignee | None:
        """Who answers, if anybody does yet."""
        return Assignee(self.assignee_name) if self.assignee_name else None

    @property
    def category_name(self) -> str:
        """The category in words."""
        return str(Category(self.category).label)

    @property
    def channel_name(self) -> str:
        """The road by which it came, in words."""
        return str(ChannelCode(self.channel).label)

    @property
    def rank(self) -> int:
        """How urgent, as the order by priority counts it."""
        return filters.RANKS[self.priority] if self.priority else 0


# In the order of the fields of Row.
SHOWN = (
    *("pk", "number", "subject", "status", "priority", "category", "channel", "due_at"),
    *("last_message_at", "assignee__full_name", "requester__full_name"),
    *("property__name", "organization__name"),
)


def _by_due(found: TicketQuerySet) -> TicketQuerySet:
    return found.by_due()


def _by_priority(found: TicketQuerySet) -> TicketQuerySet:
    due = F("due_at").asc(nulls_last=True)
    return found.alias(rank=URGENCY).order_by("rank", due, "id")


def _by_message(found: TicketQuerySet) -> TicketQuerySet:
    return found.order_by("-last_message_at", "-id")


def _newest(found: TicketQuerySet) -> TicketQuerySet:
    return found.order_by("-id")


def _among(found: TicketQuerySet) -> TicketQuerySet:
    among = Func(
        F("id"),
        Value(IDS),
        template="(%(expressions)s))",
        arg_joiner=" = any(",
        output_field=BooleanField(),
    )
    return found.filter(among)


# Ranges of an index: in one condition the planner would read it from its start.
def _everything(found: TicketQuerySet) -> TicketQuerySet:
    return found


def _due_from(found: TicketQuerySet) -> TicketQuerySet:
    return found.filter(Q(due_at__gt=MOMENT) | Q(id__gt=LAST)).filter(due_at__gte=MOMENT)


def _nobody_waits(found: TicketQuerySet) -> TicketQuerySet:
    return found.filter(due_at__isnull=True, id__gt=LAST)


def _nobody_waits_at_all(found: TicketQuerySet) -> TicketQuerySet:
    return found.filter(due_at__isnull=True)


def _same_rank(narrow: Narrow) -> Narrow:
    return lambda found: narrow(found.alias(rank=URGENCY).filter(rank=RANK))


def _less_urgent(found: TicketQuerySet) -> TicketQuerySet:
    return found.alias(rank=URGENCY).filter(rank__gt=RANK)


def _said_before(found: TicketQuerySet) -> TicketQuerySet:
    older = Q(last_message_at__lt=MOMENT) | Q(id__lt=LAST)
    return found.filter(older).filter(last_message_at__lte=MOMENT)


DATED: tuple[Narrow, ...] = (_due_from, _nobody_waits_at_all)
UNDATED: tuple[Narrow, ...] = (_nobody_waits,)


@dataclass(frozen=True)
class Sort:
    """One order of the queue, and how its next page is found."""

    code: str
    name: str | Promise
    order: Narrow
    cursor: Callable[[Row], str]
    read: Callable[[str], After | None]
    dated: tuple[Narrow, ...]  # where the page before ended with a moment
    undated: tuple[Narrow, ...] = ()  # where it ended with a ticket that nobody waits in


def _due_cursor(row: Row) -> str:
    return f"{row.due_at.isoformat() if row.due_at else NOBODY_WAITS}~{row.pk}"


def _read_due(text: str) -> After | None:
    moment, _sign, number = text.partition("~")
    if not filters.is_number(number):
        return None
    if moment == NOBODY_WAITS:
        return {LAST: int(number)}
    at = _moment(moment)
    return {MOMENT: at, LAST: int(number)} if at else None


def _moment(text: str) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def _read_priority(text: str) -> After | None:
    rank, _sign, rest = text.partition("~")
    after = _read_due(rest)
    is_rank = rank.isascii() and rank.isdigit() and len(rank) == 1
    return {**after, RANK: int(rank)} if after and is_rank else None


def _read_message(text: str) -> After | None:
    after = _read_due(text)
    return after if after and MOMENT in after else None


SORTS = (
    Sort("due", _("Most urgent first"), _by_due, _due_cursor, _read_due, DATED, UNDATED),
    Sort(
        "priority",
        _("By priority"),
        _by_priority,
        lambda row: f"{row.rank}~{_due_cursor(row)}",
        _read_priority,
        (*map(_same_rank, DATED), _less_urgent),
        (*map(_same_rank, UNDATED), _less_urgent),
    ),
    Sort(
        "message",
        _("Last message first"),
        _by_message,
        lambda row: f"{row.last_message_at.isoformat()}~{row.pk}",
        _read_message,
        (_said_before,),
    ),
)
SORT = {sort.code: sort for sort in SORTS}


def sort_for(kept: Filters, code: str) -> Sort:
    """Give the order that was asked for; finished tickets are due no more, nor urgent."""
    return SORT[code if code in SORT else "due"] if filters.is_open_only(kept) else SORT["message"]


@dataclass(frozen=True)
class Page:
    """The rows of a page, and where the next one begins (empty: this was the last)."""

    rows: list[Row]
    next: str
    is_partial: bool = False  # the search has not looked through older tickets yet


def page_of(scope: Scope, kept: Filters, sort: Sort, after: str, at: datetime) -> Page:
    """Read one page of the tickets that pass the filters."""
    if filters.text_of(kept):
        return _found(scope, kept, after, at)
    places, place = filters.places(scope, at), sort.read(after)
    ranges = _ranges(sort, place)
    rows: list[Row] = []
    for narrow in ranges:
        given = anybody(scope), kept, sort.order, narrow
        rows += _rows(*given, places={**places, **(place or {})})
        if len(rows) > ROWS:
            break
    return Page(rows[:ROWS], sort.cursor(rows[ROWS - 1]) if len(rows) > ROWS else "")


def _ranges(sort: Sort, place: After | None) -> tuple[Narrow, ...]:
    if place is None:
        return (_everything,)
    return sort.dated if MOMENT in place else sort.undated


def _rows(*given: Hashable, places: After) -> list[Row]:
    return [Row(*values) for values in read(_composed, *given, ROWS + 1, places=places)]


def _composed(
    scope: Scope, kept: Filters, order: Narrow, narrow: Narrow, most: int
) -> QuerySet[Ticket, Any]:
    found = filters.narrowed(Ticket.objects.within(scope), kept)
    # First which tickets, by one index; then what is shown of these few. In one, a planner that
    # guesses too low how many there are joins them all before it sorts them.
    page = order(narrow(found)).values("pk")[:most]
    return order(Ticket.objects.filter(pk__in=page)).values_list(*SHOWN)


def _found(scope: Scope, kept: Filters, after: str, at: datetime) -> Page:
    """Read the newest tickets that hold the words and pass the other filters."""
    others = tuple(one for one in kept if one[0] != "text")
    organization = dict(others).get("organization")
    candidates = search.matches(
        text=filters.text_of(kept),
        scope=scope,
        wanted=CANDIDATES if others else ROWS + 1,
        below=int(after) if filters.is_number(after) else None,
        organization=int(organization) if organization else None,
    )
    if not candidates.ids:
        return Page([], "")
    places = {**filters.places(scope, at), IDS: list(candidates.ids)}
    rows = _rows(anybody(scope), others, _newest, _among, places=places)
    if len(rows) > ROWS:
        return Page(rows[:ROWS], str(rows[ROWS - 1].pk))
    if candidates.is_all:
        return Page(rows, "")
    return Page(rows, str(candidates.ids[-1]), is_partial=True)
