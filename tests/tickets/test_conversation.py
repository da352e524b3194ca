"""Replies and notes: who is told, what stops and starts, what is refused."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django.utils import translation

from accounts.models import User
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed
from portal.support.models import HoursException
from tickets import actions, rescheduling, watch
from tickets.actions import conversation, locking, texts, uploads
from tickets.models import Clock, ClockKind, Message, Outcome, Ticket

MINUTE = timedelta(minutes=1)
Letters = Callable[[User], list[str]]
AtOnce = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def reply(
    ticket: Ticket, author: User, at: datetime, text: str = "Смотрим.", **more: Any
) -> Message:
    said: dict[str, Any] = {"text": text, "form_key": uuid4(), **more}
    return actions.reply(ticket=ticket, author=author, at=at, **said)


def test_the_first_reply_of_a_specialist_stops_the_clock_and_takes_the_ticket(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    reply(ticket, sergey, at + 10 * MINUTE)
    ticket.refresh_from_db()
    found = Clock.objects.responses().get(ticket=ticket)
    assert (found.stopped_at, found.outcome) == (at + 10 * MINUTE, Outcome.ANSWERED)
    assert (ticket.due_at, ticket.responded_at) == (None, at + 10 * MINUTE)
    assert (ticket.assignee, ticket.status) == (sergey, "open")


def test_a_reply_is_recorded_and_sent_to_the_requester(
    ticket: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    message = reply(ticket, sergey, at, text="Обновите страницу.")
    assert ticket.events.get(code="replied").data == {"message": message.pk}
    assert letters_to(anna) == ["ticket_received", "ticket_reply"]
    assert Delivery.objects.get(letter="ticket_reply").context["text"] == "Обновите страницу."
    assert letters_to(sergey) == []


def test_the_same_reply_sent_twice_is_one_message_and_one_letter(
    ticket: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    key = uuid4()
    first = reply(ticket, sergey, at, form_key=key)
    assert reply(ticket, sergey, at + MINUTE, form_key=key) == first
    assert ticket.messages.count() == 2
    assert letters_to(anna) == ["ticket_received", "ticket_reply"]


def test_the_key_of_another_persons_reply_is_refused(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    key = uuid4()
    reply(ticket, sergey, at, form_key=key)
    with pytest.raises(locking.FormTaken):
        reply(ticket, anna, at, form_key=key)


def test_a_customer_who_writes_again_waits_since_the_oldest_unanswered_message(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    reply(ticket, sergey, at)
    asked = reply(ticket, anna, at + 10 * MINUTE)
    reply(ticket, anna, at + 20 * MINUTE)
    found = Clock.objects.responses().get(ticket=ticket, stopped_at=None)
    assert (found.kind, found.message, found.started_at) == (
        ClockKind.NEXT,
        asked,
        at + 10 * MINUTE,
    )
    ticket.refresh_from_db()
    assert ticket.due_at == at + 40 * MINUTE


def test_further_messages_before_the_first_answer_do_not_move_its_due_time(
    ticket: Ticket, anna: User, at: datetime
) -> None:
    reply(ticket, anna, at + 20 * MINUTE, text="И вот ещё что")
    ticket.refresh_from_db()
    assert (Clock.objects.responses().count(), ticket.due_at) == (1, at + 30 * MINUTE)


def test_the_assignee_is_told_of_a_new_message_and_its_author_is_not(
    ticket: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    reply(ticket, sergey, at)
    reply(ticket, anna, at)
    assert letters_to(sergey) == ["ticket_new_message"]
    assert letters_to(anna) == ["ticket_received", "ticket_reply"]


def test_a_colleague_writes_once_they_have_joined_and_the_requester_is_told(
    ticket: Ticket, anna: User, boris: User, at: datetime, letters_to: Letters
) -> None:
    with pytest.raises(NotAllowed):
        reply(ticket, boris, at)
    actions.join(ticket=ticket, actor=boris, at=at)
    reply(ticket, boris, at, text="У нас это с утра.")
    assert letters_to(anna) == ["ticket_received", "ticket_reply"]
    assert letters_to(boris) == []


def test_who_has_joined_gets_the_letters_of_the_conversation(
    ticket: Ticket, sergey: User, anna: User, boris: User, at: datetime, letters_to: Letters
) -> None:
    actions.join(ticket=ticket, actor=boris, at=at)
    reply(ticket, sergey, at)
    reply(ticket, anna, at)
    assert letters_to(boris) == ["ticket_reply", "ticket_reply"]
    assert letters_to(anna) == ["ticket_received", "ticket_reply"]


def test_who_has_moved_to_another_organization_gets_no_more_letters(
    ticket: Ticket, anna: User, sergey: User, vera: User, at: datetime, letters_to: Letters
) -> None:
    anna.organization = vera.organization
    anna.save(update_fields=["organization"])
    reply(ticket, sergey, at)
    assert letters_to(anna) == ["ticket_received"]


@pytest.mark.parametrize("outsider", ["vera", "elena", "daria", "maxim_of_nobody"])
def test_outsiders_do_not_reply(
    ticket: Ticket, outsider: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    name = "vera" if outsider == "maxim_of_nobody" else outsider
    person = request.getfixturevalue(name)
    with pytest.raises(NotAllowed):
        reply(ticket, person, at)
    assert ticket.messages.count() == 1


def test_a_colleague_without_sight_of_the_organization_does_not_reply(
    file: Callable[..., Ticket], boris: User, anna: User, at: datetime
) -> None:
    theirs = file(person=boris)
    with pytest.raises(NotAllowed):
        reply(theirs, anna, at)


def test_waiting_for_the_customer_ends_with_their_message_at_night_too(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    reply(ticket, sergey, at, waits_for_customer=True)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at) == ("waiting_customer", None)
    reply(ticket, anna, at + timedelta(hours=10))
    ticket.refresh_from_db()
    tomorrow_at_eight = at + timedelta(hours=20)
    assert (ticket.status, ticket.due_at) == ("open", tomorrow_at_eight + 30 * MINUTE)


def test_a_note_touches_no_clock_and_no_letter_leaves(
    ticket: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    before = ticket.last_message_at
    note = actions.note(
        ticket=ticket, author=sergey, text="Похоже на сбой банка", form_key=uuid4(), at=at + MINUTE
    )
    ticket.refresh_from_db()
    assert (note.kind, note.is_from_staff) == ("note", True)
    assert (ticket.due_at, ticket.last_message_at, ticket.status) == (
        at + 30 * MINUTE,
        before,
        "new",
    )
    assert letters_to(anna) == ["ticket_received"]
    assert list(ticket.events.values_list("code", flat=True)) == ["filed", "noted"]


def test_a_note_sent_twice_is_one_note(ticket: Ticket, sergey: User, at: datetime) -> None:
    key = uuid4()
    said: dict[str, Any] = {
        "ticket": ticket,
        "author": sergey,
        "text": "Проверить",
        "form_key": key,
        "at": at,
    }
    assert actions.note(**said) == actions.note(**said)
    assert Message.objects.filter(kind="note").count() == 1


def test_customers_write_no_notes_not_even_past_the_action(
    ticket: Ticket, anna: User, at: datetime
) -> None:
    with pytest.raises(NotAllowed):
        actions.note(ticket=ticket, author=anna, text="Тайно", form_key=uuid4(), at=at)
    with pytest.raises(IntegrityError, match="notes_are_written_by_staff"):
        Message.objects.create(
            ticket=ticket,
            author=anna,
            kind="note",
            is_from_staff=False,
            text="Тайно",
            created_at=at,
        )


def test_an_empty_reply_is_refused_and_nothing_changes(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    with pytest.raises(texts.NothingSaid):
        reply(ticket, sergey, at, text=" \x00 ")
    ticket.refresh_from_db()
    assert ticket.due_at == at + 30 * MINUTE
    assert ticket.messages.count() == 1


def test_a_reply_that_brings_a_file_of_somebody_else_leaves_nothing_behind(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    with pytest.raises(uploads.UnknownFile):
        reply(ticket, sergey, at, attachments=[uuid4()])
    assert ticket.messages.count() == 1
    assert not Delivery.objects.filter(letter="ticket_reply").exists()


def test_a_reply_written_before_the_customer_wrote_again_is_refused(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    seen = ticket.messages.get().pk
    newer = reply(ticket, anna, at, text="Уже заработало")
    with pytest.raises(conversation.ConversationMovedOn):
        reply(ticket, sergey, at, seen_message_id=seen)
    assert reply(ticket, sergey, at, seen_message_id=newer.pk)


def test_a_customers_reply_reopens_a_solved_ticket_with_a_new_clock(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    actions.resolve(ticket=ticket, actor=sergey, text="Исправили.", form_key=uuid4(), at=at)
    reply(ticket, anna, at + 5 * MINUTE, text="Всё ещё пусто")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolved_at) == ("open", None)
    assert ticket.due_at == at + 35 * MINUTE
    assert ticket.events.filter(code="reopened", actor=anna).count() == 1


def test_a_ticket_closed_for_fourteen_days_can_still_be_answered_and_then_no_longer(
    ticket: Ticket, anna: User, at: datetime
) -> None:
    actions.close(ticket=ticket, actor=anna, at=at)
    with pytest.raises(conversation.TicketClosed) as refused:
        reply(ticket, anna, at + timedelta(days=14, seconds=1))
    with translation.override("en"):
        assert "new" in str(refused.value.message)
    assert reply(ticket, anna, at + timedelta(days=14))


def test_a_word_of_the_staff_after_the_end_does_not_reopen(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.resolve(ticket=ticket, actor=sergey, text="Готово.", form_key=uuid4(), at=at)
    reply(ticket, sergey, at + MINUTE, text="И ещё ссылка.", waits_for_customer=True)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at) == ("resolved", None)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_everybody_acting_at_once_on_one_ticket_loses_nothing_and_blocks_nobody(
    ticket: Ticket, anna: User, sergey: User, galina: User, at: datetime, at_once: AtOnce
) -> None:
    HoursException.objects.create(on=date(2026, 11, 23), hours="08:00–12:10, 12:20–20:00")
    late, priorities = at + 31 * MINUTE, ("low", "medium", "high", "critical")
    at_once(
        [
            *[partial(reply, ticket, anna, late, f"Вопрос {number}") for number in range(4)],
            *[partial(reply, ticket, sergey, late, f"Ответ {number}") for number in range(4)],
            *[partial(watch.watch_clocks, at=late)] * 2,
            *[partial(rescheduling.reschedule_open, late)] * 2,
            *[
                partial(
                    actions.triage, ticket=ticket, actor=sergey, category="incident",
                    priority=priority, at=late,
                )
                for priority in priorities
            ],
        ]
    )  # fmt: skip
    assert ticket.messages.count() == 9
    assert ticket.events.filter(code="replied").count() == 8
    late_ones = ticket.events.filter(code="late").values_list("data", flat=True)
    assert len(late_ones) <= 1, list(late_ones) + list(ticket.clocks.values())
    assert Clock.objects.responses().filter(ticket=ticket, stopped_at=None).count() <= 1
