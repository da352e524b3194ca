"""The clock on rows: ledger, due times, what moves them and what does not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model

from accounts.models import User
from portal.support import hooks
from portal.support.models import HoursException
from tickets import actions, clock, rescheduling
from tickets.models import Clock, ClockLine, Event, Outcome, Proof, Target, Ticket

MINUTE = timedelta(minutes=1)
EVENING = datetime(2026, 11, 23, 16, 50, tzinfo=UTC)  # 19:50 in Moscow
NIGHT = datetime(2026, 11, 23, 18, 40, tzinfo=UTC)  # 21:40 in Moscow
NEXT_MORNING = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)  # 08:00 in Moscow
File = Callable[..., Ticket]


def test_ten_to_eight_in_the_evening_plus_thirty_minutes_is_twenty_past_eight(file: File) -> None:
    ticket = file(at=EVENING)
    assert ticket.due_at == NEXT_MORNING + 20 * MINUTE


def test_what_comes_at_night_counts_from_the_opening(file: File) -> None:
    assert file(at=NIGHT).due_at == NEXT_MORNING + 30 * MINUTE


@pytest.mark.parametrize(
    ("category", "minutes"),
    [
        ("incident", 30),
        ("service_request", 180),
        ("information_request", 180),
        ("change_request", 180),
    ],
)
def test_the_promise_before_sending_is_what_the_ticket_then_gets(
    file: File, boris: User, at: datetime, category: str, minutes: int
) -> None:
    promised = clock.promise(category=category, at=at)
    assert (promised.minutes, promised.starts_at) == (minutes, at)
    assert file(person=boris, category=category).due_at == promised.due_at


@pytest.mark.django_db
def test_a_promise_made_at_night_starts_at_the_opening() -> None:
    assert clock.promise(category="incident", at=NIGHT).starts_at == NEXT_MORNING


@pytest.mark.django_db
def test_the_table_of_targets_is_that_of_the_service(at: datetime) -> None:
    requests = {"low": 180, "medium": 180, "high": None, "critical": None}
    assert {row.category: row.minutes for row in clock.targets_table(at=at)} == {
        "incident": {"low": 120, "medium": 90, "high": 60, "critical": 30},
        "service_request": requests,
        "information_request": requests,
        "change_request": requests,
    }


def test_a_new_target_holds_for_what_is_received_from_its_date_on(
    file: File, boris: User, sergey: User, at: datetime
) -> None:
    old = file(person=boris, category="service_request")
    Target.objects.create(
        category="service_request", priority="medium", minutes=60, valid_from=date(2026, 11, 24)
    )
    new = file(person=boris, category="service_request", at=at + timedelta(days=1))
    for ticket in (old, new):
        actions.triage(
            ticket=ticket,
            actor=sergey,
            category="service_request",
            priority="medium",
            at=at + timedelta(days=1),
        )
    found = {one.ticket_id: one.target_minutes for one in Clock.objects.responses().all()}
    assert found == {old.pk: 180, new.pk: 60}


def test_before_the_first_target_that_very_one_holds(file: File) -> None:
    ticket = file(at=datetime(2025, 6, 2, 9, 0, tzinfo=UTC))
    assert Clock.objects.responses().get(ticket=ticket).target_minutes == 30


def test_the_ledger_tells_every_change_of_the_due_time(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.triage(
        ticket=ticket, actor=sergey, category="incident", priority="high", at=at + 6 * MINUTE
    )
    actions.reply(
        ticket=ticket, author=sergey, text="Смотрим.", form_key=uuid4(), at=at + 9 * MINUTE
    )
    lines = (
        ClockLine.objects.exclude(clock__kind="work")
        .order_by("id")
        .values_list("code", "at", "target_minutes", "due_at")
    )
    assert list(lines) == [
        ("started", at, 30, at + 30 * MINUTE),
        ("retargeted", at + 6 * MINUTE, 60, at + 60 * MINUTE),
        ("stopped", at + 9 * MINUTE, 60, at + 60 * MINUTE),
    ]


def test_a_stricter_priority_keeps_the_time_already_run_and_may_be_due_at_once(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    """Rule 6: 10:00 medium, 90 minutes; at 11:00 raised to high, 60 minutes: due 11:00."""
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="medium", at=at)
    actions.reply(ticket=ticket, author=sergey, text="Смотрим.", form_key=uuid4(), at=at)
    actions.reply(ticket=ticket, author=anna, text="И?", form_key=uuid4(), at=at)
    ticket.refresh_from_db()
    assert ticket.due_at == at + 90 * MINUTE
    actions.triage(
        ticket=ticket, actor=sergey, category="incident", priority="high", at=at + 60 * MINUTE
    )
    ticket.refresh_from_db()
    assert ticket.due_at == at + 60 * MINUTE


def test_a_lowered_priority_does_not_make_a_late_answer_timely(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.triage(
        ticket=ticket, actor=sergey, category="incident", priority="low", at=at + 31 * MINUTE
    )
    late = Clock.objects.responses().get(ticket=ticket)
    assert (late.target_minutes, late.due_at) == (30, at + 30 * MINUTE)


def test_warning_comes_at_eighty_percent_of_what_we_keep_to(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    assert Clock.objects.responses().get().warn_at == at + 24 * MINUTE
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="low", at=at)
    kept = Clock.objects.responses().get()
    assert (kept.due_at, kept.warn_at) == (at + 120 * MINUTE, at + 24 * MINUTE)


def test_closed_clocks_never_change(ticket: Ticket, sergey: User, at: datetime) -> None:
    actions.reply(ticket=ticket, author=sergey, text="Готово.", form_key=uuid4(), at=at)
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="low", at=at)
    closed = Clock.objects.responses().get(ticket=ticket)
    assert (closed.target_minutes, closed.priority, closed.outcome) == (
        30,
        None,
        Outcome.ANSWERED,
    )
    with pytest.raises(IntegrityError, match="a closed clock never changes"), transaction.atomic():
        Clock.objects.responses().update(target_minutes=500)


@pytest.mark.parametrize("model", [ClockLine, Event, Proof])
def test_ledger_history_and_proofs_are_only_added_to(ticket: Ticket, model: type[Model]) -> None:
    rows = model._default_manager.all()
    assert rows
    with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
        rows.delete()


def test_a_ticket_has_one_open_clock_of_an_answer_at_most(ticket: Ticket) -> None:
    running = Clock.objects.responses().get(ticket=ticket)
    running.pk = None
    with (
        pytest.raises(IntegrityError, match="one_open_response_clock_per_ticket"),
        transaction.atomic(),
    ):
        running.save(force_insert=True)


def test_a_holiday_moves_open_deadlines_later_but_not_the_promise(
    file: File,
) -> None:
    ticket = file(at=EVENING)
    HoursException.objects.create(on=date(2026, 11, 24), hours="", name_ru="Санитарный день")
    assert rescheduling.reschedule_open(EVENING + 5 * MINUTE) == 1
    moved = Clock.objects.responses().get(ticket=ticket)
    ticket.refresh_from_db()
    assert moved.due_at == NEXT_MORNING + timedelta(days=1) + 20 * MINUTE
    assert ticket.due_at == NEXT_MORNING + 20 * MINUTE
    assert list(moved.lines.values_list("code", flat=True)) == ["started", "rescheduled"]


def test_longer_hours_move_an_open_deadline_earlier(file: File) -> None:
    ticket = file(at=EVENING)
    HoursException.objects.create(on=date(2026, 11, 23), hours="08:00–22:00", name_ru="Долгий день")
    rescheduling.reschedule_open(EVENING)
    ticket.refresh_from_db()
    assert ticket.due_at == EVENING + 30 * MINUTE


def test_a_change_of_hours_elsewhere_moves_nothing(ticket: Ticket, at: datetime) -> None:
    HoursException.objects.create(on=date(2027, 1, 1), hours="", name_ru="Новый год")
    assert rescheduling.reschedule_open(at) == 0
    assert ClockLine.objects.exclude(clock__kind="work").count() == 1


def test_tickets_listen_to_changes_of_hours() -> None:
    assert rescheduling.hours_changed in hooks.on_hours_changed


def test_why_this_time_is_told_stretch_by_stretch(file: File) -> None:
    ticket = file(at=EVENING)
    told = clock.explain(Clock.objects.responses().get(ticket=ticket))
    closing = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert [(line.code, line.at, line.until, line.minutes) for line in told] == [
        ("received", EVENING, None, 0),
        ("runs", EVENING, closing, 10),
        ("waits", closing, NEXT_MORNING, 0),
        ("runs", NEXT_MORNING, NEXT_MORNING + 20 * MINUTE, 20),
        ("due", NEXT_MORNING + 20 * MINUTE, None, 30),
    ]


def test_a_stopped_clock_is_explained_too(ticket: Ticket, sergey: User, at: datetime) -> None:
    actions.reply(
        ticket=ticket, author=sergey, text="Готово.", form_key=uuid4(), at=at + 9 * MINUTE
    )
    told = clock.explain(Clock.objects.responses().get(ticket=ticket))
    assert [(line.code, line.minutes) for line in told] == [
        ("received", 0),
        ("runs", 9),
        ("stopped", 0),
    ]
