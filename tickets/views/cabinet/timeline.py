"""A conversation as customers read it: messages and the few events that concern them, by time."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.template.loader import render_to_string
from django.utils.translation import get_language

from accounts.models import User, initials_of
from portal.support.schedule import current_schedule
from portal.templatetags.moments import today
from tickets import access
from tickets.models import Attachment, Event, IncomingLetter, Message, Ticket
from tickets.querysets import read, read_for

# Whatever else happens inside support stays there: whose turn it is, notes, priorities.
SHOWN_EVENTS = (
    *("filed", "resolved", "closed", "reopened", "reminded", "closed_by_silence"),
    *("date_agreed", "promise_moved", "joined", "handed_over", "eta_moved"),
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
class Somebody:
    """A person as far as a conversation shows them."""

    full_name: str
    position: str = ""

    @property
    def initials(self) -> str:
        """The letters of the avatar."""
        return initials_of(self.full_name)


@dataclass(frozen=True)
class File:
    """A file as far as a message shows it."""

    id: Any
    name: str
    size: int  # bytes
    content_type: str
    has_preview: bool
    width: int | None
    height: int | None


@dataclass(frozen=True)
class Mailed:
    """The letter that a message came by, as far as the staff is shown it."""

    pk: UUID
    sender: str
    is_authentic: bool
    reason: str  # why it counts as the person's, where its own signs did not say so
    whole: str  # all of its text, where quotes or a signature were left out
    can_open: bool


@dataclass(frozen=True)
class Said:
    """A message as it is shown, and nothing more: under this it is drawn once."""

    pk: int
    ticket_id: int
    author_id: int
    author: Somebody
    kind: str
    is_from_staff: bool
    is_answer: bool
    text: str
    created_at: datetime
    files: tuple[File, ...] = ()
    # Where it was written, when it came here by a merge.
    origin: int | None = None
    # People of the desk whom a note names.
    mentions: tuple[str, ...] = ()
    letter: Mailed | None = None


@dataclass(frozen=True)
class Happened:
    """An event as it is shown."""

    pk: int
    at: datetime
    code: str
    data_text: str
    actor: Somebody | None

    @property
    def data(self) -> dict[str, Any]:
        """What the event keeps."""
        found: dict[str, Any] = json.loads(self.data_text)
        return found

    @property
    def row(self) -> Event:
        """The event itself, as far as its words need it."""
        return Event(code=self.code, data=self.data, at=self.at)

    @property
    def customer_template(self) -> str:
        """Where the words for customers stand."""
        return self.row.customer_template

    @property
    def until(self) -> datetime | None:
        """The instant that it names."""
        return self.row.until

    @property
    def eta_on(self) -> date | None:
        """The day on which it should be done, as it was told."""
        return self.row.eta_on

    @property
    def news_due_at(self) -> datetime | None:
        """The moment by which there should be news, as it was told."""
        return self.row.news_due_at

    @property
    def words(self) -> str:
        """What happened, in the reader's language."""
        who = self.actor.full_name if self.actor else ""
        return _words(self.code, self.data_text, who, get_language(), today())


@lru_cache(maxsize=4096)
def _words(code: str, data: str, who: str, _language: str | None, _day: date) -> str:
    """Say an event; the same thing done by the same person is said once."""
    event = Event(code=code, data=json.loads(data))
    return render_to_string(event.template, {"event": event, "who": who}).strip()


@dataclass(frozen=True)
class Item:
    """One entry: a message or an event."""

    at: datetime
    message: Said | None = None
    event: Happened | None = None
    is_own: bool = False


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
    ticket: Ticket,
    user: User,
    *,
    after: Seen = Seen(),
    history: Iterable[Happened] | None = None,
    inside: Sequence[tuple[int, int]] = (),
    names: Sequence[str] = (),
) -> list[Item]:
    """Give what this person may read and has not seen, oldest first.

    `history` is that of the ticket, where somebody has read it already; `inside` names id and
    number of the tickets that go on in this one and that this person may read; `names` are those
    by which notes mention somebody.
    """
    if history is None:
        history = _told(read_for(_events, numbers=(ticket.pk, after.event_id)))
    said = [_mentioning(one, names) for one in _said(ticket, user, after, dict(inside))]
    items = [Item(one.created_at, message=one, is_own=one.author_id == user.pk) for one in said]
    items += [Item(event.at, event=event) for event in history if event.code in SHOWN_EVENTS]
    return sorted(items, key=_order)


def _mentioning(said: Said, names: Sequence[str]) -> Said:
    if said.kind != "note" or "@" not in said.text:
        return said
    return replace(said, mentions=tuple(name for name in names if f"@{name}" in said.text))


