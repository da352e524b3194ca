"""Tickets that have to do with each other: parted, followed up, linked."""

from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from tickets import access, clock, history, notices, rules
from tickets.actions import conversation, locking, texts
from tickets.actions.opening import next_number
from tickets.models import ClockKind, Link, Message, MessageKind, Outcome, Proof, Ticket


class LinkedToItself(Refused):
    """A ticket has nothing to do with itself."""

    code = "linked_to_itself"
    status = 400
    field = "number"
    message = _("This is the ticket itself. Name another one.")


class NothingToSplit(Refused):
    """Only what a customer wrote becomes a ticket, and not what the ticket began with."""

    code = "nothing_to_split"
    message = _("Only a later message of the customer can become a ticket of its own.")


class SplitBefore(Refused):
    """This message has a ticket of its own already."""

    code = "split_before"
    message = _("This message is a ticket of its own already.")


class StillOpen(Refused):
    """What is not closed needs no follow-up."""

    code = "still_open"
    message = _("This ticket is not closed: go on in it.")


@transaction.atomic
def link(*, ticket: Ticket, other: Ticket, actor: User, at: datetime) -> Link:
    """Say that two tickets have to do with each other. Twice is once, also the other way round.

    Raises NotAllowed, LinkedToItself.
    """
    if ticket.pk == other.pk:
        raise LinkedToItself
    ticket, other = locking.lock_all([ticket, other], actor=actor, allowed=access.can_merge)
    there = Link.objects.filter(kind=Link.Kind.RELATED, ticket=other, other=ticket).first()
    if there is not None:
        return there
    made, is_new = Link.objects.get_or_create(
        kind=Link.Kind.RELATED, ticket=ticket, other=other, defaults={"by": actor, "at": at}
    )
    if is_new:
        _record(ticket, other, "linked", actor, at)
    return made


@transaction.atomic
def unlink(*, ticket: Ticket, other: Ticket, actor: User, at: datetime) -> None:
    """Take a link back; how a ticket began is no link to take back. Raises NotAllowed."""
    ticket, other = locking.lock_all([ticket, other], actor=actor, allowed=access.can_merge)
    pair = [ticket.pk, other.pk]
    links = Link.objects.filter(kind=Link.Kind.RELATED, ticket__in=pair, other__in=pair)
    deleted, _by_model = links.delete()
    if deleted:
        _record(ticket, other, "unlinked", actor, at)


@transaction.atomic
def split(*, ticket: Ticket, message_id: int, subject: str, actor: User, at: datetime) -> Ticket:
    """Make a message of the customer a ticket of its own; its clock runs from the receipt (rule 9).

    The message stays where it was written, too. Raises NotAllowed, NothingToSplit, SplitBefore,
    texts.NoSubject.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_merge)
    message = _splittable(ticket, message_id)
    made = _store(ticket, texts.subject_of(subject), uuid4(), message.created_at)
    made.promised_at = clock.promise(category=made.category, at=made.received_at).due_at
    made.save(update_fields=["promised_at"])
    _copy_message(message, made)
    _begin(made, ticket, Link.Kind.SPLIT, actor, at)
    notices.ticket_received(made, at=at)
    _wait_for_the_rest(ticket, message, actor, at)
    _record(ticket, made, "split", actor, at, message=message.pk)
    return made


def splittable(ticket: Ticket) -> QuerySet[Message]:
    """Give what a customer wrote here later: each may become a ticket of its own, once."""
    said = Message.objects.filter(ticket=ticket, kind=MessageKind.PUBLIC).order_by("id")
    first = said.values("pk")[:1]
    events = ticket.events.filter(code="split").values_list("data", flat=True)
    split_before = [data["message"] for data in events]
    return said.filter(is_from_staff=False).exclude(pk__in=first).exclude(pk__in=split_before)


def _splittable(ticket: Ticket, message_id: int) -> Message:
    message = splittable(ticket).filter(pk=message_id).select_related("author").first()
    if message is not None:
        return message
    if ticket.events.filter(code="split", data__message=message_id).exists():
        raise SplitBefore
    raise NothingToSplit


@transaction.atomic
def follow_up(
    *, ticket: Ticket, subject: str, text: str, actor: User, form_key: UUID, at: datetime
) -> Ticket:
    """Open a ticket that goes on where a closed one ended, for the same customer.

    Raises NotAllowed, StillOpen, texts.NoSubject, texts.NothingSaid.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_merge)
    if (earlier := Ticket.objects.filter(form_key=form_key).first()) is not None:
        return earlier
    if ticket.status != rules.Status.CLOSED:
        raise StillOpen
    made = _store(ticket, texts.subject_of(subject), form_key, at)
    _begin(made, ticket, Link.Kind.FOLLOW_UP, actor, at)
    # The key of the form is the ticket's; its first message has one of its own.
    said = conversation.say(made, actor, text, form_key=uuid4(), attachments=(), at=at)
    locking.move(made, status=rules.Status.OPEN, actor=actor, at=at)
    notices.ticket_reply(made, said, at=at)
    _record(ticket, made, "followed_up", actor, at)
    return made


