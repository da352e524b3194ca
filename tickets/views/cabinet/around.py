"""What surrounds a customer's ticket, read in one round: other tickets, readers, the running clock."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from tickets import clock, sla
from tickets.models import Clock, Link, Ticket
from tickets.querysets import ME, Scope, anybody, compose, scope_of
from tickets.views.gathering import Composed, compose_lists, moment, read_lists

# Marks in the composed statement; no id is as high.
TICKET, ORGANIZATION, REQUESTER = 2_000_000_011, 2_000_000_033, 2_000_000_063
MOST_NAMED = 50
MOST_LINKED = 10
NAMES = {"inside": 0, "links": 1, "readers": 2, "clocks": 3}


@dataclass(frozen=True)
class Linked:
    """A ticket whose matter is the same, from before or after."""

    number: int
    subject: str
    is_earlier: bool


@dataclass(frozen=True)
class Around:
    """All of it, as the page shows it."""

    inside: list[tuple[int, int]]  # id and number of the tickets that go on in this one
    links: list[Linked]
    readers: tuple[str, ...]  # who else of the organization reads along
    running: Clock | None
    past: sla.Clock | None  # the same clock as the arithmetic takes it

    @property
    def why(self) -> tuple[clock.Line, ...]:
        """Why the clock is due when it is; computed where a page says it."""
        return tuple(clock.explain(self.running, self.past)) if self.running else ()


def read_around(shown: Ticket, user: User) -> Around:
    """Read everything beside the conversation, as far as this person reads it."""
    places: dict[Hashable, Any] = {
        TICKET: shown.pk,
        ORGANIZATION: shown.organization_id,
        REQUESTER: shown.requester_id,
        ME: user.pk,
    }
    rows = read_lists(NAMES, _composed(anybody(scope_of(user))), places)
    running, past = _clock(shown, rows["clocks"])
    return Around(
        inside=[(pk, number) for pk, number in rows["inside"]],
        links=[Linked(number, subject, pk < shown.pk) for number, subject, pk in rows["links"]],
        readers=tuple(name for (name,) in rows["readers"]),
        running=running,
        past=past,
    )


@lru_cache(maxsize=500)
def _composed(scope: Scope) -> Composed:
    queries = (
        compose(_inside, scope, TICKET),
        compose(_linked, scope, TICKET),
        compose(_reading, ORGANIZATION, REQUESTER, ME),
        compose(_running, TICKET),
    )
    return compose_lists(dict(zip(NAMES, queries, strict=True)))


def _inside(scope: Scope, ticket: int) -> QuerySet[Ticket, Any]:
    return Ticket.objects.within(scope).inside(ticket).values_list("pk", "number")


def _linked(scope: Scope, ticket: int) -> QuerySet[Ticket, Any]:
    """Find what this one follows and what follows it."""
    is_earlier = Q(linked_by__ticket=ticket, linked_by__kind=Link.Kind.FOLLOW_UP)
    is_later = Q(links__other=ticket, links__kind=Link.Kind.FOLLOW_UP)
    found = Ticket.objects.within(scope).filter(is_earlier | is_later).order_by("number")
    return found.values_list("number", "subject", "pk").distinct()[:MOST_LINKED]


def _reading(organization: int, requester: int, reader: int) -> QuerySet[User, Any]:
    reading = Q(role__sees_organization=True) | Q(pk=requester)
    people = User.objects.active().filter(reading, organization_id=organization)
    return people.exclude(pk=reader).order_by("full_name").values_list("full_name")[:MOST_NAMED]


def _running(ticket: int) -> QuerySet[Clock, Any]:
    """Find the clock of an answer that runs, once for each of its segments."""
    found = Clock.objects.running().responses().filter(ticket=ticket)
    return found.order_by("segments__starts_at", "segments__pk").values_list(
        *("pk", "kind", "priority", "target_minutes", "due_at"),
        *("segments__starts_at", "segments__ends_at", "segments__is_running"),
        *("segments__reason", "segments__calendar"),
    )


def _clock(
    shown: Ticket, rows: list[tuple[Any, ...]]
) -> tuple[Clock, sla.Clock] | tuple[None, None]:
    """Make a clock of what was read of it, and as the arithmetic takes it."""
    if not rows:
        return None, None
    pk, kind, priority, minutes, due_at, *_first = rows[0]
    one = Clock(pk=pk, kind=kind, priority=priority, target_minutes=minutes, due_at=moment(due_at))
    one.ticket = shown
    past = tuple(
        sla.Segment(datetime.fromisoformat(start), moment(end), is_running, reason, calendar)
        for *_clock, start, end, is_running, reason, calendar in rows
        if start
    )
    return one, sla.Clock(kind, past, timedelta(minutes=minutes or 0))
