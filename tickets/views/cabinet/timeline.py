"""A conversation as customers read it: messages and the few events that concern them, by time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.db.models import Exists, OuterRef, prefetch_related_objects

from accounts.models import User
from portal.support.schedule import current_schedule
from tickets.models import Attachment, Event, Message, Ticket

# Whatever else happens inside support stays there: whose turn it is, notes, priorities.
SHOWN_EVENTS = (
    *("filed", "resolved", "closed", "reopened", "reminded", "closed_by_silence"),
    *("date_agreed", "promise_moved", "joined"),
)
LONGEST_ID = 18  # digits; more do not fit into the column


@dataclass(frozen=True)
class Seen:
    """How far somebody has read: the last message and the last event on their page."""

    message_id: int = 0
    event_id: int = 0

    def __str__(self) -> str:
        return f"{self.message_id}-{self.event_id}"


@dataclass(frozen=True)
class Item:
    """One entry: a message or an event."""

    at: datetime
    message: Message | None = None
    event: Event | None = None


@dataclass(frozen=True)
class Day:
    """The entries of one day of the calendar."""

    on: date
    items: list[Item]


def read_seen(text: str) -> Seen:
    """Read how far a page had got; what cannot be read counts as nothing seen."""
    first, _sign, second = text.partition("-")
    numbers = [int(one) if _is_number(one) else 0 for one in (first, second)]
    return Seen(*numbers)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID


def items_of(
    ticket: Ticket, user: User, *, after: Seen = Seen(), history: Iterable[Event] | None = None
) -> list[Item]:
    """Give what this person may read and has not seen, oldest first.

    `history` is that of the ticket, where somebody has read it already.
    """
    if history is None:
        shown = ticket.events.filter(code__in=SHOWN_EVENTS, id__gt=after.event_id)
        history = shown.select_related("actor")
    items = [Item(message.created_at, message=message) for message in _said(ticket, user, after)]
    items += [Item(event.at, event=event) for event in history if event.code in SHOWN_EVENTS]
    return sorted(items, key=_order)


def _said(ticket: Ticket, user: User, after: Seen) -> list[Message]:
    has_files = Exists(Attachment.objects.filter(message=OuterRef("pk")))
    found = ticket.messages.visible_to(user).filter(id__gt=after.message_id)
    said = list(found.select_related("author").annotate(has_files=has_files))
    # Most conversations have no files: they are only asked for where there are some.
    prefetch_related_objects([one for one in said if one.has_files], "attachments")  # type: ignore[attr-defined]
    return said


def _order(item: Item) -> tuple[datetime, bool, int]:
    # What was said comes before what it brought about at the same instant.
    row = item.message or item.event
    return item.at, item.event is not None, row.pk if row else 0


def days_of(items: list[Item]) -> list[Day]:
    """Part the entries into the days of the calendar by which support works."""
    schedule = current_schedule()
    return [
        Day(on, list(found))
        for on, found in groupby(items, key=lambda item: schedule.day_of(item.at))
    ]


def seen_of(items: list[Item], before: Seen = Seen()) -> Seen:
    """Say how far somebody has read who reads these."""
    return Seen(
        max([before.message_id, *(item.message.pk for item in items if item.message)]),
        max([before.event_id, *(item.event.pk for item in items if item.event)]),
    )
