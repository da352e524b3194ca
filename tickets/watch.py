"""Notices clocks that are soon due or late, once each, and tells who answers for them.

Notices to the staff keep to support hours, except for critical and high incidents
(docs/sla.md, rule 12).
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from portal.support.schedule import current_schedule
from tickets import history, notices, rules
from tickets.models import Clock, Ticket

URGENT = Q(
    category=rules.Category.INCIDENT.value,
    priority__in=[rules.Priority.CRITICAL.value, rules.Priority.HIGH.value],
)
MOST_AT_ONCE = 500
Tell = Callable[..., None]


def watch_clocks(*, at: datetime) -> tuple[int, int]:
    """Warn and tell; answers how many clocks were warned of and how many are newly late."""
    running = Clock.objects.filter(stopped_at__isnull=True)
    if not current_schedule().is_open(at):
        running = running.filter(URGENT)
    late = _tell_all(_due(running, at).filter(late_told_at__isnull=True), "late_told_at", at)
    soon = running.filter(warn_at__lte=at, warned_at__isnull=True)
    return _tell_all(soon, "warned_at", at), late


def _due(clocks: QuerySet[Clock], at: datetime) -> QuerySet[Clock]:
    # The promise may be earlier than the clock; the ticket holds the earlier of both.
    # An answer at the very moment would still be in time.
    return clocks.filter(Q(due_at__lt=at) | Q(ticket__due_at__lt=at))


def _tell_all(clocks: QuerySet[Clock], told: str, at: datetime) -> int:
    ids = list(clocks.order_by("due_at").values_list("id", flat=True)[:MOST_AT_ONCE])
    return sum(_tell(number, told, at) for number in ids)


@transaction.atomic
def _tell(number: int, told: str, at: datetime) -> bool:
    """Claim one clock by compare-and-set and write its letters; False when another did."""
    # Order matters: the ticket first, as in every action; an event locks it too.
    ticket = Ticket.objects.select_for_update(of=("self",)).get(clocks=number)
    claimed = Clock.objects.filter(
        pk=number, stopped_at__isnull=True, **{f"{told}__isnull": True}
    ).update(**{told: at, "warned_at": Coalesce("warned_at", Value(at))})
    if not claimed:
        return False
    clock = Clock.objects.get(pk=number)
    clock.ticket = ticket
    is_late = told == "late_told_at"
    letter: Tell = notices.clock_late if is_late else notices.clock_warning
    for person in _who_is_told(ticket):
        letter(clock, person, at=at)
    history.record(ticket=ticket, code="late" if is_late else "warned", actor=None, at=at)
    return True


def _who_is_told(ticket: Ticket) -> list[User]:
    """Name the assignee and the heads of support, each once."""
    people = list(User.objects.heads())
    assignee = ticket.assignee
    if assignee and assignee.is_active and assignee not in people:
        people.insert(0, assignee)
    return people
