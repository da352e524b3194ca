"""Joining a conversation: colleagues read by their role, and write once they take part."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from tickets import access, history
from tickets.actions import locking
from tickets.models import Participant, Ticket


@transaction.atomic
def join(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Take part from now on; who does already stays in it. Raises NotAllowed."""
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_join)
    if access.takes_part(actor, ticket):
        return ticket
    Participant.objects.create(ticket=ticket, person=actor, since=at)
    history.record(ticket=ticket, code="joined", actor=actor, at=at)
    return ticket
