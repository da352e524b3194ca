"""Counts open deadlines anew after a change of hours, a thousand tickets at a time (docs/sla.md, rule 10).

What stood before the change stays: the segment that runs is closed, one with the new hours begins,
and a line of the ledger says so. A batch may be done twice: what has its new time is left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.hours import Schedule
from portal.jobs import actions as jobs
from portal.jobs.kinds import Kind, Progress
from portal.jobs.models import Job
from portal.support.schedule import current_schedule
from tickets import clock
from tickets.models import Clock, Ticket
from tickets.models.clock import RESPONSES
from tickets.querysets import ClockQuerySet

BATCH = 1000
MOST_AT_ONCE = 500  # open clocks that are counted anew while the head of support waits
KIND = "reschedule"

# One statement for a batch: an update row by row takes longer than everything else together.
WRITE_CLOCKS = """
update tickets_clock c set due_at = n.due_at, half_at = n.half_at, warn_at = n.warn_at
from unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    as n(id, due_at, half_at, warn_at)
where c.id = n.id
"""
WRITE_TICKETS = """
update tickets_ticket t set due_at = n.due_at
from unnest(%s::bigint[], %s::timestamptz[]) as n(id, due_at)
where t.id = n.id
"""
CLOSE_SEGMENTS = """
update tickets_segment set ends_at = greatest(starts_at, %(at)s)
where clock_id = any(%(numbers)s::bigint[]) and ends_at is null
"""
# Rows of the database's own making: as objects they would cost more than the arithmetic.
WRITE_SEGMENTS = """
insert into tickets_segment (clock_id, starts_at, is_running, reason, calendar)
select id, %(at)s, true, 'hours_changed', %(version)s
from unnest(%(numbers)s::bigint[]) with ordinality as n(id, place) order by place
"""
WRITE_LINES = """
insert into tickets_clockline (clock_id, at, code, target_minutes, due_at, calendar, data)
select c.id, %(at)s, 'rescheduled', c.target_minutes, c.due_at, %(version)s, '{}'
from unnest(%(numbers)s::bigint[]) with ordinality as n(id, place)
join tickets_clock c using (id) order by place
"""
COUNTED_FROM = ("ticket_id", "kind", "started_at", "target_minutes", *clock.DUE)


@dataclass(frozen=True)
class Batch:
    """What a batch did: how many tickets it saw, how many moved, and the last of them."""

    seen: int
    moved: int
    last: int


def hours_changed(at: datetime) -> None:
    """Count open deadlines anew: a few at once, many as a job."""
    if _is_small():
        reschedule_open(at)
        return
    # Whatever still runs would count the rest by the same new hours; this one begins anew.
    jobs.supersede(kind=KIND, at=at)
    jobs.enqueue(kind=KIND, params={"at": at.isoformat()}, actor=None, at=at)


def reschedule_open(at: datetime) -> int:
    """Count all open deadlines anew; answers how many moved."""
    moved, last = 0, 0
    while (batch := reschedule_batch(after=last, at=at)).seen:
        moved, last = moved + batch.moved, batch.last
    return moved


@transaction.atomic
def reschedule_batch(*, after: int, at: datetime, size: int = BATCH) -> Batch:
    """Count the deadlines of the next tickets by id anew."""
    numbers = list(
        _waiting().filter(ticket_id__gt=after).values_list("ticket_id", flat=True)[:size]
    )
    if not numbers:
        return Batch(0, 0, after)
    schedule = current_schedule()
    moved = [one for one in _locked(numbers) if clock.recompute(one, schedule)]
    if moved:
        _write(moved, schedule, at)
    return Batch(len(numbers), len(moved), numbers[-1])


def work(job: Job) -> Iterator[Progress]:
    """Count open deadlines anew as a job: batch by batch, from its cursor on."""
    total = job.total or _waiting().count()
    last, moved, done = job.cursor.get("after", 0), job.note.get("moved", 0), job.done
    while (batch := reschedule_batch(after=last, at=timezone.now())).seen:
        last, moved, done = batch.last, moved + batch.moved, done + batch.seen
        yield Progress(done, max(total, done), {"after": last}, {"moved": moved})


RESCHEDULE = Kind(
    KIND,
    _("Deadlines by the new hours"),
    work,
    "tickets/jobs/reschedule.html",
    is_resumable=True,
)


def _waiting() -> ClockQuerySet:
    """Give the open clocks of answers by ticket; at most one each."""
    return Clock.objects.running().responses().order_by("ticket_id")


def _is_small() -> bool:
    return _waiting()[: MOST_AT_ONCE + 1].count() <= MOST_AT_ONCE


def _locked(numbers: Sequence[int]) -> list[Clock]:
    # Order matters: tickets are locked first, as by every action, in one order; then clocks are read.
    rows = Ticket.objects.filter(pk__in=numbers).order_by("pk").select_for_update(of=("self",))
    tickets = {row.pk: row for row in rows.only("promised_at", "due_at")}
    running = Clock.objects.running().filter(ticket_id__in=numbers, kind__in=RESPONSES)
    clocks = list(running.only(*COUNTED_FROM))
    for one in clocks:
        one.ticket = tickets[one.ticket_id]
    return clocks


def _write(moved: Sequence[Clock], schedule: Schedule, at: datetime) -> None:
    numbers = [one.pk for one in moved]
    version = str(schedule.version_on(schedule.day_of(at)).valid_from)
    tickets = [one.ticket for one in moved]
    with connection.cursor() as cursor:
        times = [[getattr(one, name) for one in moved] for name in clock.DUE]
        cursor.execute(WRITE_CLOCKS, [numbers, *times])
        cursor.execute(
            WRITE_TICKETS, [[one.pk for one in tickets], [one.due_at for one in tickets]]
        )
        given: dict[str, Any] = {"numbers": numbers, "version": version, "at": at}
        for sql in (CLOSE_SEGMENTS, WRITE_SEGMENTS, WRITE_LINES):
            cursor.execute(sql, given)
