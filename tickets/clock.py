"""The bridge between rows and the pure clock: the only place that writes due times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from portal.hours import Schedule
from portal.support.schedule import current_schedule, ground
from tickets import rules, sla
from tickets.models import Clock, ClockKind, ClockLine, Message, Outcome, Target, Ticket

BATCH = 1000
WARN_PERCENT = 80


@dataclass(frozen=True)
class Promise:
    """The time by which a specialist will answer, as it is told before sending."""

    due_at: datetime
    starts_at: datetime
    minutes: int


@dataclass(frozen=True)
class TargetRow:
    """One category of the table of targets: minutes by priority, None where there is none."""

    category: str
    minutes: dict[str, int | None]


@dataclass(frozen=True)
class Line:
    """One step of "why this time?"; the words stand in the templates.

    Codes: received, waits (support is closed), runs, stopped, due. The minutes of `due` are the
    whole target, those of `runs` what has run in this stretch.
    """

    code: str
    at: datetime
    until: datetime | None
    minutes: int


# The targets as this process read them last, by the version of the ground that every change renews.
_targets: dict[UUID, tuple[sla.Target, ...]] = {}


def load_targets() -> tuple[sla.Target, ...]:
    """Give all targets, past versions included; they are read anew after a change."""
    version = ground().brand.version
    found = _targets.get(version)
    if found is None:
        found = _read_targets()
        _targets.clear()
        _targets[version] = found
    return found


def _read_targets() -> tuple[sla.Target, ...]:
    rows = Target.objects.values_list("category", "priority", "minutes", "valid_from")
    return tuple(sla.Target(*row) for row in rows)


def promise(*, category: str, at: datetime) -> Promise:
    """Compute what a customer is promised who files now: the strictest target of the category."""
    return promises(at=at)[category]


def promises(*, at: datetime) -> dict[str, Promise]:
    """Compute the promise of every category, with one reading of the targets."""
    schedule, targets = current_schedule(), load_targets()
    return {
        category.value: _promise(schedule, targets, category.value, at)
        for category in rules.Category
    }


def _promise(
    schedule: Schedule, targets: Sequence[sla.Target], category: str, at: datetime
) -> Promise:
    minutes = _minutes(targets, category, None, schedule.day_of(at))
    opens_at = at if schedule.is_open(at) else schedule.opens_next(at)
    return Promise(schedule.add(at, timedelta(minutes=minutes)), opens_at or at, minutes)


def targets_table(*, at: datetime) -> list[TargetRow]:
    """Give the targets in force, for the page About support and the desk."""
    targets, day = load_targets(), current_schedule().day_of(at)
    return [
        TargetRow(
            category.value,
            {
                priority.value: (
                    _minutes(targets, category.value, priority.value, day)
                    if rules.is_allowed(category, priority)
                    else None
                )
                for priority in rules.Priority
            },
        )
        for category in rules.Category
    ]


def start(*, ticket: Ticket, kind: ClockKind, message: Message, at: datetime) -> Clock:
    """Start the clock of an answer at the receipt of a message."""
    schedule = current_schedule()
    clock = Clock(
        ticket=ticket,
        kind=kind,
        started_at=at,
        message=message,
        category=ticket.category,
        priority=ticket.priority,
        target_minutes=_minutes(
            load_targets(), ticket.category, ticket.priority, schedule.day_of(at)
        ),
    )
    _compute(clock, schedule)
    clock.save(force_insert=True)
    _line(clock, "started", at, schedule)
    _copy_due(ticket, clock)
    return clock


def retarget(*, ticket: Ticket, at: datetime) -> None:
    """Give the open clock the target of the ticket's present category and priority (rule 6).

    The time already run counts; a clock that is late by now keeps a stricter target. A promise
    that is earlier than the new due time holds (rule 7).
    """
    clock = open_clock(ticket)
    if clock is None:
        return
    clock.ticket = ticket
    schedule = current_schedule()
    minutes = _minutes(
        load_targets(), ticket.category, ticket.priority, schedule.day_of(clock.started_at)
    )
    target = timedelta(minutes=minutes)
    kept = sla.retarget(_pure(clock), schedule, target=target, at=at).clock.target
    clock.category, clock.priority = ticket.category, ticket.priority
    clock.target_minutes = _whole_minutes(kept)
    _compute(clock, schedule)
    clock.save(update_fields=["category", "priority", "target_minutes", "due_at", "warn_at"])
    _line(clock, "retargeted", at, schedule, priority=ticket.priority or "")
    _copy_due(ticket, clock)


def stop(*, ticket: Ticket, outcome: Outcome, at: datetime) -> Clock | None:
    """Stop the open clock; nobody waits for us any more."""
    clock = open_clock(ticket)
    if clock is not None:
        clock.stopped_at, clock.outcome = at, outcome
        clock.save(update_fields=["stopped_at", "outcome"])
        _line(clock, "stopped", at, current_schedule(), outcome=outcome)
    _copy_due(ticket, None)
    return clock


def open_clock(ticket: Ticket) -> Clock | None:
    """Give the clock that runs, if one does."""
    return Clock.objects.filter(ticket=ticket, stopped_at__isnull=True).first()


def explain(clock: Clock) -> list[Line]:
    """Tell why a clock is due when it is, stretch by stretch."""
    return [_told(line, clock) for line in sla.explain(_pure(clock), current_schedule())]


def _told(line: sla.ExplainLine, clock: Clock) -> Line:
    is_due = line.code is sla.Code.DUE
    # For a reader the night is the same, whether the clock has run before it or not.
    code = sla.Code.WAITS if line.code is sla.Code.CLOSED else line.code
    minutes = clock.target_minutes if is_due else _whole_minutes(line.worked)
    return Line(code.value, line.at, line.until, minutes)


def reschedule_open(at: datetime) -> int:
    """Compute open deadlines anew after a change of hours; answers how many moved (rule 10)."""
    schedule = current_schedule()
    running = Clock.objects.filter(stopped_at__isnull=True).select_related("ticket").order_by("id")
    touched = [clock.pk for clock in running.iterator(BATCH) if _moves(clock, schedule)]
    return sum(_reschedule(number, schedule, at) for number in touched)


def _moves(clock: Clock, schedule: Schedule) -> bool:
    before = clock.due_at, clock.warn_at
    _compute(clock, schedule)
    return before != (clock.due_at, clock.warn_at)


@transaction.atomic
def _reschedule(number: int, schedule: Schedule, at: datetime) -> bool:
    # Order matters: the ticket is locked first, as by every action; then its clock is read anew.
    ticket = Ticket.objects.select_for_update(of=("self",)).get(clocks=number)
    clock = open_clock(ticket)
    if clock is None:
        return False
    clock.ticket = ticket
    _compute(clock, schedule)
    clock.save(update_fields=["due_at", "warn_at"])
    _line(clock, "rescheduled", at, schedule)
    _copy_due(ticket, clock)
    return True


def _minutes(targets: Sequence[sla.Target], category: str, priority: str | None, day: date) -> int:
    """Give the target in force on a day; the earliest version also holds before its date."""
    begun = min(target.valid_from for target in targets if target.category == category)
    return sla.target_for(targets, category, priority, on=max(day, begun))


def _compute(clock: Clock, schedule: Schedule) -> None:
    target = timedelta(minutes=clock.target_minutes)
    clock.due_at = schedule.add(clock.started_at, target)
    left = min(target, schedule.between(clock.started_at, _holds_at(clock)))
    clock.warn_at = sla.warn_at(schedule, clock.started_at, left, WARN_PERCENT)


def _holds_at(clock: Clock) -> datetime:
    """Give what we keep to: the due time, or what the customer was promised if that is earlier."""
    promised_at = clock.ticket.promised_at if clock.kind == ClockKind.FIRST else None
    return sla.promise_after(promised_at, clock.due_at).holds_at


def _pure(clock: Clock) -> sla.Clock:
    version = str(current_schedule().version_on(clock.started_at.date()).valid_from)
    running = sla.Segment(clock.started_at, clock.stopped_at, True, "waits for us", version)  # noqa: FBT003
    return sla.Clock(clock.kind, (running,), timedelta(minutes=clock.target_minutes))


def _line(clock: Clock, code: str, at: datetime, schedule: Schedule, **data: str) -> None:
    """Add a line to the ledger."""
    ClockLine.objects.create(
        clock=clock,
        at=at,
        code=code,
        target_minutes=clock.target_minutes,
        due_at=clock.due_at,
        calendar=str(schedule.version_on(schedule.day_of(at)).valid_from),
        data=data,
    )


def _copy_due(ticket: Ticket, clock: Clock | None) -> None:
    """Keep the due time on the ticket too, where the queue reads it."""
    ticket.due_at = _holds_at(clock) if clock else None
    ticket.save(update_fields=["due_at"])


def _whole_minutes(length: timedelta) -> int:
    return round(length / timedelta(minutes=1))
