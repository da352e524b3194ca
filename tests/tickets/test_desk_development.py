"""Pages of the hand-over and of the calls: they work, refuse outsiders, and cost the same for many."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from tickets import actions
from tickets.models import Alert, Development, DutyShift

DAY = timedelta(days=1)
MOST_QUERIES = 12
LIST = reverse("desk:developments")
DUTY = reverse("desk:duty")


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def page_of(development, name="development"):
    return reverse(f"desk:{name}", args=[development.pk])


def at_ticket(ticket, name="hand_over"):
    return reverse(f"desk:{name}", args=[ticket.number])


def said(**changes):
    soon = timezone.now() + 3 * DAY
    return {
        "title": "Пустая страница оплаты",
        "brief": "Показать ошибку",
        "tracker_url": "https://tracker.example/PAY-12",
        "tracker_key": "PAY-12",
        "eta_on": (soon + DAY).date().isoformat(),
        "news_due_at": timezone.localtime(soon).strftime("%Y-%m-%dT%H:%M"),
        "customer_text": "Исправляем, скоро расскажем.",
        **changes,
    }


@pytest.fixture
def hand_over(sergey):
    """Hand a ticket over just now."""

    def handed(ticket, **changes):
        now = timezone.now()
        values = {
            "title": "Пустая страница оплаты",
            "brief": "Показать ошибку",
            "tracker_url": "https://tracker.example/PAY-12",
            "tracker_key": "PAY-12",
            "news_due_at": now + 3 * DAY,
            "customer_text": "Исправляем.",
            "at": now,
            "actor": sergey,
            **changes,
        }
        return actions.hand_over(ticket=ticket, **values)

    return handed


@pytest.fixture
def development(ticket, hand_over):
    return hand_over(ticket)


def costs(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_a_ticket_is_handed_over_from_its_page(sign_in, sergey, ticket):
    client = sign_in(sergey)
    link = soup(client.get(reverse("desk:ticket", args=[ticket.number]))).select_one(
        "a[data-key=KeyD]"
    )
    assert link["href"] == at_ticket(ticket)
    assert client.get(link["href"]).status_code == 200
    response = client.post(link["href"], said())
    assert response.url == reverse("desk:ticket", args=[ticket.number])
    found = Development.objects.get()
    assert (found.title, found.tracker_key) == ("Пустая страница оплаты", "PAY-12")
    assert client.get(at_ticket(ticket)).url == page_of(found)
    panel = soup(client.get(response.url)).select_one("[aria-labelledby=developed]")
    tracker = panel.select_one("a[target=_blank]")
    assert (tracker["href"], tracker["rel"]) == (
        "https://tracker.example/PAY-12",
        ["noopener", "noreferrer"],
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"news_due_at": ""}, "news_due_at"),
        ({"news_due_at": "2020-01-01T10:00"}, "news_due_at"),
        ({"news_due_at": "скоро"}, "news_due_at"),
        ({"eta_on": "2020-01-01"}, "eta_on"),
        ({"customer_text": "  "}, "customer_text"),
        ({"title": ""}, "title"),
        ({"tracker_url": "javascript:alert(1)"}, "tracker_url"),
    ],
)
def test_what_is_refused_stands_at_its_field_and_nothing_typed_is_lost(
    sign_in, sergey, ticket, changes, field
):
    response = sign_in(sergey).post(at_ticket(ticket), said(**changes))
    page = soup(response)
    assert response.status_code == 422
    assert [one.get("id") for one in page.select(".field > .error")] == [f"id_{field}_error"]
    assert page.select_one("[name=brief]").text.strip() == "Показать ошибку"
    assert not Development.objects.exists()


def test_another_ticket_joins_what_goes_on(sign_in, sergey, development, file):
    other = file()
    client = sign_in(sergey)
    page = soup(client.get(at_ticket(other)))
    offer = page.select_one(".offer")
    assert "Исправляем." in offer.text
    client.post(
        at_ticket(other, "join_development"), {"development": offer.select_one("input")["value"]}
    )
    other.refresh_from_db()
    assert other.development == development
    assert client.post(at_ticket(other, "join_development"), {}).status_code == 422


def test_what_owes_its_news_or_is_released_is_not_offered(sign_in, sergey, development, file):
    client, other = sign_in(sergey), file()
    Development.objects.update(news_due_at=timezone.now() - DAY)
    assert not soup(client.get(at_ticket(other))).select(".offer")
    Development.objects.update(news_due_at=timezone.now() + DAY, released_at=timezone.now())
    assert not soup(client.get(at_ticket(other))).select(".offer")


def test_a_ticket_is_taken_back(sign_in, sergey, development, ticket):
    client = sign_in(sergey)
    client.post(at_ticket(ticket, "withdraw"))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.development) == ("open", None)
    response = client.post(at_ticket(ticket, "withdraw"), follow=True)
    assert soup(response).select_one(".notices [data-kind=late]")


def test_a_developer_finds_takes_tells_and_releases(sign_in, daria, development, ticket, anna):
    client = sign_in(daria)
    links = [link["href"] for link in soup(client.get(LIST)).select(".subj > a")]
    assert links == [page_of(development)]
    client.post(page_of(development, "development_owner"), {"take": "1"})
    assert [
        one["href"] for one in soup(client.get(LIST + "?view=mine")).select(".subj > a")
    ] == links
    soon = timezone.localtime(timezone.now() + 5 * DAY)
    told = {
        "eta_on": soon.date().isoformat(),
        "news_due_at": soon.strftime("%Y-%m-%dT%H:%M"),
        "customer_text": "Проверяем исправление.",
    }
    client.post(page_of(development, "development_news"), told)
    page = soup(client.get(page_of(development)))
    assert [one.select_one(".said").text.strip() for one in page.select(".two .steps > li")] == [
        "Проверяем исправление.", "Исправляем.",
    ]  # fmt: skip
    assert [one["href"] for one in page.select(".waiting a")] == [
        reverse("desk:ticket", args=[ticket.number])
    ]
    client.post(page_of(development, "release"), {"note": "Выпуск 42"})
    development.refresh_from_db()
    assert development.released_by == daria
    assert soup(client.get(LIST + "?view=released")).select(".subj > a")
    assert not soup(client.get(LIST)).select(".subj > a")
    assert not soup(client.get(page_of(development))).select("main form")


def test_a_refused_move_says_why_at_the_field(sign_in, sergey, development):
    client = sign_in(sergey)
    soon = timezone.localtime(timezone.now() + 5 * DAY)
    Development.objects.update(eta_on=date(2030, 1, 1))
    told = {"news_due_at": soon.strftime("%Y-%m-%dT%H:%M"), "customer_text": "Позже"}
    client.post(page_of(development, "development_news"), {**told, "eta_on": "2030-01-01"})
    response = client.post(
        page_of(development, "development_news"), {**told, "eta_on": "2030-02-01"}
    )
    assert response.status_code == 422
    assert soup(response).select_one("#id_reason_error")
    assert soup(response).select_one("[name=customer_text]").text.strip() == "Позже"
    response = client.post(page_of(development, "describe_development"), said(title=" "))
    assert response.status_code == 422
    assert soup(response).select_one("details[open] #id_title_error")
    assert client.post(page_of(development, "development_owner"), {"owner": "x"}).status_code == 422


def test_support_assigns_a_developer_and_describes_anew(sign_in, sergey, daria, development):
    client = sign_in(sergey)
    client.post(page_of(development, "development_owner"), {"owner": daria.pk})
    client.post(page_of(development, "describe_development"), said(title="Иначе"))
    development.refresh_from_db()
    assert (development.owner, development.title) == (daria, "Иначе")


def test_a_developer_reads_the_ticket_and_its_notes_and_may_only_note(
    sign_in, daria, sergey, development, ticket
):
    now = timezone.now()
    actions.note(ticket=ticket, author=sergey, text="Между нами", form_key=uuid4(), at=now)
    client = sign_in(daria)
    page = soup(client.get(reverse("desk:ticket", args=[ticket.number])))
    assert page.select("article[data-from=note]")
    assert [one["value"] for one in page.select("[name=mode]")] == ["note"]
    assert not page.select("form[action$='/triage/'], form[action$='/assign/']")
    form = {"mode": "note", "text": "Вижу причину", "form_key": uuid4()}
    assert client.post(reverse("desk:note", args=[ticket.number]), form).status_code == 302
    form = {"mode": "reply", "text": "Алло", "form_key": uuid4()}
    assert client.post(reverse("desk:reply", args=[ticket.number]), form).status_code == 422
    assert client.get(at_ticket(ticket)).status_code == 403


def test_an_account_manager_sees_only_what_their_tickets_wait_for_and_changes_nothing(
    sign_in, maxim, vera, development, file, hand_over
):
    foreign = hand_over(file(person=vera, property=None))
    client = sign_in(maxim)
    assert [one["href"] for one in soup(client.get(LIST)).select(".subj > a")] == [
        page_of(development)
    ]
    assert client.get(page_of(foreign)).status_code == 404
    assert not soup(client.get(page_of(development))).select("main form")
    response = client.post(page_of(development, "release"), {})
    assert response.status_code == 422
    assert Development.objects.filter(released_at=None).count() == 2


@pytest.mark.parametrize("person", ["anna", "elena"])
def test_outsiders_are_refused(sign_in, request, person, development, ticket):
    client = sign_in(request.getfixturevalue(person))
    for address in (LIST, DUTY, page_of(development), at_ticket(ticket)):
        assert client.get(address).status_code == 403
    for address in (
        *(page_of(development, name) for name in ("development_news", "release", "development_owner", "describe_development")),
        *(at_ticket(ticket, name) for name in ("join_development", "withdraw", "take_call")),
    ):  # fmt: skip
        assert client.post(address).status_code == 403


def test_the_wrong_method_is_refused(sign_in, sergey, development, ticket):
    client = sign_in(sergey)
    for name in ("development_news", "release", "development_owner", "describe_development"):
        assert client.get(page_of(development, name)).status_code == 405
    for name in ("join_development", "withdraw", "take_call"):
        assert client.get(at_ticket(ticket, name)).status_code == 405
    for address in (LIST, DUTY, page_of(development)):
        assert client.post(address).status_code == 405
    assert client.put(at_ticket(ticket)).status_code == 405


def test_the_cost_does_not_grow_with_developments_tickets_and_versions(
    sign_in, sergey, hand_over, file
):
    client, found = sign_in(sergey), []
    first, spare = hand_over(file()), file()
    addresses = (LIST, page_of(first), at_ticket(spare))
    for count in (2, 6):
        for number in range(count):
            hand_over(file())
            now = timezone.now()
            actions.join_development(ticket=file(), actor=sergey, development=first, at=now)
            actions.move_eta(
                development=first, actor=sergey, news_due_at=now + 4 * DAY,
                customer_text=f"Новость {count} {number}", at=now,
            )  # fmt: skip
        found.append([costs(client, address) for address in addresses])
    assert found[0] == found[1]
    assert max(found[1]) <= MOST_QUERIES


def test_the_page_of_a_developed_ticket_costs_no_query_more(sign_in, sergey, file, hand_over):
    plain, developed = file(), file()
    client = sign_in(sergey)
    actions.assign(ticket=plain, actor=sergey, assignee=sergey, at=timezone.now())
    hand_over(developed)
    address = [reverse("desk:ticket", args=[one.number]) for one in (plain, developed)]
    assert costs(client, address[1]) == costs(client, address[0])


@pytest.fixture
def call(ticket, sergey, galina):
    """A critical incident; sergey is called."""
    now = timezone.now()
    DutyShift.objects.create(person=sergey, starts_at=now - DAY, ends_at=now + 2 * DAY)
    actions.triage(ticket=ticket, actor=galina, category="incident", priority="critical", at=now)
    return Alert.objects.get()


def test_a_call_is_taken_on_the_page_of_the_ticket(sign_in, sergey, ticket, call):
    client, address = sign_in(sergey), reverse("desk:ticket", args=[ticket.number])
    panel = soup(client.get(address)).select_one("[aria-labelledby=call]")
    assert "Сергей Орлов" in panel.text
    client.post(panel.select_one("form")["action"])
    call.refresh_from_db()
    assert call.acknowledged_by == sergey
    panel = soup(client.get(address)).select_one("[aria-labelledby=call]")
    assert not panel.select("form")


def test_a_call_that_another_has_taken_says_so(sign_in, sergey, galina, ticket, call):
    actions.acknowledge(ticket=ticket, actor=galina, at=timezone.now())
    response = sign_in(sergey).post(at_ticket(ticket, "take_call"), follow=True)
    assert soup(response).select_one(".notices [data-kind=late]")


def test_without_a_call_the_page_of_a_ticket_is_quiet(sign_in, sergey, file):
    for category in ("incident", "information_request"):
        one = file(category=category)
        page = soup(sign_in(sergey).get(reverse("desk:ticket", args=[one.number])))
        assert not page.select("[aria-labelledby=call]")


def test_the_page_of_duty_shows_calls_rota_and_gaps(sign_in, sergey, galina, maxim, ticket, call):
    page = soup(sign_in(galina).get(DUTY))
    assert page.select(f"form[action='{at_ticket(ticket, 'take_call')}']")
    assert "Сергей Орлов" in page.select_one(".data").text
    assert page.select("[role=note] li")
    assert page.select(f"a[href='{reverse('admin:tickets_dutyshift_changelist')}']")
    assert not soup(sign_in(sergey).get(DUTY)).select("a[href*=dutyshift]")


def test_calls_for_tickets_out_of_sight_are_not_shown(sign_in, daria, call):
    assert not soup(sign_in(daria).get(DUTY)).select("main form")


def test_the_page_of_duty_costs_the_same_for_many_calls(sign_in, galina, sergey, file):
    client, found = sign_in(galina), []
    for count in (1, 4):
        for _number in range(count):
            actions.triage(
                ticket=file(), actor=sergey, category="incident", priority="high", at=timezone.now()
            )
        found.append(costs(client, DUTY))
    assert found[0] == found[1] <= MOST_QUERIES


def test_customers_never_see_the_tracker(sign_in, anna, development, ticket):
    page = sign_in(anna).get(ticket.get_absolute_url()).content.decode()
    assert "PAY-12" not in page
    assert development.title not in page


def test_customers_read_in_the_cabinet_what_they_were_told_and_by_when(
    sign_in, anna, daria, development, ticket
):
    page = soup(sign_in(anna).get(ticket.get_absolute_url()))
    with translation.override("ru"):
        due = date_format(timezone.localtime(development.news_due_at), "j E")
    assert due in page.select_one(".card").text
    now = timezone.now()
    actions.move_eta(
        development=development, actor=daria, news_due_at=now + 6 * DAY,
        customer_text="Проверяем <исправление>", at=now,
    )  # fmt: skip
    page = soup(sign_in(anna).get(ticket.get_absolute_url()))
    told = [one.text for one in page.select("[data-from=system]")]
    assert ["Исправляем." in told[1], "Проверяем <исправление>" in told[2]] == [True, True]


def test_the_navigation_leads_to_both_pages(sign_in, daria):
    links = {link["href"] for link in soup(sign_in(daria).get(LIST)).select(".bar .nav a")}
    assert {LIST, DUTY} <= links
