"""Bulk actions: each ticket by its usual action; what is refused is said and stays chosen."""

from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from tickets import actions
from tickets.models import Event, Ticket

BULK = reverse("desk:bulk")
QUEUE = reverse("desk:queue")


def do(client, what, tickets, **values):
    numbers = [getattr(one, "number", one) for one in tickets]
    return client.post(BULK, {"do": what, "ticket": numbers, "here": "?view=all", **values})


def picked(client, response):
    page = BeautifulSoup(client.get(response.url).content, "html.parser")
    return {int(box["value"]) for box in page.select("[name=ticket][checked]")}


def said(client, response):
    return BeautifulSoup(client.get(response.url).content, "html.parser").get_text(" ", strip=True)


@pytest.fixture
def three(file, at):
    """Three incidents."""
    return [file(at=at) for _time in range(3)]


def fresh(tickets):
    found = Ticket.objects.in_bulk([one.pk for one in tickets])
    return [found[one.pk] for one in tickets]


def test_all_are_taken(sign_in, sergey, three):
    response = do(sign_in(sergey), "take", three)
    assert response.url == f"{QUEUE}?view=all"
    assert {ticket.assignee for ticket in fresh(three)} == {sergey}
    assert Event.objects.filter(code="assigned", actor=sergey).count() == 3


def test_all_are_assigned_and_each_is_told(sign_in, sergey, galina, three, letters_to):
    do(sign_in(sergey), "assign", three, assignee=galina.pk)
    assert {ticket.assignee for ticket in fresh(three)} == {galina}
    assert letters_to(galina).count("ticket_assigned") == 3
    do(sign_in(sergey), "assign", three, assignee=galina.pk)  # twice changes nothing
    assert letters_to(galina).count("ticket_assigned") == 3
    do(sign_in(sergey), "assign", three, assignee="")
    assert {ticket.assignee for ticket in fresh(three)} == {None}


def test_all_get_the_category_and_the_priority_of_the_cell(sign_in, sergey, three):
    do(sign_in(sergey), "triage", three, cell="incident:high")
    assert {ticket.priority for ticket in fresh(three)} == {"high"}


def test_a_request_is_not_raised_to_high_while_the_incidents_beside_it_are(
    sign_in, sergey, three, file, boris, at
):
    request = file(at=at, person=boris, category="change_request")
    client = sign_in(sergey)
    response = do(client, "triage", [*three, request], cell=":high")
    assert {ticket.priority for ticket in fresh(three)} == {"high"}
    assert fresh([request])[0].priority is None
    assert picked(client, response) == {request.number}
    do(client, "triage", [*three, request], cell=":low")
    assert {ticket.category for ticket in fresh([*three, request])} == {
        "incident",
        "change_request",
    }


def test_a_cell_that_does_not_exist_changes_nothing(sign_in, sergey, three):
    client = sign_in(sergey)
    for cell in ("change_request:high", "nonsense:low", "", "incident"):
        response = do(client, "triage", three, cell=cell)
        assert {ticket.priority for ticket in fresh(three)} == {None}
        assert picked(client, response) == {ticket.number for ticket in three}


def test_all_wait_for_the_customer(sign_in, sergey, three):
    do(sign_in(sergey), "wait", three)
    assert {ticket.status for ticket in fresh(three)} == {"waiting_customer"}


def test_only_what_was_answered_is_closed_and_the_rest_stays_chosen(sign_in, sergey, three, at):
    for ticket in three[:2]:
        actions.reply(ticket=ticket, author=sergey, text="Готово", form_key=uuid4(), at=at)
    client = sign_in(sergey)
    response = do(client, "close", three)
    assert [ticket.status for ticket in fresh(three)] == ["closed", "closed", "new"]
    assert picked(client, response) == {three[2].number}


def test_the_page_says_how_many_were_done_and_why_others_were_not(sign_in, sergey, three, at):
    actions.reply(ticket=three[0], author=sergey, text="Готово", form_key=uuid4(), at=at)
    client = sign_in(sergey)
    words = said(client, do(client, "close", three))
    assert f"№ {three[1].number}, № {three[2].number}" in words
    assert str(actions.closing.NotAnswered.message) in words


def test_the_order_and_the_page_stay_as_they_were(sign_in, sergey, three):
    here = "?view=all&sort=message&after=none~5"
    response = do(sign_in(sergey), "take", three, here=here)
    assert response.url == f"{QUEUE}?view=all&sort=message&after=none~5".replace("~", "~")


def test_tickets_out_of_sight_are_refused_as_if_they_were_not_there(
    sign_in, sergey, maxim, three, vera, file, lighthouse, at
):
    hers = file(at=at, person=vera, property=lighthouse)
    client = sign_in(maxim)
    words = said(client, do(client, "take", [three[0], hers, 999_999_999]))
    assert fresh([three[0], hers])[0].assignee == maxim
    assert fresh([hers])[0].assignee is None
    assert f"№ {hers.number}, № 999999999" in words


def test_who_may_not_triage_is_refused_per_ticket(sign_in, daria, sergey, three, at):
    actions.assign(ticket=three[0], actor=sergey, assignee=daria, at=at)
    do(sign_in(daria), "triage", three[:1], cell="incident:high")
    assert fresh(three)[0].priority is None


@pytest.mark.parametrize("what", ["", "delete", "reply"])
def test_an_unknown_action_changes_nothing(sign_in, sergey, three, what):
    client = sign_in(sergey)
    response = do(client, what, three)
    assert picked(client, response) == {ticket.number for ticket in three}
    assert not Event.objects.filter(actor=sergey).exists()


def test_without_a_choice_nothing_happens(sign_in, sergey, three):
    assert do(sign_in(sergey), "take", []).status_code == 302
    assert do(sign_in(sergey), "take", ["x", "-1", "9" * 40]).status_code == 302
    assert not Event.objects.filter(actor=sergey).exists()


def test_more_than_a_hundred_are_refused_together(sign_in, sergey, three):
    do(sign_in(sergey), "take", [ticket.number for ticket in three] + list(range(1, 99)))
    assert {ticket.assignee for ticket in fresh(three)} == {None}
    do(sign_in(sergey), "take", [ticket.number for ticket in three] + list(range(1, 98)))
    assert {ticket.assignee for ticket in fresh(three)} == {sergey}


def test_somebody_who_is_no_longer_on_the_desk_is_not_assigned(sign_in, sergey, anna, three):
    do(sign_in(sergey), "assign", three, assignee=anna.pk)
    assert {ticket.assignee for ticket in fresh(three)} == {None}


def test_an_address_from_elsewhere_leads_to_the_queue(sign_in, sergey, three):
    response = do(sign_in(sergey), "take", three, here="https://evil.example/?view=late")
    assert response.url.startswith(QUEUE)


def test_customers_do_nothing_here(sign_in, anna, three):
    assert do(sign_in(anna), "take", three).status_code == 403
