"""The queue: views with counts, by due time, paged by cursor so that a million rows cost the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal import html
from portal.http import page
from tickets import rules
from tickets.models import Ticket
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


def upcoming(user: User) -> list[Ticket]:
    """Give what is due next in the view that this person works in."""
    asked = _asked({}, user)
    return rows_of(Ticket.objects.visible_to(user), user, asked, most=UPCOMING)


def rows_of(
    visible: TicketQuerySet, user: User, asked: Asked, *, most: int = ROWS + 1
) -> list[Ticket]:
    """Give one page of a view and one row more, which says that there is a next page."""
    found = _searched(asked.view.choose(visible, user), asked.search).by_due().for_queue()
    if asked.after is None:
        return list(found[:most])
    # Two ranges of one index: in one condition the planner would read the index from its start.
    due, last = asked.after
    dated = list(_dated(found, due, last)[:most]) if due else []
    if len(dated) == most:
        return dated
    undated = found.filter(due_at__isnull=True, id__gt=0 if due else last)
    return dated + list(undated[: most - len(dated)])


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


def _cursor(row: Ticket) -> str:
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
    return [Tab(view, _capped(view.choose(visible, user)), view is asked.view) for view in VIEWS]


def _capped(found: QuerySet[Ticket]) -> int:
    return found.order_by()[: MOST_COUNTED + 1].count()
