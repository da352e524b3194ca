"""What must hold of clocks and tickets after whatever happened (docs/sla.md)."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from portal.hours import Schedule
from tickets import clock, rules, sla
from tickets.models import Clock, ClockKind, Ticket

PAUSED = {status.value for status in rules.PAUSED_STATUSES}
ENDS = {"resolved", "closed", "closed_by_silence"}
# After these a ticket alone does not tell any more who waits in it.
MIXED = {"merged", "merged_in", "unmerged", "split", "split_off"}


def response_holds(one: Clock, schedule: Schedule, closed_by: Schedule | None) -> None:
    """Check that a clock of an answer never stood, and replays to what is stored."""
    pure = clock.pure(one)
    assert all(segment.running for segment in pure.segments)
    if closed_by is None:
        assert sla.due_at(pure, schedule) == one.due_at
        return
    assert one.stopped_at is not None
    worked = schedule.between(one.started_at, one.stopped_at)
    assert one.elapsed_seconds == int(worked.total_seconds())
    assert one.calendar
    going_on = replace(pure, segments=(*pure.segments[:-1], replace(pure.segments[-1], end=None)))
    assert sla.due_at(going_on, closed_by) == one.due_at


def work_holds(one: Clock, schedule: Schedule, at: datetime) -> None:
    """Check that running and standing add up, and that the day that is owed replays."""
    pure = clock.pure(one)
    if one.stopped_at is not None:
        spans = [(part.end or one.stopped_at) - part.start for part in pure.segments]
        runs = [span for part, span in zip(pure.segments, spans, strict=True) if part.running]
        assert sum(spans, timedelta(0)) == one.stopped_at - one.started_at
        assert one.elapsed_seconds == int(sum(runs, timedelta(0)).total_seconds())
        return
    assert pure.segments[-1].running is (one.ticket.status not in PAUSED)
    if sla.is_same_day(one.category, one.priority):
        owed = sla.same_day_due(schedule.zone, sla.owed_from(pure, schedule.zone))
        assert one.due_at == owed
    else:
        # A day that was missed stays missed, whatever the priority is now (rule 6).
        assert one.due_at is None or one.due_at < at


def clocks_fit(ticket: Ticket) -> None:
    """Check that the clocks that are open are those that the state of the ticket asks for."""
    running = list(Clock.objects.filter(ticket=ticket, stopped_at__isnull=True))
    kinds = Counter("response" if one.is_response else one.kind for one in running)
    assert not kinds or max(kinds.values()) == 1
    is_open = ticket.status in rules.OPEN_STATUSES
    assert kinds["work"] == is_open
    assert is_open or not kinds
    waits = somebody_waits(ticket)
    if waits is not None:
        assert kinds["response"] == (is_open and waits)
    answer = next((one for one in running if one.is_response), None)
    assert ticket.due_at == (_holds(ticket, answer) if answer else None)


def somebody_waits(ticket: Ticket) -> bool | None:
    """Read from the history alone whether a customer waits for words of ours; None: it is mixed."""
    answers = set(ticket.messages.filter(is_answer=True).values_list("id", flat=True))
    waits = False
    for event in ticket.events.select_related("actor__role").order_by("id"):
        by_customer = event.actor is not None and event.actor.is_customer
        if event.code in MIXED:
            return None
        if event.code in ENDS:
            waits = False
        elif event.code in {"filed", "replied", "reopened"} and by_customer:
            waits = True
        elif event.code == "replied" and event.data["message"] in answers:
            waits = False
    return waits


def _holds(ticket: Ticket, answer: Clock) -> datetime | None:
    if answer.kind == ClockKind.NEXT or ticket.promised_at is None or answer.due_at is None:
        return answer.due_at
    return min(ticket.promised_at, answer.due_at)
