"""The list of tickets: tabs with counts, search, pages by cursor."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import html
from tickets import rules
from tickets.models import Ticket
from tickets.querysets import Scope, TicketQuerySet, compose, read, scope_of
from tickets.views.cabinet.doors import customers_only, person

PAGE = 20
MOST_COUNTED = 100  # a tab with more says "100+": the page costs the same for any number
LONGEST_SEARCH = 200
LONGEST_NUMBER = 18  # digits; more do not fit into the column


# One compilation and one index scan for each status; written as counts, each would be compiled.
COUNTS = """
select wanted.status, (select count(*) from ({rows}) counted)
from unnest(%s::text[]) as wanted (status)
"""


@dataclass(frozen=True)
class View:
    """One tab: which tickets it holds and what it is called."""

    code: str
    name: str | Promise
    statuses: tuple[rules.Status, ...]


VIEWS = (
    View("all", _("All"), tuple(rules.Status)),
    View("waiting", _("Waiting for you"), rules.PAUSED_STATUSES),
    View("work", _("In work"), (rules.Status.NEW, rules.Status.OPEN, rules.Status.IN_DEVELOPMENT)),
    View("solved", _("Solved"), rules.DONE_STATUSES),
)


BY_CODE = {view.code: view for view in VIEWS}


@dataclass(frozen=True)
class Asked:
    """What the address asks for; anything that makes no sense is as good as not asked."""

    view: View
    search: str
    is_mine_only: bool
    after: tuple[datetime, int] | None

    def address(self, **changes: str) -> str:
        """Give the query of a neighbouring page; a change begins at its first page."""
        query = {
            "view": self.view.code if self.view is not VIEWS[0] else "",
            "q": self.search,
            "mine": "1" if self.is_mine_only else "",
            **changes,
        }
        return "?" + urlencode({name: value for name, value in query.items() if value})


@dataclass(frozen=True)
class Row:
    """What the list shows of a ticket, and nothing more: under this it is drawn once."""

    pk: int
    number: int
    subject: str
    requester: str
    hotel: str | None
    status: str
    last_message_at: datetime
    closed_at: datetime | None
    closes_at: datetime | None
    agreed_on: date | None
    eta_on: date | None
    news_due_at: datetime | None
    due_at: datetime | None
    _: KW_ONLY
    is_own: bool
    is_late: bool
    news_is_late: bool


# In the order of the fields of Row, and who asked.
SHOWN = (
    *("pk", "number", "subject", "requester__full_name", "property__name", "status"),
    *("last_message_at", "closed_at", "closes_at", "agreed_on", "development__eta_on"),
    *("development__news_due_at", "due_at", "requester_id"),
)


@customers_only
@require_safe
def tickets(request: HttpRequest) -> HttpResponse:
    """Show the tickets of this person, or of the organization where the role allows it."""
    user, at = person(request), timezone.now()
    asked = _asked(request.GET)
    scope = scope_of(user)
    rows = _rows(scope, asked, at)
    context = {
        "asked": asked,
        "tabs": _tabs(scope, asked),
        "rows": rows[:PAGE],
        "older": asked.address(after=_cursor(rows[PAGE - 1])) if len(rows) > PAGE else "",
        "newest": asked.address() if asked.after else "",
        "everything": asked.address(q="", mine=""),
    }
    return render(request, "tickets/cabinet/list.html", context)


def _asked(query: Mapping[str, str]) -> Asked:
    return Asked(
        view=BY_CODE.get(query.get("view", ""), VIEWS[0]),
        search=" ".join(html.without_control(query.get("q", "")).split())[:LONGEST_SEARCH],
        is_mine_only=bool(query.get("mine")),
        after=_read_cursor(query.get("after", "")),
    )


def _found(scope: Scope, search: str, is_mine_only: bool) -> TicketQuerySet:  # noqa: FBT001
    found = Ticket.objects.within(scope)
    if is_mine_only:
        found = found.filter(requester=scope.person_id)
    return found.filter(_matching(search)) if search else found


def _matching(search: str) -> Q:
    number = search.lstrip("№# ").replace(" ", "").replace("\u00a0", "")
    by_subject = Q(subject__icontains=search)
    if number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER:
        return by_subject | Q(number=int(number))
    return by_subject


def _tabs(scope: Scope, asked: Asked) -> list[dict[str, object]]:
    counts = _counts(scope, asked)
    return [
        {
            "name": view.name,
            "code": view.code,
            "count": _shown(sum(counts.get(status, 0) for status in view.statuses)),
            "address": asked.address(view=view.code if view is not VIEWS[0] else ""),
        }
        for view in VIEWS
    ]


def _shown(count: int) -> str:
    return f"{MOST_COUNTED}+" if count >= MOST_COUNTED else str(count)


def _counts(scope: Scope, asked: Asked) -> dict[str, int]:
    """Count the tickets of each status, none further than we show."""
    try:
        rows, values = compose(_counted, scope, asked.search, asked.is_mine_only)
    except EmptyResultSet:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(rows=rows), [*values, [*rules.Status]])
        return dict(cursor.fetchall())


def _counted(scope: Scope, search: str, is_mine_only: bool) -> QuerySet[Ticket, Any]:  # noqa: FBT001
    wanted = _found(scope, search, is_mine_only).filter(status=RawSQL("wanted.status", ()))
    return wanted.order_by().values("pk")[:MOST_COUNTED]


def _rows(scope: Scope, asked: Asked, at: datetime) -> list[Row]:
    """Read one page and a row more, to know whether there is another."""
    given = scope, asked.search, asked.is_mine_only, asked.view.code, asked.after
    return [
        Row(
            *row,
            is_own=requester == scope.person_id,
            is_late=bool(row[-1] and row[-1] < at),
            news_is_late=bool(row[-2] and row[-2] < at),
        )
        for *row, requester in read(_listed, *given)
    ]


def _listed(
    scope: Scope,
    search: str,
    is_mine_only: bool,  # noqa: FBT001
    code: str,
    after: tuple[datetime, int] | None,
) -> QuerySet[Ticket, Any]:
    found, view = _found(scope, search, is_mine_only), BY_CODE[code]
    if view is not VIEWS[0]:
        found = found.filter(status__in=view.statuses)
    if after is not None:
        last, pk = after
        # The first condition is what the index reads from; the second only splits equal instants.
        found = found.filter(last_message_at__lte=last).exclude(last_message_at=last, pk__gte=pk)
    return found.order_by("-last_message_at", "-pk").values_list(*SHOWN)[: PAGE + 1]


def _cursor(ticket: Row) -> str:
    return f"{ticket.last_message_at.isoformat()}_{ticket.pk}"


def _read_cursor(text: str) -> tuple[datetime, int] | None:
    instant, _sign, pk = text.partition("_")
    try:
        at = parse_datetime(instant)
    except ValueError:
        return None
    if at is None or at.tzinfo is None or not (pk.isascii() and pk.isdigit()):
        return None
    return (at, int(pk)) if len(pk) <= LONGEST_NUMBER else None
