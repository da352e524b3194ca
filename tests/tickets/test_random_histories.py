"""Random histories of tickets: whatever people do in whatever order, what must hold holds.

A Hypothesis state machine over all actions and personas. More of them than a test run needs:
`HISTORIES=500 .venv/bin/pytest tests/tickets/test_random_histories.py`.
"""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
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
from tests.tickets import invariants
from tickets import actions, clock, identity, rules, watch
from tickets.models import Clock, ClockKind, Event, Message, Ticket

MOST_TICKETS = 4
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ASKED_FOR = os.environ.get("HISTORIES", "")
BOUNDED = settings(
    max_examples=int(ASKED_FOR or 90),
    stateful_step_count=30,
    # The same histories in every run of the suite; others when more are asked for.
    derandomize=not ASKED_FOR,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
FEW = st.integers(0, 5)
CUSTOMERS = st.sampled_from(["anna", "boris", "boris", "vera"])
STAFF = st.sampled_from(["sergey", "sergey", "galina", "maxim"])
ANYBODY = st.one_of(CUSTOMERS, STAFF)
CATEGORIES = st.sampled_from([one.value for one in rules.Category])
PRIORITIES = st.sampled_from([one.value for one in rules.Priority])
STATUSES = st.sampled_from([one.value for one in rules.Status])
REASONS = st.sampled_from(["", "Ждём ответа банка."])
HOURS = st.sampled_from(["", "08:00–20:00", "10:00–14:00", "08:00–22:00", "20:00–02:00"])


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
        self._file("anna", rules.Category.INCIDENT, "support")

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
        behind=st.sampled_from([-1, 0, 0, 1]),
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

    @rule(number=FEW, person=st.one_of(STAFF, STAFF, CUSTOMERS), status=STATUSES)
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

    @precondition(lambda _self: Ticket.objects.done().exists())
    @rule(number=FEW, person=ANYBODY)
    def reopen(self, number: int, person: str) -> None:
        done = list(Ticket.objects.done().order_by("id"))
        ticket = done[number % len(done)]
        self.do("reopen", actions.reopen, ticket=ticket, actor=self.who(person))

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

    # --- what other parts add: left out of the draw where they are not built ---------------------

    @rule(number=FEW, other=FEW, person=STAFF)
    def merge(self, number: int, other: int, person: str) -> None:
        self.do(
            "merge",
            actions.merge,
            source=self.which(number),
            target=self.which(other),
            actor=self.who(person),
            is_confirmed=True,
        )

    @rule(number=FEW, person=STAFF)
    def undo_merge(self, number: int, person: str) -> None:
        ticket = self.which(number)
        self.do("undo merge", actions.undo_merge, ticket=ticket, actor=self.who(person))

    @rule(number=FEW, person=STAFF)
    def split(self, number: int, person: str) -> None:
        ticket = self.which(number)
        made = self.do(
            "split",
            actions.split,
            ticket=ticket,
            message_id=ticket.messages.filter(is_from_staff=False).latest("id").pk,
            subject="Ещё одно дело",
            actor=self.who(person),
        )
        if made is not None:
            self.tickets.append(made)

    @rule(number=FEW, person=STAFF, hours=st.integers(0, 72))
    def hand_over(self, number: int, person: str, hours: int) -> None:
        self.do(
            "hand over",
            actions.hand_over,
            ticket=self.which(number),
            actor=self.who(person),
            title="Тарифы не сохраняются",
            brief="Кнопка не отвечает.",
            news_due_at=self.at + hours * HOUR,
            customer_text="Разработчики взялись.",
        )

    @rule(number=FEW, person=STAFF, hours=st.integers(0, 72))
    def tell_news(self, number: int, person: str, hours: int) -> None:
        ticket = Ticket.objects.get(pk=self.which(number).pk)
        if ticket.development is not None:
            self.do(
                "tell news",
                actions.move_eta,
                development=ticket.development,
                actor=self.who(person),
                news_due_at=self.at + hours * HOUR,
                customer_text="Продолжаем.",
                reason="Сложнее, чем казалось.",
            )

    @rule(number=FEW, person=STAFF)
    def release(self, number: int, person: str) -> None:
        ticket = Ticket.objects.get(pk=self.which(number).pk)
        if ticket.development is not None:
            self.do(
                "release",
                actions.release,
                development=ticket.development,
                actor=self.who(person),
                note="Готово.",
            )

    @rule(number=FEW, person=STAFF)
    def withdraw(self, number: int, person: str) -> None:
        ticket = self.which(number)
        self.do("withdraw", actions.withdraw, ticket=ticket, actor=self.who(person))

    @rule(number=FEW, person=STAFF, days=st.integers(0, 4))
    def agree_date(self, number: int, person: str, days: int) -> None:
        self.do(
            "agree date",
            actions.agree_date,
            ticket=self.which(number),
            actor=self.who(person),
            agreed_on=(self.at + days * DAY).date(),
        )

    @rule(number=FEW, person=STAFF, minutes=st.integers(-60, 240), reason=REASONS)
    def move_promise(self, number: int, person: str, minutes: int, reason: str) -> None:
        self.do(
            "move promise",
            actions.move_promise,
            ticket=self.which(number),
            actor=self.who(person),
            promised_at=self.at + minutes * MINUTE,
            reason=reason,
        )

    @rule(number=FEW)
    def silence_tells(self, number: int) -> None:
        ticket = self.which(number)
        for act in (actions.come_back, actions.remind, actions.close_by_silence):
            act(ticket_id=ticket.pk, at=self.at)

    @rule(number=FEW, person=STAFF)
    def take_the_call(self, number: int, person: str) -> None:
        ticket = self.which(number)
        actions.escalate_alerts(at=self.at)
        self.do("take the call", actions.acknowledge, ticket=ticket, actor=self.who(person))

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def closed_clocks_never_change(self) -> None:
        for row in Clock.objects.filter(stopped_at__isnull=False).values():
            assert row == self.closed.setdefault(row["id"], row)

    @invariant()
    def clocks_add_up_and_replay(self) -> None:
        schedule = current_schedule()
        for one in Clock.objects.select_related("ticket").prefetch_related("segments", "lines"):
            if one.is_response:
                closed_by = self.hours.setdefault(one.pk, schedule) if one.stopped_at else None
                invariants.response_holds(one, schedule, closed_by)
            elif one.kind == ClockKind.WORK:
                invariants.work_holds(one, schedule, self.at)
            assert one.due_at is None or one.due_at >= one.started_at
            assert max(one.lines.all(), key=lambda line: line.pk).due_at == one.due_at

    @invariant()
    def tickets_agree_with_their_clocks(self) -> None:
        for ticket in Ticket.objects.all():
            invariants.clocks_fit(ticket)

    @invariant()
    def only_legal_moves_happened(self) -> None:
        stands = dict.fromkeys(Ticket.objects.values_list("id", flat=True), rules.Status.NEW.value)
        for event in Event.objects.filter(code="status_changed").order_by("id"):
            before, after = event.data["before"], event.data["after"]
            assert stands[event.ticket_id] == before
            assert rules.can_move(before, after)
            stands[event.ticket_id] = after
        assert stands == dict(Ticket.objects.values_list("id", "status"))


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
