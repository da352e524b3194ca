"""The queue: views with counts, named filters, search, and rows that keep themselves up to date."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Organization, User
from accounts.requests import signed_in
from portal import html
from portal.http import page
from tickets import clock, filters
from tickets.filters import Filters
from tickets.models import Category, Priority, Ticket
from tickets.querysets import OPEN, Scope, anybody, read, scope_of
from tickets.views.desk import rail
from tickets.views.desk.doors import desk_only
from tickets.views.desk.paging import SORTS, Sort, page_of, sort_for

UPCOMING = 8  # beside a ticket
MOST_PICKED = 100
NOT_MODIFIED = 304
KEYS = tuple(view for view in rail.VIEWS if view.key)
SUGGESTED = 200  # organizations whose names are offered while one types
# Everything that can change a queue: the last events and lines of ledgers (sums, for one that is
# written earlier may arrive later; new hours move deadlines, which is no event of a ticket), and the
# latest due times that were passed by late and by soon; and how many letters wait, which the rail tells.
VERSION = f"""
select
    (select coalesce(sum(id), 0) from (select id from tickets_event order by id desc limit 100) e),
    (select coalesce(sum(id), 0)
        from (select id from tickets_clockline order by id desc limit 100) l),
    (select max(due_at) from tickets_ticket where status in ({", ".join(f"'{one}'" for one in OPEN)})
        and due_at < %(at)s),
    (select max(due_at) from tickets_ticket where status in ({", ".join(f"'{one}'" for one in OPEN)})
        and due_at < %(soon)s),
    (select count(*) from (select from tickets_incomingletter
        where state in ('quarantined', 'failed') limit {rail.MOST_COUNTED + 1}) l)
"""  # noqa: S608 (nothing but the table of statuses is put in)


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


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what makes no sense is as good as not asked."""

    view: rail.View | None  # None: filters of the reader's own
    filters: Filters
    search: str
    is_inside: bool  # the search keeps to the view; else it looks through everything
    sort: Sort
    after: str

    @property
    def applied(self) -> Filters:
        """The filters that hold, words included."""
        kept = self.filters if self.is_inside or not self.search else ()
        words = (("text", self.search),) if self.search else ()
        return (*(one for one in kept if one[0] != "text" or not words), *words)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What the address of this queue holds, but for search, order and page."""
        if self.view is None:
            return list(self.filters)
        return [tuple(self.view.query.split("=", 1))]  # type: ignore[list-item]

    def address(self, **changes: str) -> str:
        """Give the query of a neighbouring page; a change begins at its first page."""
        query = {
            **dict(self.parts),
            "q": self.search,
            "inside": "1" if self.search and self.is_inside else "",
            "sort": self.sort.code if self.sort is not SORTS[0] else "",
            **changes,
        }
        return "?" + urlencode({name: value for name, value in query.items() if value})

    @property
    def here(self) -> str:
        """The address of this very page."""
        return self.address(after=self.after)

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """The orders there are: address, name, whether it is the present one."""
        if filters.text_of(self.applied):
            return []
        return [
            (self.address(sort=one.code), str(one.name), one is self.sort)
            for one in SORTS
            if sort_for(self.applied, one.code) is one
        ]


@desk_only
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show a view of the queue; the number of a ticket leads to it.

    To a page that asks again and knows the present version, only that nothing has changed.
    """
    user, at = signed_in(request), timezone.now()
    version = _version(request, user, at)
    if getattr(request, "htmx", False) and request.headers.get("If-None-Match") == version:
        return _with_version(HttpResponse(status=NOT_MODIFIED), version)
    saved = rail.saved_views(user)
    asked = asked_for(request.GET, user, saved)
    scope, number = scope_of(user), number_of(asked.search)
    if number and Ticket.objects.within(scope).filter(number=number).exists():
        return redirect("desk:ticket", number)
    context = {**_context(request, user, asked, saved, at), "version": version}
    response = page(request, "tickets/desk/queue.html", "tickets/desk/_queue_news.html", context)
    return _with_version(response, version)


