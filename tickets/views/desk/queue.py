"""The queue: views with counts, by due time, paged by cursor so that a million rows cost the same."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User, initials_of
from accounts.requests import signed_in
from portal import html
from portal.http import page
from tickets import rules
from tickets.models import Category, ChannelCode, Ticket
from tickets.querysets import Make, Scope, TicketQuerySet, compose, read, scope_of
from tickets.views.desk.doors import desk_only

ROWS = 25
UPCOMING = 8  # beside a ticket
MOST_COUNTED = 1000  # beyond that a number tells nothing, and counting costs
LONGEST_SEARCH = 200
LONGEST_NUMBER = 18  # digits; more do not fit into the column
NOBODY_WAITS = "none"  # the place of the cursor among tickets without a due time

Choose = Callable[[TicketQuerySet, Scope], TicketQuerySet]


@dataclass(frozen=True)
class View:
    """One view of the queue: what it is called and which tickets it holds."""

    code: str
    name: str | Promise
    icon: str
    choose: Choose


@dataclass(frozen=True)
class Tab:
    """A view with its count, as the rail shows it."""

    view: View
    count: int
    is_current: bool

    @property
    def shown(self) -> str:
        """The count, or that there are more than we count."""
        return f"{MOST_COUNTED}+" if self.count > MOST_COUNTED else str(self.count)


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


@dataclass(frozen=True)
class Next:
    """What is shown of a ticket beside another one."""

    pk: int
    number: int
    subject: str
    priority: str | None
    due_at: datetime | None
    hotel: str | None
    organization: str


SHOWN_NEXT = (
    "pk",
    "number",
    "subject",
    "priority",
    "due_at",
    "property__name",
    "organization__name",
)
# In the order of the fields of Row.
SHOWN = (
    *("pk", "number", "subject", "status", "priority", "category", "channel", "due_at"),
    *("assignee__full_name", "requester__full_name", "property__name", "organization__name"),
)
# One round to the database for all views.
COUNTS = "select {counts}"
COUNT = "(select count(*) from ({rows}) counted)"


def _support(found: TicketQuerySet) -> TicketQuerySet:
    return found.for_addressee(rules.Addressee.SUPPORT)


VIEWS = (
    View("all", _("Whole team"), "users", lambda found, _scope: _support(found.open())),
    View("mine", _("Mine"), "user", lambda found, scope: found.assigned_to(scope.person_id)),
    View(
        "untriaged", _("Not triaged"), "p-none", lambda found, _scope: _support(found.untriaged())
    ),
    View(
        "manager",
        _("To managers"),
        "case",
        lambda found, _scope: found.open().for_addressee(rules.Addressee.MANAGER),
    ),
)


BY_CODE = {view.code: view for view in VIEWS}


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what makes no sense is as good as not asked."""

    view: View
    search: str
    after: tuple[datetime | None, int] | None

    def address(self, **changes: str) -> str:
        """Give the query of a neighbouring page; a change begins at its first page."""
        query = {
            "view": self.view.code if self.view is not VIEWS[0] else "",
            "q": self.search,
            **changes,
        }
        return "?" + urlencode({name: value for name, value in query.items() if value})


