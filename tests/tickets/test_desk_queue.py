"""The queue of the desk: what each view holds, its order, its pages, its cost."""

from datetime import timedelta
from itertools import chain
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tickets import actions
from tickets.querysets import scope_of
from tickets.views.desk import queue as desk_queue

QUEUE = reverse("desk:queue")
MINUTE = timedelta(minutes=1)
MOST_QUERIES = 12


def shown(client, **asked):
    """Name the tickets of a page, in their order."""
    page = BeautifulSoup(client.get(QUEUE, asked).content, "html.parser")
    return [int(link["id"].removeprefix("ticket-")) for link in page.select(".queue .subj a")]


def walk(client, **asked):
    """Read all pages of a view by their links."""
    address, numbers = QUEUE, []
    while address:
        page = BeautifulSoup(client.get(address, asked).content, "html.parser")
        numbers.append([int(a["id"].removeprefix("ticket-")) for a in page.select(".subj a")])
        onward = page.select_one("#page-next")
        address, asked = (QUEUE + onward["href"], {}) if onward else ("", {})
    return numbers


def counts(client):
    page = BeautifulSoup(client.get(QUEUE).content, "html.parser")
    return {
        link["id"].removeprefix("view-"): link.select_one(".count").contents[0]
        for link in page.select("#views a")
    }


@pytest.fixture
def five(file, maxim, sergey, vera, lighthouse, at):
    """One of each sort: fresh, triaged, sergey's, the manager's, solved."""
    fresh, triaged, mine, managers, solved = (
        file(at=at),
        file(at=at + MINUTE, person=vera, property=lighthouse),
        file(at=at + 2 * MINUTE),
        file(at=at + 3 * MINUTE, addressee="manager"),
        file(at=at + 4 * MINUTE),
    )
    actions.triage(ticket=triaged, actor=sergey, category="incident", priority="high", at=at)
    actions.assign(ticket=mine, actor=sergey, assignee=sergey, at=at)
    actions.resolve(ticket=solved, actor=sergey, text="Готово", form_key=uuid4(), at=at + MINUTE)
    names = ("fresh", "triaged", "mine", "managers", "solved")
    return dict(zip(names, (fresh, triaged, mine, managers, solved), strict=True))


def names(five, numbers):
    by_number = {ticket.number: name for name, ticket in five.items()}
    return [by_number[number] for number in numbers]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("all", ["fresh", "triaged", "mine"]),
        ("untriaged", ["fresh", "mine"]),
        ("mine", ["mine"]),
        ("manager", ["managers"]),
        ("nonsense", ["fresh", "triaged", "mine"]),
    ],
)
def test_each_view_holds_its_tickets_by_due_time(sign_in, sergey, five, view, expected):
    assert names(five, shown(sign_in(sergey), view=view)) == expected


def test_each_view_says_how_many_it_holds(sign_in, sergey, five):
    assert counts(sign_in(sergey)) == {"all": "3", "mine": "1", "untriaged": "2", "manager": "1"}


def test_beyond_a_thousand_a_count_only_says_that_there_are_more(
    sign_in, sergey, five, monkeypatch
):
    monkeypatch.setattr(desk_queue, "MOST_COUNTED", 2)
    assert counts(sign_in(sergey))["all"] == "2+"


def test_an_account_manager_sees_the_tickets_of_the_own_organizations(sign_in, maxim, five):
    client = sign_in(maxim)
    assert names(five, shown(client)) == ["managers"]  # mine is where managers begin
    assert names(five, shown(client, view="all")) == ["fresh", "mine"]
    assert names(five, shown(client, view="manager")) == ["managers"]


def test_a_developer_sees_what_was_given_to_them(sign_in, daria, sergey, five, at):
    client = sign_in(daria)
    assert shown(client, view="all") == []
    actions.assign(ticket=five["fresh"], actor=sergey, assignee=daria, at=at)
    assert names(five, shown(client, view="all")) == ["fresh"]


@pytest.mark.parametrize("equal", [True, False])
def test_the_pages_hold_every_ticket_once_where_due_times_are_equal_or_missing(
    sign_in, sergey, file, at, monkeypatch, equal
):
    monkeypatch.setattr(desk_queue, "ROWS", 3)
    filed = [file(at=at + (0 if equal else number) * MINUTE) for number in range(11)]
    for ticket in filed[::2]:  # six of them wait for the customer, so nobody waits for us
        actions.reply(
            ticket=ticket,
            author=sergey,
            text="?",
            form_key=uuid4(),
            waits_for_customer=True,
            at=at + 60 * MINUTE,
        )
    pages = walk(sign_in(sergey), view="all")
    assert [len(page) for page in pages] == [3, 3, 3, 2]
    waiting, answered = filed[1::2], filed[::2]
    assert list(chain(*pages)) == [ticket.number for ticket in [*waiting, *answered]]