@desk_only
@require_safe
def organizations(request: HttpRequest) -> HttpResponse:
    """Name organizations for the filter, when it is opened for the first time."""
    names = [name for (name,) in read(_organizations_of, scope_of(signed_in(request)))]
    response = render(request, "tickets/desk/_organization_names.html", {"names": names})
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _context(
    request: HttpRequest, user: User, asked: Asked, saved: list[rail.View], at: datetime
) -> dict[str, Any]:
    scope = scope_of(user)
    found = page_of(scope, asked.applied, asked.sort, asked.after, at)
    picked = _picked(request.GET.get("picked", ""))
    context = {
        "asked": asked,
        "groups": rail.groups(user, saved, asked.view, at),
        "rows": [(row, row.number in picked) for row in found.rows],
        "is_partial": found.is_partial,
        "next": asked.address(after=found.next) if found.next else "",
        "first": asked.address() if asked.after else "",
        "at": at,
    }
    return context if getattr(request, "htmx", False) else {**context, **_tools(user, asked, at)}


def _tools(user: User, asked: Asked, at: datetime) -> dict[str, Any]:
    """Give what stands around the rows: filters, bulk actions, keys."""
    desk = tuple(read(people_of_the_desk))
    return {
        "fields": _fields(asked.filters, desk, _chosen(asked.filters), get_language()),
        "desk": desk,
        "cells": _cells(at),
        "can_triage": user.has_perm("accounts.triage_ticket"),
        "can_save": bool(asked.applied),
        "can_delete_any": user.has_perm("accounts.head_support"),
        "keys": (*KEYS, rail.LETTERS) if rail.reads_letters(scope_of(user)) else KEYS,
    }


Named = tuple[tuple[int, str], ...]
Cells = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True)
class Field:
    """One filter in the form: its options with the chosen one, or free text."""

    code: str
    name: str
    options: tuple[tuple[str, str, bool], ...]
    value: str = ""


# The form is the same for as long as nobody comes or goes.
@lru_cache(maxsize=64)
def _fields(
    kept: Filters, desk: Named, organization: str, _language: str | None
) -> tuple[Field, ...]:
    asked = {**dict(kept), "organization": organization}
    people = tuple((str(pk), name) for pk, name in desk)
    return tuple(_field(one, asked.get(one.code, ""), people) for one in filters.REGISTRY)


def _chosen(kept: Filters) -> str:
    """Give the name of the organization that is filtered for, if one is."""
    value = dict(kept).get("organization", "")
    if not value:
        return ""
    found = Organization.objects.filter(pk=value).values_list("name", flat=True).first()
    return found or value


def _field(one: filters.Filter, value: str, people: tuple[tuple[str, str], ...]) -> Field:
    options = one.options + (people if one.code == "assignee" else ())
    if value and options and value not in dict(options):
        options += ((value, value),)
    shown = tuple((code, str(name), code == value) for code, name in options)
    return Field(one.code, str(one.name), shown, value)


def _organizations_of(scope: Scope) -> QuerySet[Organization, Any]:
    found = Organization.objects.order_by("name").values_list("name")
    if scope.kind == "theirs":
        found = found.filter(account_manager_id=scope.person_id)
    return found[:SUGGESTED]


def people_of_the_desk() -> QuerySet[User, Any]:
    """Give those who answer tickets, by name."""
    return User.objects.desk().order_by("full_name").values_list("pk", "full_name")


def _cells(at: datetime) -> Cells:
    """Give the cells of the table of triage as a list, and priorities for every category."""
    table = tuple(
        (row.category, tuple(priority for priority, minutes in row.minutes.items() if minutes))
        for row in clock.targets_table(at=at)
    )
    return _named_cells(table, get_language())