def _store(origin: Ticket, subject: str, form_key: UUID, received_at: datetime) -> Ticket:
    """Store a ticket of the same customer, hotel, channel and category."""
    same = ("organization_id", "property_id", "requester_id", "category", "addressee", "channel")
    return Ticket.objects.create(
        **{name: getattr(origin, name) for name in (*same, "language")},
        number=next_number(),
        subject=subject,
        form_key=form_key,
        received_at=received_at,
        last_message_at=received_at,
        status_since=received_at,
    )


def _copy_message(message: Message, made: Ticket) -> None:
    """Begin a ticket with what was said elsewhere, and let its clocks run from that receipt."""
    said = Message.objects.create(
        ticket=made,
        author=message.author,
        kind=MessageKind.PUBLIC,
        is_from_staff=False,
        text=message.text,
        created_at=message.created_at,
    )
    clock.start(ticket=made, kind=ClockKind.FIRST, message=said, at=said.created_at)


def _begin(made: Ticket, origin: Ticket, kind: Link.Kind, actor: User, at: datetime) -> None:
    """Say from which ticket it stems, and let the work run."""
    _copy_proofs(origin, made)
    clock.start_work(ticket=made, at=made.received_at)
    Link.objects.create(kind=kind, ticket=made, other=origin, by=actor, at=at)
    code = {Link.Kind.SPLIT: "split_off", Link.Kind.FOLLOW_UP: "follows_up"}[kind]
    history.record(ticket=made, code=code, actor=actor, at=at, other=origin.number)


def _wait_for_the_rest(ticket: Ticket, message: Message, actor: User, at: datetime) -> None:
    """Where only the message that left was waiting, nobody waits here; else the next one does."""
    running = clock.open_clock(ticket)
    if running is None or running.message_id != message.pk:
        return
    clock.stop(ticket=ticket, outcome=Outcome.MERGED, by=actor, at=at)
    public = Message.objects.filter(ticket=ticket, kind=MessageKind.PUBLIC, is_from_staff=False)
    later = public.filter(pk__gt=message.pk).order_by("id").first()
    if later is not None:
        clock.start(ticket=ticket, kind=ClockKind.NEXT, message=later, at=later.created_at)


def _copy_proofs(origin: Ticket, made: Ticket) -> None:
    """Whoever was known there is known here: the same words of the same person."""
    proofs = Proof.objects.filter(ticket=origin).order_by("id")
    fields = [field.attname for field in Proof._meta.concrete_fields if not field.primary_key]
    Proof.objects.bulk_create(
        Proof(**{**{name: getattr(one, name) for name in fields}, "ticket_id": made.pk})
        for one in proofs
    )


def _record(
    ticket: Ticket, other: Ticket, code: str, actor: User, at: datetime, **data: object
) -> None:
    """Record it in the one ticket, and in the other where both are equals."""
    history.record(ticket=ticket, code=code, actor=actor, at=at, other=other.number, **data)
    if code in {"linked", "unlinked"}:
        history.record(ticket=other, code=code, actor=actor, at=at, other=ticket.number)
