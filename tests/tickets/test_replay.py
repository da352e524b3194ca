"""The ledger replays: from its segments alone, with nothing cached, every clock is due when it was."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import User
from portal.support import actions as support
from portal.support import schedule
from portal.support.models import DAYS, Hours, HoursException
from tickets import actions, clock, sla
from tickets.models import Clock, ClockKind, Outcome, Ticket

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVENING = datetime(2026, 11, 23, 16, 50, tzinfo=UTC)  # 19:50 in Moscow
MIDNIGHT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)  # 00:00 of 24 November in Moscow
File = Callable[..., Ticket]


def _forget_everything() -> None:
    schedule._cached.clear()
    clock._targets.clear()


def _replayed(one: Clock) -> datetime | None:
    """Compute a due time from the segments, as if the clock had gone on."""
    _forget_everything()
    pure, hours = clock.pure(one), clock.schedule_of(one)
    if one.kind == ClockKind.WORK:
        zone = schedule.current_schedule().zone
        owed = sla.same_day_due(zone, sla.owed_from(pure, zone))
        return owed if sla.is_same_day(one.category, one.priority) else None
    last = replace(pure.segments[-1], end=None)
    return sla.due_at(replace(pure, segments=(*pure.segments[:-1], last)), hours)


def _clocks() -> Iterator[Clock]:
    found = Clock.objects.order_by("id").prefetch_related("segments")
    return iter(found)


def _triage(ticket: Ticket, actor: User, priority: str, at: datetime) -> None:
    actions.triage(ticket=ticket, actor=actor, category="incident", priority=priority, at=at)


def _reply(ticket: Ticket, author: User, at: datetime, **values: bool) -> None:
    actions.reply(ticket=ticket, author=author, text="Смотрим.", form_key=uuid4(), at=at, **values)


def test_a_long_history_replays_to_the_same_due_times(file: File, anna: User, sergey: User) -> None:
    """Rule 1: a deadline follows from the segments and the target, and from nothing else."""
    ticket = file(at=EVENING)
    _triage(ticket, sergey, "high", EVENING + MINUTE)
    _reply(ticket, sergey, EVENING + 5 * MINUTE, waits_for_customer=True)
    _reply(ticket, anna, EVENING + 14 * HOUR)
    _triage(ticket, sergey, "critical", EVENING + 15 * HOUR)
    _reply(ticket, sergey, EVENING + 16 * HOUR)
    actions.resolve(
        ticket=ticket, actor=sergey, text="Готово.", form_key=uuid4(), at=EVENING + 17 * HOUR
    )
    _reply(ticket, anna, EVENING + 40 * HOUR)
    stored = {one.pk: one.due_at for one in _clocks()}
    assert {one.pk: _replayed(one) for one in _clocks()} == stored
    assert [one.kind for one in _clocks()] == ["first", "work", "next", "work", "next"]


def test_a_day_that_ended_while_the_customer_was_silent_is_not_asked_for_again(
    file: File, anna: User, sergey: User
) -> None:
    """Rules 6 and 11: another priority does not bring back a day that was not ours."""
    ticket = file(at=EVENING)
    _triage(ticket, sergey, "high", EVENING)
    _reply(ticket, sergey, EVENING + 5 * MINUTE, waits_for_customer=True)
    _reply(ticket, anna, EVENING + 14 * HOUR)
    _triage(ticket, sergey, "critical", EVENING + 15 * HOUR)
    assert Clock.objects.get(ticket=ticket, kind="work").due_at == MIDNIGHT + DAY


def test_changes_of_hours_replay_too(file: File, galina: User) -> None:
    """Rule 10: what was stored after a change of hours follows from the segments and the new hours."""
    ticket = file(at=EVENING)
    holiday = HoursException(on=date(2026, 11, 24), hours="", name_ru="Праздник", name_en="Holiday")
    support.save_exception(exception=holiday, actor=galina, at=EVENING + MINUTE)
    later = Hours(valid_from=date(2026, 11, 25), **dict.fromkeys(DAYS, "10:00–18:00"))
    support.save_hours(hours=later, actor=galina, at=EVENING + 2 * MINUTE)
    stored = Clock.objects.responses().get(ticket=ticket)
    assert stored.segments.count() == 3
    assert stored.due_at == datetime(2026, 11, 25, 7, 20, tzinfo=UTC)
    assert _replayed(stored) == stored.due_at


def test_what_the_ledger_says_last_is_what_is_stored(
    ticket: Ticket, sergey: User, galina: User, at: datetime
) -> None:
    _triage(ticket, sergey, "medium", at + MINUTE)
    short = HoursException(on=date(2026, 11, 23), hours="08:00–13:00", name_ru="Короткий день")
    support.save_exception(exception=short, actor=galina, at=at + 2 * MINUTE)
    stored = Clock.objects.responses().get(ticket=ticket)
    line = stored.lines.latest("id")
    assert (line.code, line.target_minutes, line.due_at) == ("rescheduled", 90, stored.due_at)


def test_a_clock_goes_on_elsewhere_from_its_old_start_with_its_old_target(
    file: File, sergey: User, at: datetime
) -> None:
    """Rule 9: the earliest unanswered start and the strictest target survive a merge."""
    old, young = file(), file(at=at + 10 * MINUTE)
    _triage(old, sergey, "critical", at)
    _triage(young, sergey, "low", at + 10 * MINUTE)
    merged_at = at + 15 * MINUTE
    moved = clock.stop(ticket=old, outcome=Outcome.MERGED, by=sergey, at=merged_at)
    clock.stop(ticket=young, outcome=Outcome.MERGED, by=sergey, at=merged_at)
    assert moved is not None
    going_on = clock.resume_from(clock=moved, ticket=young, at=merged_at)
    going_on.refresh_from_db()
    assert (going_on.started_at, going_on.target_minutes) == (at, 30)
    assert going_on.due_at == _replayed(going_on) == at + 30 * MINUTE
    assert moved.outcome == Outcome.MERGED


@pytest.mark.parametrize("share", [50, 80])
def test_warnings_replay_as_well(file: File, share: int) -> None:
    """Rule 12: the moments of warning are shares of the same working time."""
    stored = Clock.objects.responses().get(ticket=file(at=EVENING))
    _forget_everything()
    hours = clock.schedule_of(stored)
    moment = sla.warn_at(hours, stored.started_at, timedelta(minutes=30), share)
    assert moment == {50: stored.half_at, 80: stored.warn_at}[share]
