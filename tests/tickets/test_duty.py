"""Urgent incidents call somebody at any hour, and the next one when nobody answers."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from portal.delivery.models import Delivery, Heartbeat
from portal.refusals import NotAllowed
from tickets import actions, duty, identity, tasks
from tickets.actions import duty as calls
from tickets.models import Alert, DutyShift, Policy, Ticket

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NIGHT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # 01:30 in Moscow
File = Callable[..., Ticket]
Letters = Callable[[User], list[str]]
AtOnce = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def on_duty(person: User, at: datetime, rank: int = 1) -> DutyShift:
    return DutyShift.objects.create(
        person=person, rank=rank, starts_at=at - DAY, ends_at=at + 2 * DAY
    )


def triage(ticket: Ticket, actor: User, at: datetime, priority: str = "critical") -> None:
    actions.triage(ticket=ticket, actor=actor, category="incident", priority=priority, at=at)


def codes(ticket: Ticket) -> list[str]:
    found = ticket.events.filter(code__startswith="alert_").order_by("id")
    return list(found.values_list("code", flat=True))


@pytest.fixture
def timur(sergey: User) -> User:
    """Another specialist."""
    person = User.objects.create_user(
        "timur@hotbot.example", full_name="Тимур Савин", role=sergey.role, is_staff=True
    )
    person.groups.add(*sergey.groups.all())
    return person


@pytest.fixture
def alert(ticket: Ticket, sergey: User, timur: User, galina: User, at: datetime) -> Alert:
    """A critical incident; timur is called first, sergey second; galina has found it."""
    on_duty(timur, at)
    on_duty(sergey, at, rank=2)
    triage(ticket, galina, at)
    return Alert.objects.get()


@pytest.mark.parametrize("priority", ["high", "critical"])
def test_an_urgent_incident_calls_the_first_on_duty(
    ticket: Ticket,
    sergey: User,
    timur: User,
    galina: User,
    at: datetime,
    letters_to: Letters,
    priority: str,
) -> None:
    """Rule 12."""
    on_duty(timur, at)
    triage(ticket, sergey, at, priority)
    alert = Alert.objects.get()
    assert (alert.ticket, alert.step, alert.escalates_at) == (ticket, 1, at + 15 * MINUTE)
    assert (letters_to(timur), letters_to(galina)) == (["duty_alert"], [])
    letter = Delivery.objects.get(letter="duty_alert")
    assert (letter.priority, letter.ordering_key, letter.next_at) == (1, "", at)
    assert letter.context["priority"] == priority
    assert codes(ticket) == ["alert_raised"]


@pytest.mark.parametrize("priority", ["low", "medium"])
def test_what_is_not_urgent_calls_nobody(
    ticket: Ticket, sergey: User, galina: User, at: datetime, priority: str
) -> None:
    triage(ticket, sergey, at, priority)
    assert not Alert.objects.exists()


def test_it_is_called_for_once_however_often_it_is_judged(
    alert: Alert, ticket: Ticket, galina: User, timur: User, at: datetime, letters_to: Letters
) -> None:
    for priority in ("high", "critical", "critical"):
        triage(ticket, galina, at + MINUTE, priority)
    assert letters_to(timur) == ["duty_alert"]
    assert Alert.objects.count() == 1


def test_who_is_on_duty_and_finds_it_urgent_is_not_called(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    on_duty(sergey, at)
    triage(ticket, sergey, at)
    assert not Alert.objects.exists()


def test_it_is_called_for_at_night_too(
    file: File, sergey: User, timur: User, letters_to: Letters
) -> None:
    """Rule 12."""
    on_duty(timur, NIGHT)
    urgent = file(at=NIGHT - timedelta(hours=8))
    triage(urgent, sergey, NIGHT)
    assert letters_to(timur) == ["duty_alert"]
    assert Delivery.objects.get(letter="duty_alert").next_at == NIGHT


def test_an_incident_that_comes_in_at_night_is_looked_at_by_whoever_is_on_duty(
    file: File, timur: User, letters_to: Letters
) -> None:
    on_duty(timur, NIGHT)
    ticket = file(at=NIGHT)
    file(at=NIGHT, category="information_request")
    assert letters_to(timur) == ["duty_alert"]
    assert Alert.objects.get().ticket == ticket
    triage(ticket, timur, NIGHT + 3 * MINUTE)
    assert codes(ticket) == ["alert_raised", "alert_taken"]
    assert letters_to(timur) == ["duty_alert"]


def test_an_incident_of_the_day_waits_for_its_triage(
    ticket: Ticket, timur: User, at: datetime, letters_to: Letters
) -> None:
    on_duty(timur, at)
    assert letters_to(timur) == []
    assert not Alert.objects.exists()


def test_without_a_first_the_second_is_called_and_without_both_the_heads(
    file: File, sergey: User, timur: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    shift = on_duty(timur, at, rank=2)
    triage(file(), sergey, at)
    assert letters_to(timur) == ["duty_alert"]
    shift.delete()
    triage(file(), sergey, at)
    assert letters_to(galina) == ["duty_alert"]
    last = Alert.objects.latest("id")
    assert (last.step, last.escalates_at) == (duty.HEADS, None)


def test_who_has_left_the_desk_is_not_called(
    ticket: Ticket, sergey: User, timur: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    on_duty(timur, at)
    User.objects.filter(pk=timur.pk).update(is_active=False)
    triage(ticket, sergey, at)
    assert (letters_to(timur), letters_to(galina)) == ([], ["duty_alert"])


def test_it_escalates_step_by_step_and_each_is_called_once(
    alert: Alert,
    ticket: Ticket,
    sergey: User,
    timur: User,
    galina: User,
    at: datetime,
    letters_to: Letters,
) -> None:
    """Rule 12."""
    assert actions.escalate_alerts(at=at + 14 * MINUTE) == 0
    assert [actions.escalate_alerts(at=at + 15 * MINUTE) for _time in range(2)] == [1, 0]
    assert (letters_to(sergey), letters_to(galina)) == (["duty_alert"], [])
    assert actions.escalate_alerts(at=at + 30 * MINUTE) == 1
    assert letters_to(galina) == ["duty_alert"]
    assert actions.escalate_alerts(at=at + DAY) == 0
    assert letters_to(timur) == letters_to(sergey) == ["duty_alert"]
    assert codes(ticket) == ["alert_raised", "alert_escalated", "alert_escalated"]
    told = Delivery.objects.filter(letter="duty_alert").order_by("id")
    assert [(one.context["step"], one.context["minutes"]) for one in told] == [
        (1, 15),
        (2, 15),
        (3, 0),
    ]


def test_it_escalates_to_the_heads_where_there_is_no_second(
    ticket: Ticket, timur: User, sergey: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    on_duty(timur, at)
    triage(ticket, sergey, at)
    assert actions.escalate_alerts(at=at + 15 * MINUTE) == 1
    assert letters_to(galina) == ["duty_alert"]


def test_the_head_decides_how_long_whoever_is_called_has(
    ticket: Ticket, timur: User, sergey: User, at: datetime
) -> None:
    Policy.objects.update(acknowledge_minutes=5)
    on_duty(timur, at)
    triage(ticket, sergey, at)
    assert Alert.objects.get().escalates_at == at + 5 * MINUTE


def test_with_nobody_to_call_that_is_recorded(
    ticket: Ticket, sergey: User, at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    triage(ticket, sergey, at)
    assert ticket.events.get(code="alert_raised").data["people"] == ""
    assert "nobody to call" in caplog.text


def test_a_call_that_is_taken_goes_no_further(
    alert: Alert, ticket: Ticket, timur: User, at: datetime
) -> None:
    for _time in range(2):
        actions.acknowledge(ticket=ticket, actor=timur, at=at + MINUTE)
    alert.refresh_from_db()
    assert (alert.acknowledged_at, alert.acknowledged_by) == (at + MINUTE, timur)
    assert codes(ticket) == ["alert_raised", "alert_taken"]
    assert actions.escalate_alerts(at=at + DAY) == 0


def test_a_call_is_taken_by_one_person(
    alert: Alert, ticket: Ticket, timur: User, sergey: User, at: datetime
) -> None:
    actions.acknowledge(ticket=ticket, actor=sergey, at=at)
    with pytest.raises(calls.AlreadyTaken):
        actions.acknowledge(ticket=ticket, actor=timur, at=at)


def test_without_a_call_there_is_nothing_to_take(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    with pytest.raises(calls.NobodyCalls):
        actions.acknowledge(ticket=ticket, actor=sergey, at=at)


@pytest.mark.parametrize("person", ["anna", "vera", "elena", "daria"])
def test_outsiders_take_no_calls(
    alert: Alert, ticket: Ticket, person: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed):
        actions.acknowledge(ticket=ticket, actor=request.getfixturevalue(person), at=at)


ACTS: dict[str, Callable[[Ticket, User, datetime], Any]] = {
    "reply": lambda ticket, person, at: actions.reply(
        ticket=ticket, author=person, text="Смотрим", form_key=uuid4(), at=at
    ),
    "note": lambda ticket, person, at: actions.note(
        ticket=ticket, author=person, text="Смотрю", form_key=uuid4(), at=at
    ),
    "assign": lambda ticket, person, at: actions.assign(
        ticket=ticket, actor=person, assignee=person, at=at
    ),
    "triage": lambda ticket, person, at: triage(ticket, person, at, "high"),
}


@pytest.mark.parametrize("act", ACTS)
def test_who_was_called_and_acts_has_taken_the_call(
    alert: Alert, ticket: Ticket, timur: User, at: datetime, act: str
) -> None:
    ACTS[act](ticket, timur, at + MINUTE)
    alert.refresh_from_db()
    assert alert.acknowledged_by == timur


@pytest.mark.parametrize("act", ACTS)
def test_who_was_not_called_has_not(
    alert: Alert, ticket: Ticket, sergey: User, at: datetime, act: str
) -> None:
    ACTS[act](ticket, sergey, at + MINUTE)
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


def merge_elsewhere(ticket: Ticket, person: User, at: datetime) -> None:
    other = actions.file_ticket(
        person=ticket.requester,
        property=ticket.property,
        category="incident",
        subject="То же самое",
        description="Страница оплаты пустая.",
        evidence=identity.session(),
        form_key=uuid4(),
        at=at,
    )
    actions.merge(source=ticket, target=other, actor=person, at=at)


ENDS: dict[str, Callable[[Ticket, User, datetime], Any]] = {
    "solved": lambda ticket, person, at: actions.resolve(
        ticket=ticket, actor=person, text="Починили", form_key=uuid4(), at=at
    ),
    "closed by the customer": lambda ticket, _person, at: actions.close(
        ticket=ticket, actor=ticket.requester, at=at
    ),
    "merged": merge_elsewhere,
    "not urgent": lambda ticket, person, at: triage(ticket, person, at, "medium"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_call_that_is_needed_no_more_is_over(
    alert: Alert, ticket: Ticket, galina: User, at: datetime, end: str
) -> None:
    ENDS[end](ticket, galina, at + MINUTE)
    alert.refresh_from_db()
    assert (alert.acknowledged_at, alert.acknowledged_by) == (at + MINUTE, None)
    assert codes(ticket)[-1] == "alert_closed"
    assert actions.escalate_alerts(at=at + DAY) == 0


def test_an_incident_that_becomes_urgent_again_calls_again(
    alert: Alert, ticket: Ticket, galina: User, timur: User, at: datetime, letters_to: Letters
) -> None:
    triage(ticket, galina, at + MINUTE, "low")
    triage(ticket, galina, at + 2 * MINUTE, "critical")
    assert letters_to(timur) == ["duty_alert", "duty_alert"]


def test_the_task_escalates_and_beats_its_heart(db: None) -> None:
    tasks.escalate_alerts()
    assert Heartbeat.objects.filter(job="alerts").exists()


def test_two_are_never_on_duty_in_the_same_order(sergey: User, timur: User, at: datetime) -> None:
    on_duty(sergey, at)
    on_duty(timur, at, rank=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        on_duty(timur, at + DAY)


def test_gaps_are_where_nobody_is_called_first(sergey: User, timur: User, at: datetime) -> None:
    on_duty(timur, at, rank=2)
    for start, end in ((-1, 2), (2, 4), (5, 40)):
        DutyShift.objects.create(person=sergey, starts_at=at + start * DAY, ends_at=at + end * DAY)
    found = duty.gaps(duty.shifts(at=at), at=at)
    assert found == [duty.Gap(at + 4 * DAY, at + 5 * DAY)]
    assert duty.gaps([], at=at) == [duty.Gap(at, at + 14 * DAY)]


def test_only_people_of_the_desk_are_put_on_duty_and_by_the_head(
    sergey: User, galina: User, elena: User, daria: User, maxim: User, at: datetime
) -> None:
    shift = DutyShift(starts_at=at, ends_at=at + DAY)
    for shift.person in (elena, daria, maxim):
        with pytest.raises(calls.NotForDuty):
            actions.save_shift(shift=shift, actor=galina)
    shift.person = sergey
    with pytest.raises(NotAllowed):
        actions.save_shift(shift=shift, actor=sergey)
    assert actions.save_shift(shift=shift, actor=galina).pk
    with pytest.raises(NotAllowed):
        actions.delete_shift(shift=shift, actor=sergey)
    actions.delete_shift(shift=shift, actor=galina)
    assert not DutyShift.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_taking_and_escalating_at_once_call_nobody_twice(
    file: File, sergey: User, timur: User, galina: User, at: datetime, at_once: AtOnce
) -> None:
    ticket = file()
    on_duty(timur, at)
    on_duty(sergey, at, rank=2)
    triage(ticket, galina, at)
    late = at + 16 * MINUTE
    at_once(
        [
            *[partial(actions.escalate_alerts, at=late)] * 3,
            *[partial(actions.acknowledge, ticket=ticket, actor=timur, at=late)] * 3,
            partial(triage, ticket, galina, late, "high"),
        ]
    )
    assert codes(ticket).count("alert_taken") == 1
    assert codes(ticket).count("alert_escalated") <= 1
    assert Delivery.objects.filter(letter="duty_alert", recipient=sergey.email).count() <= 1
