"""Warned before it is late, told when it is: once, and not at night without need."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from accounts.models import User
from portal.delivery.models import Delivery, Heartbeat
from tickets import actions, tasks, watch
from tickets.models import Clock, Ticket

MINUTE = timedelta(minutes=1)
EVENING = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # 19:30 in Moscow
CLOSED = datetime(2026, 11, 23, 17, 0, 10, tzinfo=UTC)  # ten seconds after 20:00
File = Callable[..., Ticket]
Letters = Callable[[User], list[str]]


def test_nobody_is_told_anything_before_it_is_time(
    ticket: Ticket, galina: User, at: datetime
) -> None:
    assert watch.watch_clocks(at=at + 23 * MINUTE) == (0, 0)


def test_the_head_is_warned_at_eighty_percent_and_once(
    ticket: Ticket, galina: User, at: datetime, letters_to: Letters
) -> None:
    assert watch.watch_clocks(at=at + 24 * MINUTE) == (1, 0)
    assert watch.watch_clocks(at=at + 25 * MINUTE) == (0, 0)
    assert letters_to(galina) == ["clock_warning"]
    event = ticket.events.get(code="warned")
    assert (event.actor, event.at) == (None, at + 24 * MINUTE)


def test_assignee_and_head_are_told_that_it_is_late(
    ticket: Ticket, sergey: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
    watch.watch_clocks(at=at + 24 * MINUTE)
    assert watch.watch_clocks(at=at + 30 * MINUTE) == (0, 0)
    assert watch.watch_clocks(at=at + 31 * MINUTE) == (0, 1)
    assert letters_to(sergey) == letters_to(galina) == ["clock_warning", "clock_late"]
    letter = Delivery.objects.get(letter="clock_late", recipient=galina.email)
    assert letter.context["assignee"] == "Сергей Орлов"
    assert letter.context["due_at"] == (at + 30 * MINUTE).isoformat()


def test_what_is_late_already_is_told_without_a_warning(
    ticket: Ticket, galina: User, at: datetime, letters_to: Letters
) -> None:
    assert watch.watch_clocks(at=at + 40 * MINUTE) == (0, 1)
    assert letters_to(galina) == ["clock_late"]
    assert watch.watch_clocks(at=at + 41 * MINUTE) == (0, 0)


def test_a_broken_promise_is_late_although_the_target_is_not(
    ticket: Ticket, sergey: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="low", at=at)
    assert watch.watch_clocks(at=at + 31 * MINUTE) == (0, 1)
    assert letters_to(galina) == ["clock_late"]


def test_the_assignee_alone_is_told_that_half_has_run(
    ticket: Ticket, sergey: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    """Rule 12: 50, 80 and 100 percent."""
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
    watch.watch_clocks(at=at + 14 * MINUTE)
    assert letters_to(sergey) == []
    watch.watch_clocks(at=at + 15 * MINUTE)
    assert (letters_to(sergey), letters_to(galina)) == (["clock_warning"], [])
    watch.watch_clocks(at=at + 24 * MINUTE)
    assert letters_to(sergey) == ["clock_warning", "clock_warning"]
    told = Delivery.objects.filter(recipient=sergey.email).order_by("id")
    assert [one.context.get("percent") for one in told] == [50, 80]


def test_work_that_stands_still_is_not_told_late(
    ticket: Ticket, sergey: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="high", at=at)
    actions.reply(
        ticket=ticket,
        author=sergey,
        text="Какой номер брони?",
        form_key=uuid4(),
        waits_for_customer=True,
        at=at,
    )
    assert watch.watch_clocks(at=at + timedelta(days=2)) == (0, 0)


def test_an_answered_ticket_warns_nobody(
    ticket: Ticket, sergey: User, galina: User, at: datetime
) -> None:
    actions.reply(ticket=ticket, author=sergey, text="Смотрим.", form_key=uuid4(), at=at)
    assert watch.watch_clocks(at=at + 60 * MINUTE) == (0, 0)


def test_at_night_only_urgent_incidents_wake_anybody(
    file: File, sergey: User, galina: User, letters_to: Letters
) -> None:
    file(at=EVENING)
    urgent = file(at=EVENING)
    actions.triage(
        ticket=urgent, actor=sergey, category="incident", priority="critical", at=EVENING
    )
    assert watch.watch_clocks(at=CLOSED) == (0, 1)
    assert Delivery.objects.get(letter="clock_late").context["number"] == urgent.number
    # In the morning the other answer is late, and the urgent one was not solved on its day.
    assert watch.watch_clocks(at=CLOSED + timedelta(hours=12)) == (0, 2)


def test_a_claim_that_somebody_else_has_made_writes_nothing(
    ticket: Ticket, galina: User, at: datetime, letters_to: Letters
) -> None:
    Clock.objects.responses().update(late_told_at=at, warned_at=at)
    assert not watch._tell(Clock.objects.responses().get().pk, watch.LATE, at)
    assert letters_to(galina) == []


def test_the_task_beats_its_heart(ticket: Ticket) -> None:
    tasks.watch_clocks()
    assert Heartbeat.objects.filter(job="clocks").exists()
