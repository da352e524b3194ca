"""Category, priority, assignee, queue and status: what the desk decides."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import User
from portal.refusals import NotAllowed
from tickets import actions
from tickets.actions import locking, opening
from tickets.actions.triage import NotOnDesk, PriorityTooHigh, UnknownKind
from tickets.models import Clock, Ticket

MINUTE = timedelta(minutes=1)
File = Callable[..., Ticket]
Letters = Callable[[User], list[str]]


def test_triage_sets_both_and_opens_the_ticket(ticket: Ticket, sergey: User, at: datetime) -> None:
    actions.triage(
        ticket=ticket, actor=sergey, category="incident", priority="high", at=at + MINUTE
    )
    ticket.refresh_from_db()
    assert (ticket.category, ticket.priority, ticket.status) == ("incident", "high", "open")
    assert ticket.triaged_at == at + MINUTE
    event = ticket.events.get(code="triaged")
    assert event.data["before"] == {"category": "incident", "priority": ""}
    assert event.data["after"] == {"category": "incident", "priority": "high"}


def test_a_laxer_target_keeps_the_promise_that_was_made(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="low", at=at)
    ticket.refresh_from_db()
    assert Clock.objects.responses().get(ticket=ticket).due_at == at + 120 * MINUTE
    assert ticket.due_at == ticket.promised_at == at + 30 * MINUTE


def test_a_stricter_target_moves_the_due_time_earlier(
    file: File, boris: User, sergey: User, at: datetime
) -> None:
    ticket = file(person=boris, category="information_request")
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="high", at=at)
    ticket.refresh_from_db()
    assert ticket.due_at == at + 60 * MINUTE


@pytest.mark.parametrize("priority", ["high", "critical"])
@pytest.mark.parametrize("category", ["service_request", "information_request", "change_request"])
def test_requests_never_become_high(
    ticket: Ticket, sergey: User, at: datetime, category: str, priority: str
) -> None:
    with pytest.raises(PriorityTooHigh):
        actions.triage(ticket=ticket, actor=sergey, category=category, priority=priority, at=at)
    ticket.refresh_from_db()
    assert (ticket.category, ticket.priority) == ("incident", None)


@pytest.mark.parametrize(("category", "priority"), [("incident", "urgent"), ("bug", "low")])
def test_unknown_kinds_are_refused(
    ticket: Ticket, sergey: User, at: datetime, category: str, priority: str
) -> None:
    with pytest.raises(UnknownKind):
        actions.triage(ticket=ticket, actor=sergey, category=category, priority=priority, at=at)


def test_triage_twice_is_recorded_once(ticket: Ticket, sergey: User, at: datetime) -> None:
    for _time in range(2):
        actions.triage(ticket=ticket, actor=sergey, category="incident", priority="high", at=at)
    assert ticket.events.filter(code="triaged").count() == 1


@pytest.mark.parametrize("person", ["anna", "boris", "elena", "maxim"])
def test_only_specialists_set_priorities(
    ticket: Ticket, person: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    actor = request.getfixturevalue(person)
    with pytest.raises(NotAllowed):
        actions.triage(ticket=ticket, actor=actor, category="incident", priority="low", at=at)


def test_whoever_is_given_a_ticket_is_told_and_who_takes_it_is_not(
    ticket: Ticket, sergey: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    actions.assign(ticket=ticket, actor=galina, assignee=sergey, at=at)
    assert letters_to(sergey) == ["ticket_assigned"]
    actions.assign(ticket=ticket, actor=galina, assignee=galina, at=at + MINUTE)
    assert letters_to(galina) == []
    ticket.refresh_from_db()
    assert ticket.assignee == galina
    assert ticket.events.filter(code="assigned").count() == 2


def test_assigning_the_same_person_twice_tells_them_once(
    ticket: Ticket, sergey: User, galina: User, at: datetime, letters_to: Letters
) -> None:
    for _time in range(2):
        actions.assign(ticket=ticket, actor=galina, assignee=sergey, at=at)
    assert letters_to(sergey) == ["ticket_assigned"]


def test_a_ticket_can_be_given_back_to_the_queue(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
    actions.assign(ticket=ticket, actor=sergey, assignee=None, at=at)
    ticket.refresh_from_db()
    assert ticket.assignee is None
    assert ticket.events.filter(code="unassigned").count() == 1


@pytest.mark.parametrize("assignee", ["anna", "elena"])
def test_only_people_of_the_desk_are_given_tickets(
    ticket: Ticket, sergey: User, assignee: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotOnDesk):
        actions.assign(
            ticket=ticket, actor=sergey, assignee=request.getfixturevalue(assignee), at=at
        )


def test_a_customer_assigns_nobody(ticket: Ticket, anna: User, sergey: User, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        actions.assign(ticket=ticket, actor=anna, assignee=sergey, at=at)


def test_support_hands_a_ticket_to_the_account_manager_and_the_clock_goes_on(
    ticket: Ticket, sergey: User, maxim: User, at: datetime, letters_to: Letters
) -> None:
    actions.readdress(ticket=ticket, actor=sergey, addressee="manager", at=at)
    ticket.refresh_from_db()
    assert (ticket.addressee, ticket.assignee) == ("manager", maxim)
    assert ticket.due_at == at + 30 * MINUTE
    assert letters_to(maxim) == ["ticket_assigned"]
    actions.readdress(ticket=ticket, actor=maxim, addressee="support", at=at)
    ticket.refresh_from_db()
    assert (ticket.addressee, ticket.assignee) == ("support", None)


def test_an_organization_without_manager_keeps_its_tickets_with_support(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    with pytest.raises(opening.NoAccountManager):
        actions.readdress(ticket=ticket, actor=sergey, addressee="manager", at=at)
    with pytest.raises(opening.UnknownAddressee):
        actions.readdress(ticket=ticket, actor=sergey, addressee="nobody", at=at)


def test_a_status_click_is_recorded_and_is_no_answer(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.set_status(ticket=ticket, actor=sergey, status="waiting_customer", at=at)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at) == ("waiting_customer", at + 30 * MINUTE)
    event = ticket.events.get(code="status_changed")
    assert event.data == {"before": "new", "after": "waiting_customer"}


@pytest.mark.parametrize("status", ["resolved", "closed", "new", "in_development", ""])
def test_ends_are_no_status_clicks(ticket: Ticket, sergey: User, at: datetime, status: str) -> None:
    with pytest.raises(locking.StatusForbids) as refused:
        actions.set_status(ticket=ticket, actor=sergey, status=status, at=at)
    assert str(refused.value.message)


def test_a_solved_ticket_does_not_wait_for_anybody(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.resolve(ticket=ticket, actor=sergey, text="Готово.", form_key=uuid4(), at=at)
    with pytest.raises(locking.StatusForbids):
        actions.set_status(ticket=ticket, actor=sergey, status="waiting_customer", at=at)
