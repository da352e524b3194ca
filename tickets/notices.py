"""One function per letter about tickets; its name is the name of the letter's template."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from portal.delivery import outbox
from tickets import access
from tickets.models import Clock, Message, Ticket

QUOTED = 5000  # characters of a message that a letter repeats


def ticket_received(ticket: Ticket, *, at: datetime) -> None:
    """Tell the customer the number and the promise."""
    hotel = ticket.property.name if ticket.property else ""
    _to_requester(
        ticket,
        "ticket_received",
        "received",
        at,
        promised_at=_iso(ticket.promised_at),
        property=hotel,
    )


def ticket_reply(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Send the answer of a specialist to the customer."""
    author, text = message.author.full_name, message.text[:QUOTED]
    _to_requester(ticket, "ticket_reply", f"message:{message.pk}", at, author=author, text=text)


def ticket_resolved(
    ticket: Ticket, specialist: User, answer: Message | None, *, at: datetime
) -> None:
    """Tell the customer that it is solved, with the last answer if there is one just now."""
    text = answer.text[:QUOTED] if answer else ""
    key = f"resolved:{at.isoformat()}"
    _to_requester(ticket, "ticket_resolved", key, at, author=specialist.full_name, text=text)
    _to_watchers(ticket, "resolved", specialist, key, at, text=text)


def ticket_closed(ticket: Ticket, *, at: datetime) -> None:
    """Tell the customer that the ticket was closed by us."""
    _to_requester(ticket, "ticket_closed", f"closed:{at.isoformat()}", at)


def ticket_assigned(ticket: Ticket, *, at: datetime) -> None:
    """Tell somebody of the desk that a ticket is theirs."""
    if ticket.assignee:
        due = _iso(ticket.due_at)
        _to_staff(
            ticket, ticket.assignee, "ticket_assigned", f"assigned:{at.isoformat()}", at, due_at=due
        )


def ticket_new_message(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Tell the assignee that the customer wrote; the requester too when a colleague did."""
    author, text = message.author.full_name, message.text[:QUOTED]
    if ticket.assignee:
        key = f"message:{message.pk}"
        _to_staff(ticket, ticket.assignee, "ticket_new_message", key, at, author=author, text=text)
    _to_watchers(ticket, "message", message.author, f"message:{message.pk}", at, text=text)
    # What was written into a merged ticket stays there: the other requester may not read it.
    if message.author != ticket.requester and message.ticket_id == ticket.pk:
        _to_requester(ticket, "ticket_reply", f"message:{message.pk}", at, author=author, text=text)


def ticket_merged(source: Ticket, target: Ticket, *, at: datetime) -> None:
    """Tell the customer that a ticket goes on in another one, as far as they may read that."""
    is_readable = access.takes_part(source.requester, target)
    into = {"into": target.number, "into_subject": target.subject} if is_readable else {"into": 0}
    _to_requester(source, "ticket_merged", f"merged:{at.isoformat()}", at, **into)


def mentioned(ticket: Ticket, message: Message, person: User, *, at: datetime) -> None:
    """Tell somebody of the desk that a note names them."""
    author, text = message.author.full_name, message.text[:QUOTED]
    key = f"mentioned:{message.pk}"
    _to_staff(ticket, person, "mentioned", key, at, author=author, text=text)


def _to_watchers(
    ticket: Ticket, what: str, actor: User, key: str, at: datetime, **values: Any
) -> None:
    """Tell who watches; not of what they did themselves, and the assignee knows anyway."""
    for watcher in ticket.watchers.select_related("person__role").order_by("person_id"):
        person = watcher.person
        knows = person.pk in {actor.pk, ticket.assignee_id if what == "message" else None}
        if not knows and access.works_on(person, ticket):
            who = actor.full_name
            _to_staff(ticket, person, "ticket_watched", key, at, what=what, author=who, **values)


def clock_warning(clock: Clock, person: User, *, percent: int, at: datetime) -> None:
    """Warn one person that an answer, a solution or news are due when this share has run."""
    _about_clock(clock, person, "clock_warning", at, percent=percent)


def clock_late(clock: Clock, person: User, *, at: datetime) -> None:
    """Tell one person that an answer, a solution or news are late."""
    _about_clock(clock, person, "clock_late", at)


def _about_clock(clock: Clock, person: User, letter: str, at: datetime, percent: int = 100) -> None:
    ticket = clock.ticket
    due_at = ticket.due_at if clock.is_response and ticket.due_at else clock.due_at
    _to_staff(
        ticket,
        person,
        letter,
        f"{letter}:{clock.pk}:{percent}",
        at,
        kind=clock.kind,
        percent=percent,
        due_at=_iso(due_at),
        assignee=ticket.assignee.full_name if ticket.assignee else "",
    )


def _to_requester(ticket: Ticket, letter: str, key: str, at: datetime, **values: Any) -> None:
    person = ticket.requester
    url = settings.SITE_URL + reverse("cabinet:ticket", args=[ticket.number])
    # Who has moved on to another organization must not go on reading this one's mail.
    if person.is_active and person.organization_id == ticket.organization_id:
        _write(ticket, person, letter, key, at, url=url, **values)


def _to_staff(
    ticket: Ticket, person: User, letter: str, key: str, at: datetime, **values: Any
) -> None:
    url = settings.SITE_URL + reverse("desk:ticket", args=[ticket.number])
    organization = ticket.organization.name
    if person.is_active:
        _write(ticket, person, letter, key, at, url=url, organization=organization, **values)


def _write(
    ticket: Ticket, person: User, letter: str, key: str, at: datetime, **values: Any
) -> None:
    outbox.write(
        letter=letter,
        recipient=person.email,
        language=person.language,
        context={
            "number": ticket.number,
            "subject": ticket.subject,
            "name": person.get_short_name(),
            **values,
        },
        dedupe_key=f"ticket:{ticket.pk}:{key}:{person.pk}",
        ordering_key=f"ticket:{ticket.pk}:{person.pk}",
        at=at,
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
