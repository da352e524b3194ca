"""Who may see which ticket, and how pages load them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import Case, Q, Value, When
from django.db.models.expressions import RawSQL

from tickets import rules

if TYPE_CHECKING:
    from accounts.models import User
    from tickets.models import Clock, Development, IncomingLetter, Message, Ticket  # noqa: F401 (named in strings below)

OPEN = [status.value for status in rules.OPEN_STATUSES]
DONE = [status.value for status in rules.DONE_STATUSES]


# How urgent, as a number to sort by. Not triaged comes first: nobody knows yet what is in it.
URGENCY = Case(
    When(priority__isnull=True, then=Value(0)),
    When(priority=rules.Priority.CRITICAL.value, then=Value(1)),
    When(priority=rules.Priority.HIGH.value, then=Value(2)),
    When(priority=rules.Priority.MEDIUM.value, then=Value(3)),
    default=Value(4),
    output_field=models.SmallIntegerField(),
)
# Stands in a composed query for whoever asks: see `read`.
ME = -1
# What a composed query names by itself: codes as we write them, and the ranks of URGENCY.
CODE = re.compile(r"[a-z_]{1,30}")
RANKS = range(5)

Kind = Literal["none", "all", "theirs", "developed", "organization", "own"]


@dataclass(frozen=True)
class Scope:
    """Which tickets a person may read: every fact on which that depends."""

    person_id: int
    kind: Kind
    organization_id: int = 0


def scope_of(user: User) -> Scope:
    """Say which tickets this person may read.

    The desk reads all; an account manager what is theirs; a developer that and whatever was handed
    over to development; customers by their role.
    """
    if not user.is_active:
        return Scope(user.pk, "none")
    if user.works_desk:
        return Scope(user.pk, _kind_of_staff(user))
    if not user.is_customer or user.organization_id is None:
        return Scope(user.pk, "none")
    kind: Kind = "organization" if user.role.sees_organization else "own"
    return Scope(user.pk, kind, user.organization_id)


def _kind_of_staff(user: User) -> Kind:
    if sees_all(user):
        return "all"
    return "developed" if develops(user) else "theirs"


def develops(user: User) -> bool:
    """Whether this person takes over, as a developer, what needs a change of code."""
    return user.works_desk and user.has_perm("accounts.develop")


def sees_all(user: User) -> bool:
    """Whether no ticket is hidden from this person."""
    return user.works_desk and user.has_perm("accounts.see_all_tickets")


def anybody(scope: Scope) -> Scope:
    """Give the same scope of nobody in particular: its queries are composed once for all."""
    return Scope(ME, scope.kind, scope.organization_id)


def _theirs(person: int) -> Q:
    return Q(organization__account_manager=person) | Q(assignee=person)


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Tickets."""

    def visible_to(self, user: User) -> TicketQuerySet:
        """Keep what this person may read."""
        return self.within(scope_of(user))

    def within(self, scope: Scope) -> TicketQuerySet:
        """Keep what somebody may read who has this scope."""
        person, organization = scope.person_id, scope.organization_id
        if scope.kind == "all":
            return self
        if scope.kind == "theirs":
            return self.filter(_theirs(person))
        if scope.kind == "developed":
            return self.filter(_theirs(person) | Q(development__isnull=False))
        if scope.kind == "organization":
            return self.filter(organization_id=organization)
        if scope.kind == "own":
            return self.filter(organization_id=organization, requester_id=person)
        return self.none()

    def open(self) -> TicketQuerySet:
        """Keep those whose work goes on."""
        return self.filter(status__in=OPEN)

    def done(self) -> TicketQuerySet:
        """Keep those that are resolved or closed."""
        return self.filter(status__in=DONE)

    def untriaged(self) -> TicketQuerySet:
        """Keep the open ones without a priority."""
        return self.open().filter(priority__isnull=True)

    def assigned_to(self, person_id: int) -> TicketQuerySet:
        """Keep the open ones of this assignee."""
        return self.open().filter(assignee_id=person_id)

    def for_addressee(self, addressee: str) -> TicketQuerySet:
        """Keep those of one queue: support, or account managers."""
        return self.filter(addressee=addressee)

    def silent_since(self, before: datetime) -> TicketQuerySet:
        """Keep those that wait for a customer who has said nothing since, and was not reminded.

        A date agreed with the customer is waited for; where we owe an answer, silence is ours.
        """
        waiting = self.filter(status="waiting_customer", agreed_on=None, due_at=None)
        return waiting.filter(
            Q(reminded_at=None) | Q(reminded_at__lt=models.F("last_message_at")),
            status_since__lte=before,
            last_message_at__lte=before,
        )

    def to_close_at(self, at: datetime) -> TicketQuerySet:
        """Keep those whose customer was told that they close by now, and has said nothing since."""
        waiting = self.filter(status="waiting_customer", agreed_on=None, due_at=None)
        return waiting.filter(closes_at__lte=at, reminded_at__gte=models.F("last_message_at"))

    def agreed_for(self, day: date) -> TicketQuerySet:
        """Keep those whose date, agreed with the customer, has come."""
        return self.filter(status="waiting_customer", agreed_on__lte=day)

    def awaiting_us(self) -> TicketQuerySet:
        """Keep those in which a customer waits for an answer."""
        return self.filter(due_at__isnull=False)

    def by_due(self) -> TicketQuerySet:
        """Sort by due time; where nobody waits comes last."""
        return self.order_by(models.F("due_at").asc(nulls_last=True), "id")

    def conversation_of(self, ticket: Ticket) -> TicketQuerySet:
        """Keep the ticket and those that were merged into it, through any number of merges."""
        return self.filter(Q(pk=ticket.pk) | Q(pk__in=self.model.objects.inside(ticket.pk)))

    def inside(self, ticket_id: int) -> TicketQuerySet:
        """Keep those that were merged into a ticket, through any number of merges."""
        return self.filter(pk__in=RawSQL(INSIDE, [ticket_id]))  # noqa: S611 (a constant of ours)

    def for_queue(self) -> TicketQuerySet:
        """Load what a row of a list shows."""
        return self.select_related("requester", "organization", "property", "assignee")


