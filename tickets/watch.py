"""Notices clocks that have run half, are soon due or late, once each, and tells who answers for them.

Notices to the staff keep to support hours, except for critical and high incidents
(docs/sla.md, rule 12).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from portal.support.schedule import current_schedule
from tickets import history, notices, rules
from tickets.models import Clock, Segment, Ticket
from tickets.querysets import ClockQuerySet

URGENT = Q(
    category=rules.Category.INCIDENT.value,
    priority__in=[rules.Priority.CRITICAL.value, rules.Priority.HIGH.value],
)
MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Stage:
    """One of the three moments at which somebody is told of a clock."""

    percent: int
    told: str  # the field that says that it was told
    event: str  # the code in the history
    # What is told later makes what would have been told earlier needless.
    settles: tuple[str, ...] = ()


HALF = Stage(50, "half_told_at", "half_run")
SOON = Stage(80, "warned_at", "warned", ("half_told_at",))
LATE = Stage(100, "late_told_at", "late", ("half_told_at", "warned_at"))


def watch_clocks(*, at: datetime) -> tuple[int, int]:
    """Tell of clocks; answers how many were warned of and how many are newly late."""
    running = Clock.objects.running().filter(~_stands())
    if not current_schedule().is_open(at):
        running = running.filter(URGENT)
    # The promise may be earlier than the clock; the ticket holds the earlier of both.
    # An answer at the very moment would still be in time.
    promise = Q(ticket__due_at__lt=at, kind__in=["first", "next"])
    late = _tell_all(running.filter(Q(due_at__lt=at) | promise), LATE, at)
    soon = _tell_all(running.filter(warn_at__lte=at), SOON, at)
    _tell_all(running.filter(half_at__lte=at), HALF, at)
    return soon, late


def _stands() -> Exists:
    return Exists(
        Segment.objects.filter(clock=OuterRef("pk"), ends_at__isnull=True, is_running=False)
    )


def _tell_all(clocks: ClockQuerySet, stage: Stage, at: datetime) -> int:
    untold = clocks.filter(**{f"{stage.told}__isnull": True}).order_by("due_at")
    numbers = list(untold.values_list("id", flat=True)[:MOST_AT_ONCE])
    return sum(_tell(number, stage, at) for number in numbers)


@transaction.atomic
def _tell(number: int, stage: Stage, at: datetime) -> bool:
    """Claim one clock by compare-and-set and write its letters; False when another did."""
    # Order matters: the ticket first, as in every action; an event locks it too.
    ticket = Ticket.objects.select_for_update(of=("self",)).get(clocks=number)
    settled = {field: Coalesce(field, Value(at)) for field in stage.settles}
    claimed = (
        Clock.objects.running()
        .filter(pk=number, **{f"{stage.told}__isnull": True})
        .update(**{stage.told: at}, **settled)
    )
    if not claimed:
        return False
    clock = Clock.objects.get(pk=number)
    clock.ticket = ticket
    for person in _who_is_told(ticket, stage):
        if stage is LATE:
            notices.clock_late(clock, person, at=at)
        else:
            notices.clock_warning(clock, person, percent=stage.percent, at=at)
    history.record(ticket=ticket, code=stage.event, actor=None, at=at, clock=clock.kind)
    return True


def _who_is_told(ticket: Ticket, stage: Stage) -> list[User]:
    """Name the assignee and, from the second stage on, the heads of support; each once."""
    people = [] if stage is HALF else list(User.objects.heads())
    assignee = ticket.assignee
    if assignee and assignee.is_active and assignee not in people:
        people.insert(0, assignee)
    return people
