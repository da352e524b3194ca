"""One function per letter about tickets; its name is the name of the letter's template."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from portal.delivery import outbox
from portal.delivery.models import Delivery
from tickets import access, mail_routes, rating_links
from tickets.models import Alert, Clock, Eta, Message, Participant, ProofCode, Ticket

URGENT, USUAL = 1, 5  # the place in the outbox
QUOTED = 5000  # characters of a message that a letter repeats


def ticket_received(ticket: Ticket, *, at: datetime) -> None:
    """Tell the customer the number and the promise.

    What came by mail is not repeated: else strangers could send words of theirs through us
    (design/security.md, 2.4).
    """
    hotel = ticket.property.name if ticket.property else ""
    _to_requester(
        ticket,
        "ticket_received",
        "received",
        at,
        promised_at=_iso(ticket.promised_at),
        property=hotel,
        is_named=ticket.channel != "email",
    )


def ticket_reply(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Send the answer of a specialist to the requester and to colleagues who take part."""
    author, text = message.author.full_name, message.text[:QUOTED]
    for person in _customers(ticket):
        key, said = f"message:{message.pk}", message.pk
        _to_customer(ticket, person, "ticket_reply", key, at, author=author, text=text, said=said)


def ticket_resolved(
    ticket: Ticket, specialist: User, answer: Message | None, *, at: datetime
) -> None:
    """Tell the customers that it is solved, with the last answer if there is one just now.

    The requester finds links there that rate it without signing in; nobody else reads them, not
    even in the admin.
    """
    key = f"resolved:{at.isoformat()}"
    text = answer.text[:QUOTED] if answer else ""
    said = answer.pk if answer else None
    values = {"author": specialist.full_name, "text": text, "said": said}
    for person in _customers(ticket):
        is_theirs = person.pk == ticket.requester_id
        secret = {"rate_url": rating_links.address_of(ticket, person)} if is_theirs else None
        _to_customer(ticket, person, "ticket_resolved", key, at, secret=secret, **values)
    _to_watchers(ticket, "resolved", specialist, key, at, text=text)


def ticket_closed(ticket: Ticket, *, by: str = "staff", at: datetime) -> None:
    """Tell the customers that the ticket was closed by us, or by their silence (`by`)."""
    for person in _customers(ticket):
        _to_customer(ticket, person, "ticket_closed", f"closed:{at.isoformat()}", at, by=by)


def waiting_reminder(ticket: Ticket, *, at: datetime) -> None:
    """Remind the requester that we wait for them, and say when the ticket will be closed."""
    key, closes_at = f"reminder:{at.isoformat()}", _iso(ticket.closes_at)
    _to_requester(ticket, "waiting_reminder", key, at, closes_at=closes_at)


def promise_moved(ticket: Ticket, reason: str, *, at: datetime) -> None:
    """Tell the requester that the answer comes later than promised, and why."""
    key, promised_at = f"promise:{at.isoformat()}", _iso(ticket.promised_at)
    _to_requester(ticket, "promise_moved", key, at, promised_at=promised_at, text=reason)


def date_came(ticket: Ticket, *, at: datetime) -> None:
    """Tell the assignee that the date agreed with the customer has come."""
    if ticket.assignee:
        _to_staff(ticket, ticket.assignee, "date_came", f"date:{at.isoformat()}", at)


def ticket_assigned(ticket: Ticket, *, at: datetime) -> None:
    """Tell somebody of the desk that a ticket is theirs."""
    if ticket.assignee:
        due = _iso(ticket.due_at)
        _to_staff(
            ticket, ticket.assignee, "ticket_assigned", f"assigned:{at.isoformat()}", at, due_at=due
        )


