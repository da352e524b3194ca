"""Many people at one ticket in one moment: nothing is lost, nothing hangs, nobody talks past another."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle, islice
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import User
from portal.delivery.models import Delivery
from portal.refusals import Refused
from tickets import actions
from tickets.actions.conversation import ConversationMovedOn
from tickets.models import Clock, ClockLine, Message, Outcome, Segment, Ticket

MINUTE = timedelta(minutes=1)
TRIAGES = 50
CELLS = [("incident", one) for one in ("critical", "high", "medium", "low")] + [
    ("service_request", "medium"),
    ("information_request", "low"),
]
AtOnce = Callable[[Sequence[Callable[[], Any]]], list[Any]]
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def _or_refused(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Refused as refusal:
        return refusal


def test_of_two_replies_at_once_one_is_stopped_and_sees_the_other(
    ticket: Ticket, sergey: User, galina: User, anna: User, at: datetime, at_once: AtOnce
) -> None:
    seen = ticket.messages.get().pk
    replies = [
        partial(
            actions.reply,
            ticket=ticket,
            author=author,
            text=f"Отвечает {author.full_name}",
            form_key=uuid4(),
            seen_message_id=seen,
            at=at + MINUTE,
        )
        for author in (sergey, galina)
    ]
    answers = at_once([partial(_or_refused, one) for one in replies])
    said = [one for one in answers if isinstance(one, Message)]
    stopped = [one for one in answers if isinstance(one, ConversationMovedOn)]
    assert (len(said), len(stopped)) == (1, 1)
    assert list(ticket.messages.filter(is_from_staff=True)) == said
    answered = Clock.objects.responses().get(ticket=ticket)
    assert (answered.outcome, answered.stopped_by) == (Outcome.ANSWERED, said[0].author)
    assert Delivery.objects.filter(letter="ticket_reply", recipient=anna.email).count() == 1
    # Whoever was stopped has read the other now, and sends it again: nothing is lost.
    again = replies[answers.index(stopped[0])]
    actions.reply(**{**again.keywords, "seen_message_id": said[0].pk})
    assert ticket.messages.filter(is_from_staff=True).count() == 2


def test_one_key_in_two_tickets_at_once_is_one_message_and_a_refusal(
    ticket: Ticket, file: Any, sergey: User, at: datetime, at_once: AtOnce
) -> None:
    other, key = file(at=at), uuid4()
    replies = [
        partial(actions.reply, ticket=one, author=sergey, text="Готово.", form_key=key, at=at)
        for one in (ticket, other)
    ]
    answers = at_once([partial(_or_refused, one) for one in replies])
    assert sorted(type(one).__name__ for one in answers) == ["FormTaken", "Message"]
    assert ticket.messages.count() + other.messages.count() == 3


def test_a_reply_and_a_message_of_the_customer_at_once_leave_no_answer_owed_unseen(
    ticket: Ticket, sergey: User, anna: User, at: datetime, at_once: AtOnce
) -> None:
    """Rule 5: if the customer's message came first it stops the reply, else its own clock runs."""
    seen = ticket.messages.get().pk
    values = {"ticket": ticket, "at": at + MINUTE}
    answer = partial(
        actions.reply,
        author=sergey,
        text="Готово.",
        form_key=uuid4(),
        seen_message_id=seen,
        **values,
    )
    word = partial(actions.reply, author=anna, text="И ещё.", form_key=uuid4(), **values)
    at_once([partial(_or_refused, one) for one in (answer, word)])
    kind = "next" if ticket.messages.filter(is_from_staff=True).exists() else "first"
    assert Clock.objects.responses().get(ticket=ticket, stopped_at=None).kind == kind
    assert ticket.messages.filter(is_from_staff=False).count() == 2


def test_fifty_triages_at_once_leave_a_whole_history(
    ticket: Ticket, sergey: User, at: datetime, at_once: AtOnce
) -> None:
    """Rule 6: each change of the target follows the one before; none is lost, none is doubled."""

    def hand(category: str, priority: str) -> Ticket:
        with connection.cursor() as cursor:
            # The last waits for all others: on a busy machine longer than a page ever should.
            cursor.execute("set lock_timeout = '60s'")
        return actions.triage(
            ticket=ticket, actor=sergey, category=category, priority=priority, at=at + MINUTE
        )

    done = at_once([partial(hand, *cell) for cell in islice(cycle(CELLS), TRIAGES)])
    assert len(done) == TRIAGES
    told = list(ticket.events.filter(code="triaged").order_by("id").values_list("data", flat=True))
    stands = {"category": "incident", "priority": ""}
    for data in told:
        assert data["before"] == stands != data["after"]
        stands = data["after"]
    # Choosing what a ticket is already changes nothing and is not told.
    assert len(CELLS) <= len(told) <= TRIAGES
    ticket.refresh_from_db()
    assert stands == {"category": ticket.category, "priority": ticket.priority}
    waits = Clock.objects.responses().get(ticket=ticket)
    assert (waits.category, waits.priority) == (ticket.category, ticket.priority)
    assert ClockLine.objects.filter(clock=waits, code="retargeted").count() == len(told)


def test_everybody_at_once_leaves_one_ticket_in_one_piece(
    ticket: Ticket,
    anna: User,
    boris: User,
    sergey: User,
    galina: User,
    at: datetime,
    at_once: AtOnce,
) -> None:
    values = {"ticket": ticket, "at": at + MINUTE}
    acts: list[Callable[[], Any]] = [
        partial(actions.close, actor=anna, **values),
        partial(actions.reopen, actor=boris, **values),
        partial(actions.resolve, actor=sergey, text="Готово.", form_key=uuid4(), **values),
        partial(actions.set_status, actor=galina, status="waiting_customer", **values),
        partial(actions.assign, actor=galina, assignee=sergey, **values),
        *(
            partial(actions.reply, author=one, text="…", form_key=uuid4(), **values)
            for one in (anna, boris, sergey, galina) * 2
        ),
    ]
    answers = at_once([partial(_or_refused, one) for one in acts])
    assert len(answers) == len(acts)
    said = [one for one in answers if isinstance(one, Message)]
    assert ticket.messages.count() == 1 + len(said) + sum(
        one.text == "Готово." for one in ticket.messages.all()
    )
    open_ones = Clock.objects.filter(ticket=ticket, stopped_at=None)
    ticket.refresh_from_db()
    assert open_ones.filter(kind="work").count() == ticket.is_open
    assert (ticket.due_at is not None) == open_ones.responses().exists()
    assert Segment.objects.filter(clock__in=open_ones, ends_at=None).count() == open_ones.count()


def test_sixteen_people_filing_at_once_get_numbers_clocks_and_letters_of_their_own(
    file: Callable[..., Ticket], anna: User, at_once: AtOnce
) -> None:
    filed = at_once([file] * 16)
    assert len({one.number for one in filed}) == 16
    assert (
        Clock.objects.filter(kind="work").count()
        == Segment.objects.filter(clock__kind="first").count()
        == 16
    )
    assert Delivery.objects.filter(letter="ticket_received", recipient=anna.email).count() == 16