@lru_cache(maxsize=16)
def _named_cells(table: tuple[tuple[str, tuple[str, ...]], ...], _language: str | None) -> Cells:
    alone = tuple((f":{code}", str(name)) for code, name in Priority.choices)
    by_category = tuple(
        (str(Category(category).label), _cells_of(Category(category), priorities))
        for category, priorities in table
    )
    return ((_("Priority alone"), alone), *by_category)


def _cells_of(category: Category, priorities: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{category.value}:{one}", f"{category.label}, {Priority(one).label}")
        for one in priorities
    )


def _version(request: HttpRequest, user: User, at: datetime) -> str:
    """Name the state of everything that this page shows, by one query that reads a few rows."""
    with connection.cursor() as cursor:
        cursor.execute(VERSION, {"at": at, "soon": at + filters.SOON})
        state = cursor.fetchone()
    day = at.astimezone(filters.MOSCOW).date()
    shown = (state, day, user.pk, get_language(), request.get_full_path())
    return f'"{hashlib.blake2s(repr(shown).encode(), digest_size=12).hexdigest()}"'


def _with_version(response: HttpResponse, version: str) -> HttpResponse:
    response.headers["ETag"] = version
    response.headers["Vary"] = "HX-Request, Cookie"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def upcoming(user: User) -> list[Next]:
    """Give what is due next in the view that this person works in."""
    scope, kept = scope_of(user), rail.usual(user).filters
    places = filters.places(scope, timezone.now())
    return [Next(*values) for values in read(_next_ones, anybody(scope), kept, places=places)]


def _next_ones(scope: Scope, kept: Filters) -> QuerySet[Ticket, Any]:
    found = filters.narrowed(Ticket.objects.within(scope), kept)
    return found.by_due().values_list(*SHOWN_NEXT)[:UPCOMING]


def asked_for(data: Mapping[str, str], user: User, saved: list[rail.View]) -> Asked:
    """Read an address: a view of ours, a saved one, or filters; and words, order and page."""
    own = filters.read(_resolved({**dict(data.items()), "text": ""}))
    view = None if own else _view(data, user, saved)
    kept = view.filters if view else own
    search = html.without_control(data.get("q", ""))[: filters.LONGEST_TEXT].strip()
    is_inside = bool(data.get("inside"))
    code = data.get("sort") or (view.sort if view else "")
    bare = Asked(view, kept, search, is_inside, SORTS[0], "")
    sort = sort_for(bare.applied, code)
    return Asked(view, kept, search, is_inside, sort, data.get("after", ""))


def _view(data: Mapping[str, str], user: User, saved: list[rail.View]) -> rail.View:
    by_saved = {str(view.saved): view for view in saved}
    usual = rail.BY_CODE.get(data.get("view", ""), rail.usual(user))
    return by_saved.get(data.get("saved", ""), usual)


def _resolved(data: dict[str, str]) -> dict[str, str]:
    """Read the name of an organization as the organization; an unknown name asks for nothing."""
    named = html.without_control(data.get("organization", "")).strip()
    if named and not filters.is_number(named):
        found = Organization.objects.filter(name__iexact=named).values_list("pk", flat=True).first()
        data["organization"] = str(found or "")
    return data


def asked_at(query: str, user: User) -> Asked:
    """Read the query of an address of the queue, as a form sends it along."""
    return asked_for(dict(parse_qsl(query.removeprefix("?"))), user, rail.saved_views(user))


def number_of(text: str) -> int | None:
    """Read the number of a ticket, however it is typed."""
    digits = text.removeprefix("№").replace(" ", "").replace("\u00a0", "")
    return int(digits) if filters.is_number(digits) else None


def _picked(text: str) -> frozenset[int]:
    """Give the rows that stay chosen, as those that a bulk action was refused for."""
    numbers = [one for one in text.split(".") if filters.is_number(one)]
    return frozenset(int(one) for one in numbers[:MOST_PICKED])
