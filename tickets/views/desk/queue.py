"""The queue: views with counts, by due time, paged by cursor so that a million rows cost the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q
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
from tickets.querysets import TicketQuerySet
from tickets.views.desk.doors import desk_only

ROWS = 25
UPCOMING = 8  # beside a ticket
MOST_COUNTED = 1000  # beyond that a number tells nothing, and counting costs
LONGEST_SEARCH = 200
LONGEST_NUMBER = 18  # digits; more do not fit into the column
NOBODY_WAITS = "none"  # the place of the cursor among tickets without a due time

Choose = Callable[[TicketQuerySet, User], TicketQuerySet]


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
    View("all", _("Whole team"), "users", lambda found, _user: _support(found.open())),
    View("mine", _("Mine"), "user", lambda found, user: found.assigned_to(user)),
    View("untriaged", _("Not triaged"), "p-none", lambda found, _user: _support(found.untriaged())),
    View(
        "manager",
        _("To managers"),
        "case",
        lambda found, _user: found.open().for_addressee(rules.Addressee.MANAGER),
    ),
)


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
    visible = Ticket.objects.visible_to(user)
    if (number := _number(asked.search)) and visible.filter(number=number).exists():
        return redirect("desk:ticket", number)
    rows = rows_of(visible, user, asked)
    context = {
        "asked": asked,
        "tabs": _tabs(visible, user, asked),
        "rows": rows[:ROWS],
        "next": asked.address(after=_cursor(rows[ROWS - 1])) if len(rows) > ROWS else "",
        "first": asked.address() if asked.after else "",
        "at": timezone.now(),
    }
    return page(request, "tickets/desk/queue.html", "tickets/desk/_queue_news.html", context)


def upcoming(user: User) -> list[Row]:
    """Give what is due next in the view that this person works in."""
    asked = _asked({}, user)
    return rows_of(Ticket.objects.visible_to(user), user, asked, most=UPCOMING)


def rows_of(
    visible: TicketQuerySet, user: User, asked: Asked, *, most: int = ROWS + 1
) -> list[Row]:
    """Give one page of a view and one row more, which says that there is a next page."""
    found = _searched(asked.view.choose(visible, user), asked.search).by_due()
    if asked.after is None:
        return _read(found[:most])
    # Two ranges of one index: in one condition the planner would read the index from its start.
    due, last = asked.after
    dated = _read(_dated(found, due, last)[:most]) if due else []
    if len(dated) == most:
        return dated
    undated = found.filter(due_at__isnull=True, id__gt=0 if due else last)
    return dated + _read(undated[: most - len(dated)])


def _read(found: TicketQuerySet) -> list[Row]:
    return [Row(*values) for values in found.values_list(*SHOWN)]


def _dated(found: TicketQuerySet, due: datetime, last: int) -> TicketQuerySet:
    return found.filter(Q(due_at__gt=due) | Q(id__gt=last), due_at__gte=due)


def _asked(data: Mapping[str, str], user: User) -> Asked:
    codes = {view.code: view for view in VIEWS}
    usual = "all" if user.has_perm("accounts.see_all_tickets") else "mine"
    search = html.without_control(data.get("q", ""))[:LONGEST_SEARCH].strip()
    view = codes.get(data.get("view", ""), codes[usual])
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


def _tabs(visible: TicketQuerySet, user: User, asked: Asked) -> list[Tab]:
    counts = _counts([view.choose(visible, user) for view in VIEWS])
    return [Tab(view, count, view is asked.view) for view, count in zip(VIEWS, counts, strict=True)]


def _counts(views: list[TicketQuerySet]) -> tuple[int, ...]:
    """Count what each view holds, none further than we show."""
    capped = [found.order_by().values("pk")[: MOST_COUNTED + 1] for found in views]
    composed = [found.query.sql_with_params() for found in capped]
    counts = ", ".join(COUNT.format(rows=rows) for rows, _values in composed)
    values = [value for _rows, some in composed for value in some]
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(counts=counts), values)
        return tuple(cursor.fetchone())
