"""The history of a ticket: codes in rows, words in templates."""

from datetime import datetime
from typing import Any

from accounts.models import User
from tickets.models import Event, Ticket


def record(*, ticket: Ticket, code: str, actor: User | None, at: datetime, **data: Any) -> Event:
    """Add one event."""
    return Event.objects.create(ticket=ticket, code=code, actor=actor, at=at, data=data)
