"""Solved, closed, taken up again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from tickets import access, clock, history, notices, policy, rules
from tickets.actions import conversation, duty, locking
from tickets.models import ClockKind, Message, MessageKind, Outcome, Ticket


class NotAnswered(Refused):
    """A ticket cannot be solved in silence (docs/sla.md, rule 3)."""

    code = "not_answered"
    field = "text"
    message = _("Tell the customer what was done: a ticket cannot be solved without an answer.")


class AlreadyDone(Refused):
    """It is solved or closed already."""

    code = "already_done"
    message = _("This ticket is solved already.")


class NotDone(Refused):
    """It is still open."""

    code = "not_done"
    message = _("This ticket is open already.")


@transaction.atomic
def resolve(
    *,
    ticket: Ticket,
    actor: User,
    form_key: UUID,
    at: datetime,
    text: str = "",
    attachments: Sequence[UUID] = (),
    seen_message_id: int | None = None,
) -> Ticket:
    """Call a ticket solved, with an answer now or after one given before.

    Raises NotAllowed, AlreadyDone, NotAnswered, conversation.ConversationMovedOn and the refusals
    of texts and files.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_resolve)
    answer = locking.said_before(form_key, author=actor, ticket=ticket)
    if ticket.status in rules.DONE_STATUSES:
        if answer is not None:
            return ticket
        raise AlreadyDone
    conversation.refuse_when_outdated(ticket, actor, seen_message_id, at)
    if answer is None and (text.strip() or attachments):
        answer = conversation.say(
            ticket, actor, text, form_key=form_key, attachments=attachments, at=at
        )
    if not _was_answered(ticket):
        raise NotAnswered
    clock.stop(ticket=ticket, outcome=Outcome.WITHDRAWN, by=actor, at=at)
    clock.stop_work(ticket=ticket, outcome=Outcome.RESOLVED, by=actor, at=at)
    clock.stop_update(ticket=ticket, outcome=Outcome.WITHDRAWN, by=actor, at=at)
    duty.stand_down(ticket, actor=actor, at=at)
    locking.move(ticket, status=rules.Status.RESOLVED, actor=actor, at=at)
    ticket.resolved_at = at
    ticket.save(update_fields=["resolved_at"])
    history.record(ticket=ticket, code="resolved", actor=actor, at=at)
    notices.ticket_resolved(ticket, actor, answer, at=at)
    return ticket


def _was_answered(ticket: Ticket) -> bool:
    return Message.objects.filter(
        ticket=ticket, kind=MessageKind.PUBLIC, is_from_staff=True, is_answer=True
    ).exists()


@transaction.atomic
def close(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Close a ticket for good, by the customer or the staff. Raises NotAllowed.

    The staff may only close what was answered: silence is no end. Closing twice changes nothing.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_close)
    if ticket.status == rules.Status.CLOSED:
        return ticket
    if not actor.is_customer and not _was_answered(ticket):
        raise NotAnswered
    shut(ticket, actor=actor, outcome=Outcome.RESOLVED, at=at)
    history.record(ticket=ticket, code="closed", actor=actor, at=at)
    if actor != ticket.requester:
        notices.ticket_closed(ticket, at=at)
    return ticket


def shut(ticket: Ticket, *, actor: User | None, outcome: Outcome, at: datetime) -> None:
    """Stop what runs in a locked ticket and close it; `outcome` is that of the work."""
    clock.stop(ticket=ticket, outcome=Outcome.WITHDRAWN, by=actor, at=at)
    clock.stop_work(ticket=ticket, outcome=outcome, by=actor, at=at)
    clock.stop_update(ticket=ticket, outcome=Outcome.WITHDRAWN, by=actor, at=at)
    duty.stand_down(ticket, actor=actor, at=at)
    locking.move(ticket, status=rules.Status.CLOSED, actor=actor, at=at)
    ticket.closed_at = at
    ticket.resolved_at = ticket.resolved_at or at
    ticket.save(update_fields=["closed_at", "resolved_at"])


@transaction.atomic
def reopen(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Take a finished ticket up again without a message. Raises NotAllowed, NotDone, TicketClosed."""
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_reopen)
    if ticket.status not in rules.DONE_STATUSES:
        raise NotDone
    if policy.is_over(ticket, at):
        raise conversation.TicketClosed
    conversation.take_up_again(ticket, actor=actor, at=at)
    if actor.is_customer:
        _start_clock(ticket, at)
    return ticket


def _start_clock(ticket: Ticket, at: datetime) -> None:
    last = Message.objects.filter(ticket=ticket, kind=MessageKind.PUBLIC).order_by("id").last()
    if last is not None:
        clock.start(ticket=ticket, kind=ClockKind.NEXT, message=last, at=at)
