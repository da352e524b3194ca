"""Waiting for the customer: a date agreed with them, a reminder, and the end that it announced."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from portal.support.schedule import current_schedule
from tickets import access, clock, history, notices, policy, rules
from tickets.actions import closing, locking
from tickets.models import Outcome, Ticket

LONGEST_WAIT = timedelta(days=366)
AGREED_DATE = "agreed_date"  # why the clock of the work stands


class DateNotToCome(Refused):
    """A date to wait for lies ahead."""

    code = "date_not_to_come"
    status = 400
    field = "agreed_on"
    message = _("Choose a day to come, within a year.")


@transaction.atomic
def agree_date(*, ticket: Ticket, actor: User, agreed_on: date, at: datetime) -> Ticket:
    """Wait until a date agreed with the customer: nobody is reminded before it, then work goes on.

    Raises NotAllowed, DateNotToCome, locking.StatusForbids.
    """
    today = current_schedule().day_of(at)
    if not today < agreed_on <= today + LONGEST_WAIT:
        raise DateNotToCome
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_agree_date)
    if ticket.status in rules.DONE_STATUSES:
        raise locking.StatusForbids
    if ticket.agreed_on == agreed_on:
        return ticket
    _wait(ticket, actor, at)
    ticket.agreed_on, ticket.reminded_at, ticket.closes_at = agreed_on, None, None
    ticket.save(update_fields=["agreed_on", "reminded_at", "closes_at"])
    history.record(
        ticket=ticket, code="date_agreed", actor=actor, at=at, until=_morning(agreed_on).isoformat()
    )
    return ticket


def _wait(ticket: Ticket, actor: User, at: datetime) -> None:
    waiting = rules.Status.WAITING_CUSTOMER
    if ticket.status != waiting:
        locking.move(ticket, status=waiting, actor=actor, at=at, reason=AGREED_DATE)
    elif ticket.agreed_on is None:
        clock.pause_work(ticket=ticket, reason=AGREED_DATE, at=at)


def _morning(day: date) -> datetime:
    """Give the day as an instant, as events keep what they name."""
    return datetime(day.year, day.month, day.day, tzinfo=current_schedule().tz)


@transaction.atomic
def remind(*, ticket_id: int, at: datetime) -> bool:
    """Remind a customer who is silent, and say when the ticket will be closed; False if needless."""
    figures = policy.current()
    silent = Ticket.objects.silent_since(at - timedelta(days=figures.remind_days))
    ticket = locking.claim(silent, ticket_id)
    if ticket is None:
        return False
    ticket.reminded_at, ticket.closes_at = at, at + timedelta(days=figures.close_days)
    ticket.save(update_fields=["reminded_at", "closes_at"])
    until = ticket.closes_at.isoformat()
    history.record(ticket=ticket, code="reminded", actor=None, at=at, until=until)
    notices.waiting_reminder(ticket, at=at)
    return True


@transaction.atomic
def close_by_silence(*, ticket_id: int, at: datetime) -> bool:
    """Close a ticket whose customer stayed silent until the announced end; False if needless."""
    ticket = locking.claim(Ticket.objects.to_close_at(at), ticket_id)
    if ticket is None:
        return False
    closing.shut(ticket, actor=None, outcome=Outcome.WITHDRAWN, at=at)
    history.record(ticket=ticket, code="closed_by_silence", actor=None, at=at)
    notices.ticket_closed(ticket, by="silence", at=at)
    return True


@transaction.atomic
def come_back(*, ticket_id: int, at: datetime) -> bool:
    """Go on with a ticket on the date agreed with its customer; False if needless."""
    day = current_schedule().day_of(at)
    ticket = locking.claim(Ticket.objects.agreed_for(day), ticket_id)
    if ticket is None:
        return False
    locking.move(ticket, status=rules.Status.OPEN, actor=None, at=at)
    history.record(ticket=ticket, code="date_came", actor=None, at=at)
    notices.date_came(ticket, at=at)
    return True