class ClockQuerySet(models.QuerySet["Clock"]):
    """Clocks."""

    def responses(self) -> ClockQuerySet:
        """Keep those of answers: a customer waits, or waited, for our words."""
        return self.filter(kind__in=["first", "next"])

    def running(self) -> ClockQuerySet:
        """Keep the open ones."""
        return self.filter(stopped_at__isnull=True)


class DevelopmentQuerySet(models.QuerySet["Development"]):
    """Developments."""

    def visible_to(self, user: User) -> DevelopmentQuerySet:
        """Keep what this person may read: all for support and developers, else of their tickets."""
        scope = scope_of(user)
        if scope.kind in {"all", "developed"}:
            return self
        if scope.kind != "theirs":
            return self.none()
        person = scope.person_id
        manages = Q(tickets__organization__account_manager=person)
        return self.filter(manages | Q(tickets__assignee=person)).distinct()

    def going_on(self) -> DevelopmentQuerySet:
        """Keep what is not released yet."""
        return self.filter(released_at__isnull=True)

    def released(self) -> DevelopmentQuerySet:
        """Keep what is released."""
        return self.filter(released_at__isnull=False)


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages."""

    def visible_to(self, user: User) -> MessageQuerySet:
        """Keep what this person may read in tickets they may see: notes are for the staff."""
        return self if user.works_desk else self.filter(kind="public")


class LetterQuerySet(models.QuerySet["IncomingLetter"]):
    """Letters that came in."""

    def waiting(self) -> LetterQuerySet:
        """Keep those of which a person has to say what becomes of them."""
        return self.filter(state__in=["quarantined", "failed"])

    def put_away(self) -> LetterQuerySet:
        """Keep those that became nothing: discarded by a person or a rule, or here before."""
        return self.filter(state__in=["discarded", "duplicate"])

    def became_nothing(self) -> LetterQuerySet:
        """Keep those that are in no ticket, nor on the way to one."""
        return self.filter(ticket__isnull=True).exclude(state__in=["stored", "reading"])


# Every ticket that goes on in another one, also by way of a third; union: a circle would end too.
INSIDE = """
with recursive inside(id) as (
    select id from tickets_ticket where merged_into_id = %s
    union select t.id from tickets_ticket t join inside on t.merged_into_id = inside.id
) select id from inside
"""


# Gives a query of values; it depends on nothing but what it is given.
Make = Callable[..., "models.QuerySet[Any, Any]"]


def read(
    make: Make, *given: Hashable, places: Mapping[Hashable, Any] | None = None
) -> list[tuple[Any, ...]]:
    """Read the rows of a query that is composed once for each of what it is given.

    `places` says what to put where the query holds a mark, such as ME: so queries that differ in
    nothing but the person or the moment are one.
    """
    try:
        sql, values = compose(make, *given)
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, filled(values, places or {}))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# Stand in a composed query for numbers that differ each time; no id, limit or level is as high.
HOLES = (2_000_000_011, 2_000_000_033, 2_000_000_063)


def read_for(make: Make, *given: Hashable, numbers: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """Read the rows of a query that is composed once for any numbers, which it takes last."""
    try:
        sql, values = compose_for(make, *given, numbers=numbers)
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def compose_for(
    make: Make, *given: Hashable, numbers: tuple[int, ...]
) -> tuple[str, tuple[Any, ...]]:
    """Put numbers into a query that is composed once for all of them. Raises EmptyResultSet."""
    holes = HOLES[: len(numbers)]
    sql, values = compose(make, *given, *holes)
    put = dict(zip(holes, numbers, strict=True))
    return sql, tuple(
        put.get(value, value) if isinstance(value, int) else value for value in values
    )


@lru_cache(maxsize=2000)
def compose(make: Make, *given: Hashable) -> tuple[str, tuple[Any, ...]]:
    """Compose a query, once: for lists that takes longer than the answer. Raises EmptyResultSet."""
    sql, values = make(*given).query.sql_with_params()
    return _with_constants(str(sql), tuple(values))


def _with_constants(sql: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Write codes and ranks into the text of a query instead of sending them along.

    Indexes that hold only some statuses fit a prepared plan only where it names these itself;
    else each request would be planned anew, which takes longer than its answer.
    """
    first, *rest = sql.split("%s")
    if len(rest) != len(values):
        return sql, values
    pieces = [first]
    for value, piece in zip(values, rest, strict=True):
        pieces += [_constant(value), piece]
    return "".join(pieces), tuple(value for value in values if _constant(value) == "%s")


def _constant(value: Any) -> str:
    if isinstance(value, str) and CODE.fullmatch(value):
        return f"'{value}'"
    # Numbers come in a type of the driver; True and False are numbers too, but not here.
    is_rank = isinstance(value, int) and not isinstance(value, bool) and value in RANKS
    return str(int(value)) if is_rank else "%s"


def filled(values: tuple[Any, ...], places: Mapping[Hashable, Any]) -> list[Any]:
    """Put the values of this request where a composed query holds its marks."""
    return [places.get(value, value) for value in values]
