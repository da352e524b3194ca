"""Calls for urgent incidents: raised at any hour, taken by a person, passed on when nobody does.

Source: docs/sla.md, rule 12: critical and high incidents reach the person on duty at any hour, and
escalate when nobody acknowledges.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import NotAllowed, Refused
from portal.support.schedule import current_schedule
from tickets import access, duty, history, notices, policy, rules, sla
from tickets.actions import locking
from tickets.models import Alert, DutyShift, Rank, Ticket
from tickets.querysets import sees_all

log = logging.getLogger("tickets.duty")
MOST_AT_ONCE = 200


class AlreadyTaken(Refused):
    """Somebody else is on it."""

    code = "already_taken"
    message = _("Somebody has taken this call already.")


class NobodyCalls(Refused):
    """There is no call that could be taken."""

    code = "nobody_calls"
    message = _("There is no call for this ticket.")


class NotForDuty(Refused):
    """Only people of the desk are called, and only such as can open every ticket."""

    code = "not_for_duty"
    status = 400
    field = "person"
    message = _("Choose somebody of the desk who sees every ticket.")


def is_urgent(category: str, priority: str | None) -> bool:
    """Whether such a ticket has to be solved on its day, and so calls somebody at any hour."""
    return sla.is_same_day(category, priority)


def filed(ticket: Ticket, *, at: datetime) -> None:
    """Call whoever is on duty to an incident that came in while support is closed.

    Filing sets no priority. In support hours the desk sees the new ticket within minutes; at night
    nobody would find out before the morning that it is critical, so a person is asked to look.
    """
    is_incident = ticket.category == rules.Category.INCIDENT
    if is_incident and not current_schedule().is_open(at):
        _raise(ticket, at)  # nobody can have been called to what has only just come in


def judged(ticket: Ticket, *, actor: User, before: dict[str, str], at: datetime) -> None:
    """Call somebody when a triage makes a ticket urgent; end the call when it is not any more.

    Who is on duty and finds it urgent themselves is not called: they know.
    """
    if not is_urgent(ticket.category, ticket.priority):
        stand_down(ticket, actor=actor, at=at)
        return
    if is_urgent(before["category"], before["priority"] or None):
        return
    # What was looked at in the night is in the hands of whoever looked.
    was_taken = not before["priority"] and _taken(ticket)
    if was_taken or _open(ticket) is not None:
        return
    if duty.on_duty(at=at).get(Rank.FIRST) != actor:
        _raise(ticket, at)


def noticed(ticket: Ticket, *, actor: User, at: datetime) -> None:
    """Take the call for somebody who was called and acts on the ticket: they are on it."""
    if actor.is_customer or ticket.category != rules.Category.INCIDENT:
        return
    alert = _open(ticket)
    if alert is not None and alert.called.filter(pk=actor.pk).exists():
        _take(alert, ticket, actor, at)


def stand_down(ticket: Ticket, *, actor: User | None, at: datetime) -> None:
    """End an open call that nobody has to take any more: solved, closed, or not urgent after all."""
    alert = _open(ticket)
    if alert is None:
        return
    alert.acknowledged_at = at
    alert.save(update_fields=["acknowledged_at"])
    history.record(ticket=ticket, code="alert_closed", actor=actor, at=at)


@transaction.atomic
def acknowledge(*, ticket: Ticket, actor: User, at: datetime) -> Alert:
    """Take the call for a ticket; whoever reads it may, not only those who were called.

    Raises NotAllowed, AlreadyTaken, NobodyCalls.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_take_alert)
    alert = _open(ticket)
    if alert is not None:
        return _take(alert, ticket, actor, at)
    last = ticket.alerts.order_by("id").last()
    if last is None:
        raise NobodyCalls
    if last.acknowledged_by_id != actor.pk:
        raise AlreadyTaken
    return last


def escalate_alerts(*, at: datetime) -> int:
    """Pass on the calls that nobody has taken in time; answers how many."""
    waiting = Alert.objects.filter(acknowledged_at__isnull=True, escalates_at__lte=at)
    numbers = list(waiting.order_by("escalates_at").values_list("pk", flat=True)[:MOST_AT_ONCE])
    return sum(_escalate(number, at) for number in numbers)


@transaction.atomic
def _escalate(number: int, at: datetime) -> bool:
    # Order matters: the ticket first, as in every action; then the call is read anew.
    ticket = Ticket.objects.select_for_update(of=("self",)).get(alerts=number)
    alert = _open(ticket)
    if alert is None or alert.pk != number or not alert.escalates_at or alert.escalates_at > at:
        return False
    before = set(alert.called.values_list("pk", flat=True))
    _call(alert, ticket, "alert_escalated", alert.step + 1, before, at)
    return True


def _raise(ticket: Ticket, at: datetime) -> None:
    _call(Alert(ticket=ticket, raised_at=at), ticket, "alert_raised", Rank.FIRST, set(), at)


def _call(
    alert: Alert, ticket: Ticket, code: str, first_step: int, before: set[int], at: datetime
) -> None:
    """Call the people of the next step that has any who were not called yet."""
    step, people = _next(first_step, before, at)
    if not people:
        log.error("nobody to call for an urgent incident", extra={"ticket": ticket.number})
    is_last, minutes = step >= duty.HEADS, policy.current().acknowledge_minutes
    alert.step = step
    alert.escalates_at = None if is_last else at + timedelta(minutes=minutes)
    alert.save()
    alert.called.add(*people)
    names = ", ".join(person.full_name for person in people)
    history.record(ticket=ticket, code=code, actor=None, at=at, step=step, people=names)
    for person in people:
        notices.duty_alert(alert, ticket, person, minutes=0 if is_last else minutes, at=at)


def _next(first_step: int, before: set[int], at: datetime) -> tuple[int, list[User]]:
    for step, called in duty.steps(first_step, at=at):
        if people := [one for one in called if one.pk not in before]:
            return step, people
    return duty.HEADS, []


def _open(ticket: Ticket) -> Alert | None:
    return ticket.alerts.filter(acknowledged_at__isnull=True).first()


def _taken(ticket: Ticket) -> bool:
    return ticket.alerts.filter(acknowledged_by__isnull=False).exists()


def _take(alert: Alert, ticket: Ticket, actor: User, at: datetime) -> Alert:
    alert.acknowledged_at, alert.acknowledged_by = at, actor
    alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
    history.record(ticket=ticket, code="alert_taken", actor=actor, at=at)
    return alert


def check_shift(*, shift: DutyShift) -> None:
    """Refuse whoever could not act on a call. Raises NotForDuty."""
    if not sees_all(shift.person):
        raise NotForDuty


@transaction.atomic
def save_shift(*, shift: DutyShift, actor: User) -> DutyShift:
    """Put a shift into the rota. Raises NotAllowed, NotForDuty."""
    _require(actor, "change_dutyshift" if shift.pk else "add_dutyshift")
    check_shift(shift=shift)
    shift.save()
    return shift


@transaction.atomic
def delete_shift(*, shift: DutyShift, actor: User) -> None:
    """Take a shift out of the rota. Raises NotAllowed."""
    _require(actor, "delete_dutyshift")
    shift.delete()


def _require(actor: User, permission: str) -> None:
    if not actor.is_active or not actor.has_perm(f"tickets.{permission}"):
        raise NotAllowed
