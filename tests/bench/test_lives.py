"""The tickets of the bench are such as the actions would have written."""

import random
from collections import Counter

import pytest
from django.db import connection
from django.template.loader import render_to_string

from accounts.models import Property, User
from portal.support.schedule import current_schedule
from tests.bench import filling, lives
from tests.conftest import NOON
from tests.tickets import invariants
from tickets import rules
from tickets.models import Clock, Event, Message, Proof, Segment, Ticket

COUNT = 120


@pytest.fixture
def filled(anna: User, boris: User, sergey: User, hotel: Property) -> None:
    """Tickets of anna and boris, half of them open."""
    words = lives.Words([f"Предложение {n}." for n in range(9)], [f"Тема {n}" for n in range(9)])
    askers = [lives.Asker(one.pk, hotel.organization_id, hotel.pk) for one in (anna, boris)]
    filling.copy(filling.Order(range(1, COUNT + 1), words, askers, [sergey.pk], NOON, 0.5))
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # every row that is named is there


@pytest.mark.usefixtures("filled")
def test_clocks_of_the_bench_add_up_and_fit_the_state_of_their_tickets() -> None:
    schedule = current_schedule()
    for clock in Clock.objects.select_related("ticket"):
        if clock.is_response:
            invariants.response_holds(clock, schedule, schedule if clock.stopped_at else None)
        else:
            invariants.work_holds(clock, schedule, NOON)
    for ticket in Ticket.objects.all():
        invariants.clocks_fit(ticket)


@pytest.mark.usefixtures("filled")
def test_every_ticket_of_the_bench_has_its_messages_history_and_proof() -> None:
    assert Message.objects.count() == 4 * COUNT
    assert Proof.objects.count() == COUNT
    assert Segment.objects.filter(clock__in=Clock.objects.all()).count() >= Clock.objects.count()
    told = Counter(Event.objects.values_list("ticket_id", flat=True))
    assert len(told) == COUNT
    assert set(told.values()) <= {3, 4, 5}
    stands = set(Ticket.objects.values_list("status", flat=True))
    assert stands >= {rules.Status.CLOSED, rules.Status.OPEN, rules.Status.WAITING_CUSTOMER}


@pytest.mark.usefixtures("filled")
def test_words_of_the_history_can_be_rendered() -> None:
    for event in Event.objects.select_related("actor")[:60]:
        assert event.actor
        who = event.actor.full_name
        assert render_to_string(event.template, {"event": event, "who": who}).strip()


def test_shares_are_drawn_as_they_are_written() -> None:
    luck = random.Random(1)
    drawn = Counter(lives.draw(lives.DONE, luck) for _time in range(2000))
    assert 0.91 < drawn["closed"] / 2000 < 0.98
