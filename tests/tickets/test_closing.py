"""Solved, closed, taken up again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError

from accounts.models import User
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed
from tickets import actions
from tickets.actions import closing, conversation
from tickets.models import Clock, Outcome, Ticket

MINUTE = timedelta(minutes=1)
Letters = Callable[[User], list[str]]


def resolve(ticket: Ticket, actor: User, at: datetime, **more: Any) -> Ticket:
    said: dict[str, Any] = {"text": "Исправили на нашей стороне.", "form_key": uuid4(), **more}
    return actions.resolve(ticket=ticket, actor=actor, at=at, **said)


def test_solving_with_words_answers_stops_the_clock_and_sends_one_letter(
    ticket: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    resolve(ticket, sergey, at + MINUTE)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolved_at, ticket.due_at) == ("resolved", at + MINUTE, None)
    assert ticket.responded_at == at + MINUTE
    assert Clock.objects.responses().get(ticket=ticket).outcome == Outcome.ANSWERED
    assert letters_to(anna) == ["ticket_received", "ticket_resolved"]
    letter = Delivery.objects.get(letter="ticket_resolved")
    assert letter.context["text"] == "Исправили на нашей стороне."
    assert letter.context["author"] == "Сергей Орлов"


def test_a_ticket_is_not_solved_in_silence(ticket: Ticket, sergey: User, at: datetime) -> None:
    actions.note(ticket=ticket, author=sergey, text="Готово", form_key=uuid4(), at=at)
    with pytest.raises(closing.NotAnswered) as refused:
        resolve(ticket, sergey, at, text="  ")
    assert refused.value.field == "text"
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at) == ("new", at + 30 * MINUTE)


def test_after_an_answer_a_ticket_is_solved_without_further_words(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    actions.reply(ticket=ticket, author=sergey, text="Почистите кэш.", form_key=uuid4(), at=at)
    actions.reply(ticket=ticket, author=anna, text="Помогло!", form_key=uuid4(), at=at)
    resolve(ticket, sergey, at + MINUTE, text="")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at) == ("resolved", None)
    assert Clock.objects.responses().get(kind="next").outcome == Outcome.WITHDRAWN


def test_the_same_solution_sent_twice_is_one(
    ticket: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    key = uuid4()
    resolve(ticket, sergey, at, form_key=key)
    resolve(ticket, sergey, at + MINUTE, form_key=key)
    assert ticket.messages.count() == 2
    assert letters_to(anna) == ["ticket_received", "ticket_resolved"]
    with pytest.raises(closing.AlreadyDone):
        resolve(ticket, sergey, at)


def test_a_reply_sent_before_with_the_same_words_can_become_the_solution(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    key = uuid4()
    actions.reply(ticket=ticket, author=sergey, text="Исправили.", form_key=key, at=at)
    resolve(ticket, sergey, at, text="Исправили.", form_key=key)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.messages.count()) == ("resolved", 2)


def test_a_solution_written_before_the_customer_wrote_again_is_refused(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    seen = ticket.messages.get().pk
    actions.reply(ticket=ticket, author=anna, text="Ещё одно", form_key=uuid4(), at=at)
    with pytest.raises(conversation.ConversationMovedOn):
        resolve(ticket, sergey, at, seen_message_id=seen)


def test_customers_close_but_do_not_solve(ticket: Ticket, anna: User, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        resolve(ticket, anna, at)
    actions.close(ticket=ticket, actor=anna, at=at)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closed_at, ticket.due_at) == ("closed", at, None)
    assert Clock.objects.responses().get(ticket=ticket).outcome == Outcome.WITHDRAWN


def test_closing_twice_changes_nothing(
    ticket: Ticket, anna: User, at: datetime, letters_to: Letters
) -> None:
    actions.close(ticket=ticket, actor=anna, at=at)
    actions.close(ticket=ticket, actor=anna, at=at + MINUTE)
    ticket.refresh_from_db()
    assert ticket.closed_at == at
    assert ticket.events.filter(code="closed").count() == 1
    assert letters_to(anna) == ["ticket_received"]


def test_the_staff_closes_only_what_was_answered_and_tells_the_customer(
    ticket: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    with pytest.raises(closing.NotAnswered):
        actions.close(ticket=ticket, actor=sergey, at=at)
    resolve(ticket, sergey, at)
    actions.close(ticket=ticket, actor=sergey, at=at + MINUTE)
    assert letters_to(anna) == ["ticket_received", "ticket_resolved", "ticket_closed"]


def test_another_organization_closes_nothing(ticket: Ticket, vera: User, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        actions.close(ticket=ticket, actor=vera, at=at)


def test_a_customer_takes_a_solved_ticket_up_again_and_waits_anew(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    resolve(ticket, sergey, at)
    actions.reopen(ticket=ticket, actor=anna, at=at + 10 * MINUTE)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolved_at) == ("open", None)
    assert ticket.due_at == at + 40 * MINUTE


def test_when_the_staff_takes_it_up_again_nobody_waits(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    resolve(ticket, sergey, at)
    actions.reopen(ticket=ticket, actor=sergey, at=at)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at) == ("open", None)
    with pytest.raises(closing.NotDone):
        actions.reopen(ticket=ticket, actor=sergey, at=at)


def test_after_fourteen_days_a_closed_ticket_stays_closed(
    ticket: Ticket, anna: User, at: datetime
) -> None:
    actions.close(ticket=ticket, actor=anna, at=at)
    with pytest.raises(conversation.TicketClosed):
        actions.reopen(ticket=ticket, actor=anna, at=at + timedelta(days=15))


def test_the_database_keeps_finished_tickets_out_of_the_queue(ticket: Ticket, at: datetime) -> None:
    with pytest.raises(IntegrityError, match="finished_tickets_wait_for_nobody"):
        Ticket.objects.filter(pk=ticket.pk).update(status="resolved")
