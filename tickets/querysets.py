"""Who may see which ticket, and how pages load them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import Q

from tickets import rules

if TYPE_CHECKING:
    from accounts.models import User
    from tickets.models import Clock, Message, Ticket  # noqa: F401 (named in strings below)

OPEN = [status.value for status in rules.OPEN_STATUSES]
DONE = [status.value for status in rules.DONE_STATUSES]


Kind = Literal["none", "all", "theirs", "organization", "own"]


@dataclass(frozen=True)
class Scope:
    """Which tickets a person may read: every fact on which that depends."""

    person_id: int
    kind: Kind
    organization_id: int = 0


def scope_of(user: User) -> Scope:
    """Say which tickets this person may read.

    The desk reads all; an account manager or developer what is theirs; customers by their role.
    """
    if not user.is_active:
        return Scope(user.pk, "none")
    if user.works_desk:
        return Scope(user.pk, "all" if sees_all(user) else "theirs")
    if not user.is_customer or user.organization_id is None:
        return Scope(user.pk, "none")
    kind: Kind = "organization" if user.role.sees_organization else "own"
    return Scope(user.pk, kind, user.organization_id)


def sees_all(user: User) -> bool:
    """Whether no ticket is hidden from this person."""
    return user.works_desk and user.has_perm("accounts.see_all_tickets")


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
            return self.filter(Q(organization__account_manager=person) | Q(assignee=person))
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


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages."""

    def visible_to(self, user: User) -> MessageQuerySet:
        """Keep what this person may read in tickets they may see: notes are for the staff."""
        return self if user.works_desk else self.filter(kind="public")


# Gives a query of values; it depends on nothing but what it is given.
Make = Callable[..., "models.QuerySet[Any, Any]"]


def read(make: Make, *given: Hashable) -> list[tuple[Any, ...]]:
    """Read the rows of a query that is composed once for each of what it is given."""
    try:
        sql, values = compose(make, *given)
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@lru_cache(maxsize=2000)
def compose(make: Make, *given: Hashable) -> tuple[str, tuple[Any, ...]]:
    """Compose a query, once: for lists that takes longer than the answer. Raises EmptyResultSet."""
    sql, values = make(*given).query.sql_with_params()
    return str(sql), tuple(values)
