"""The figures by which tickets are reminded of, closed and taken up again; the head of support sets them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.support.schedule import ground
from tickets.models import Policy, Ticket

# The policy as this process read it last, by the version of the ground that every change renews.
_policies: dict[UUID, Policy] = {}


@dataclass(frozen=True)
class Silence:
    """What becomes of a ticket whose customer says nothing: when we remind them, when it closes."""

    reminds_at: datetime
    closes_at: datetime


def current() -> Policy:
    """Give the figures in force; they are read anew after a change."""
    version = ground().brand.version
    found = _policies.get(version)
    if found is None:
        found = Policy.objects.get(pk=1)
        _policies.clear()
        _policies[version] = found
    return found


def is_over(ticket: Ticket, at: datetime) -> bool:
    """Whether a ticket was closed for so long that a new one is the better place (rule 8)."""
    return bool(ticket.closed_at and at - ticket.closed_at > timedelta(days=current().reopen_days))


def silence_of(ticket: Ticket) -> Silence:
    """Say what comes if the customer goes on saying nothing; what was announced holds."""
    figures = current()
    since = max(ticket.status_since or ticket.last_message_at, ticket.last_message_at)
    reminds_at = since + timedelta(days=figures.remind_days)
    closes_at = ticket.closes_at or reminds_at + timedelta(days=figures.close_days)
    return Silence(reminds_at, closes_at)
