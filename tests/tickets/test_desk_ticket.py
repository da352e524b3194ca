"""A ticket at the desk: reading, answering, noting, deciding, and what is stopped."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from tickets import actions
from tickets.models import Attachment, Message, Ticket

MINUTE = timedelta(minutes=1)
MOVES = ("reply", "note", "triage", "assign", "status", "readdress", "resolve", "close", "reopen")
LEGAL = {
    "incident": {"low", "medium", "high", "critical"},
    "service_request": {"low", "medium"},
    "information_request": {"low", "medium"},
    "change_request": {"low", "medium"},
}


def address(ticket, move=""):
    return reverse(f"desk:{move or 'ticket'}", args=[ticket.number])


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def last_seen(client, ticket):
    return soup(client.get(address(ticket))).select_one(".composer [name=seen]")["value"]


def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(out, "PNG")
    return SimpleUploadedFile("Снимок.png", out.getvalue(), content_type="image/png")


@pytest.fixture
def answer(sergey, at):
    """Let sergey answer a ticket."""

    def answered(ticket, text="Смотрим", **changes):
        said = {"author": sergey, "form_key": uuid4(), "at": at, **changes}
        return actions.reply(ticket=ticket, text=text, **said)

    return answered


@pytest.fixture
def solved(ticket, sergey, at):
    actions.resolve(ticket=ticket, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    return ticket


def test_the_page_shows_who_asks_what_and_how_well_that_is_known(sign_in, sergey, maxim, file):
    ticket = file(details={"steps": "Открыть оплату", "impact": "all"})
    page = soup(sign_in(sergey).get(address(ticket)))
    side = page.select_one(".side").text
    for words in ("Анна Лебедева", "Северная верфь", "Верфь", "Максим Дёмин", "Открыть оплату"):
        assert words in side
    assert page.select_one(".proof")["data-level"] == "verified"
    assert "all" not in side.split("Открыть оплату")[1].split()  # the choice stands there in words


def test_notes_are_set_apart_from_what_the_customer_reads(sign_in, sergey, ticket, answer, at):
    answer(ticket)
    actions.note(ticket=ticket, author=sergey, text="Между нами", form_key=uuid4(), at=at)
    said = soup(sign_in(sergey).get(address(ticket))).select("article.msg")
    assert [one["data-from"] for one in said] == ["customer", "staff", "note"]
    assert said[2].select_one(".tag")


def test_who_comes_in(sign_in, anna, elena, sergey, maxim, daria, galina, ticket, at):
    for person in (sergey, maxim, galina):
        assert sign_in(person).get(address(ticket)).status_code == 200
    assert sign_in(daria).get(address(ticket)).status_code == 404
    actions.assign(ticket=ticket, actor=sergey, assignee=daria, at=at)
    assert sign_in(daria).get(address(ticket)).status_code == 200
    for person in (anna, elena):
        assert sign_in(person).get(address(ticket)).status_code == 403
    assert sign_in(None).get(address(ticket)).url.startswith("/accounts/login/")


@pytest.mark.parametrize("move", MOVES)
def test_every_move_is_posted_by_people_of_the_desk_who_see_the_ticket(
    sign_in, anna, vera, elena, daria, sergey, ticket, move
):
    before = list(ticket.events.values_list("id", flat=True))
    for person in (anna, vera, elena):
        assert sign_in(person).post(address(ticket, move), {"text": "Ой"}).status_code == 403
    assert sign_in(daria).post(address(ticket, move), {"text": "Ой"}).status_code == 404
    assert sign_in(None).post(address(ticket, move)).url.startswith("/accounts/login/")
    assert sign_in(sergey).get(address(ticket, move)).status_code == 405
    assert list(ticket.events.values_list("id", flat=True)) == before
    assert ticket.messages.count() == 1


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 40])
def test_a_number_that_nobody_has_is_not_found(sign_in, sergey, number):
    assert sign_in(sergey).get(f"/desk/{number}/").status_code == 404


@pytest.mark.parametrize(
    ("after", "status"),
    [("open", "open"), ("wait", "waiting_customer"), ("resolve", "resolved"), ("", "open")],
)
def test_a_reply_reaches_the_customer_and_says_what_comes_next(
    sign_in, sergey, ticket, after, status, letters_to, anna
):
    form = {"mode": "reply", "text": "Починили", "after": after, "form_key": uuid4()}
    response = sign_in(sergey).post(address(ticket, "reply"), form)
    assert response.url == f"{address(ticket)}?sent={form['form_key']}"
    ticket.refresh_from_db()
    assert (ticket.status, ticket.due_at, ticket.assignee) == (status, None, sergey)
    said = ticket.messages.latest("id")
    assert (said.kind, said.text, said.author) == ("public", "Починили", sergey)
    assert letters_to(anna)[-1] == ("ticket_resolved" if after == "resolve" else "ticket_reply")


def test_a_reply_carries_files(sign_in, sergey, ticket):
    form = {"text": "Смотрите снимок", "files": [picture()], "form_key": uuid4()}
    sign_in(sergey).post(address(ticket, "reply"), form)
    assert ticket.messages.latest("id").attachments.get().name == "Снимок.png"


def test_the_same_form_sent_twice_says_it_once(sign_in, sergey, ticket):
    form = {"text": "Починили", "form_key": uuid4(), "after": "resolve"}
    for _time in range(2):
        assert sign_in(sergey).post(address(ticket, "reply"), form).status_code == 302
    assert ticket.messages.count() == 2


def test_an_empty_reply_is_refused_and_its_files_are_kept(sign_in, sergey, ticket):
    form = {"text": " \x00 ", "files": [picture()], "form_key": uuid4(), "after": "wait"}
    response = sign_in(sergey).post(address(ticket, "reply"), form)
    page = soup(response)
    assert response.status_code == 422
    assert page.select_one(".composer .error")
    assert page.select_one("[name=kept]")["value"] == str(Attachment.objects.get().pk)
    assert page.select_one("[name=after] [selected]")["value"] == "wait"
    assert ticket.messages.count() == 1


def test_a_reply_to_an_outdated_conversation_is_stopped_and_shows_what_came_in(
    sign_in, sergey, anna, ticket, answer
):
    client = sign_in(sergey)
    seen = last_seen(client, ticket)
    answer(ticket, "Уже второй гость", author=anna)
    form = {"text": "Это один банк", "after": "resolve", "seen": seen, "form_key": uuid4()}
    response = client.post(address(ticket, "reply"), form)
    page = soup(response)
    assert response.status_code == 422
    assert page.select_one(".composer textarea").text.strip() == "Это один банк"
    fresh = page.select_one(".fresh").find_next("article")
    assert "Уже второй гость" in fresh.text
    ticket.refresh_from_db()
    assert ticket.status == "new"
    assert ticket.messages.count() == 2
    # Read by now: the page knows the latest, and the same reply goes out.
    form["seen"] = page.select_one(".composer [name=seen]")["value"]
    assert client.post(address(ticket, "reply"), form).status_code == 302
    ticket.refresh_from_db()
    assert ticket.status == "resolved"


def test_a_note_that_came_in_stops_no_reply(sign_in, sergey, galina, ticket, at):
    client = sign_in(sergey)
    seen = last_seen(client, ticket)
    actions.note(ticket=ticket, author=galina, text="Спешка", form_key=uuid4(), at=at)
    form = {"text": "Починили", "seen": seen, "form_key": uuid4()}
    assert client.post(address(ticket, "reply"), form).status_code == 302


def test_a_note_stays_with_the_staff(sign_in, sergey, anna, ticket, letters_to):
    before = letters_to(anna)
    form = {"mode": "note", "text": "Между нами", "form_key": uuid4()}
    assert sign_in(sergey).post(address(ticket, "note"), form).status_code == 302
    assert ticket.messages.get(text="Между нами").kind == "note"
    assert letters_to(anna) == before
    assert "Между нами" not in sign_in(anna).get(f"/cabinet/{ticket.number}/").content.decode()


def test_what_was_meant_as_a_note_is_never_sent_as_a_reply(sign_in, sergey, ticket):
    form = {"mode": "note", "text": "Клиент опять кричит", "form_key": uuid4()}
    sign_in(sergey).post(address(ticket, "reply"), form)
    assert ticket.messages.latest("id").kind == "note"


def test_an_empty_note_is_refused_where_it_was_written(sign_in, sergey, ticket):
    response = sign_in(sergey).post(address(ticket, "note"), {"mode": "note", "text": ""})
    assert response.status_code == 422
    assert soup(response).select_one("[name=mode][value=note]").has_attr("checked")


def test_the_table_of_triage_offers_legal_cells_only(sign_in, sergey, ticket):
    page = soup(sign_in(sergey).get(address(ticket)))
    offered: dict[str, set[str]] = {}
    for cell in page.select("[name=cell]"):
        category, _sign, priority = cell["value"].partition(":")
        offered.setdefault(category, set()).add(priority)
    assert offered == LEGAL
    assert not page.select("[name=cell][checked]")


def test_triage_sets_both_and_marks_the_cell(sign_in, sergey, ticket):
    client = sign_in(sergey)
    response = client.post(address(ticket, "triage"), {"cell": "incident:high"}, follow=True)
    ticket.refresh_from_db()
    assert (ticket.category, ticket.priority, ticket.status) == ("incident", "high", "open")
    assert soup(response).select_one("[name=cell][checked]")["value"] == "incident:high"


@pytest.mark.parametrize("cell", ["change_request:high", "incident:urgent", "x", "", "x" * 99])
def test_an_illegal_cell_is_refused_in_words(sign_in, sergey, ticket, cell):
    response = sign_in(sergey).post(address(ticket, "triage"), {"cell": cell}, follow=True)
    assert soup(response).select_one(".notices [data-kind=late]")
    ticket.refresh_from_db()
    assert (ticket.category, ticket.priority) == ("incident", None)


def test_the_database_refuses_a_high_request_too(ticket):
    with pytest.raises(IntegrityError, match="requests_are_low_or_medium"), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk).update(category="change_request", priority="high")


def test_who_may_not_triage_is_told_so(sign_in, maxim, ticket):
    client = sign_in(maxim)
    assert soup(client.get(address(ticket))).select_one("fieldset.matrix").has_attr("disabled")
    response = client.post(address(ticket, "triage"), {"cell": "incident:high"}, follow=True)
    assert soup(response).select_one(".notices [data-kind=late]")
    ticket.refresh_from_db()
    assert ticket.priority is None


def test_it_is_given_to_somebody_and_taken_off_again(sign_in, sergey, daria, ticket):
    client = sign_in(sergey)
    for person, wanted in ((daria, daria.pk), (None, "")):
        client.post(address(ticket, "assign"), {"assignee": wanted})
        ticket.refresh_from_db()
        assert ticket.assignee == person


def test_customers_and_strangers_cannot_be_given_tickets(sign_in, sergey, anna, ticket):
    for wanted in (anna.pk, 10**9, "x"):
        response = sign_in(sergey).post(
            address(ticket, "assign"), {"assignee": wanted}, follow=True
        )
        assert soup(response).select_one(".notices [data-kind=late]")
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_who_gives_it_out_of_sight_is_led_to_the_queue(sign_in, sergey, daria, ticket, at):
    actions.assign(ticket=ticket, actor=sergey, assignee=daria, at=at)
    response = sign_in(daria).post(address(ticket, "assign"), {"assignee": sergey.pk})
    assert response.url == reverse("desk:queue")


@pytest.mark.parametrize("status", ["waiting_customer", "in_development"])
def test_it_waits_or_is_developed_and_comes_back_to_work(sign_in, sergey, ticket, status):
    client, due = sign_in(sergey), ticket.due_at
    for wanted in (status, "open"):
        client.post(address(ticket, "status"), {"status": wanted})
        ticket.refresh_from_db()
        assert (ticket.status, ticket.due_at) == (wanted, due)


@pytest.mark.parametrize("status", ["resolved", "closed", "new", "x", ""])
def test_a_status_that_is_no_answer_to_what_next_is_refused(sign_in, sergey, ticket, status):
    response = sign_in(sergey).post(address(ticket, "status"), {"status": status}, follow=True)
    assert soup(response).select_one(".notices [data-kind=late]")
    ticket.refresh_from_db()
    assert ticket.status == "new"


def test_it_moves_between_the_queues(sign_in, sergey, maxim, ticket):
    client = sign_in(sergey)
    for addressee, assignee in (("manager", maxim), ("support", None)):
        client.post(address(ticket, "readdress"), {"addressee": addressee})
        ticket.refresh_from_db()
        assert (ticket.addressee, ticket.assignee) == (addressee, assignee)


def test_silence_solves_and_closes_nothing(sign_in, sergey, ticket):
    for move in ("resolve", "close"):
        response = sign_in(sergey).post(address(ticket, move), follow=True)
        assert soup(response).select_one(".notices [data-kind=late]")
    ticket.refresh_from_db()
    assert ticket.status == "new"
    assert not soup(response).select("form[action$='/resolve/']")


def test_after_an_answer_it_is_solved_closed_and_taken_up_again(sign_in, sergey, ticket, answer):
    answer(ticket)
    client = sign_in(sergey)
    for move, status in (("resolve", "resolved"), ("close", "closed"), ("reopen", "open")):
        client.post(address(ticket, move))
        ticket.refresh_from_db()
        assert ticket.status == status


def test_it_is_not_solved_over_a_message_that_nobody_has_read(
    sign_in, sergey, anna, ticket, answer
):
    answer(ticket)
    client = sign_in(sergey)
    seen = last_seen(client, ticket)
    answer(ticket, "Не помогло", author=anna)
    client.post(address(ticket, "resolve"), {"seen": seen})
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_a_ticket_closed_for_long_takes_notes_only(sign_in, sergey, ticket, answer, at):
    long_ago = at - timedelta(days=900)
    answer(ticket)
    actions.close(ticket=ticket, actor=sergey, at=long_ago)
    client = sign_in(sergey)
    page = soup(client.get(address(ticket)))
    assert [one["value"] for one in page.select("[name=mode]")] == ["note"]
    assert not page.select("form[action$='/reopen/']")
    form = {"mode": "reply", "text": "Ещё тут?", "form_key": uuid4()}
    assert client.post(address(ticket, "reply"), form).status_code == 422
    form["mode"] = "note"
    assert client.post(address(ticket, "note"), form).status_code == 302


def test_the_ledger_says_what_set_each_due_time(sign_in, sergey, ticket, at):
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="low", at=at)
    page = soup(sign_in(sergey).get(address(ticket)))
    lines = page.select(".ledger")[0].select("tbody tr")
    assert [line.select_one("td:last-child").text.strip()[-5:] for line in lines] == [
        "12:30",
        "14:00",
    ]
    promise = page.select(".ledger tfoot tr")[0]  # laxer now, but the promise holds
    assert promise.select_one("th").text.endswith("12:30")


def test_the_history_says_everything_in_words(sign_in, sergey, maxim, daria, ticket, answer, at):
    for act, values in (
        (actions.triage, {"category": "incident", "priority": "high"}),
        (actions.assign, {"assignee": daria}),
        (actions.assign, {"assignee": None}),
        (actions.set_status, {"status": "in_development"}),
        (actions.readdress, {"addressee": "manager"}),
        (actions.readdress, {"addressee": "support"}),
    ):
        act(ticket=ticket, actor=sergey, at=at, **values)
    answer(ticket)
    for act in (actions.close, actions.reopen):
        act(ticket=ticket, actor=sergey, at=at)
    lines = [line.text for line in soup(sign_in(sergey).get(address(ticket))).select("#history li")]
    assert len(lines) == ticket.events.count() - 1  # the status of the closing is not said twice
    codes = set(ticket.events.values_list("code", flat=True))
    assert not [
        code for code in codes for line in lines if f" {code}" in f" {line}" and "_" in code
    ]
    assert all(line.split() for line in lines)


def test_the_other_tickets_of_the_customer_are_at_hand(sign_in, sergey, boris, ticket, file, at):
    theirs = file(subject="Скидка", at=at + MINUTE)
    file(subject="Чужое", person=boris)
    page = soup(sign_in(sergey).get(address(ticket)))
    links = [link["href"] for link in page.select(".side .rows a")]
    assert links == [address(theirs)]


def test_a_page_that_asks_again_gets_only_what_is_new(sign_in, sergey, anna, ticket, answer, at):
    client = sign_in(sergey)
    page = soup(client.get(address(ticket)))
    seen = {
        "seen": page.select_one("#seen")["value"],
        "event": page.select_one("#history input")["value"],
        "mark": page.select_one("#here input")["value"],
    }
    asks = {"data": seen, "headers": {"HX-Request": "true"}}
    assert client.get(address(ticket), **asks).status_code == 204
    answer(ticket, "Ещё одно", author=anna)
    actions.note(ticket=ticket, author=sergey, text="Между нами", form_key=uuid4(), at=at)
    news = soup(client.get(address(ticket), **asks))
    assert [one["data-from"] for one in news.select("article")] == ["customer", "note"]
    assert {one["id"] for one in news.select("[hx-swap-oob]")} == {
        "seen", "standing", "ledger", "history", "here", "drafts",
    }  # fmt: skip
    assert not news.select(".composer")


def test_a_page_that_asks_again_learns_of_a_triage(sign_in, sergey, galina, ticket, at):
    client = sign_in(sergey)
    page = soup(client.get(address(ticket)))
    event = page.select_one("#history input")["value"]
    actions.triage(ticket=ticket, actor=galina, category="incident", priority="high", at=at)
    response = client.get(
        address(ticket),
        {"seen": page.select_one("#seen")["value"], "event": event},
        headers={"HX-Request": "true"},
    )
    assert soup(response).select_one("#standing .prio")["data-level"] == "high"


def test_the_cost_does_not_grow_with_the_conversation(sign_in, sergey, ticket, answer, file, at):
    client, costs = sign_in(sergey), []
    client.get(address(ticket))
    for count in (2, 6):
        for number in range(count):
            answer(ticket, f"Ответ {number}")
            actions.note(ticket=ticket, author=sergey, text="…", form_key=uuid4(), at=at)
            file(at=at + number * MINUTE)
        with CaptureQueriesContext(connection) as queries:
            client.get(address(ticket))
        costs.append(len(queries))
    assert Message.objects.filter(ticket=ticket).count() == 17
    assert costs[0] == costs[1] <= 12


def test_the_page_holds_no_script_or_style_of_its_own(sign_in, sergey, solved):
    page = soup(sign_in(sergey).get(address(solved)))
    assert not page.select("style, [style], script:not([src])")
    assert not [name for tag in page.find_all() for name in tag.attrs if name.startswith("on")]
