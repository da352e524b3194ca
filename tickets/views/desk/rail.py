"""The views of the queue in the rail: ours, those that people saved, and how many each holds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from tickets import filters
from tickets.filters import Filters
from tickets.models import SavedView, Ticket
from tickets.querysets import ME, Scope, anybody, compose, filled, read, scope_of

MOST_COUNTED = 300  # what a whole desk has open; beyond that a number tells nothing, and costs
MOST_SAVED = 40  # in the rail; own ones first
# One round to the database for all views.
COUNTS = "select {counts}"
COUNT = "(select count(*) from ({rows}) counted)"
NOT_COUNTED = "null"
OPEN = ("status", filters.ANY_OPEN)
SUPPORT = ("addressee", "support")
SAVED = _("Saved")


@dataclass(frozen=True)
class View:
    """One view of the queue: what it is called, its filters, what is said when it is empty."""

    code: str
    name: str | Promise
    icon: str
    filters: Filters
    key: str = ""  # after g, by the place of the key
    empty: str | Promise = ""
    saved: int = 0  # the row of a saved view
    is_own: bool = False
    is_shared: bool = False
    owner: str = ""
    sort: str = ""
    page: str = ""  # the name of a page of its own, where it is no view of tickets

    # Drawn rails are kept under their views: those of ours are told apart by their codes alone.
    def __hash__(self) -> int:
        return hash((self.code, self.name if self.saved else ""))

    @property
    def query(self) -> str:
        """The address of the view."""
        return f"saved={self.saved}" if self.saved else f"view={self.code}"


@dataclass(frozen=True)
class Tab:
    """A view with its count, as the rail shows it."""

    view: View
    count: int | None  # None: not counted, as words would have to be searched for
    is_current: bool

    @property
    def shown(self) -> str:
        """The count, or that there are more than we count."""
        if self.count is None:
            return ""
        return f"{MOST_COUNTED}+" if self.count > MOST_COUNTED else str(self.count)


@dataclass(frozen=True)
class Group:
    """Views under one heading."""

    name: str | Promise
    tabs: tuple[Tab, ...]


GROUPS: tuple[tuple[str | Promise, tuple[View, ...]], ...] = (
    (
        _("Now"),
        (
            View(
                "all",
                _("Whole team"),
                "users",
                (OPEN, SUPPORT),
                key="A",
                empty=_("No open ticket in the whole team. New ones appear by themselves."),
            ),
            View(
                "mine",
                _("Mine"),
                "user",
                (OPEN, ("assignee", filters.MINE)),
                key="M",
                empty=_("Nothing is yours just now. Take one from those without anybody."),
            ),
            View(
                "soon",
                _("Due soon"),
                "clock",
                (OPEN, ("due", "soon")),
                key="S",
                empty=_("Nothing is due within half an hour. Time for a cup of tea."),
            ),
            View(
                "late",
                _("Late"),
                "late",
                (OPEN, ("due", "late")),
                key="L",
                empty=_("Nobody waits longer than promised."),
            ),
        ),
    ),
    (
        _("To sort out"),
        (
            View(
                "untriaged",
                _("Not triaged"),
                "p-none",
                (OPEN, ("priority", filters.NONE), SUPPORT),
                key="U",
                empty=_("Every ticket has its priority."),
            ),
            View(
                "unassigned",
                _("Without anybody"),
                "inbox",
                (OPEN, ("assignee", filters.NOBODY), SUPPORT),
                key="N",
                empty=_("Every ticket has somebody who answers."),
            ),
            View(
                "identification",
                _("To be identified"),
                "shield-half",
                (("status", "waiting_identification"),),
                key="I",
                empty=_("It is known of everybody who they are."),
            ),
        ),
    ),
    (
        _("With others"),
        (
            View(
                "waiting",
                _("Wait for the customer"),
                "s-you",
                (("status", "waiting_customer"),),
                key="W",
                empty=_("No customer owes us an answer."),
            ),
            View(
                "development",
                _("In development"),
                "s-dev",
                (("status", "in_development"),),
                key="D",
                empty=_("Nothing is in the hands of the developers."),
            ),
            View(
                "manager",
                _("To managers"),
                "case",
                (OPEN, ("addressee", "manager")),
                key="K",
                empty=_("Nobody has asked for an account manager."),
            ),
        ),
    ),
)
# Letters are no tickets yet; they stand among what is to be sorted out, for whoever may read them.
LETTERS = View(
    "letters", pgettext_lazy("rail", "Letters"), "mail", (), key="E", page="desk:letters"
)
BESIDE = 1  # the place of that group
COUNT_LETTERS = """(select count(*) from (select from tickets_incomingletter
    where state in ('quarantined', 'failed') limit %s) counted)"""
VIEWS = tuple(view for _name, views in GROUPS for view in views)
BY_CODE = {view.code: view for view in VIEWS}


def usual(user: User) -> View:
    """Give the view that this person works in."""
    return BY_CODE["all" if user.has_perm("accounts.see_all_tickets") else "mine"]


def saved_views(user: User) -> list[View]:
    """Give the views that this person saved, then those that others share."""
    return [_saved_view(user, row) for row in read(_saved_rows, places={ME: user.pk})]


def _saved_rows() -> QuerySet[SavedView, Any]:
    found = SavedView.objects.filter(Q(owner_id=ME) | Q(is_shared=True))
    own_first = Q(owner_id=ME)
    values = ("pk", "name", "filters", "is_shared", "owner_id", "owner__full_name")
    return (
        found.annotate(is_own=own_first)
        .order_by("-is_own", "name", "id")
        .values_list(*values)[:MOST_SAVED]
    )


def _saved_view(user: User, row: tuple[Any, ...]) -> View:
    pk, name, written, is_shared, owner_id, owner = row
    kept = json.loads(written)  # a row that is read without its model has the text of it
    return View(
        code=f"saved-{pk}",
        name=name,
        icon="users" if is_shared else "filter",
        filters=filters.read(kept),
        saved=pk,
        is_own=owner_id == user.pk,
        is_shared=is_shared,
        owner=owner,
        sort=str(kept.get("sort") or ""),
    )


def groups(
    user: User, views: Sequence[View], current: View | None, at: datetime
) -> tuple[Group, ...]:
    """Give the rail: our views and the saved ones, each with its count."""
    scope = scope_of(user)
    *counted, letters = count(scope, [*VIEWS, *views], at)
    counts = iter(counted)
    tabs = {view: Tab(view, next(counts), view == current) for view in (*VIEWS, *views)}
    ours = [(name, tuple(tabs[view] for view in some)) for name, some in GROUPS]
    if reads_letters(scope):
        name, some = ours[BESIDE]
        ours[BESIDE] = (name, (*some, Tab(LETTERS, letters, current == LETTERS)))
    kept = (Group(SAVED, tuple(tabs[view] for view in views)),) if views else ()
    return tuple(Group(*one) for one in ours) + kept


def reads_letters(scope: Scope) -> bool:
    """Whether somebody of this scope reads letters that wait for a person."""
    return scope.kind == "all"


def count(scope: Scope, views: Sequence[View], at: datetime) -> tuple[int | None, ...]:
    """Count what each view holds, and last the letters that wait; none further than we show."""
    parts, values = [], []
    places = filters.places(scope, at)
    for view in views:
        sql, given = _composed_count(anybody(scope), view.filters)
        parts.append(sql)
        values += filled(given, places)
    parts.append(COUNT_LETTERS if reads_letters(scope) else NOT_COUNTED)
    values += [MOST_COUNTED + 1] if reads_letters(scope) else []
    with connection.cursor() as cursor:
        cursor.execute(COUNTS.format(counts=", ".join(parts)), values)
        return tuple(cursor.fetchone())


def _composed_count(scope: Scope, kept: Filters) -> tuple[str, tuple[Any, ...]]:
    if filters.text_of(kept):
        return NOT_COUNTED, ()
    try:
        rows, values = compose(_counted, scope, kept, MOST_COUNTED + 1)
    except EmptyResultSet:
        return "0", ()
    return COUNT.format(rows=rows), values


def _counted(scope: Scope, kept: Filters, most: int) -> QuerySet[Ticket, Any]:
    found = filters.narrowed(Ticket.objects.within(scope), kept)
    return found.order_by().values("pk")[:most]
