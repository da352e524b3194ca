"""Random histories of tickets: whatever people do in whatever order, what must hold holds.

A Hypothesis state machine over all actions and personas. More of them than a test run needs:
`HISTORIES=500 .venv/bin/pytest tests/tickets/test_random_histories.py`.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Property, User
from portal.hours import Schedule
from portal.refusals import Refused
from portal.support import actions as support
from portal.support.models import DAYS, Hours, HoursException
from portal.support.schedule import current_schedule
from tests.conftest import NOON
from tickets import actions, clock, identity, rules, sla, watch
from tickets.models import Clock, ClockKind, Event, Message, Ticket

MOST_TICKETS = 4
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ASKED_FOR = os.environ.get("HISTORIES", "")
BOUNDED = settings(
    max_examples=int(ASKED_FOR or 20),
    stateful_step_count=30,
    # The same histories in every run of the suite; others when more are asked for.
    derandomize=not ASKED_FOR,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FEW = st.integers(0, 5)
CUSTOMERS = st.sampled_from(["anna", "boris", "vera"])
STAFF = st.sampled_from(["sergey", "galina", "maxim"])
ANYBODY = st.one_of(CUSTOMERS, STAFF)
CATEGORIES = st.sampled_from([one.value for one in rules.Category])
PRIORITIES = st.sampled_from([one.value for one in rules.Priority])
STATUSES = st.sampled_from([one.value for one in rules.Status])
HOURS = st.sampled_from(["", "08:00–20:00", "10:00–14:00", "08:00–22:00", "20:00–02:00"])
PAUSED = {status.value for status in rules.PAUSED_STATUSES}


@dataclass
class World:
    """The personas, and what was done by how many."""

    people: dict[str, User]
    hotels: dict[str, Property]
    done: Counter[str] = field(default_factory=Counter)


class Histories(RuleBasedStateMachine):
    """One history: time goes on, people do things, and after each of them all must hold."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.at = world, NOON
        self.tickets: list[Ticket] = []
        # Closed clocks as they were seen first, and by which hours they had been counted.
        self.closed: dict[int, dict[str, Any]] = {}
        self.hours: dict[int, Schedule] = {}
        self.savepoint = transaction.savepoint()

    def teardown(self) -> None:
        """Take the history back: the next begins with an empty desk."""
        transaction.savepoint_rollback(self.savepoint)

    def do(self, name: str, act: Callable[..., Any], **values: Any) -> Any:
        """Do something, unless it is refused: a refusal leaves everything as it was."""
        with suppress(Refused), transaction.atomic():
            found = act(at=self.at, **values)
            self.world.done[name] += 1
            return found

    def who(self, name: str) -> User:
        return self.world.people[name]

    def which(self, number: int) -> Ticket:
        return self.tickets[number % len(self.tickets)]

    # --- what happens --------------------------------------------------------------------------

    @initialize(category=CATEGORIES)
    def begin(self, category: str) -> None:
        self._file("boris", category, "support")

    @precondition(lambda self: len(self.tickets) < MOST_TICKETS)
    @rule(person=CUSTOMERS, category=CATEGORIES, addressee=st.sampled_from(rules.Addressee))
    def file(self, person: str, category: str, addressee: str) -> None:
        self._file(person, category, addressee)

    def _file(self, person: str, category: str, addressee: str) -> None:
        filed = self.do(
            "file",
            actions.file_ticket,
            person=self.who(person),
            property=self.world.hotels[person],
            category=category,
            subject="Не сохраняется тариф",
            description="Нажимаю «Сохранить», и ничего не происходит.",
            evidence=identity.session(),
            form_key=uuid4(),
            addressee=addressee,
        )
        if filed is not None:
            self.tickets.append(filed)

    @rule(minutes=st.one_of(st.integers(0, 90), st.integers(0, 4 * 24 * 60)))
    def time_passes(self, minutes: int) -> None:
        self.at += minutes * MINUTE

    @rule(number=FEW, person=CUSTOMERS)
    def customer_writes(self, number: int, person: str) -> None:
        self._reply("customer writes", number, person)

    @rule(
        number=FEW,
        person=STAFF,
        waits=st.booleans(),
        is_answer=st.sampled_from([True, True, False]),
        behind=st.integers(-1, 2),
    )
    def staff_replies(
        self, number: int, person: str, waits: bool, is_answer: bool, behind: int
    ) -> None:
        """Reply, often to a conversation of which the last messages were not read."""
        ids = list(
            Message.objects.filter(ticket=self.which(number), kind="public")
            .order_by("-id")
            .values_list("id", flat=True)
        )
        seen = None if behind < 0 else ids[min(behind, len(ids) - 1)]
        self._reply(
            "staff replies" if is_answer else "receipt",
            number,
            person,
            waits_for_customer=waits,
            is_answer=is_answer,
            seen_message_id=seen,
        )

    def _reply(self, name: str, number: int, person: str, **values: Any) -> None:
        self.do(
            name,
            actions.reply,
            ticket=self.which(number),
            author=self.who(person),
            text="Посмотрите, пожалуйста.",
            form_key=uuid4(),
            **values,
        )

    @rule(number=FEW, person=ANYBODY)
    def note(self, number: int, person: str) -> None:
        self.do(
            "note",
            actions.note,
            ticket=self.which(number),
            author=self.who(person),
            text="Позвонить бухгалтеру.",
            form_key=uuid4(),
        )

    @rule(number=FEW, person=STAFF, category=CATEGORIES, priority=PRIORITIES)
    def triage(self, number: int, person: str, category: str, priority: str) -> None:
        self.do(
            "triage",
            actions.triage,
            ticket=self.which(number),
            actor=self.who(person),
            category=category,
            priority=priority,
        )

    @rule(number=FEW, person=STAFF, priority=PRIORITIES)
    def triage_as_incident(self, number: int, person: str, priority: str) -> None:
        self.triage(number, person, rules.Category.INCIDENT, priority)

    @rule(number=FEW, person=STAFF, assignee=st.sampled_from(["sergey", "galina", "anna", ""]))
    def assign(self, number: int, person: str, assignee: str) -> None:
        self.do(
            "assign",
            actions.assign,
            ticket=self.which(number),
            actor=self.who(person),
            assignee=self.who(assignee) if assignee else None,
        )

    @rule(number=FEW, person=STAFF, addressee=st.sampled_from(rules.Addressee))
    def readdress(self, number: int, person: str, addressee: str) -> None:
        self.do(
            "readdress",
            actions.readdress,
            ticket=self.which(number),
            actor=self.who(person),
            addressee=addressee,
        )

    @rule(number=FEW, person=ANYBODY, status=STATUSES)
    def set_status(self, number: int, person: str, status: str) -> None:
        self.do(
            "set status",
            actions.set_status,
            ticket=self.which(number),
            actor=self.who(person),
            status=status,
        )

    @rule(number=FEW, person=STAFF, text=st.sampled_from(["", "Готово."]))
    def resolve(self, number: int, person: str, text: str) -> None:
        self.do(
            "resolve",
            actions.resolve,
            ticket=self.which(number),
            actor=self.who(person),
            text=text,
            form_key=uuid4(),
        )

    @rule(number=FEW, person=ANYBODY)
    def close(self, number: int, person: str) -> None:
        self.do("close", actions.close, ticket=self.which(number), actor=self.who(person))

    @rule(number=FEW, person=ANYBODY)
    def reopen(self, number: int, person: str) -> None:
        self.do("reopen", actions.reopen, ticket=self.which(number), actor=self.who(person))

    @rule(number=FEW)
    def ask_for_a_code(self, number: int) -> None:
        clock.note_code(ticket=self.which(number), at=self.at)

    @rule()
    def watch(self) -> None:
        watch.watch_clocks(at=self.at)

    @rule(days=st.integers(0, 3), hours=HOURS)
    def change_a_day(self, days: int, hours: str) -> None:
        day = current_schedule().day_of(self.at) + days * DAY
        kept = HoursException.objects.filter(on=day).first()
        exception = kept or HoursException(on=day, name_ru="Замер", name_en="Trial")
        exception.hours = hours
        galina = self.who("galina")
        self.do("change a day", support.save_exception, exception=exception, actor=galina)

    @rule(days=st.integers(0, 5), hours=HOURS)
    def change_the_week(self, days: int, hours: str) -> None:
        day = current_schedule().day_of(self.at) + days * DAY
        if not Hours.objects.filter(valid_from=day).exists():
            week = Hours(valid_from=day, **dict.fromkeys(DAYS, hours))
            galina = self.who("galina")
            self.do("change the week", support.save_hours, hours=week, actor=galina)

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def closed_clocks_never_change(self) -> None:
        for row in Clock.objects.filter(stopped_at__isnull=False).values():
            if row["id"] not in self.closed:
                self.closed[row["id"]] = row
                self.hours[row["id"]] = current_schedule()
            assert row == self.closed[row["id"]]

    @invariant()
    def clocks_add_up_and_replay(self) -> None:
        schedule = current_schedule()
        for one in Clock.objects.select_related("ticket").prefetch_related("segments", "lines"):
            if one.is_response:
                self._response_holds(one, schedule)
            elif one.kind == ClockKind.WORK:
                self._work_holds(one, schedule)
            assert one.due_at is None or one.due_at >= one.started_at
            assert max(one.lines.all(), key=lambda line: line.pk).due_at == one.due_at

    def _response_holds(self, one: Clock, schedule: Schedule) -> None:
        pure = clock.pure(one)
        assert all(segment.running for segment in pure.segments)
        if one.stopped_at is None:
            assert sla.due_at(pure, schedule) == one.due_at
            return
        worked = schedule.between(one.started_at, one.stopped_at)
        assert one.elapsed_seconds == int(worked.total_seconds())
        assert one.calendar
        going_on = replace(
            pure, segments=(*pure.segments[:-1], replace(pure.segments[-1], end=None))
        )
        assert sla.due_at(going_on, self.hours[one.pk]) == one.due_at

    def _work_holds(self, one: Clock, schedule: Schedule) -> None:
        pure = clock.pure(one)
        if one.stopped_at is not None:
            spans = [(part.end or one.stopped_at) - part.start for part in pure.segments]
            runs = [span for part, span in zip(pure.segments, spans, strict=True) if part.running]
            assert sum(spans, timedelta(0)) == one.stopped_at - one.started_at
            assert one.elapsed_seconds == int(sum(runs, timedelta(0)).total_seconds())
            return
        assert pure.segments[-1].running is (one.ticket.status not in PAUSED)
        owed = sla.same_day_due(schedule.zone, sla.owed_from(pure, schedule.zone))
        if sla.is_same_day(one.category, one.priority):
            assert one.due_at == owed
        else:
            # A day that was missed stays missed, whatever the priority is now (rule 6).
            assert one.due_at is None or one.due_at < self.at

    @invariant()
    def tickets_agree_with_their_clocks(self) -> None:
        running: dict[int, list[Clock]] = defaultdict(list)
        for one in Clock.objects.filter(stopped_at__isnull=True):
            running[one.ticket_id].append(one)
        for ticket in Ticket.objects.all():
            kinds = Counter(
                "response" if one.is_response else one.kind for one in running[ticket.pk]
            )
            assert not kinds or max(kinds.values()) == 1
            is_open = ticket.status in rules.OPEN_STATUSES
            assert kinds["work"] == is_open
            assert kinds["response"] == (is_open and _somebody_waits(ticket))
            answer = next((one for one in running[ticket.pk] if one.is_response), None)
            assert ticket.due_at == (_holds(ticket, answer) if answer else None)

    @invariant()
    def only_legal_moves_happened(self) -> None:
        stands = {ticket.pk: rules.Status.NEW.value for ticket in self.tickets}
        for event in Event.objects.filter(code="status_changed").order_by("id"):
            before, after = event.data["before"], event.data["after"]
            assert stands[event.ticket_id] == before
            assert rules.can_move(before, after)
            stands[event.ticket_id] = after
        assert stands == dict(Ticket.objects.values_list("id", "status"))


