"""The queue of the desk: what each view holds, its order, its pages, its cost."""

import re
from datetime import timedelta
from itertools import chain
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.support import actions as support
from portal.support.models import HoursException
from portal.templatetags import parts
from tickets import actions
from tickets.models import Ticket
from tickets.querysets import scope_of
from tickets.views.desk import paging, rail
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
    held = counts(sign_in(sergey))
    # The clock of the machine is later than the test's: whoever waits waits too long.
    assert held == {
        "all": "3", "mine": "1", "soon": "0", "late": "4", "untriaged": "2", "unassigned": "2",
        "identification": "0", "waiting": "0", "development": "0", "manager": "1",
        "letters": "0",
    }  # fmt: skip


def test_beyond_a_thousand_a_count_only_says_that_there_are_more(
    sign_in, sergey, five, monkeypatch
):
    monkeypatch.setattr(rail, "MOST_COUNTED", 2)
    parts._draw.cache_clear()  # the limit is no value of what is drawn once
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
    monkeypatch.setattr(paging, "ROWS", 3)
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
    monkeypatch.setattr(paging, "ROWS", 2)
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


EXPECTED = [
    ("due", "", ["ticket_queue|ticket_due"]),  # both hold the tickets addressed to support in order
    ("due", "{at}~5", ["ticket_queue|ticket_due"] * 2),
    ("due", "none~5", ["ticket_queue|ticket_due"]),
    ("priority", "", ["ticket_by_urgency"]),
    ("priority", "1~{at}~5", ["ticket_by_urgency"] * 3),
    ("priority", "1~none~5", ["ticket_by_urgency"] * 2),
    ("message", "", ["ticket_by_message"]),
    ("message", "{at}~5", ["ticket_by_message"]),
]
MANY = 3000  # tickets, so that the planner has something to choose by


