"""What kind of ticket it is, how urgent, whose, and where it stands."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from tickets import access, clock, history, notices, rules
from tickets.actions import duty, locking
from tickets.actions.opening import NoAccountManager, UnknownAddressee, manager_of
from tickets.models import Ticket


class PriorityTooHigh(Refused):
    """Requests are low or medium; only incidents go higher."""

    code = "priority_too_high"
    status = 400
    field = "priority"
    message = _("Requests are low or medium; only incidents go higher.")


class UnknownKind(Refused):
    """There is no such category or priority."""

    code = "unknown_kind"
    status = 400
    field = "priority"
    message = _("Choose a category and a priority from the table.")


class NotOnDesk(Refused):
    """Only people of the desk can be given tickets."""

    code = "not_on_desk"
    status = 400
    field = "assignee"
    message = _("Choose somebody who works at the desk.")


@transaction.atomic
def triage(
    *,
    ticket: Ticket,
    actor: User,
    category: str,
    priority: str,
    at: datetime,
    operations: str = "",
    business: str = "",
) -> Ticket:
    """Set category and priority; the open clocks get their targets and keep the time they have run.

    The effects on operations and on the business process are its reasons, kept in the history.
    Raises NotAllowed, UnknownKind, PriorityTooHigh.
    """
    if category not in set(rules.Category) or priority not in set(rules.Priority):
        raise UnknownKind
    if not rules.is_allowed(category, priority):
        raise PriorityTooHigh
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_triage)
    effects = {"operations": operations, "business": business}
    reasons = {name: code for name, code in effects.items() if code in set(rules.Effect)}
    before = {"category": ticket.category, "priority": ticket.priority or ""}
    if before == {"category": category, "priority": priority}:
        return ticket
    ticket.category, ticket.priority = category, priority
    ticket.triaged_at = ticket.triaged_at or at
    ticket.save(update_fields=["category", "priority", "triaged_at"])
    history.record(
        ticket=ticket,
        code="triaged",
        actor=actor,
        at=at,
        before=before,
        after={"category": category, "priority": priority},
        **reasons,
    )
    clock.retarget(ticket=ticket, at=at)
    duty.noticed(ticket, actor=actor, at=at)
    duty.judged(ticket, actor=actor, before=before, at=at)
    if ticket.status == rules.Status.NEW:
        locking.move(ticket, status=rules.Status.OPEN, actor=actor, at=at)
    return ticket


@transaction.atomic
def assign(*, ticket: Ticket, actor: User, assignee: User | None, at: datetime) -> Ticket:
    """Say who answers, or that nobody does yet. Raises NotAllowed, NotOnDesk."""
    if assignee is not None and not assignee.works_desk:
        raise NotOnDesk
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_assign)
    if ticket.assignee == assignee:
        return ticket
    ticket.assignee = assignee
    ticket.save(update_fields=["assignee"])
    duty.noticed(ticket, actor=actor, at=at)
    if assignee is None:
        history.record(ticket=ticket, code="unassigned", actor=actor, at=at)
        return ticket
    history.record(ticket=ticket, code="assigned", actor=actor, at=at, to=assignee.full_name)
    if assignee != actor:
        notices.ticket_assigned(ticket, at=at)
    return ticket


@transaction.atomic
def readdress(*, ticket: Ticket, actor: User, addressee: str, at: datetime) -> Ticket:
    """Move a ticket between the queues of support and of account managers; same thread, same clock.

    Raises NotAllowed, UnknownAddressee, NoAccountManager.
    """
    if addressee not in set(rules.Addressee):
        raise UnknownAddressee
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_readdress)
    if ticket.addressee == addressee:
        return ticket
    manager = manager_of(ticket.organization)
    if addressee == rules.Addressee.MANAGER and manager is None:
        raise NoAccountManager
    ticket.addressee = addressee
    ticket.assignee = manager if addressee == rules.Addressee.MANAGER else None
    ticket.save(update_fields=["addressee", "assignee"])
    history.record(ticket=ticket, code="readdressed", actor=actor, at=at, to=addressee)
    if ticket.assignee and ticket.assignee != actor:
        notices.ticket_assigned(ticket, at=at)
    return ticket


@transaction.atomic
def set_status(*, ticket: Ticket, actor: User, status: str, at: datetime) -> Ticket:
    """Say that we wait for the customer or their identification, or that work goes on.

    The response clock is untouched: whoever waits for an answer still has a due time. Into and out
    of development lead the actions of `tickets.actions.development` alone.
    Raises NotAllowed, locking.StatusForbids.
    """
    if status not in {
        rules.Status.OPEN,
        rules.Status.WAITING_CUSTOMER,
        rules.Status.WAITING_IDENTIFICATION,
    }:
        raise locking.StatusForbids
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_set_status)
    leaves_development = (ticket.status, status) == (rules.Status.IN_DEVELOPMENT, rules.Status.OPEN)
    if ticket.status in rules.DONE_STATUSES or leaves_development:
        raise locking.StatusForbids
    locking.move(ticket, status=rules.Status(status), actor=actor, at=at)
    return ticket
