"""The lock that every action takes first, and the question whether it may go on."""

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import NotAllowed, Refused
from tickets import clock, history, rules
from tickets.models import Message, Ticket
from tickets.querysets import TicketQuerySet

Question = Callable[[User, Ticket], bool]


class StatusForbids(Refused):
    """The table of moves does not lead from the present status to the wanted one."""

    code = "status_forbids"
    message = _("The ticket stands elsewhere by now. Read it again, please.")


class FormTaken(Refused):
    """The key of a form belongs to something else."""

    code = "form_taken"
    status = 400
    message = _("This form was sent before from elsewhere. Open the page again and send it anew.")


class WentElsewhere(Refused):
    """A merged ticket is read; what goes on goes on in the other one."""

    code = "went_elsewhere"
    message = _("This ticket was merged into another one. Go on there, please.")


def lock_all(tickets: Iterable[Ticket], *, actor: User, allowed: Question) -> list[Ticket]:
    """Lock several rows and give them fresh, in the order asked for. Raises NotAllowed."""
    asked = list(tickets)
    # Order matters: everybody locks by primary key, so that nobody waits for each other.
    locked = {
        one.pk: lock(one, actor=actor, allowed=allowed)
        for one in sorted(asked, key=attrgetter("pk"))
    }
    return [locked[one.pk] for one in asked]


def lock(ticket: Ticket, *, actor: User, allowed: Question) -> Ticket:
    """Lock the row, read it afresh, and refuse who may not. Raises NotAllowed."""
    fresh = _held(Ticket.objects.all()).get(pk=ticket.pk)
    if not actor.is_active or not allowed(actor, fresh):
        raise NotAllowed
    return fresh


def claim(found: TicketQuerySet, pk: int) -> Ticket | None:
    """Lock a row for the system; None where it is no longer among what was found."""
    return _held(found).filter(pk=pk).first()


def _held(found: TicketQuerySet) -> QuerySet[Ticket]:
    held = found.select_for_update(of=("self",))
    return held.select_related("requester__role", "organization__account_manager", "assignee")


def move(
    ticket: Ticket, *, status: rules.Status, actor: User | None, at: datetime, reason: str = ""
) -> None:
    """Change the status if the table allows it, and record that. Raises StatusForbids.

    `reason` is why the clock of the work stands, where the status does not say it all.
    """
    before = ticket.status
    if before == status:
        return
    if not rules.can_move(before, status):
        raise StatusForbids
    ticket.status, ticket.status_since = status, at
    # What was said of the wait before is over with it.
    ticket.reminded_at = ticket.closes_at = ticket.agreed_on = None
    ticket.save(update_fields=["status", "status_since", "reminded_at", "closes_at", "agreed_on"])
    if status in rules.PAUSED_STATUSES:
        clock.pause_work(ticket=ticket, reason=reason or status.value, at=at)
    elif before in rules.PAUSED_STATUSES and status not in rules.DONE_STATUSES:
        clock.resume_work(ticket=ticket, reason=status.value, at=at)
    history.record(
        ticket=ticket, code="status_changed", actor=actor, at=at, before=before, after=status.value
    )


def said_before(form_key: UUID, *, author: User, ticket: Ticket) -> Message | None:
    """Give what this very form has sent already. Raises FormTaken when it was another's."""
    message = Message.objects.filter(form_key=form_key).first()
    if message and (message.author_id != author.pk or message.ticket_id != ticket.pk):
        raise FormTaken
    return message


def refuse_foreign_key(form_key: UUID) -> None:
    """Refuse a key that a message elsewhere has taken meanwhile. Raises FormTaken."""
    if Message.objects.filter(form_key=form_key).exists():
        raise FormTaken from None