@desk_only
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show a view of the queue; the number of a ticket leads to it."""
    user, asked = signed_in(request), _asked(request.GET, signed_in(request))
    scope, number = scope_of(user), _number(asked.search)
    if number and Ticket.objects.within(scope).filter(number=number).exists():
        return redirect("desk:ticket", number)
    rows = rows_of(scope, asked)
    context = {
        "asked": asked,
        "tabs": _tabs(scope, asked),
        "rows": rows[:ROWS],
        "next": asked.address(after=_cursor(rows[ROWS - 1])) if len(rows) > ROWS else "",
        "first": asked.address() if asked.after else "",
        "at": timezone.now(),
    }
    return page(request, "tickets/desk/queue.html", "tickets/desk/_queue_news.html", context)


def upcoming(user: User) -> list[Next]:
    """Give what is due next in the view that this person works in."""
    usual = _asked({}, user).view.code
    return [Next(*values) for values in read(_next_ones, scope_of(user), usual)]


def _next_ones(scope: Scope, code: str) -> QuerySet[Ticket, Any]:
    return _ordered(scope, code, "").values_list(*SHOWN_NEXT)[:UPCOMING]


def rows_of(scope: Scope, asked: Asked) -> list[Row]:
    """Give one page of a view and one row more, which says that there is a next page."""
    given = scope, asked.view.code, asked.search
    if asked.after is None:
        return _rows(_first, *given)
    # Two ranges of one index: in one condition the planner would read the index from its start.
    due, last = asked.after
    dated = _rows(_dated, *given, due, last) if due else []
    if len(dated) > ROWS:
        return dated
    return [*dated, *_rows(_undated, *given, 0 if due else last)][: ROWS + 1]


def _rows(make: Make, *given: Hashable) -> list[Row]:
    return [Row(*values) for values in read(make, *given)]


def _first(scope: Scope, code: str, search: str) -> QuerySet[Ticket, Any]:
    return _ordered(scope, code, search).values_list(*SHOWN)[: ROWS + 1]


def _dated(scope: Scope, code: str, search: str, due: datetime, last: int) -> QuerySet[Ticket, Any]:
    found = _ordered(scope, code, search).filter(Q(due_at__gt=due) | Q(id__gt=last))
    return found.filter(due_at__gte=due).values_list(*SHOWN)[: ROWS + 1]


def _undated(scope: Scope, code: str, search: str, last: int) -> QuerySet[Ticket, Any]:
    found = _ordered(scope, code, search).filter(due_at__isnull=True, id__gt=last)
    return found.values_list(*SHOWN)[: ROWS + 1]


def _ordered(scope: Scope, code: str, search: str) -> TicketQuerySet:
    return _searched(_chosen(scope, code), search).by_due()


def _chosen(scope: Scope, code: str) -> TicketQuerySet:
    return BY_CODE[code].choose(Ticket.objects.within(scope), scope)


def _asked(data: Mapping[str, str], user: User) -> Asked:
    usual = "all" if user.has_perm("accounts.see_all_tickets") else "mine"
    search = html.without_control(data.get("q", ""))[:LONGEST_SEARCH].strip()
    view = BY_CODE.get(data.get("view", ""), BY_CODE[usual])
    return Asked(view, search, _read_cursor(data.get("after", "")))


def _number(text: str) -> int | None:
    digits = text.removeprefix("№").replace(" ", "").replace("\u00a0", "")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER
    return int(digits) if is_number else None


def _searched(found: TicketQuerySet, text: str) -> TicketQuerySet:
    if not text:
        return found
    return found.filter(
        Q(subject__icontains=text)
        | Q(requester__full_name__icontains=text)
        | Q(organization__name__icontains=text)
        | Q(property__name__icontains=text)
    )


def _cursor(row: Row) -> str:
    return f"{row.due_at.isoformat() if row.due_at else NOBODY_WAITS}~{row.pk}"


def _read_cursor(text: str) -> tuple[datetime | None, int] | None:
    moment, _sign, number = text.partition("~")
    if _number(number) is None:
        return None
    if moment == NOBODY_WAITS:
        return None, int(number)
    try:
        due = parse_datetime(moment)
    except ValueError:
        return None
    return (due, int(number)) if due and due.tzinfo else None


def _tabs(scope: Scope, asked: Asked) -> list[Tab]:
    counts = zip(VIEWS, _counts(scope), strict=True)
    return [Tab(view, count, view is asked.view) for view, count in counts]


def _counted(scope: Scope, code: str) -> QuerySet[Ticket, Any]:
    return _chosen(scope, code).order_by().values("pk")[: MOST_COUNTED + 1]


def _counts(scope: Scope) -> tuple[int, ...]:
    """Count what each view holds, none further than we show."""
    composed = [compose(_counted, scope, view.code) for view in VIEWS]
    counts = ", ".join(COUNT.format(rows=rows) for rows, _values in composed)
    values = [value for _rows, some in composed for value in some]
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(counts=counts), values)
        return tuple(cursor.fetchone())