def _somebody_waits(ticket: Ticket) -> bool:
    """Read from the history alone whether a customer waits for words of ours."""
    answers = set(ticket.messages.filter(is_answer=True).values_list("id", flat=True))
    waits = False
    for event in ticket.events.select_related("actor__role").order_by("id"):
        by_customer = event.actor is not None and event.actor.is_customer
        if event.code in {"resolved", "closed"}:
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


DONE_BY_SOMEBODY = {
    "file",
    "customer writes",
    "staff replies",
    "receipt",
    "note",
    "triage",
    "assign",
    "readdress",
    "set status",
    "resolve",
    "close",
    "reopen",
    "change a day",
    "change the week",
}


def test_whatever_happens_the_clocks_stay_right(
    anna: User,
    boris: User,
    vera: User,
    sergey: User,
    galina: User,
    maxim: User,
    hotel: Property,
    lighthouse: Property,
) -> None:
    """Rules 1, 5, 6, 8, 10, 11 and 14, in histories that nobody has thought of."""
    people = {
        "anna": anna,
        "boris": boris,
        "vera": vera,
        "sergey": sergey,
        "galina": galina,
        "maxim": maxim,
    }
    world = World(people, {"anna": hotel, "boris": hotel, "vera": lighthouse})
    run_state_machine_as_test(lambda: Histories(world), settings=BOUNDED)
    assert {name for name, times in world.done.items() if times} >= DONE_BY_SOMEBODY
