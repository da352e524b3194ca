"""The bridge between rows and the pure clock: the only place that writes due times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Greatest

from accounts.models import User
from portal.hours import Interval, Schedule, Version
from portal.support.hooks import Limit
from portal.support.schedule import current_schedule, ground
from tickets import rules, sla
from tickets.models import (
    Category,
    Clock,
    ClockKind,
    ClockLine,
    Message,
    Outcome,
    Priority,
    Segment,
    Target,
    Ticket,
)
from tickets.models.clock import RESPONSES

HALF, WARN_PERCENT = 50, 80
SHARES = (0.5, 0.8)
DUE = ("due_at", "half_at", "warn_at")
STOPPED = ("stopped_at", "stopped_by", "outcome", "elapsed_seconds", "was_late", "calendar")
# Every hour of every day: what work and news of a development count by.
ALWAYS = Schedule("UTC", (Version(date(2000, 1, 1), ((Interval(0, 24 * 60),),) * 7),))


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


def limits(at: datetime) -> list[Limit]:
    """Name every category and priority with its minutes, for the trial of hours."""
    return [
        Limit(
            f"{row.category}/{priority}",
            f"{Category(row.category).label}, {Priority(priority).label}",
            minutes,
        )
        for row in targets_table(at=at)
        for priority, minutes in row.minutes.items()
        if minutes is not None
    ]


def of_new(ticket: Ticket, *, at: datetime) -> list[Clock]:
    """Prepare the clocks of a ticket that is not written yet, of its answer and its work.

    Gives the ticket its due time; `begin` starts them once ticket and message are there.
    """
    schedule = current_schedule()
    first = _for_answer(ticket, ClockKind.FIRST, at, schedule)
    ticket.due_at = _holds_at(first)
    work = _new(ticket, ClockKind.WORK, at)
    _compute_work(work, schedule, at)
    return [first, work]


def begin(clocks: Sequence[Clock], *, message: Message, at: datetime) -> None:
    """Start the clocks of a new ticket at the receipt of its message."""
    for clock in clocks:
        clock.message = message
    _begin(clocks, "received", at, current_schedule())


def start(*, ticket: Ticket, kind: ClockKind, message: Message, at: datetime) -> Clock:
    """Start the clock of an answer at the receipt of a message."""
    schedule = current_schedule()
    clock = _for_answer(ticket, kind, at, schedule)
    clock.message = message
    reason = "received" if kind == ClockKind.FIRST else "customer_wrote"
    _begin([clock], reason, at, schedule)
    _copy_due(ticket, clock)
    return clock


def _for_answer(ticket: Ticket, kind: ClockKind, at: datetime, schedule: Schedule) -> Clock:
    clock = _new(ticket, kind, at)
    clock.target_minutes = _minutes(
        load_targets(), ticket.category, ticket.priority, schedule.day_of(at)
    )
    _compute(clock, schedule)
    return clock


def start_work(*, ticket: Ticket, at: datetime) -> Clock:
    """Start the clock of the work: it counts every hour, and critical and high incidents have a day."""
    schedule = current_schedule()
    clock = _new(ticket, ClockKind.WORK, at)
    _compute_work(clock, schedule, at)
    _begin([clock], "received", at, schedule)
    return clock


def start_update(*, ticket: Ticket, due_at: datetime, at: datetime) -> Clock:
    """Start the clock of the next news of the development, due at the date that was told."""
    clock = _new(ticket, ClockKind.UPDATE, at)
    clock.due_at = max(due_at, at)
    clock.half_at, clock.warn_at = (_share(clock.started_at, clock.due_at, part) for part in SHARES)
    _begin([clock], "handed_over", at, current_schedule())
    return clock


def resume_from(
    *, clock: Clock, ticket: Ticket, at: datetime, kind: str = "", minutes: int | None = None
) -> Clock:
    """Go on in `ticket` with a clock that stood elsewhere: same start, same past (rule 9).

    What goes on may be an answer of another kind, and a stricter one.
    """
    schedule, going_on = current_schedule(), clock.opened_in(ticket, kind or clock.kind)
    if going_on.is_response:
        going_on.target_minutes = minutes or clock.target_minutes
        _compute(going_on, schedule)
    going_on.save(force_insert=True)
    Segment.objects.bulk_create(clock.past_for(going_on))
    _line(going_on, "merged", at, schedule)
    if going_on.is_response:
        _copy_due(ticket, going_on)
    return going_on


def retarget(*, ticket: Ticket, at: datetime) -> None:
    """Give the open clocks the targets of the ticket's present category and priority (rule 6).

    The time already run counts; a clock that is late by now keeps a stricter target. A promise
    that is earlier than the new due time holds (rule 7).
    """
    schedule = current_schedule()
    work = open_work(ticket)
    if work is not None:
        _retarget_work(work, ticket, schedule, at)
    clock = open_clock(ticket)
    if clock is None:
        return
    clock.ticket = ticket
    minutes = _minutes(
        load_targets(), ticket.category, ticket.priority, schedule.day_of(clock.started_at)
    )
    target = timedelta(minutes=minutes)
    kept = sla.retarget(pure(clock), schedule, target=target, at=at).clock.target
    clock.category, clock.priority = ticket.category, ticket.priority
    clock.target_minutes = _whole_minutes(kept)
    _compute(clock, schedule)
    clock.save(update_fields=["category", "priority", "target_minutes", *DUE])
    _line(clock, "retargeted", at, schedule, priority=ticket.priority or "")
    _copy_due(ticket, clock)


def _retarget_work(clock: Clock, ticket: Ticket, schedule: Schedule, at: datetime) -> None:
    clock.ticket = ticket
    before = clock.due_at
    clock.category, clock.priority = ticket.category, ticket.priority
    if not sla.is_late(before, at):  # a lowered priority never un-breaches
        _compute_work(clock, schedule, sla.owed_from(pure(clock), schedule.zone))
    clock.save(update_fields=["category", "priority", *DUE])
    if clock.due_at != before:
        _line(clock, "retargeted", at, schedule, priority=ticket.priority or "")


def stop(*, ticket: Ticket, outcome: Outcome, at: datetime, by: User | None = None) -> Clock | None:
    """Stop the open clock of an answer; nobody waits for our words any more."""
    clock = open_clock(ticket)
    if clock is not None:
        clock.ticket = ticket
        _stop(clock, outcome, at, by)
    _copy_due(ticket, None)
    return clock


def stop_work(
    *, ticket: Ticket, outcome: Outcome, at: datetime, by: User | None = None
) -> Clock | None:
    """Stop the clock of the work."""
    clock = open_work(ticket)
    if clock is not None:
        clock.ticket = ticket
        _stop(clock, outcome, at, by)
    return clock


def stop_update(
    *, ticket: Ticket, outcome: Outcome, at: datetime, by: User | None = None
) -> Clock | None:
    """Stop the clock of the next news: they were told, or the development is over."""
    clock = _open(ticket, [ClockKind.UPDATE])
    if clock is not None:
        clock.ticket = ticket
        _stop(clock, outcome, at, by)
    return clock


def pause_work(*, ticket: Ticket, reason: str, at: datetime) -> None:
    """Let the clock of the work stand still: we wait for somebody outside.

    One that stands already goes on standing; the ledger says what for by now.
    """
    clock = open_work(ticket)
    if clock is None:
        return
    schedule = current_schedule()
    if _is_running(clock):
        _turn(clock, at, schedule, is_running=False, reason=reason)
    _line(clock, "paused", at, schedule, reason=reason)


def resume_work(*, ticket: Ticket, reason: str, at: datetime) -> None:
    """Let the clock of the work run again; a day that passed while it stood is followed by this one."""
    clock = open_work(ticket)
    if clock is None or _is_running(clock):
        return
    schedule, standing = current_schedule(), clock.segments.get(ends_at__isnull=True)
    clock.ticket = ticket
    if clock.due_at and standing.starts_at <= clock.due_at < at:
        _compute_work(clock, schedule, at)
        clock.save(update_fields=DUE)
    _turn(clock, at, schedule, is_running=True, reason=reason)
    _line(clock, "resumed", at, schedule, reason=reason)


def note_code(*, ticket: Ticket, at: datetime) -> None:
    """Write into the ledger that a code was asked for: it neither counts nor pauses (rule 4)."""
    clock = open_clock(ticket)
    if clock is not None:
        _line(clock, "code_sent", at, current_schedule())


def promise_moved(*, ticket: Ticket, at: datetime, is_later: bool = True) -> None:
    """Count by the new promise of a ticket, and write that into the ledger (rule 7)."""
    clock = open_clock(ticket)
    if clock is None:
        return
    schedule, clock.ticket = current_schedule(), ticket
    _compute(clock, schedule)
    clock.save(update_fields=DUE)
    _line(clock, "promise_moved", at, schedule, way="later" if is_later else "earlier")
    _copy_due(ticket, clock)


def open_clock(ticket: Ticket) -> Clock | None:
    """Give the clock of an answer that runs, if one does."""
    return _open(ticket, RESPONSES)


def open_work(ticket: Ticket) -> Clock | None:
    """Give the clock of the work that is open, running or not."""
    return _open(ticket, [ClockKind.WORK])


def _open(ticket: Ticket, kinds: Sequence[str]) -> Clock | None:
    return Clock.objects.filter(ticket=ticket, stopped_at__isnull=True, kind__in=kinds).first()


def explain(clock: Clock, past: sla.Clock | None = None) -> list[Line]:
    """Tell why a clock is due when it is, stretch by stretch; `past` is it, where it is read."""
    told = sla.explain(past or pure(clock), schedule_of(clock))
    return [_told(line, clock) for line in told]


def _told(line: sla.ExplainLine, clock: Clock) -> Line:
    is_due = line.code is sla.Code.DUE
    # For a reader the night is the same, whether the clock has run before it or not.
    code = sla.Code.WAITS if line.code is sla.Code.CLOSED else line.code
    minutes = clock.target_minutes if is_due else None
    return Line(
        code.value,
        line.at,
        line.until,
        _whole_minutes(line.worked) if minutes is None else minutes,
    )


def recompute(clock: Clock, schedule: Schedule) -> bool:
    """Compute the clock of an answer anew, and its copy on the ticket; whether it moved."""
    before = clock.due_at, clock.warn_at
    _compute(clock, schedule)
    clock.ticket.due_at = _holds_at(clock)
    return before != (clock.due_at, clock.warn_at)


def pure(clock: Clock) -> sla.Clock:
    """Give a clock as the arithmetic takes it: its segments, read from their rows."""
    segments = tuple(
        sla.Segment(one.starts_at, one.ends_at, one.is_running, one.reason, one.calendar)
        for one in sorted(clock.segments.all(), key=attrgetter("starts_at", "pk"))
    )
    return sla.Clock(clock.kind, segments, timedelta(minutes=clock.target_minutes or 0))


def schedule_of(clock: Clock) -> Schedule:
    """Give the hours by which a clock counts: support hours for answers, every hour for the rest."""
    return current_schedule() if clock.is_response else ALWAYS


def elapsed(clock: Clock, at: datetime) -> timedelta:
    """Give the time that a clock has run up to a moment, in the hours by which it counts."""
    return sla.elapsed(pure(clock), schedule_of(clock), at)


def _minutes(targets: Sequence[sla.Target], category: str, priority: str | None, day: date) -> int:
    """Give the target in force on a day; the earliest version also holds before its date."""
    begun = min(target.valid_from for target in targets if target.category == category)
    return sla.target_for(targets, category, priority, on=max(day, begun))


def _new(ticket: Ticket, kind: ClockKind, started_at: datetime) -> Clock:
    return Clock(
        ticket=ticket,
        kind=kind,
        started_at=started_at,
        category=ticket.category,
        priority=ticket.priority,
        organization_id=ticket.organization_id,
        channel=ticket.channel,
    )


def _begin(clocks: Sequence[Clock], reason: str, at: datetime, schedule: Schedule) -> None:
    Clock.objects.bulk_create(clocks)
    Segment.objects.bulk_create(
        Segment(
            clock=clock,
            starts_at=clock.started_at,
            is_running=True,
            reason=reason,
            calendar=_version(schedule, clock.started_at),
        )
        for clock in clocks
    )
    ClockLine.objects.bulk_create(_line_of(clock, "started", at, schedule, {}) for clock in clocks)


def _turn(clock: Clock, at: datetime, schedule: Schedule, *, is_running: bool, reason: str) -> None:
    """Close the open segment of a clock and open another."""
    _end_segment(clock, at)
    Segment.objects.create(
        clock=clock,
        starts_at=at,
        is_running=is_running,
        reason=reason,
        calendar=_version(schedule, at),
    )


def _end_segment(clock: Clock, at: datetime) -> None:
    clock.segments.filter(ends_at__isnull=True).update(ends_at=Greatest(F("starts_at"), Value(at)))


def _stop(clock: Clock, outcome: Outcome, at: datetime, by: User | None) -> None:
    """End a clock and freeze what reports will read of it (rule 14)."""
    schedule = current_schedule()
    _end_segment(clock, at)
    due_at = _holds_at(clock) if clock.is_response else clock.due_at
    clock.stopped_at, clock.stopped_by, clock.outcome = max(at, clock.started_at), by, outcome
    clock.elapsed_seconds = int(elapsed(clock, at).total_seconds())
    clock.was_late = sla.is_late(due_at, at) if due_at else None
    clock.calendar = _version(schedule, at)
    clock.save(update_fields=STOPPED)
    _line(clock, "stopped", at, schedule, outcome=outcome)


def _is_running(clock: Clock) -> bool:
    return clock.segments.filter(ends_at__isnull=True, is_running=True).exists()


def _compute(clock: Clock, schedule: Schedule) -> None:
    """Give a clock of an answer its due time and the moments at which it is warned of."""
    target = timedelta(minutes=clock.target_minutes or 0)
    clock.due_at = schedule.add(clock.started_at, target)
    left = min(target, schedule.between(clock.started_at, _holds_at(clock)))
    clock.half_at, clock.warn_at = (
        sla.warn_at(schedule, clock.started_at, left, percent) for percent in (HALF, WARN_PERCENT)
    )


def _compute_work(clock: Clock, schedule: Schedule, day_of: datetime) -> None:
    """Give a clock of the work the end of a day as its due time, where one is owed (rule 11)."""
    if not sla.is_same_day(clock.category, clock.priority):
        clock.due_at = clock.half_at = clock.warn_at = None
        return
    clock.due_at = due_at = sla.same_day_due(schedule.zone, day_of)
    clock.half_at, clock.warn_at = (_share(day_of, due_at, part) for part in SHARES)


def _share(start: datetime, end: datetime, part: float) -> datetime:
    return start + (end - start) * part


def _holds_at(clock: Clock) -> datetime:
    """Give what we keep to: the due time, or what the customer was promised if that is earlier."""
    promised_at = clock.ticket.promised_at if clock.kind == ClockKind.FIRST else None
    if clock.due_at is None:
        raise sla.BrokenLedger("a clock of an answer has a due time")
    return sla.promise_after(promised_at, clock.due_at).holds_at


def _version(schedule: Schedule, at: datetime) -> str:
    return str(schedule.version_on(schedule.day_of(at)).valid_from)


def _line(clock: Clock, code: str, at: datetime, schedule: Schedule, **data: str) -> None:
    """Add a line to the ledger."""
    _line_of(clock, code, at, schedule, data).save(force_insert=True)


def _line_of(
    clock: Clock, code: str, at: datetime, schedule: Schedule, data: dict[str, str]
) -> ClockLine:
    return ClockLine(
        clock=clock,
        at=at,
        code=code,
        target_minutes=clock.target_minutes,
        due_at=clock.due_at,
        calendar=_version(schedule, at),
        data=data,
    )


def _copy_due(ticket: Ticket, clock: Clock | None) -> None:
    """Keep the due time on the ticket too, where the queue reads it."""
    ticket.due_at = _holds_at(clock) if clock else None
    ticket.save(update_fields=["due_at"])


def _whole_minutes(length: timedelta) -> int:
    return round(length / timedelta(minutes=1))