def test_a_page_that_ends_with_the_last_due_time_leads_on_to_those_without(
    sign_in, sergey, file, at, monkeypatch
):
    monkeypatch.setattr(desk_queue, "ROWS", 2)
    filed = [file(at=at + number * MINUTE) for number in range(3)]
    actions.reply(ticket=filed[0], author=sergey, text="?", form_key=uuid4(), at=at)
    numbers = [ticket.number for ticket in filed]
    assert walk(sign_in(sergey), view="all") == [numbers[1:], numbers[:1]]


@pytest.mark.parametrize(
    "after", ["", "~", "x~1", "none~x", "2026-13-45~1", "2026-11-23T09:00~1", "none~" + "9" * 30]
)
def test_a_broken_cursor_shows_the_first_page(sign_in, sergey, ticket, after):
    assert shown(sign_in(sergey), view="all", after=after) == [ticket.number]


def test_a_number_leads_to_its_ticket(sign_in, sergey, vera, ticket):
    for text in (str(ticket.number), f"№ {ticket.number}", f" {ticket.number} "):
        response = sign_in(sergey).get(QUEUE, {"q": text})
        assert response.url == reverse("desk:ticket", args=[ticket.number])


def test_a_number_of_a_ticket_out_of_sight_leads_nowhere(sign_in, daria, ticket):
    assert sign_in(daria).get(QUEUE, {"q": ticket.number}).status_code == 200


@pytest.mark.parametrize("text", ["ОПЛАТИТЬ", "лебедева", "северная", "верфь"])
def test_words_find_subject_person_organization_and_hotel(sign_in, sergey, five, text):
    assert five["fresh"].number in shown(sign_in(sergey), view="all", q=text)


@pytest.mark.parametrize("text", ["нет такого", "%", "_____", "9" * 40])
def test_words_that_find_nothing_say_what_to_do(sign_in, sergey, ticket, text):
    response = sign_in(sergey).get(QUEUE, {"view": "all", "q": text})
    page = BeautifulSoup(response.content, "html.parser")
    assert page.select_one(".empty")
    assert page.select_one("#q")["value"] == text


@pytest.mark.parametrize("raw", ["%00", "%ED%A0%80", "%FF", "оплат%00ить"])
def test_what_no_text_has_is_not_searched_for(sign_in, sergey, ticket, raw):
    assert sign_in(sergey).get(f"{QUEUE}?q={raw}").status_code == 200


def test_an_empty_view_says_that_nobody_waits(sign_in, sergey):
    page = BeautifulSoup(sign_in(sergey).get(QUEUE).content, "html.parser")
    assert page.select_one(".empty")
    assert not page.select_one("table")


def test_a_refresh_brings_rows_and_counts_without_the_page(sign_in, sergey, ticket):
    response = sign_in(sergey).get(QUEUE, headers={"HX-Request": "true"})
    page = BeautifulSoup(response.content, "html.parser")
    assert page.select_one(f"#ticket-{ticket.number}")
    assert page.select_one("#views")["hx-swap-oob"] == "true"
    assert not page.select_one("main")
    assert "HX-Request" in response.headers["Vary"]


def test_who_comes_in(sign_in, anna, elena, sergey, maxim, daria, galina):
    for person in (sergey, maxim, daria, galina):
        assert sign_in(person).get(QUEUE).status_code == 200
    for person in (anna, elena):
        assert sign_in(person).get(QUEUE).status_code == 403
    assert sign_in(None).get(QUEUE).url.startswith("/accounts/login/")
    assert sign_in(sergey).post(QUEUE).status_code == 405


def test_the_cost_does_not_grow_with_the_rows(sign_in, sergey, file, boris, at):
    client = sign_in(sergey)
    client.get(QUEUE)  # what is cached from then on
    numbers = []
    for count in (4, 8):
        for number in range(count):
            file(at=at + number * MINUTE, person=boris)
        with CaptureQueriesContext(connection) as queries:
            assert len(shown(client)) == (4 if count == 4 else 12)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= MOST_QUERIES


def test_a_far_page_reads_one_range_of_an_index(sergey, ticket, at):
    """The planner of an almost empty table would read it whole: here it may not."""
    asked = desk_queue._asked({"after": f"{at.isoformat()}~5"}, sergey)
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
    with CaptureQueriesContext(connection) as queries:
        rows = desk_queue.rows_of(scope_of(sergey), asked)
    assert [row.number for row in rows] == [ticket.number]
    with connection.cursor() as cursor:
        plans = []
        for query in queries.captured_queries:
            cursor.execute("explain " + query["sql"])
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert len(plans) == 2
    assert all("ticket_queue" in plan and "Sort" not in plan for plan in plans)
    assert "due_at >=" in plans[0].split("Index Cond")[1].splitlines()[0]
    assert "due_at IS NULL" in plans[1].split("Index Cond")[1].splitlines()[0]