def history_of(ticket: Ticket) -> list[Happened]:
    """Read all that happened to a ticket, latest first."""
    return _told(read_for(_all_events, numbers=(ticket.pk,)))


SHOWN_OF_EVENTS = ("pk", "at", "code", "data", "actor__full_name")
SHOWN_OF_MESSAGES = (
    *("pk", "ticket_id", "author_id", "author__full_name", "author__position", "kind"),
    *("is_from_staff", "is_answer", "text", "created_at", "has_letter", "has_files"),
)


def _events(ticket: int, after: int) -> QuerySet[Event, Any]:
    shown = Event.objects.filter(ticket=ticket, code__in=SHOWN_EVENTS, id__gt=after)
    return shown.values_list(*SHOWN_OF_EVENTS)


def _all_events(ticket: int) -> QuerySet[Event, Any]:
    return Event.objects.filter(ticket=ticket).order_by("-id").values_list(*SHOWN_OF_EVENTS)


def _told(rows: Iterable[tuple[Any, ...]]) -> list[Happened]:
    return [
        Happened(pk, at, code, data, Somebody(name) if name else None)
        for pk, at, code, data, name in rows
    ]


def _messages(is_staff: bool, ticket: int, after: int) -> QuerySet[Message, Any]:  # noqa: FBT001
    found = Message.objects.filter(ticket=ticket, id__gt=after)
    return _as_shown(found, is_staff=is_staff)


def _messages_of(is_staff: bool, tickets: tuple[int, ...], after: int) -> QuerySet[Message, Any]:  # noqa: FBT001
    found = Message.objects.filter(ticket__in=tickets, id__gt=after)
    return _as_shown(found, is_staff=is_staff)


def _as_shown(found: QuerySet[Message], *, is_staff: bool) -> QuerySet[Message, Any]:
    readable = found if is_staff else found.filter(kind="public")
    has_files = Exists(Attachment.objects.filter(message=OuterRef("pk")))
    # Customers read what they wrote, and nothing of how we came to believe it.
    has_letter: Any = Value(False)  # noqa: FBT003
    if is_staff:
        has_letter = Exists(IncomingLetter.objects.filter(message=OuterRef("pk")))
    shown = readable.annotate(has_files=has_files, has_letter=has_letter)
    return shown.values_list(*SHOWN_OF_MESSAGES)


def _said(ticket: Ticket, user: User, after: Seen, inside: dict[int, int]) -> list[Said]:
    is_staff = user.works_desk
    if inside:
        tickets = (ticket.pk, *inside)
        rows = read(_messages_of, is_staff, tickets, after.message_id)
    else:
        rows = read_for(_messages, is_staff, numbers=(ticket.pk, after.message_id))
    # Most conversations have no files: they are only asked for where there are some.
    files = _files_of([row[0] for row in rows if row[-1]])
    letters = _letters_of([row[0] for row in rows if row[-2]], user)
    return [_shown(row, files, letters, inside) for row in rows]


def _shown(
    row: tuple[Any, ...],
    files: dict[int, list[File]],
    letters: dict[int, Mailed],
    inside: dict[int, int],
) -> Said:
    pk, ticket_id, author_id, name, position, kind, is_from_staff, is_answer, text, at = row[:-2]
    letter = letters.get(pk)
    if letter and " ".join(letter.whole.split()) == " ".join(text.split()):
        letter = replace(letter, whole="")
    return Said(
        pk,
        ticket_id,
        author_id,
        Somebody(name, position),
        kind,
        is_from_staff,
        is_answer,
        text,
        at,
        files=tuple(files.get(pk, ())),
        origin=inside.get(ticket_id),
        letter=letter,
    )


def _letters_of(messages: list[int], user: User) -> dict[int, Mailed]:
    """Give the letters by which messages came; most tickets have none, and are not asked for any."""
    if not messages:
        return {}
    can_open = access.can_handle_letters(user)
    shown = ("message_id", "pk", "sender", "is_authentic", "reason", "text")
    return {
        message: Mailed(pk, sender, bool(is_authentic), reason, text, can_open)
        for message, pk, sender, is_authentic, reason, text in IncomingLetter.objects.filter(
            message__in=messages
        ).values_list(*shown)
    }


def _files_of(messages: list[int]) -> dict[int, list[File]]:
    found: dict[int, list[File]] = {}
    if not messages:
        return found
    shown = ("id", "name", "size", "content_type", "has_preview", "width", "height")
    attached = Attachment.objects.filter(message__in=messages).order_by("created_at", "id")
    for message, *values in attached.values_list("message_id", *shown):
        found.setdefault(message, []).append(File(*values))
    return found


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
