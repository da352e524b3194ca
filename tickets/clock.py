"""The bridge between rows and the pure clock: the only place that writes due times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.hours import Schedule
from portal.support.schedule import current_schedule
from tickets import rules, sla
from tickets.models import Clock, ClockKind, ClockLine, Message, Outcome, Target, Ticket

BATCH = 1000
WARN_PERCENT = 80  # design/sla.md, rule 12


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


def load_targets() -> list[sla.Target]:
    """Read all targets, past versions included."""
    return [
        sla.Target(category, priority, minutes, valid_from)
        for category, priority, minutes, valid_from in Target.objects.values_list(
            "category", "priority", "minutes", "valid_from"
        )
    ]


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
    minutes = sla.target_for(targets, category, None, on=schedule.day_of(at))
    due = schedule.add(at, timedelta(minutes=minutes))
    starts_at = at if schedule.is_open(at) else schedule.opens_next(at)
    return Promise(due, starts_at or at, minutes)


def targets_table(*, at: datetime) -> list[TargetRow]:
    """Give the targets in force, for the page About support and the desk."""
    targets, day = load_targets(), current_schedule().day_of(at)
    return [
        TargetRow(
            category.value,
            {
                priority.value: (
                    sla.target_for(targets, category.value, priority.value, on=day)
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
    minutes = sla.target_for(
        load_targets(), ticket.category, ticket.priority, on=schedule.day_of(at)
    )
    clock = Clock(
        ticket=ticket,
        kind=kind,
        started_at=at,
        message=message,
        category=ticket.category,
        priority=ticket.priority,
        target_minutes=minutes,
    )
    _compute(clock, schedule)
    clock.save(force_insert=True)
    _line(clock, "started", at, schedule)
    _copy_due(ticket, clock)
    return clock


def retarget(*, ticket: Ticket, at: datetime) -> None:
    """Give the open clock the target of the ticket's present category and priority (rule 6)."""
    clock = open_clock(ticket)
    if clock is None:
        return
    schedule = current_schedule()
    clock.category, clock.priority = ticket.category, ticket.priority
    minutes = sla.target_for(
        load_targets(), ticket.category, ticket.priority, on=schedule.day_of(clock.started_at)
    )
    changed = sla.retarget(_pure(clock), schedule, target=timedelta(minutes=minutes), at=at)
    clock.target_minutes = changed.clock.target // timedelta(minutes=1)
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


def explain(clock: Clock) -> list[sla.ExplainLine]:
    """Tell why a clock is due when it is, stretch by stretch."""
    return sla.explain(_pure(clock), current_schedule())


def reschedule_open(at: datetime) -> int:
    """Compute open deadlines anew after a change of hours; answers how many moved (rule 10)."""
    schedule, moved = current_schedule(), 0
    clocks = Clock.objects.filter(stopped_at__isnull=True).select_related("ticket")
    for clock in clocks.order_by("id").iterator(BATCH):
        before = clock.due_at
        _compute(clock, schedule)
        if clock.due_at == before:
            continue
        clock.save(update_fields=["due_at", "warn_at"])
        _line(clock, "rescheduled", at, schedule)
        _copy_due(clock.ticket, clock)
        moved += 1
    return moved


def _compute(clock: Clock, schedule: Schedule) -> None:
    pure = _pure(clock)
    due = sla.due_at(pure, schedule)
    if due is None:
        raise AssertionError("response clocks never pause")
    clock.due_at = due
    clock.warn_at = sla.warn_at(schedule, clock.started_at, pure.target, WARN_PERCENT)


def _pure(clock: Clock) -> sla.Clock:
    running = sla.Segment(clock.started_at, None, running=True, reason="received", calendar="")
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
    """Keep the ticket's due time: the clock's, or the promise where that is earlier (rule 7)."""
    due = clock.due_at if clock else None
    if clock and clock.kind == ClockKind.FIRST and ticket.promised_at:
        due = min(clock.due_at, ticket.promised_at)
    ticket.due_at = due
    ticket.save(update_fields=["due_at"])
