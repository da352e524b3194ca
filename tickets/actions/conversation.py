"""Messages: replies that all participants read, and notes for the staff."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import UniqueViolation

from accounts.models import User
from portal.refusals import NotAllowed, Refused
from tickets import access, clock, history, notices, policy, rules
from tickets.actions import development, duty, locking, texts, tying, uploads, watching
from tickets.models import ClockKind, Message, MessageKind, Outcome, Ticket


class TicketClosed(Refused):
    """Closed for so long that a new ticket is the better place."""

    code = "ticket_closed"
    message = _("This ticket was closed too long ago. Please file a new one.")


class ConversationMovedOn(Refused):
    """Somebody wrote meanwhile; the answer may no longer fit."""

    code = "conversation_moved_on"
    message = _("New messages came in while you were writing. Read them, then send your reply.")


@transaction.atomic
def reply(
    *,
    ticket: Ticket,
    author: User,
    text: str,
    form_key: UUID,
    at: datetime,
    attachments: Sequence[UUID] = (),
    waits_for_customer: bool = False,
    is_answer: bool = True,
    is_thanks: bool | None = None,
    seen_message_id: int | None = None,
) -> Message:
    """Write a message that the customer reads; it stops or starts the clock of an answer.

    With `seen_message_id` the reply is refused when a later public message exists. What is no
    answer, like a receipt, stops no clock (docs/sla.md, rule 3). A customer's thanks for a solution
    are filed and take nothing up again (rule 8); `is_thanks` is what the customer said of it, and
    where nobody asked, the words themselves tell.
    Raises NotAllowed, TicketClosed, ConversationMovedOn and the refusals of texts and files.
    """
    ticket, place = _lock_where_it_goes_on(ticket, author)
    if (said := locking.said_before(form_key, author=author, ticket=place)) is not None:
        return said
    refuse_when_outdated(ticket, author, seen_message_id, at)
    message = say(
        place,
        author,
        text,
        form_key=form_key,
        attachments=attachments,
        is_answer=is_answer,
        at=at,
    )
    if not message.is_from_staff:
        if not _is_only_thanks(ticket, message, is_thanks):
            _asked(ticket, message, at=at)
        return message
    if waits_for_customer and ticket.status not in rules.DONE_STATUSES:
        locking.move(ticket, status=rules.Status.WAITING_CUSTOMER, actor=author, at=at)
    elif ticket.status == rules.Status.NEW:
        locking.move(ticket, status=rules.Status.OPEN, actor=author, at=at)
    notices.ticket_reply(ticket, message, at=at)
    return message


def _lock_where_it_goes_on(ticket: Ticket, author: User) -> tuple[Ticket, Ticket]:
    """Lock the ticket whose clock runs, and the one in which the message is kept.

    Both are the same, but where a customer writes into a merged ticket and may not read the one
    it goes on in: their words stay in theirs, so that nobody of the other one reads along.
    Raises NotAllowed, locking.WentElsewhere.
    """
    if ticket.merged_into_id is None:
        locked = locking.lock(ticket, actor=author, allowed=access.can_reply)
        refuse_when_merged(locked)
        return locked, locked
    if not author.is_customer:
        raise locking.WentElsewhere
    into = survivor_of(ticket)
    if access.can_reply(author, into):
        locked = locking.lock(into, actor=author, allowed=access.can_reply)
        refuse_when_merged(locked)
        return locked, locked
    locked, place = locking.lock_all([into, ticket], actor=author, allowed=_may_write_near)
    refuse_when_merged(locked)
    if not access.can_reply(author, place) or survivor_of(place).pk != locked.pk:
        raise NotAllowed
    return locked, place


def _may_write_near(author: User, ticket: Ticket) -> bool:
    return author.organization_id == ticket.organization_id


def survivor_of(ticket: Ticket) -> Ticket:
    """Give the ticket in which this one goes on, through any number of merges; itself if none."""
    while ticket.merged_into is not None:
        ticket = ticket.merged_into
    return ticket


def refuse_when_merged(ticket: Ticket) -> None:
    """Refuse to write into what goes on elsewhere. Raises locking.WentElsewhere."""
    if ticket.merged_into_id is not None:
        raise locking.WentElsewhere


def say(
    ticket: Ticket,
    author: User,
    text: str,
    *,
    form_key: UUID,
    attachments: Sequence[UUID],
    at: datetime,
    is_answer: bool = True,
) -> Message:
    """Write a public message into a locked ticket; an answer of the staff stops the clock."""
    message = _write(
        ticket, author, text, MessageKind.PUBLIC, form_key, attachments, at, is_answer=is_answer
    )
    ticket.last_message_at = at
    history.record(ticket=ticket, code="replied", actor=author, at=at, message=message.pk)
    if message.is_from_staff:
        tying.given(ticket, message, at=at)
    if message.is_from_staff and message.is_answer:
        _answered(ticket, message, at=at)
    ticket.save(update_fields=["last_message_at", "responded_at", "assignee"])
    return message


@transaction.atomic
def note(
    *,
    ticket: Ticket,
    author: User,
    text: str,
    form_key: UUID,
    at: datetime,
    attachments: Sequence[UUID] = (),
) -> Message:
    """Leave a note that only the staff reads; no clock notices it. Raises NotAllowed."""
    ticket = locking.lock(ticket, actor=author, allowed=access.can_note)
    if (said := locking.said_before(form_key, author=author, ticket=ticket)) is not None:
        return said
    message = _write(ticket, author, text, MessageKind.NOTE, form_key, attachments, at)
    history.record(ticket=ticket, code="noted", actor=author, at=at, message=message.pk)
    watching.mention(ticket, message, at=at)
    return message


def refuse_when_outdated(
    ticket: Ticket, author: User, seen_message_id: int | None, at: datetime
) -> None:
    """Refuse what was written without having read the latest, or too late.

    Raises TicketClosed, ConversationMovedOn.
    """
    if policy.is_over(ticket, at):
        raise TicketClosed
    if seen_message_id is None:
        return
    conversation = Ticket.objects.conversation_of(ticket)
    newer = Message.objects.filter(
        ticket__in=conversation, kind=MessageKind.PUBLIC, id__gt=seen_message_id
    )
    if newer.exclude(author=author).exists():
        raise ConversationMovedOn


def _write(
    ticket: Ticket,
    author: User,
    text: str,
    kind: MessageKind,
    form_key: UUID,
    attachments: Sequence[UUID],
    at: datetime,
    *,
    is_answer: bool = True,
) -> Message:
    message = Message(
        ticket=ticket,
        author=author,
        kind=kind,
        is_answer=is_answer,
        is_from_staff=not author.is_customer,
        text=texts.text_of(text),
        created_at=at,
        form_key=form_key,
    )
    _insert(message)
    uploads.attach(message=message, author=author, ids=attachments)
    duty.noticed(ticket, actor=author, at=at)
    return message


def _insert(message: Message) -> None:
    try:
        message.save(force_insert=True)
    except IntegrityError as error:
        # Race: the key was taken in another ticket; in this one the lock stands before it. The
        # transaction is lost, so that nothing but the error itself can tell.
        if isinstance(error.__cause__, UniqueViolation):
            raise locking.FormTaken from None
        raise


def _answered(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """A person of the staff answered: the clock stops, the ticket gets an assignee. Not saved yet."""
    clock.stop(ticket=ticket, outcome=Outcome.ANSWERED, by=message.author, at=at)
    ticket.responded_at = ticket.responded_at or at
    if ticket.assignee_id is None:
        ticket.assignee = message.author
        history.record(
            ticket=ticket, code="assigned", actor=message.author, at=at, to=message.author.full_name
        )


def _is_only_thanks(ticket: Ticket, message: Message, is_thanks: bool | None) -> bool:  # noqa: FBT001
    if ticket.status not in rules.DONE_STATUSES:
        return False
    if is_thanks is None:
        return rules.is_thanks(message.text) and not message.attachments.exists()
    return is_thanks


def _asked(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """A customer wrote: the oldest unanswered message runs the clock (rules 5 and 8)."""
    if ticket.status in rules.DONE_STATUSES:
        take_up_again(ticket, actor=message.author, at=at)
    # Whoever writes here has signed in or holds a token, which tells who they are as well.
    elif ticket.status in rules.PAUSED_STATUSES:
        locking.move(ticket, status=rules.Status.OPEN, actor=message.author, at=at)
    if clock.open_clock(ticket) is None:
        clock.start(ticket=ticket, kind=ClockKind.NEXT, message=message, at=at)
    if message.ticket_id != ticket.pk:  # written into a ticket that goes on in this one
        ticket.last_message_at = at
        ticket.save(update_fields=["last_message_at"])
    notices.ticket_new_message(ticket, message, at=at)


def take_up_again(ticket: Ticket, *, actor: User, at: datetime) -> None:
    """Open a finished ticket again, and record it. Raises locking.WentElsewhere."""
    refuse_when_merged(ticket)
    locking.move(ticket, status=rules.Status.OPEN, actor=actor, at=at)
    ticket.resolved_at = ticket.closed_at = None
    ticket.save(update_fields=["resolved_at", "closed_at"])
    clock.start_work(ticket=ticket, at=at)
    development.keep_promise(ticket, at=at)
    history.record(ticket=ticket, code="reopened", actor=actor, at=at)
