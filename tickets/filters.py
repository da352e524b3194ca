"""The filters of the queue by name: how each reads its value, and which tickets it keeps.

A registry, not a chain: addresses, saved views, the form and the counts are all built from it.
Moments and the reader stand in queries as marks (AT, ME), so that a query is composed once.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal import html
from tickets.models import Addressee, Category, ChannelCode, Priority, Status
from tickets.querysets import DONE, ME, OPEN, URGENCY, Scope, TicketQuerySet

SOON = timedelta(minutes=30)  # as the chips of the queue say it
MOSCOW = ZoneInfo("Europe/Moscow")
LONGEST_TEXT = 200
LONGEST_NUMBER = 18  # digits; more do not fit into the column
# Marks for moments: `places` says which they are when a query is read.
AT = datetime(1, 1, 2, tzinfo=UTC)
SOON_ENDS = datetime(1, 1, 3, tzinfo=UTC)
DAY_ENDS = datetime(1, 1, 4, tzinfo=UTC)

# Codes with their values, in the order of the registry: hashable, so that queries are kept under it.
Filters = tuple[tuple[str, str], ...]
Narrow = Callable[[TicketQuerySet, str], TicketQuerySet]
Words = str | Promise
# The orders of the queue, the usual one first: how each is read stands with the pages.
SORTS = ("due", "priority", "message")
ANY_OPEN, NONE, MINE, NOBODY, GIVEN = "open_ones", "none", "me", "nobody", "given"


@dataclass(frozen=True)
class Filter:
    """One filter: what it is called, which values it knows, which tickets a value keeps."""

    code: str
    name: Words
    narrow: Narrow
    options: tuple[tuple[str, Words], ...] = ()
    takes_number: bool = False  # beside the options: the id of a row
    takes_text: bool = False

    def read(self, text: str) -> str:
        """Give the value as it is kept, or nothing when it makes no sense."""
        text = html.without_control(text).strip()
        if self.takes_text:
            return text[:LONGEST_TEXT].strip()
        if text in dict(self.options) or (self.takes_number and is_number(text)):
            return text
        return ""


def is_number(text: str) -> bool:
    """Whether this is the number of a row."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def _by_status(found: TicketQuerySet, value: str) -> TicketQuerySet:
    return found.filter(status__in=OPEN) if value == ANY_OPEN else found.filter(status=value)


def _by_priority(found: TicketQuerySet, value: str) -> TicketQuerySet:
    # By the expression of the index that also sorts by priority.
    rank = 0 if value == NONE else RANKS[value]
    return found.alias(urgency=URGENCY).filter(urgency=rank)


def _by_assignee(found: TicketQuerySet, value: str) -> TicketQuerySet:
    if value == NOBODY:
        return found.filter(assignee__isnull=True)
    return found.filter(assignee_id=ME if value == MINE else int(value))


def _by_development(found: TicketQuerySet, value: str) -> TicketQuerySet:
    if value in {GIVEN, NONE}:
        return found.filter(development__isnull=value == NONE)
    return found.filter(development_id=int(value))


def _by_due(found: TicketQuerySet, value: str) -> TicketQuerySet:
    return found.filter(**DUE[value])


def _plain(name: str) -> Narrow:
    return lambda found, value: found.filter(**{name: value})


RANKS = {
    Priority.CRITICAL.value: 1,
    Priority.HIGH.value: 2,
    Priority.MEDIUM.value: 3,
    Priority.LOW.value: 4,
}
DUE: Mapping[str, dict[str, Any]] = {
    "late": {"due_at__lt": AT},
    "soon": {"due_at__gte": AT, "due_at__lt": SOON_ENDS},
    "today": {"due_at__lt": DAY_ENDS},
}
REGISTRY = (
    Filter(
        "status",
        _("State"),
        _by_status,
        ((ANY_OPEN, _("Any that is open")), *Status.choices),
    ),
    Filter("category", _("Category"), _plain("category"), tuple(Category.choices)),
    Filter("priority", _("Priority"), _by_priority, (*Priority.choices, (NONE, _("Not triaged")))),
    Filter(
        "assignee",
        _("Who answers"),
        _by_assignee,
        ((MINE, _("I do")), (NOBODY, _("Nobody yet"))),
        takes_number=True,
    ),
    Filter("organization", _("Organization"), _plain("organization_id"), takes_number=True),
    Filter("channel", _("Channel"), _plain("channel"), tuple(ChannelCode.choices)),
    Filter("addressee", _("Addressed to"), _plain("addressee"), tuple(Addressee.choices)),
    Filter(
        "due",
        _("Due"),
        _by_due,
        (
            ("late", _("Late")),
            ("soon", _("Within half an hour")),
            ("today", _("By the end of today")),
        ),
    ),
    Filter(
        "development",
        _("Development"),
        _by_development,
        ((GIVEN, _("Handed over")), (NONE, _("Not handed over"))),
        takes_number=True,
    ),
    # Narrows by itself nothing: tickets.search gives the tickets that hold the words.
    Filter("text", _("Words"), lambda found, _value: found, takes_text=True),
)
BY_CODE = {one.code: one for one in REGISTRY}


def read(data: Mapping[str, Any]) -> Filters:
    """Give the filters that an address or a form asks for; what makes no sense is not asked."""
    values = ((one.code, one.read(str(data.get(one.code) or ""))) for one in REGISTRY)
    return tuple((code, value) for code, value in values if value)


def unknown(data: Mapping[str, Any]) -> list[str]:
    """Name what no filter of ours reads: for rows that are kept, nothing may be lost in silence."""
    return [
        code
        for code, value in data.items()
        if code not in BY_CODE or BY_CODE[code].read(str(value)) != str(value or " ")
    ]


def text_of(filters: Filters) -> str:
    """Give the words that are searched for; empty when none are."""
    return dict(filters).get("text", "")


def is_open_only(filters: Filters) -> bool:
    """Whether these filters keep nothing but tickets whose work goes on."""
    asked = dict(filters)
    return "due" in asked or asked.get("status", DONE[0]) not in DONE


def narrowed(found: TicketQuerySet, filters: Filters) -> TicketQuerySet:
    """Keep what passes all filters."""
    asked = dict(filters)
    if "due" in asked and "status" not in asked:
        found = found.open()  # nobody waits in the others, and the index holds only these
    for code, value in filters:
        found = BY_CODE[code].narrow(found, value)
    return found


def places(scope: Scope, at: datetime) -> dict[Hashable, Any]:
    """Say who and which moments the marks of a query are."""
    evening = at.astimezone(MOSCOW).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        ME: scope.person_id,
        AT: at,
        SOON_ENDS: at + SOON,
        DAY_ENDS: evening + timedelta(days=1),
    }
