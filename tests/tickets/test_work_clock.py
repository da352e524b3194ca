"""The clock of the work: every hour, the same day for urgent incidents, standing while we wait."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from tickets import actions, clock, sla
from tickets.models import Clock, ClockKind, ClockLine, Outcome, Segment, Ticket

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)  # 00:00 of 24 November in Moscow
File = Callable[..., Ticket]


def _work(ticket: Ticket) -> Clock:
    return Clock.objects.filter(ticket=ticket, kind=ClockKind.WORK).latest("id")


def _triage(ticket: Ticket, actor: User, priority: str, at: datetime) -> None:
    actions.triage(ticket=ticket, actor=actor, category="incident", priority=priority, at=at)


def _reply(ticket: Ticket, author: User, at: datetime, **values: bool) -> None:
    actions.reply(ticket=ticket, author=author, text="Смотрим.", form_key=uuid4(), at=at, **values)


@pytest.mark.parametrize(
    ("priority", "due"), [("critical", True), ("high", True), ("medium", False), ("low", False)]
)
def test_critical_and_high_incidents_are_owed_the_day_of_receipt(
    ticket: Ticket, sergey: User, at: datetime, priority: str, due: bool
) -> None:
    """Rule 11: "same day" is the end of the Moscow day of receipt, not a number of minutes."""
    _triage(ticket, sergey, priority, at + MINUTE)
    assert _work(ticket).due_at == (MIDNIGHT if due else None)


def test_an_incident_of_the_night_is_owed_that_very_day(file: File, sergey: User) -> None:
    late_evening = MIDNIGHT - 10 * MINUTE
    ticket = file(at=late_evening)
    _triage(ticket, sergey, "critical", late_evening + MINUTE)
    assert _work(ticket).due_at == MIDNIGHT


def test_work_counts_every_hour_and_stands_while_we_wait_for_the_customer(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    _reply(ticket, sergey, at + HOUR, waits_for_customer=True)
    _reply(ticket, anna, at + 15 * HOUR)  # at night: any message ends the waiting (rule 5)
    actions.resolve(
        ticket=ticket, actor=sergey, text="Готово.", form_key=uuid4(), at=at + 18 * HOUR
    )
    work = _work(ticket)
    assert (work.outcome, work.elapsed_seconds) == (Outcome.RESOLVED, 4 * 3600)
    segments = Segment.objects.filter(clock=work).order_by("id")
    assert [(one.is_running, one.reason) for one in segments] == [
        (True, "received"),
        (False, "waiting_customer"),
        (True, "open"),
    ]
    assert sum((one.ends_at - one.starts_at for one in segments), timedelta(0)) == 18 * HOUR
    assert list(
        ClockLine.objects.filter(clock=work).order_by("id").values_list("code", flat=True)
    ) == [
        "started",
        "paused",
        "resumed",
        "stopped",
    ]


def test_a_day_that_passed_while_the_customer_was_silent_is_followed_by_the_day_of_the_answer(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    _triage(ticket, sergey, "high", at)
    _reply(ticket, sergey, at + HOUR, waits_for_customer=True)
    _reply(ticket, anna, at + timedelta(days=2))
    assert _work(ticket).due_at == MIDNIGHT + timedelta(days=2)


def test_a_lowered_priority_does_not_mend_a_day_that_was_missed(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    _triage(ticket, sergey, "high", at)
    _triage(ticket, sergey, "low", MIDNIGHT + HOUR)
    assert _work(ticket).due_at == MIDNIGHT
    actions.resolve(
        ticket=ticket, actor=sergey, text="Готово.", form_key=uuid4(), at=MIDNIGHT + 2 * HOUR
    )
    assert _work(ticket).was_late is True


def test_what_reports_read_is_frozen_when_the_clock_stops(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    """Rule 14: target, priority, calendar version and actor stand on the clock itself."""
    _triage(ticket, sergey, "high", at)
    _reply(ticket, sergey, at + 20 * MINUTE)
    _triage(ticket, sergey, "low", at + HOUR)
    answered = Clock.objects.responses().get(ticket=ticket)
    assert (answered.priority, answered.target_minutes, answered.stopped_by) == ("high", 60, sergey)
    assert (answered.was_late, answered.elapsed_seconds, answered.calendar) == (
        False,
        20 * 60,
        "2026-01-01",
    )
    assert (answered.organization, answered.channel) == (ticket.organization, "cabinet")


def test_taking_up_again_begins_a_new_cycle_and_keeps_the_old(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    """Rule 8."""
    actions.resolve(ticket=ticket, actor=sergey, text="Готово.", form_key=uuid4(), at=at + HOUR)
    _reply(ticket, anna, at + 2 * HOUR)
    kinds = Clock.objects.filter(ticket=ticket).order_by("id").values_list("kind", "stopped_at")
    assert list(kinds) == [
        ("first", at + HOUR),
        ("work", at + HOUR),
        ("work", None),
        ("next", None),
    ]


def test_a_receipt_is_no_answer(ticket: Ticket, sergey: User, at: datetime) -> None:
    """Rule 3: macros marked as receipts stop nothing, and nothing is solved by them."""
    _reply(ticket, sergey, at + MINUTE, is_answer=False)
    ticket.refresh_from_db()
    assert ticket.due_at == at + 30 * MINUTE
    with pytest.raises(actions.closing.NotAnswered):
        actions.resolve(ticket=ticket, actor=sergey, form_key=uuid4(), at=at + 2 * MINUTE)


def test_a_code_that_was_sent_neither_counts_nor_pauses(ticket: Ticket, at: datetime) -> None:
    """Rule 4."""
    clock.note_code(ticket=ticket, at=at + MINUTE)
    running = Clock.objects.responses().get(ticket=ticket)
    assert running.lines.latest("id").code == "code_sent"
    assert (running.due_at, running.segments.count()) == (at + 30 * MINUTE, 1)


def test_closed_segments_never_change(ticket: Ticket, sergey: User, at: datetime) -> None:
    """Rule 1: the ledger is only ever added to."""
    _reply(ticket, sergey, at + MINUTE)
    for change in ({"ends_at": at}, {"is_running": False}):
        with pytest.raises(IntegrityError, match="only ever closed"), transaction.atomic():
            Segment.objects.update(**change)


def test_the_ledger_replays_to_the_same_due_time(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    """Rule 1: adding up the running segments gives the stored deadline again."""
    _triage(ticket, sergey, "low", at + MINUTE)
    stored = Clock.objects.responses().get(ticket=ticket)
    assert sla.due_at(clock.pure(stored), clock.schedule_of(stored)) == stored.due_at