def fill(ticket):
    """Copy the ticket: the planner of an almost empty table takes any index, each as good."""
    own = {
        "id": "id + n",
        "number": "number + n",
        "form_key": "gen_random_uuid()",
        "priority": "(array['critical', 'high', 'medium', 'low'])[1 + mod(n, 4)]",
        "due_at": "case when mod(n, 5) > 0 then received_at + n * interval '1 minute' end",
    }
    columns = [field.column for field in Ticket._meta.concrete_fields]
    values = ", ".join(own.get(column, column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into tickets_ticket ({', '.join(columns)})"
            f" select {values} from tickets_ticket, generate_series(1, %s) n where id = %s",
            [MANY, ticket.pk],
        )


@pytest.mark.parametrize(("sort", "after", "indexes"), EXPECTED)
def test_a_page_reads_one_range_of_an_index_in_each_order(sergey, file, at, sort, after, indexes):
    """All ranges are asked while the table is empty: where there are tickets one fills the page."""
    kept, scope = rail.BY_CODE["all"].filters, scope_of(sergey)
    with CaptureQueriesContext(connection) as queries:
        after = after.format(at=at.isoformat())
        paging.page_of(scope, kept, paging.SORT[sort], after, at)
    fill(file())
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local enable_sort = off")
        cursor.execute("set local enable_bitmapscan = off")
    plans = [explain(query["sql"]) for query in queries.captured_queries]
    assert len(plans) == len(indexes)
    for index, plan in zip(indexes, plans, strict=True):
        chosen = plan.split("Limit", 1)[1]  # the rows of the page, before their names are read
        assert re.search(index, chosen)
        assert "Sort" not in chosen
    if after:
        assert all("Index Cond" in plan for plan in plans)


def explain(sql):
    with connection.cursor() as cursor:
        cursor.execute("explain " + sql)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("sort", ["due", "priority", "message"])
@pytest.mark.parametrize("equal", [True, False])
def test_every_order_holds_every_ticket_once_and_leads_back_to_its_beginning(
    sign_in, sergey, file, at, monkeypatch, sort, equal
):
    monkeypatch.setattr(paging, "ROWS", 3)
    filed = [file(at=at + (0 if equal else number) * MINUTE) for number in range(11)]
    for ticket, priority in zip(filed, ["low", "critical", "high", "low", "medium"], strict=False):
        actions.triage(ticket=ticket, actor=sergey, category="incident", priority=priority, at=at)
    for ticket in filed[::3]:
        actions.reply(ticket=ticket, author=sergey, text="?", form_key=uuid4(), at=at + 60 * MINUTE)
    client = sign_in(sergey)
    numbers = list(chain(*walk(client, view="all", sort=sort)))
    assert sorted(numbers) == [ticket.number for ticket in filed]
    monkeypatch.setattr(paging, "ROWS", 25)
    assert shown(client, view="all", sort=sort) == numbers
    monkeypatch.setattr(paging, "ROWS", 3)
    page = BeautifulSoup(client.get(QUEUE, {"view": "all", "sort": sort}).content, "html.parser")
    second = QUEUE + page.select_one("#page-next")["href"]
    back = BeautifulSoup(client.get(second).content, "html.parser").select_one("#page-first")
    page = BeautifulSoup(client.get(QUEUE + back["href"]).content, "html.parser")
    assert [int(a["id"].removeprefix("ticket-")) for a in page.select(".subj a")] == numbers[:3]


def test_by_priority_what_nobody_judged_comes_first_then_the_most_urgent(sign_in, sergey, file, at):
    wanted = {priority: file(at=at) for priority in ("low", "medium", "high", "critical")}
    for priority, ticket in wanted.items():
        actions.triage(ticket=ticket, actor=sergey, category="incident", priority=priority, at=at)
    fresh = file(at=at)
    by_urgency = [wanted[one].number for one in ("critical", "high", "medium", "low")]
    assert shown(sign_in(sergey), view="all", sort="priority") == [fresh.number, *by_urgency]


def test_finished_tickets_are_sorted_by_their_last_message(sign_in, sergey, file, at):
    done = [file(at=at + number * MINUTE) for number in range(3)]
    for ticket in done:
        actions.resolve(ticket=ticket, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    client = sign_in(sergey)
    expected = [ticket.number for ticket in reversed(done)]
    for sort in ("", "due", "priority", "message"):
        assert sorted(shown(client, status="resolved", sort=sort)) == sorted(expected)
    page = BeautifulSoup(client.get(QUEUE, {"status": "resolved"}).content, "html.parser")
    assert len(page.select(".sorts a")) == 1


@pytest.mark.parametrize("after", ["9~{at}~1x", "~~~", "1~none", "x~none~5"])
def test_a_broken_cursor_of_the_other_orders_shows_the_first_page(
    sign_in, sergey, ticket, at, after
):
    for sort in ("priority", "message"):
        asked = {"view": "all", "sort": sort, "after": after.format(at=at.isoformat())}
        assert shown(sign_in(sergey), **asked) == [ticket.number]


@pytest.mark.parametrize("code", [view.code for view in rail.VIEWS])
def test_every_empty_view_has_words_of_its_own(sign_in, sergey, code):
    page = BeautifulSoup(sign_in(sergey).get(QUEUE, {"view": code}).content, "html.parser")
    assert str(rail.BY_CODE[code].empty) in page.select_one(".empty").text
    assert page.select_one("#views a[aria-current]")["id"] == f"view-{code}"


def test_filters_of_the_address_are_shown_in_the_form(sign_in, sergey, five, verf):
    asked = {"priority": "none", "organization": "северная верфь", "nonsense": "1", "due": "never"}
    response = sign_in(sergey).get(QUEUE, asked)
    page = BeautifulSoup(response.content, "html.parser")
    assert page.select_one("#filter-priority option[selected]")["value"] == "none"
    assert page.select_one("#filter-organization")["value"] == verf.name
    assert not page.select("#filter-due option[selected]")
    assert not page.select("#views a[aria-current]")


def ask_again(client, version, **asked):
    headers = {"HX-Request": "true", "If-None-Match": version}
    return client.get(QUEUE, asked, headers=headers)


def test_while_nothing_happens_the_answer_is_not_modified_and_costs_next_to_nothing(
    sign_in, sergey, ticket
):
    client = sign_in(sergey)
    version = client.get(QUEUE).headers["ETag"]
    with CaptureQueriesContext(connection) as queries:
        response = ask_again(client, version)
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == version
    assert len([one for one in queries.captured_queries if "tickets_ticket" in one["sql"]]) == 1


def test_whatever_happens_to_a_ticket_brings_the_rows_anew(sign_in, sergey, ticket, file, at):
    client = sign_in(sergey)
    for act in (
        lambda: file(at=at),
        lambda: actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at),
        lambda: actions.reply(ticket=ticket, author=sergey, text="?", form_key=uuid4(), at=at),
        lambda: actions.triage(
            ticket=ticket, actor=sergey, category="incident", priority="low", at=at
        ),
    ):
        version = client.get(QUEUE).headers["ETag"]
        act()
        response = ask_again(client, version)
        assert response.status_code == 200
        assert response.headers["ETag"] != version


def test_a_ticket_that_becomes_late_brings_the_rows_anew(sign_in, sergey, ticket, monkeypatch):
    client, due = sign_in(sergey), Ticket.objects.get().due_at
    monkeypatch.setattr(desk_queue.timezone, "now", lambda: due - 40 * MINUTE)
    version = client.get(QUEUE).headers["ETag"]
    assert ask_again(client, version).status_code == 304
    for passed in (due - 20 * MINUTE, due + MINUTE):
        monkeypatch.setattr(desk_queue.timezone, "now", lambda passed=passed: passed)
        response = ask_again(client, version)
        assert response.status_code == 200
        version = response.headers["ETag"]


def test_new_hours_that_move_deadlines_bring_the_rows_anew(
    sign_in, sergey, galina, anna, ticket, at, monkeypatch
):
    evening = at + 7 * 60 * MINUTE + 50 * MINUTE
    for author, said_at in ((sergey, at), (anna, evening)):
        actions.reply(ticket=ticket, author=author, text="?", form_key=uuid4(), at=said_at)
    due = Ticket.objects.get().due_at
    monkeypatch.setattr(desk_queue.timezone, "now", lambda: evening)
    client = sign_in(sergey)
    version = client.get(QUEUE).headers["ETag"]
    closed = HoursException(on=due.date(), hours="", name_ru="Санитарный день", name_en="Cleaning")
    support.save_exception(exception=closed, actor=galina, at=evening)
    assert Ticket.objects.get().due_at > due
    assert ask_again(client, version).status_code == 200


def test_the_version_belongs_to_its_reader_and_its_address(sign_in, sergey, galina, ticket):
    version = sign_in(sergey).get(QUEUE).headers["ETag"]
    assert ask_again(sign_in(galina), version).status_code == 200
    assert ask_again(sign_in(sergey), version, view="mine").status_code == 200
    full = sign_in(sergey).get(QUEUE, headers={"If-None-Match": version})
    assert full.status_code == 200, "a page that is opened is never left empty"


def test_the_palette_offers_our_views_and_saved_ones(sign_in, sergey, galina, at):
    for owner, is_shared in ((sergey, False), (galina, True), (galina, False)):
        actions.save_view(
            owner=owner,
            name=f"{owner.pk}{is_shared}",
            kept={"due": "late"},
            is_shared=is_shared,
            at=at,
        )
    page = BeautifulSoup(sign_in(sergey).get(reverse("desk:palette")).content, "html.parser")
    assert len(page.select("[role=option]")) == len(rail.VIEWS) + 2 + 1  # and the letters that wait


def test_names_of_organizations_are_offered_as_far_as_one_answers_for_them(
    sign_in, sergey, maxim, verf, mayak
):
    def offered(person):
        page = BeautifulSoup(
            sign_in(person).get(reverse("desk:organizations")).content, "html.parser"
        )
        return [option["value"] for option in page.select("option")]

    assert offered(sergey) == [mayak.name, verf.name]
    assert offered(maxim) == [verf.name]


def test_names_of_organizations_are_only_read(sign_in, sergey):
    assert sign_in(sergey).post(reverse("desk:organizations")).status_code == 405