def ticket_new_message(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Tell the assignee that a customer wrote, and their colleagues who take part."""
    author, text = message.author.full_name, message.text[:QUOTED]
    if ticket.assignee:
        key = f"message:{message.pk}"
        _to_staff(ticket, ticket.assignee, "ticket_new_message", key, at, author=author, text=text)
    _to_watchers(ticket, "message", message.author, f"message:{message.pk}", at, text=text)
    # What was written into a merged ticket stays there: the other requester may not read it.
    if message.ticket_id != ticket.pk:
        return
    for person in _customers(ticket):
        if person.pk != message.author_id:
            said = {"author": author, "text": text, "said": message.pk}
            _to_customer(ticket, person, "ticket_reply", f"message:{message.pk}", at, **said)


def ticket_merged(source: Ticket, target: Ticket, *, at: datetime) -> None:
    """Tell the customer that a ticket goes on in another one, as far as they may read that."""
    is_readable = access.takes_part(source.requester, target)
    into = {"into": target.number, "into_subject": target.subject} if is_readable else {"into": 0}
    _to_requester(source, "ticket_merged", f"merged:{at.isoformat()}", at, **into)


def letter_bounced(ticket: Ticket, address: str, *, at: datetime) -> None:
    """Tell the assignee that a letter of ours did not arrive."""
    if ticket.assignee:
        key = f"bounced:{at.isoformat()}"
        _to_staff(ticket, ticket.assignee, "letter_bounced", key, at, address=address)


def how_to_be_identified(address: str, *, since: datetime, at: datetime) -> None:
    """Tell an unknown but true sender how to be identified; at most once since a moment."""
    told = Delivery.objects.filter(
        letter="how_to_be_identified", recipient=address, created_at__gt=since
    )
    if told.exists():
        return
    outbox.write(
        letter="how_to_be_identified",
        recipient=address,
        language=settings.LANGUAGE_CODE,
        context={"url": settings.SITE_URL + reverse("about_support")},
        dedupe_key=f"identify:{address}:{at.isoformat()}",
        at=at,
    )


def proof_code(sent: ProofCode, digits: str, *, at: datetime) -> None:
    """Send a code to the address of the account, whoever wrote: told back it proves who asks."""
    outbox.write(
        letter="proof_code",
        recipient=sent.person.email,
        language=sent.person.language,
        context={
            "name": sent.person.get_short_name(),
            "came_at": sent.letter.received_at.isoformat(),
            "specialist": sent.asked_by.full_name,
            "number": sent.ticket.number if sent.ticket else 0,
        },
        secret={"code": digits},
        expires_at=sent.expires_at,
        dedupe_key=f"proof:{sent.pk}",
        priority=URGENT,
        at=at,
    )


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


def development_started(ticket: Ticket, eta: Eta, *, at: datetime) -> None:
    """Tell the customer that the developers have it, and when there will be news."""
    _about_development(ticket, eta, "development_started", at)


def development_news(ticket: Ticket, eta: Eta, *, at: datetime) -> None:
    """Tell the customer the news of the development, and when there will be more."""
    _about_development(ticket, eta, "development_news", at)


def _about_development(ticket: Ticket, eta: Eta, letter: str, at: datetime) -> None:
    _to_requester(
        ticket,
        letter,
        f"{letter}:{eta.development_id}:{eta.number}:{at.isoformat()}",
        at,
        text=eta.customer_text,
        eta_on=eta.eta_on.isoformat() if eta.eta_on else "",
        news_due_at=eta.news_due_at.isoformat(),
    )


def development_released(ticket: Ticket, note: str, *, at: datetime) -> None:
    """Tell the assignee that it is released, and that a reply lies ready."""
    if ticket.assignee:
        key = f"released:{ticket.development_id}"
        _to_staff(ticket, ticket.assignee, "development_released", key, at, note=note)


def duty_alert(alert: Alert, ticket: Ticket, person: User, *, minutes: int, at: datetime) -> None:
    """Call one person to an urgent incident, at any hour; without minutes nobody comes after them."""
    _to_staff(
        ticket,
        person,
        "duty_alert",
        f"alert:{alert.pk}:{alert.step}",
        at,
        is_urgent=True,
        step=alert.step,
        minutes=minutes,
        priority=ticket.priority or "",
        requester=ticket.requester.full_name,
    )


def codes_guessed(asked: ProofCode, *, at: datetime) -> None:
    """Tell the owner of an account, and the heads of support, that its codes were guessed at.

    Once a day and person, whoever made how many tries (design/security.md, 5.5).
    """
    owner = asked.person
    key = f"guessed:{owner.pk}:{at.date()}"
    if owner.is_active:
        _tell(owner, "codes_guessed", key, at, url=settings.SITE_URL + reverse("about_support"))
    for head in User.objects.heads():
        _tell(
            head,
            "codes_guessed_at",
            key,
            at,
            url=settings.SITE_URL + reverse("desk:letter", args=[asked.letter_id]),
            person=owner.full_name,
            organization=owner.organization.name if owner.organization else "",
            specialist=asked.asked_by.full_name,
        )


def _tell(to: User, letter: str, key: str, at: datetime, **values: str) -> None:
    outbox.write(
        letter=letter,
        recipient=to.email,
        language=to.language,
        context={"name": to.get_short_name(), **values},
        dedupe_key=f"{key}:{to.pk}",
        at=at,
    )


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


def _customers(ticket: Ticket) -> list[User]:
    """Name the requester and the colleagues who take part."""
    joined = Participant.objects.filter(ticket=ticket).select_related("person").order_by("id")
    return [ticket.requester, *(one.person for one in joined)]


def _to_requester(ticket: Ticket, letter: str, key: str, at: datetime, **values: Any) -> None:
    _to_customer(ticket, ticket.requester, letter, key, at, **values)


def _to_customer(
    ticket: Ticket, person: User, letter: str, key: str, at: datetime, **values: Any
) -> None:
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
    ticket: Ticket,
    person: User,
    letter: str,
    key: str,
    at: datetime,
    *,
    is_urgent: bool = False,
    secret: dict[str, str] | None = None,
    **values: Any,
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
        # What is urgent waits for no earlier letter.
        ordering_key="" if is_urgent else f"ticket:{ticket.pk}:{person.pk}",
        priority=URGENT if is_urgent else USUAL,
        secret=secret,
        message_id=mail_routes.message_id(ticket.number),
        at=at,
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
