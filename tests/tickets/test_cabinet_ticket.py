"""A ticket in the cabinet: reading, answering, closing, and what never leaves the staff."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from tickets import actions, identity
from tickets.models import Attachment, Message, Ticket

SECRET = "Клиент уже грозил уйти, осторожно"


@pytest.fixture
def ticket(anna, hotel, at):
    return actions.file_ticket(
        person=anna,
        property=hotel,
        category="incident",
        subject="Не открывается шахматка",
        description="С утра белый экран.",
        details={"steps": "Открыли и ждём", "impact": "all"},
        evidence=identity.session(),
        form_key=uuid4(),
        at=at,
    )


@pytest.fixture
def page(ticket):
    return f"/cabinet/{ticket.number}/"


def say(ticket, author, text, at, **changes):
    return actions.reply(
        ticket=ticket, author=author, text=text, form_key=uuid4(), at=at, **changes
    )


def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(out, "PNG")
    return SimpleUploadedFile("Снимок.png", out.getvalue(), content_type="image/png")


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def spoken(response):
    return [one.select_one(".body p").text for one in soup(response).select("article.msg")]


def test_the_conversation_is_read_in_order_with_who_said_it(
    sign_in, anna, sergey, ticket, page, at
):
    say(ticket, sergey, "Смотрим, ответим через час.", at + timedelta(minutes=5))
    response = sign_in(anna).get(page)
    assert spoken(response) == ["С утра белый экран.", "Смотрим, ответим через час."]
    sides = [one["data-from"] for one in soup(response).select("article.msg")]
    assert sides == ["customer", "staff"]


def test_who_may_read_it(sign_in, anna, boris, vera, elena, sergey, ticket, page):
    assert sign_in(anna).get(page).status_code == 200
    assert sign_in(boris).get(page).status_code == 200
    assert sign_in(vera).get(page).status_code == 404
    assert sign_in(elena).get(page).status_code == 403
    assert sign_in(None).get(page).url.startswith("/accounts/login/")
    assert sign_in(sergey).get(page).url == f"/desk/{ticket.number}/"


def test_a_colleague_who_sees_only_own_tickets_does_not_find_it(sign_in, boris, anna, at):
    theirs = actions.file_ticket(
        person=boris,
        property=None,
        category="incident",
        subject="Другое",
        description="Другое",
        evidence=identity.session(),
        form_key=uuid4(),
        at=at,
    )
    assert sign_in(anna).get(f"/cabinet/{theirs.number}/").status_code == 404


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 40])
def test_a_number_that_nobody_has_is_not_found(sign_in, anna, number):
    assert sign_in(anna).get(f"/cabinet/{number}/").status_code == 404


def test_notes_never_reach_a_customer(sign_in, anna, boris, sergey, ticket, page, at):
    kept = actions.keep_upload(person=sergey, upload=picture(), at=at)
    actions.note(
        ticket=ticket, author=sergey, text=SECRET, attachments=[kept.id], form_key=uuid4(), at=at
    )
    note = Message.objects.get(kind="note")
    for person in (anna, boris):
        client = sign_in(person)
        polled = client.get(page, {"seen": "0-0"}, headers={"HX-Request": "true"})
        refused = client.post(f"{page}reply/", {"text": ""})
        for response in (client.get(page), polled, refused, client.get("/cabinet/")):
            shown = response.content.decode()
            assert SECRET not in shown
            assert str(kept.id) not in shown
            assert f"message-{note.pk}" not in shown
        assert all(one.kind == "public" for one in _messages(client.get(page)))


def _messages(response):
    return [item.message for day in response.context["days"] for item in day.items if item.message]


def test_what_support_does_inside_is_not_shown(sign_in, anna, sergey, galina, ticket, page, at):
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="critical", at=at)
    actions.assign(ticket=ticket, actor=sergey, assignee=galina, at=at)
    actions.note(ticket=ticket, author=sergey, text=SECRET, form_key=uuid4(), at=at)
    response = sign_in(anna).get(page)
    codes = [i.event.code for day in response.context["days"] for i in day.items if i.event]
    assert codes == ["filed"]
    assert "critical" not in response.content.decode()


def test_the_page_says_until_when_and_why(sign_in, anna, ticket, page):
    Ticket.objects.filter(pk=ticket.pk).update(due_at=timezone.now() + timedelta(minutes=30))
    client = sign_in(anna)
    client.cookies["language"] = "en"
    shown = soup(client.get(page))
    assert "You wait for us" in shown.select_one("#standing").text
    lines = [line.text for line in shown.select("#standing .why li")]
    assert lines[0].startswith("The ticket reached us")
    assert any("30 minutes" in line for line in lines)


def test_a_reply_is_added_and_its_files_with_it(sign_in, anna, ticket, page):
    key = str(uuid4())
    sent = {"text": "И в телефоне тоже.", "form_key": key, "files": picture()}
    response = sign_in(anna).post(f"{page}reply/", sent)
    assert response.url == f"{page}?sent={key}"
    message = ticket.messages.last()
    assert (message.text, message.author) == ("И в телефоне тоже.", anna)
    assert message.attachments.get().name == "Снимок.png"


def test_a_reply_sent_twice_is_said_once(sign_in, anna, ticket, page):
    client, sent = sign_in(anna), {"text": "Ещё раз", "form_key": str(uuid4())}
    client.post(f"{page}reply/", sent)
    client.post(f"{page}reply/", sent)
    assert ticket.messages.filter(text="Ещё раз").count() == 1


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\n\n"])
def test_an_empty_reply_is_refused_beside_its_field(sign_in, anna, ticket, page, text):
    response = sign_in(anna).post(f"{page}reply/", {"text": text, "form_key": str(uuid4())})
    assert response.status_code == 422
    assert soup(response).select("#reply .field[data-invalid] #id_text_error")
    assert ticket.messages.count() == 1


def test_a_refused_reply_keeps_its_files(sign_in, anna, ticket, page):
    client = sign_in(anna)
    response = client.post(f"{page}reply/", {"text": "", "files": picture()})
    kept = Attachment.objects.get()
    assert soup(response).select_one("#reply input[name=kept]")["value"] == str(kept.id)
    client.post(f"{page}reply/", {"text": "Вот снимок", "kept": str(kept.id)})
    assert ticket.messages.last().attachments.get() == kept


def test_htmx_gets_only_the_form_back_when_a_reply_is_refused(sign_in, anna, ticket, page):
    response = sign_in(anna).post(f"{page}reply/", {"text": ""}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "<html" not in response.content.decode()
    assert soup(response).select_one("form#reply")


def test_outsiders_can_do_nothing_to_it(sign_in, vera, elena, sergey, ticket, page):
    for step in ("reply/", "close/", "reopen/", "join/", "rate/"):
        assert sign_in(vera).post(page + step, {"text": "Эй"}).status_code == 404
        assert sign_in(elena).post(page + step, {"text": "Эй"}).status_code == 403
        assert sign_in(sergey).post(page + step, {"text": "Эй"}).status_code == 403
        assert sign_in(None).post(page + step).url.startswith("/accounts/login/")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.messages.count()) == ("new", 1)


def test_steps_take_posts_alone(sign_in, anna, ticket, page):
    client = sign_in(anna)
    for step in ("reply/", "close/", "reopen/", "join/", "rate/"):
        assert client.get(page + step).status_code == 405
    assert client.post(page).status_code == 405
    assert client.delete(page).status_code == 405


def test_a_colleague_reads_and_writes_once_they_have_joined(sign_in, boris, ticket, page):
    client, said = sign_in(boris), {"text": "Это срочно", "form_key": str(uuid4())}
    shown = soup(client.get(page))
    assert not shown.select("form#reply")
    assert not shown.select(f'form[action="{page}close/"]')
    assert shown.select_one(f'form[action="{page}join/"] button')
    assert client.post(f"{page}reply/", said).status_code == 422
    assert client.post(f"{page}join/").url == page
    assert soup(client.get(page)).select("form#reply")
    client.post(f"{page}reply/", said)
    assert ticket.messages.last().author == boris


def test_the_customer_closes_a_solved_ticket(sign_in, anna, sergey, ticket, page, at):
    actions.resolve(ticket=ticket, actor=sergey, text="Починили", form_key=uuid4(), at=at)
    client = sign_in(anna)
    assert soup(client.get(page)).select_one(f'form[action="{page}close/"]')
    assert client.post(f"{page}close/").url == page
    ticket.refresh_from_db()
    assert ticket.status == "closed"


def test_still_broken_opens_it_again_and_we_owe_an_answer(sign_in, anna, sergey, ticket, page, at):
    actions.resolve(ticket=ticket, actor=sergey, text="Починили", form_key=uuid4(), at=at)
    sign_in(anna).post(f"{page}reply/", {"text": "Нет, всё так же", "form_key": str(uuid4())})
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert ticket.due_at is not None


def test_reopening_an_open_ticket_is_refused_with_words(sign_in, anna, ticket, page):
    response = sign_in(anna).post(f"{page}reopen/", follow=True)
    assert response.status_code == 200
    assert soup(response).select(".notices .call")


def test_long_after_closing_a_new_ticket_is_asked_for(sign_in, anna, ticket, page, at):
    actions.close(ticket=ticket, actor=anna, at=at)
    Ticket.objects.filter(pk=ticket.pk).update(closed_at=timezone.now() - timedelta(days=15))
    client = sign_in(anna)
    shown = soup(client.get(page))
    assert not shown.select("form#reply")
    assert shown.select(f'.call a[href="/cabinet/new/?follows={ticket.number}"]')
    response = client.post(f"{page}reply/", {"text": "Снова", "form_key": str(uuid4())})
    assert response.status_code == 422
    assert ticket.messages.count() == 1


def test_news_come_alone_and_only_once(sign_in, anna, sergey, ticket, page, at):
    client, asks = sign_in(anna), {"HX-Request": "true"}
    seen = soup(client.get(page)).select_one("#seen")["value"]
    assert client.get(page, {"seen": seen}, headers=asks).status_code == 204
    say(ticket, sergey, "Починили", at, waits_for_customer=True)
    news = client.get(page, {"seen": seen}, headers=asks)
    assert spoken(news) == ["Починили"]
    assert soup(news).select_one("#state .pill")["data-state"] == "you"
    later = soup(news).select_one("#seen")["value"]
    assert client.get(page, {"seen": later}, headers=asks).status_code == 204


@pytest.mark.parametrize("seen", ["", "x", "-", "1-x", "9" * 40 + "-1", "\x00-\x00"])
def test_a_strange_mark_of_what_was_seen_does_no_harm(sign_in, anna, ticket, page, seen):
    response = sign_in(anna).get(page, {"seen": seen}, headers={"HX-Request": "true"})
    assert response.status_code in {200, 204}


def test_what_people_type_is_shown_as_typed(sign_in, anna, ticket, page, at):
    say(ticket, anna, "<script>alert(1)</script> https://verf.example/a?b=1&c=2", at)
    body = soup(sign_in(anna).get(page)).select("article.msg .body")[-1]
    assert not body.select("script")
    assert body.select_one("a[href]")["href"] == "https://verf.example/a?b=1&c=2"


def test_pictures_are_shown_small_and_every_file_can_be_taken(sign_in, anna, ticket, page):
    client = sign_in(anna)
    client.post(f"{page}reply/", {"text": "Снимок", "files": picture()})
    kept = Attachment.objects.get()
    shown = soup(client.get(page)).select_one("article.msg .file")
    assert shown.img["src"] == f"/attachments/{kept.id}/preview/"
    assert shown.select(f'a[href="/attachments/{kept.id}/"]')


def test_the_way_to_the_head_of_support_names_this_ticket(sign_in, anna, ticket, page):
    links = [link["href"] for link in soup(sign_in(anna).get(page)).select("aside a[href]")]
    assert f"{page}head/" in links


def test_the_page_costs_the_same_for_a_short_and_a_long_conversation(
    sign_in, anna, boris, sergey, ticket, page, at, django_assert_max_num_queries
):
    client = sign_in(anna)
    actions.join(ticket=ticket, actor=boris, at=at)
    say(ticket, sergey, "Ответ", at)
    say(ticket, boris, "Вопрос", at)
    client.get(page)  # the first page of a session also writes the session
    with django_assert_max_num_queries(20) as short:
        client.get(page)
    for _n in range(10):
        say(ticket, sergey, "Ответ", at)
        say(ticket, boris, "Вопрос", at)
    client.get(page)  # the first page of a session also writes the session
    with django_assert_max_num_queries(20) as long:
        client.get(page)
    assert len(long) == len(short)
