"""The list of a customer's tickets: who sees what, tabs, search, pages."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from tickets import actions, identity
from tickets.models import Ticket
from tickets.views.cabinet import overview

LIST = "/cabinet/"


def file(person, at, subject="Не открывается шахматка", category="incident", **changes):
    return actions.file_ticket(
        person=person,
        property=person.organization.properties.first(),
        category=category,
        subject=subject,
        description="Подробности",
        evidence=identity.session(),
        form_key=uuid4(),
        at=at,
        **changes,
    )


def listed(response):
    rows = BeautifulSoup(response.content, "html.parser").select(".tickets > li h2 a")
    return [int(re.search(r"/cabinet/(\d+)/", row["href"])[1]) for row in rows]


def counts(response):
    page = BeautifulSoup(response.content, "html.parser")
    return [int(count.text) for count in page.select(".tabs .count")]


@pytest.fixture
def tickets(at, anna, boris, vera):
    return {person.email: file(person, at) for person in (anna, boris, vera)}


def test_an_employee_sees_exactly_her_own_tickets(sign_in, anna, tickets):
    assert listed(sign_in(anna).get(LIST)) == [tickets[anna.email].number]


def test_a_manager_sees_exactly_the_tickets_of_the_organization(sign_in, anna, boris, tickets):
    shown = set(listed(sign_in(boris).get(LIST)))
    assert shown == {tickets[anna.email].number, tickets[boris.email].number}


def test_a_manager_may_narrow_the_list_to_his_own(sign_in, boris, tickets):
    assert listed(sign_in(boris).get(LIST, {"mine": "1"})) == [tickets[boris.email].number]


def test_nobody_is_led_to_sign_in(sign_in, db):
    response = sign_in(None).get(LIST)
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_the_desk_is_led_to_its_own_pages_and_editors_are_refused(sign_in, sergey, elena):
    assert sign_in(sergey).get(LIST).url == reverse("desk:queue")
    assert sign_in(elena).get(LIST).status_code == 403


def test_the_list_takes_no_posts(sign_in, anna):
    assert sign_in(anna).post(LIST).status_code == 405


def test_each_tab_holds_its_own_and_counts_it(sign_in, at, anna, sergey):
    work, waiting, solved, closed = (file(anna, at, subject=f"Вопрос {n}") for n in range(4))
    say = {"author": sergey, "text": "Смотрим", "at": at}
    actions.reply(ticket=waiting, form_key=uuid4(), waits_for_customer=True, **say)
    actions.resolve(ticket=solved, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    actions.close(ticket=closed, actor=anna, at=at)
    client = sign_in(anna)
    assert counts(client.get(LIST)) == [4, 1, 1, 2]
    assert listed(client.get(LIST, {"view": "waiting"})) == [waiting.number]
    assert listed(client.get(LIST, {"view": "work"})) == [work.number]
    assert set(listed(client.get(LIST, {"view": "solved"}))) == {solved.number, closed.number}


def test_counting_stops_at_a_limit_so_that_the_page_costs_the_same(sign_in, at, anna, monkeypatch):
    monkeypatch.setattr(overview, "MOST_COUNTED", 2)
    for _n in range(3):
        file(anna, at)
    page = BeautifulSoup(sign_in(anna).get(LIST).content, "html.parser")
    assert [count.text for count in page.select(".tabs .count")] == ["2+", "0", "2+", "0"]


def test_a_ticket_is_found_by_its_number_however_it_is_typed(sign_in, at, anna):
    wanted, _other = file(anna, at), file(anna, at)
    for typed in (f"{wanted.number}", f"№ {wanted.number}", f"#{wanted.number}"):
        assert listed(sign_in(anna).get(LIST, {"q": typed})) == [wanted.number]


def test_a_ticket_is_found_by_words_of_its_subject(sign_in, at, anna):
    wanted, _other = file(anna, at, subject="Скидка за раннее бронирование"), file(anna, at)
    assert listed(sign_in(anna).get(LIST, {"q": "РАННЕЕ"})) == [wanted.number]


def test_a_search_without_result_leads_back_to_everything(sign_in, anna, tickets):
    response = sign_in(anna).get(LIST, {"q": "кальмар"})
    assert listed(response) == []
    assert 'href="?"' in response.content.decode()


def test_other_peoples_numbers_find_nothing(sign_in, anna, vera, tickets):
    assert listed(sign_in(anna).get(LIST, {"q": tickets[vera.email].number})) == []


def test_pages_cut_equal_instants_without_loss_or_repetition(sign_in, at, anna):
    filed = [file(anna, at - timedelta(hours=n // 9)).number for n in range(45)]
    client, shown, address = sign_in(anna), [], LIST
    for _page in range(3):
        response = client.get(address)
        shown += listed(response)
        older = BeautifulSoup(response.content, "html.parser").select_one(".pager a[rel=next]")
        address = LIST + older["href"] if older else None
    assert address is None
    assert len(shown) == 45
    assert set(shown) == set(filed)


def test_what_is_late_is_late_on_the_older_pages_too(sign_in, at, anna, monkeypatch, settings):
    settings.LANGUAGE_CODE = "en"
    for n in range(21):
        file(anna, at - timedelta(minutes=n))
    monkeypatch.setattr(timezone, "now", lambda: at + timedelta(hours=5))
    client = sign_in(anna)
    client.cookies["language"] = "en"
    newest = BeautifulSoup(client.get(LIST).content, "html.parser")
    older = client.get(LIST + newest.select_one(".pager a[rel=next]")["href"])
    assert "We are late" in older.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"after": "вчера"},
        {"after": "2026-11-23T12:00:00_1"},
        {"after": "2026-11-23T12:00:00+00:00_" + "9" * 40},
        {"after": "2026-99-99T12:00:00+00:00_1"},
        {"view": "secret"},
        {"q": "\x00"},
        {"q": "9" * 300},
        {"q": "%' or 1=1 --"},
    ],
)
def test_an_address_that_makes_no_sense_still_shows_a_page(sign_in, anna, tickets, query):
    assert sign_in(anna).get(LIST, query).status_code == 200


def test_a_row_says_who_waits_and_until_when(sign_in, at, anna, settings):
    settings.LANGUAGE_CODE = "en"
    ticket = file(anna, at)
    client = sign_in(anna)
    client.cookies["language"] = "en"
    Ticket.objects.filter(pk=ticket.pk).update(due_at=at + timedelta(days=4000))
    assert "We answer" in client.get(LIST).content.decode()
    Ticket.objects.filter(pk=ticket.pk).update(due_at=at - timedelta(days=4000))
    assert "We are late" in client.get(LIST).content.decode()


def test_the_list_costs_the_same_for_one_ticket_and_for_a_page_of_them(
    sign_in, at, boris, anna, django_assert_max_num_queries
):
    client = sign_in(boris)
    file(anna, at)
    client.get(LIST)  # the first page of a session also writes the session
    with django_assert_max_num_queries(6) as few:
        client.get(LIST)
    for _n in range(25):
        file(anna, at)
    with django_assert_max_num_queries(6) as many:
        client.get(LIST)
    assert len(many) == len(few)
