"""A day and a night at the desk, minute by minute, with a moved clock and the jobs of the schedule.

At 02:00 an incident comes in; whoever is on duty sleeps, the second is called and takes it. In the
morning it is answered just in time, at noon too late, and it is solved on its day. Beside it stand
a question that wakes nobody and an incident of the evening. At midnight letters and ledger are
exactly those of docs/sla.md.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.actions import make_person
from accounts.models import Property, Role, User
from portal.celery import app
from portal.delivery.models import Delivery, Heartbeat
from tickets import actions
from tickets.models import Clock, DutyShift, Rank, Segment, Ticket

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)  # 00:00 of 24 November in Moscow
File = Callable[..., Ticket]
Plan = Mapping[datetime, Callable[[], object]]


def _at(clock: str) -> datetime:
    """Give the moment at which clocks in Moscow show this time of the day."""
    hours, minutes = clock.split(":")
    return MIDNIGHT + int(hours) * HOUR + int(minutes) * MINUTE


def _shown(at: datetime | None) -> str:
    if at is None:
        return ""
    minutes = int((at - MIDNIGHT) / MINUTE)
    return f"{minutes // 60:02}:{minutes % 60:02}"


@pytest.fixture
def roman(db: None) -> User:
    """Another specialist, the second on duty this night."""
    role = Role.objects.get(code="specialist")
    return make_person(
        email="roman@hotbot.example", password=None, full_name="Роман Дежурный", role=role
    )


@pytest.fixture
def rota(sergey: User, roman: User) -> None:
    """Sergey is called first, roman when he does not answer."""
    for rank, person in ((Rank.FIRST, sergey), (Rank.SECOND, roman)):
        DutyShift.objects.create(
            rank=rank, person=person, starts_at=MIDNIGHT - HOUR, ends_at=MIDNIGHT + 9 * HOUR
        )


def _jobs() -> list[tuple[Callable[[], object], int]]:
    """Give the jobs of the ticket system with the minutes between their runs."""
    found = []
    for entry in app.conf.beat_schedule.values():
        module, name = entry["task"].rsplit(".", 1)
        every = entry["schedule"]
        if module == "tickets.tasks" and isinstance(every, int | float):
            found.append((getattr(import_module(module), name), max(1, int(every) // 60)))
    return found


def _live(plan: Plan, moved: Callable[[datetime], object]) -> None:
    """Let the day pass: in each minute first what people do, then what the schedule does."""
    jobs = _jobs()
    for minute in range(24 * 60):
        at = MIDNIGHT + minute * MINUTE
        moved(at)
        if at in plan:
            plan[at]()
        for job, every in jobs:
            if minute % every == 0:
                job()


def _letters() -> list[tuple[str, str, str]]:
    """List what was written: when, to whom, which; warnings with clock and share."""
    found = []
    for one in Delivery.objects.order_by("id"):
        kind, percent = one.context.get("kind"), one.context.get("percent")
        what = f"{one.letter} {kind} {percent}" if kind else one.letter
        found.append((_shown(one.created_at), one.recipient.partition("@")[0], what))
    return found


def _ledger(clock: Clock) -> list[tuple[str, str, int | None, str]]:
    lines = clock.lines.order_by("id")
    return [(_shown(one.at), one.code, one.target_minutes, _shown(one.due_at)) for one in lines]


def test_a_day_ends_with_the_letters_and_the_ledger_of_the_rules(
    file: File,
    anna: User,
    boris: User,
    vera: User,
    sergey: User,
    roman: User,
    galina: User,
    lighthouse: Property,
    rota: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rules 2, 5, 6, 7, 11, 12 and 14: what a night incident sets going, and what it does not."""
    tickets: dict[str, Ticket] = {}

    def files(name: str, **values: object) -> None:
        tickets[name] = file(at=timezone.now(), **values)

    def does(act: Callable[..., object], name: str, **values: object) -> None:
        act(ticket=tickets[name], at=timezone.now(), **values)

    def replies(name: str, author: User, **values: object) -> None:
        does(actions.reply, name, author=author, text="…", form_key=uuid4(), **values)

    def triages(name: str, actor: User, category: str, priority: str) -> None:
        does(actions.triage, name, actor=actor, category=category, priority=priority)

    question = {"person": vera, "property": lighthouse, "category": "information_request"}
    plan = {
        _at("02:00"): partial(files, "night"),
        _at("02:20"): partial(does, actions.acknowledge, "night", actor=roman),
        _at("02:22"): partial(triages, "night", roman, "incident", "critical"),
        _at("02:23"): partial(does, actions.assign, "night", actor=roman, assignee=roman),
        _at("02:30"): partial(files, "question", **question),
        _at("06:59"): partial(does, actions.join, "night", actor=boris),
        _at("07:00"): partial(replies, "night", boris),
        _at("08:26"): partial(replies, "night", roman, waits_for_customer=True),
        _at("09:00"): partial(triages, "question", sergey, "information_request", "low"),
        _at("10:00"): partial(replies, "question", sergey),
        _at("10:30"): partial(does, actions.resolve, "question", actor=sergey, form_key=uuid4()),
        _at("12:00"): partial(replies, "night", anna),
        _at("12:40"): partial(replies, "night", roman),
        _at("18:00"): partial(
            does, actions.resolve, "night", actor=roman, text="Исправлено.", form_key=uuid4()
        ),
        _at("19:50"): partial(files, "evening", person=boris),
        _at("19:55"): partial(triages, "evening", sergey, "incident", "medium"),
    }
    _live(plan, lambda at: monkeypatch.setattr(timezone, "now", lambda: at))

    assert (
        _letters()
        == [  # An incident of the night calls whoever is on duty, and the next one after 15 minutes.
            ("02:00", "sergey", "duty_alert"),
            ("02:00", "anna", "ticket_received"),
            ("02:15", "roman", "duty_alert"),
            # A question wakes nobody.
            ("02:30", "vera", "ticket_received"),
            # A colleague joins and adds to it: from now on letters come to him too. The assignee hears of it, the clock does not.
            ("07:00", "roman", "ticket_new_message"),
            ("07:00", "anna", "ticket_reply"),
            # 30 minutes of support hours from 08:00.
            ("08:15", "roman", "clock_warning first 50"),
            ("08:24", "roman", "clock_warning first 80"),
            ("08:24", "galina", "clock_warning first 80"),
            ("08:26", "anna", "ticket_reply"),
            ("08:26", "boris", "ticket_reply"),
            ("10:00", "vera", "ticket_reply"),
            ("10:30", "vera", "ticket_resolved"),
            ("12:00", "roman", "ticket_new_message"),
            ("12:00", "boris", "ticket_reply"),
            ("12:15", "roman", "clock_warning next 50"),
            ("12:24", "roman", "clock_warning next 80"),
            ("12:24", "galina", "clock_warning next 80"),
            # An answer at 12:30 would have been in time still.
            ("12:31", "roman", "clock_late next 100"),
            ("12:31", "galina", "clock_late next 100"),
            ("12:40", "anna", "ticket_reply"),
            ("12:40", "boris", "ticket_reply"),
            # Half of the span from receipt to the end of the day.
            ("13:00", "roman", "clock_warning work 50"),
            ("18:00", "anna", "ticket_resolved"),
            ("18:00", "boris", "ticket_resolved"),
            # Received ten minutes before the closing: the rest of it is tomorrow's.
            ("19:50", "boris", "ticket_received"),
        ]
    )

    first, work, later = Clock.objects.filter(ticket=tickets["night"]).order_by("id")
    assert _ledger(first) == [
        ("02:00", "started", 30, "08:30"),
        ("02:22", "retargeted", 30, "08:30"),
        ("08:26", "stopped", 30, "08:30"),
    ]
    assert _ledger(work) == [
        ("02:00", "started", None, ""),
        ("02:22", "retargeted", None, "24:00"),
        ("08:26", "paused", None, "24:00"),
        ("12:00", "resumed", None, "24:00"),
        ("18:00", "stopped", None, "24:00"),
    ]
    assert _ledger(later) == [
        ("12:00", "started", 30, "12:30"),
        ("12:40", "stopped", 30, "12:30"),
    ]
    frozen = [
        (one.kind, one.priority, one.outcome, one.stopped_by, one.elapsed_seconds, one.was_late)
        for one in (first, work, later)
    ]
    assert frozen == [
        ("first", "critical", "answered", roman, 26 * 60, False),
        ("work", "critical", "resolved", roman, (12 * 60 + 26) * 60, False),
        ("next", "critical", "answered", roman, 40 * 60, True),
    ]
    spans = Segment.objects.filter(clock=work).order_by("id")
    assert [(_shown(one.starts_at), _shown(one.ends_at), one.is_running) for one in spans] == [
        ("02:00", "08:26", True),
        ("08:26", "12:00", False),
        ("12:00", "18:00", True),
    ]

    night, question_asked, evening = (
        Ticket.objects.get(pk=tickets[name].pk) for name in ("night", "question", "evening")
    )
    assert [event.code for event in night.events.order_by("id")] == [
        "filed",
        "alert_raised",
        "alert_escalated",
        "alert_taken",
        "triaged",
        "status_changed",
        "assigned",
        "joined",
        "replied",
        "half_run",
        "warned",
        "replied",
        "status_changed",
        "replied",
        "status_changed",
        "half_run",
        "warned",
        "late",
        "replied",
        "half_run",
        "replied",
        "status_changed",
        "resolved",
    ]
    assert (_shown(night.promised_at), night.status, night.due_at) == ("08:30", "resolved", None)
    assert (question_asked.status, _shown(question_asked.promised_at)) == ("resolved", "11:00")
    # Untriaged it was promised 30 minutes; medium has 90, but what was promised holds.
    assert (_shown(evening.due_at), _shown(evening.promised_at)) == ("32:20", "32:20")
    waits = Clock.objects.responses().get(ticket=evening)
    assert (_shown(waits.due_at), waits.target_minutes) == ("33:20", 90)
    assert Heartbeat.objects.get(job="clocks").beat_at == MIDNIGHT + 24 * HOUR - MINUTE
