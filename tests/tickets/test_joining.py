"""Colleagues read by their role; they write once they have joined."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import User
from portal.refusals import NotAllowed
from tickets import actions
from tickets.models import Participant, Ticket


def test_who_joins_takes_part_from_then_on(ticket: Ticket, boris: User, at: datetime) -> None:
    actions.join(ticket=ticket, actor=boris, at=at)
    joined = Participant.objects.get()
    assert (joined.ticket, joined.person, joined.since) == (ticket, boris, at)
    assert ticket.events.get(code="joined").actor == boris


def test_joining_twice_changes_nothing(ticket: Ticket, boris: User, at: datetime) -> None:
    for minutes in (0, 5):
        actions.join(ticket=ticket, actor=boris, at=at + timedelta(minutes=minutes))
    assert Participant.objects.get().since == at
    assert ticket.events.filter(code="joined").count() == 1


@pytest.mark.parametrize("person", ["anna", "vera", "sergey", "maxim", "elena"])
def test_requesters_need_not_and_others_may_not(
    ticket: Ticket, person: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed):
        actions.join(ticket=ticket, actor=request.getfixturevalue(person), at=at)
    assert not Participant.objects.exists()


def test_an_employee_does_not_join_the_ticket_of_the_manager(
    file, anna: User, boris: User, at: datetime
) -> None:
    theirs = file(person=boris)
    with pytest.raises(NotAllowed):
        actions.join(ticket=theirs, actor=anna, at=at)


def test_a_colleague_who_only_reads_neither_closes_nor_reopens(
    ticket: Ticket, boris: User, anna: User, at: datetime
) -> None:
    with pytest.raises(NotAllowed):
        actions.close(ticket=ticket, actor=boris, at=at)
    actions.close(ticket=ticket, actor=anna, at=at)
    with pytest.raises(NotAllowed):
        actions.reopen(ticket=ticket, actor=boris, at=at)
    actions.join(ticket=ticket, actor=boris, at=at)
    actions.reply(ticket=ticket, author=boris, text="Снова", form_key=uuid4(), at=at)
    ticket.refresh_from_db()
    assert ticket.status == "open"
