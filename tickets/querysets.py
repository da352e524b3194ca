"""Who may see which ticket, and how pages load them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from tickets import rules

if TYPE_CHECKING:
    from accounts.models import User
    from tickets.models import Message, Ticket  # noqa: F401 (named in strings below)

OPEN = [status.value for status in rules.OPEN_STATUSES]
DONE = [status.value for status in rules.DONE_STATUSES]


def sees_all(user: User) -> bool:
    """Whether no ticket is hidden from this person."""
    return user.works_desk and user.has_perm("accounts.see_all_tickets")


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Tickets."""

    def visible_to(self, user: User) -> TicketQuerySet:
        """Keep what this person may read.

        The desk reads all; an account manager or developer what is theirs; customers by their role.
        """
        if not user.is_active:
            return self.none()
        if user.works_desk:
            theirs = Q(organization__account_manager=user) | Q(assignee=user)
            return self if sees_all(user) else self.filter(theirs)
        if not user.is_customer or user.organization_id is None:
            return self.none()
        if user.role.sees_organization:
            return self.filter(organization_id=user.organization_id)
        return self.filter(organization_id=user.organization_id, requester_id=user.pk)

    def open(self) -> TicketQuerySet:
        """Keep those whose work goes on."""
        return self.filter(status__in=OPEN)

    def done(self) -> TicketQuerySet:
        """Keep those that are resolved or closed."""
        return self.filter(status__in=DONE)

    def untriaged(self) -> TicketQuerySet:
        """Keep the open ones without a priority."""
        return self.open().filter(priority__isnull=True)

    def assigned_to(self, user: User) -> TicketQuerySet:
        """Keep the open ones of this assignee."""
        return self.open().filter(assignee=user)

    def for_addressee(self, addressee: str) -> TicketQuerySet:
        """Keep those of one queue: support, or account managers."""
        return self.filter(addressee=addressee)

    def awaiting_us(self) -> TicketQuerySet:
        """Keep those in which a customer waits for an answer."""
        return self.filter(due_at__isnull=False)

    def by_due(self) -> TicketQuerySet:
        """Sort by due time; where nobody waits comes last."""
        return self.order_by(models.F("due_at").asc(nulls_last=True), "id")

    def for_queue(self) -> TicketQuerySet:
        """Load what a row of a list shows."""
        return self.select_related("requester", "organization", "property", "assignee")


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages."""

    def visible_to(self, user: User) -> MessageQuerySet:
        """Keep what this person may read in tickets they may see: notes are for the staff."""
        return self if user.works_desk else self.filter(kind="public")
