"""The queue of letters and the page of one: who comes in, what is shown, what it costs."""

from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.delivery.models import Delivery
from tests.tickets.mail import WITH_FILE, waiting
from tests.tickets.test_letters import told_code
from tickets import mail_routes
from tickets.models import IncomingLetter, Ticket
from tickets.views.desk import letters

LIST = reverse("desk:letters")
MINUTE = timedelta(minutes=1)
MOST_QUERIES = 12
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MAIL_ROOT = tmp_path / "mail"
    settings.ATTACHMENT_ROOT = tmp_path / "attachments"
    mail_routes._mailboxes.clear()
    yield
    mail_routes._mailboxes.clear()


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def page_of(letter):
    return reverse("desk:letter", args=[letter.pk])


def listed(client, **asked):
    links = soup(client.get(LIST, asked)).select(".letters .subj a")
    return [link.get_text() for link in links]


@pytest.fixture
def four(at):
    """Two that wait, one that was discarded, one in a ticket."""
    return {
        "old": waiting(at, subject="старое", reason="dmarc_fail"),
        "new": waiting(
            at + MINUTE, subject="новое", sender="i@stranger.example", sender_name="Иван"
        ),
        "spam": waiting(at, subject="спам", state="discarded", reason="spam"),
        "done": waiting(at, subject="готовое", state="done", reason=""),
    }


PERSONAS = {
    "anna": 403, "boris": 403, "olga": 403, "vera": 403, "sergey": 200, "galina": 200,
    "maxim": 403, "daria": 403, "elena": 403, "admin": 200,
}  # fmt: skip


@pytest.mark.parametrize("persona", PERSONAS)
def test_who_comes_in(sign_in, request, four, persona):
    client, expected = sign_in(request.getfixturevalue(persona)), PERSONAS[persona]
    letter = four["old"]
    for name in ("letter", "letter_original"):
        response = client.get(reverse(f"desk:{name}", args=[letter.pk]))
        assert response.status_code == expected
        for close in response._resource_closers:  # a served file stays open until it is read
            close()
    assert client.get(LIST).status_code == expected
    for name in ("send_code", "answer_code", "make_ticket", "discard", "put_back", "read_again"):
        response = client.post(reverse(f"desk:letter_{name}", args=[letter.pk]), {"reason": "?"})
        assert (response.status_code == 403) == (expected == 403)
        assert client.get(reverse(f"desk:letter_{name}", args=[letter.pk])).status_code in {
            403,
            405,
        }


def test_what_waits_comes_the_oldest_first(sign_in, sergey, four):
    client = sign_in(sergey)
    assert listed(client) == ["старое", "новое"]
    assert listed(client, state="away") == ["спам"]


def test_all_letters_are_for_the_head(sign_in, sergey, galina, four):
    for state in ("all", "done"):
        assert sign_in(sergey).get(LIST, {"state": state}).status_code == 403
    head = sign_in(galina)
    assert sorted(listed(head, state="all")) == ["готовое", "новое", "спам", "старое"]
    assert listed(head, state="done") == ["готовое"]
    assert "state=all" not in sign_in(sergey).get(LIST).content.decode()


def test_it_is_filtered_by_reason_and_day_and_searched_by_sender_and_subject(
    sign_in, galina, four, at
):
    client = sign_in(galina)
    assert listed(client, reason="dmarc_fail") == ["старое"]
    assert listed(client, day=f"{at:%Y-%m-%d}") == ["старое", "новое"]
    assert listed(client, day=f"{at - timedelta(days=1):%Y-%m-%d}") == []
    assert listed(client, q="stranger.example") == ["новое"]
    assert listed(client, q="Иван") == ["новое"]
    assert listed(client, q="СТАР") == ["старое"]
    assert listed(client, q="%") == []
    for nonsense in ({"state": "x"}, {"reason": "../.."}, {"day": "2026-99-99"}, {"after": "x~y"}):
        assert client.get(LIST, nonsense).status_code == 200


def test_pages_hang_together(sign_in, sergey, at, monkeypatch):
    monkeypatch.setattr(letters, "ROWS", 3)
    for number in range(8):
        # Of some the moment is the same: then the key decides.
        waiting(at + MINUTE * (number // 3), subject=f"n{number}")
    client, address, found = sign_in(sergey), LIST, []
    while address:
        page = soup(client.get(address))
        found += [link.get_text() for link in page.select(".letters .subj a")]
        onward = page.select_one("#page-next")
        address = LIST + onward["href"] if onward else ""
    assert sorted(found) == [f"n{number}" for number in range(8)]
    assert len(found) == 8


def test_the_list_costs_the_same_for_few_and_for_many(sign_in, galina, anna, at):
    client = sign_in(galina)

    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    waiting(at)
    client.get(LIST)
    few = cost()
    for _number in range(9):
        waiting(at)
    assert cost() == few <= MOST_QUERIES


def test_the_page_of_a_letter_costs_little(sign_in, sergey, anna, four):
    client = sign_in(sergey)
    client.get(page_of(four["old"]))
    with CaptureQueriesContext(connection) as queries:
        client.get(page_of(four["old"]))
    assert len(queries) <= MOST_QUERIES


def test_the_rail_counts_what_waits(sign_in, sergey, maxim, four):
    def counted(person):
        tab = soup(sign_in(person).get(reverse("desk:queue"))).select_one("#view-letters")
        return tab and tab.select_one(".count").contents[0]

    assert counted(sergey) == "2"
    assert counted(maxim) is None


def test_a_letter_has_to_be_seen_within_half_an_hour_of_support(sign_in, sergey, at):
    # Monday, 12:00 in Moscow, and after closing: then the clock begins in the morning.
    noon, night = waiting(at), waiting(at + timedelta(hours=10))
    assert letters.due_at(noon) == at + timedelta(minutes=30)
    assert letters.due_at(night) == at + timedelta(hours=20, minutes=30)
    client = sign_in(sergey)
    assert len(soup(client.get(LIST)).select(".letters .chip[data-due]")) == 2
    client.get(page_of(noon))
    noon.refresh_from_db()
    assert (noon.seen_by, letters.due_at(noon)) == (sergey, None)
    assert len(soup(client.get(LIST)).select(".letters .chip[data-due]")) == 1


def test_a_page_that_asks_again_is_told_that_nothing_has_changed(sign_in, sergey, four):
    client = sign_in(sergey)
    version = client.get(LIST).headers["ETag"]
    again = {"HTTP_HX_REQUEST": "true", "HTTP_IF_NONE_MATCH": version}
    assert client.get(LIST, **again).status_code == 304
    waiting(timezone.now())
    changed = client.get(LIST, **again)
    assert changed.status_code == 200
    assert b"<html" not in changed.content


def test_the_page_says_why_and_shows_words_only(sign_in, sergey, anna, at):
    text = "Привет <img src=https://evil.example/x.png> http://evil.example/pay"
    kept = waiting(at, text=text, detail="evil.example")
    response = sign_in(sergey).get(page_of(kept))
    page = soup(response)
    said = page.select_one(".as-written")
    assert said.get_text() == text
    assert not said.select("a, img")
    assert "DKIM" in page.select_one(".call").get_text()
    assert page.select_one(".card .avatar + span b").get_text() == anna.full_name
    assert page.select_one("[name=send-person]")["value"] == anna.email


def test_the_signs_of_the_sender_are_told(sign_in, sergey, at):
    raw = (
        b"Authentication-Results: mx.evil.example; dmarc=pass header.from=verf.example\r\n"
        b"DKIM-Signature: v=1; d=evil.example; s=s1; h=from:to; b=x\r\n"
        b"From: anna@verf.example\r\nReply-To: <a@evil.example>\r\n\r\nx\r\n"
    )
    page = soup(sign_in(sergey).get(page_of(waiting(at, raw=raw)))).select_one("details.card")
    words = page.get_text(" ", strip=True)
    for told in ("evil.example", "mx.evil.example; dmarc=pass", "a@evil.example", "h=from:to"):
        assert told in words


def test_the_ticket_that_it_may_be_about_is_suggested_and_no_more(sign_in, sergey, ticket, at):
    address = mail_routes.to_ticket(ticket.number) or "support@portal.example"
    assert "+" not in address  # nobody receives yet: the token is made once there is a mailbox
    waiting(at)
    mail_routes._mailboxes.clear()
    raw = f"From: anna@verf.example\r\nTo: {mail_routes.to_ticket(ticket.number)}\r\n\r\nx\r\n"
    kept = waiting(at, raw=raw.encode())
    page = soup(sign_in(sergey).get(page_of(kept)))
    assert page.select_one("[name=send-number]")["value"] == str(ticket.number)
    assert ticket.messages.count() == 1


def test_the_original_and_files_are_only_ever_saved(sign_in, sergey, at):
    kept = waiting(at, raw=WITH_FILE, names=["../счёт.html"], sizes=[27])
    client = sign_in(sergey)
    original = client.get(reverse("desk:letter_original", args=[kept.pk]))
    assert b"".join(original.streaming_content) == WITH_FILE
    file = client.get(reverse("desk:letter_file", args=[kept.pk, 0]))
    assert b"".join(file.streaming_content) == b"<script>alert(1)</script>"
    for response in (original, file):
        headers = response.headers
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("sandbox")
        assert headers["Cache-Control"] == "private, no-store"
    assert ".." not in file.headers["Content-Disposition"]
    assert client.get(reverse("desk:letter_file", args=[kept.pk, 1])).status_code == 404
    assert client.get(reverse("desk:letter_file", args=[uuid4(), 0])).status_code == 404
    assert (
        "не известно" in soup(client.get(page_of(kept))).get_text()
        or "not known" in soup(client.get(page_of(kept))).get_text()
    )


def test_a_text_is_tried_in_another_charset_and_stays_as_it_was(sign_in, sergey, at):
    raw = (
        b"From: anna@verf.example\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n"
        + "Проверка связи".encode("koi8-r")
        + b"\r\n"
    )
    kept = waiting(at, raw=raw, text="кракозябры")
    client = sign_in(sergey)
    page = soup(client.get(page_of(kept), {"charset": "koi8-r"}))
    assert page.select_one(".as-written").get_text().strip() == "Проверка связи"
    assert (
        soup(client.get(page_of(kept), {"charset": "zip"})).select_one(".as-written").get_text()
        == "кракозябры"
    )
    kept.refresh_from_db()
    assert kept.text == "кракозябры"


def test_a_code_by_the_page(sign_in, sergey, galina, anna, at):
    kept, client = waiting(timezone.now()), sign_in(sergey)
    sent = client.post(
        reverse("desk:letter_send_code", args=[kept.pk]), {"send-person": anna.email.upper()}
    )
    assert sent.status_code == 302
    assert len(soup(client.get(LIST)).select("[data-col=reason] small")) == 1
    assert not soup(sign_in(galina).get(page_of(kept))).select_one("[name=answer-code]")
    answer = reverse("desk:letter_answer_code", args=[kept.pk])
    wrong = client.post(answer, {"answer-code": "1"})
    assert wrong.status_code == 422
    assert soup(wrong).select_one("[data-invalid] .error")
    assert client.post(answer, {"answer-code": told_code(anna)}).status_code == 302
    assert Ticket.objects.get().requester == anna
    shown = soup(client.get(page_of(kept)))
    assert not shown.select_one("[name=answer-code]")


def test_a_call_by_the_page_needs_the_word_that_there_was_one(sign_in, sergey, anna, at):
    kept, client = waiting(timezone.now()), sign_in(sergey)
    address = reverse("desk:letter_make_ticket", args=[kept.pk])
    values = {"make-person": anna.email, "make-category": "information_request"}
    refused = client.post(address, values)
    assert refused.status_code == 422
    assert soup(refused).select_one("details[open] [data-invalid] .error")
    assert client.post(address, {**values, "make-category": "change_request"}).status_code == 422
    assert client.post(address, {**values, "make-called": "on"}).status_code == 302
    assert Ticket.objects.get().status == "waiting_identification"


def test_an_address_without_an_account_is_said_so(sign_in, sergey, at):
    kept, client = waiting(at), sign_in(sergey)
    refused = client.post(
        reverse("desk:letter_send_code", args=[kept.pk]),
        {"send-person": "nobody@verf.example", "send-number": "999999"},
    )
    assert refused.status_code == 422
    assert len(soup(refused).select("[data-invalid]")) == 2
    assert not Delivery.objects.exists()


def test_discarding_and_back_by_the_page(sign_in, sergey, galina, at):
    kept, client = waiting(at), sign_in(sergey)
    discard = reverse("desk:letter_discard", args=[kept.pk])
    assert client.post(discard, {"reason": "bored"}).status_code == 422
    assert client.post(discard, {"reason": "forged"}).status_code == 302
    late = sign_in(galina).post(discard, {"reason": "spam"})
    assert late.status_code == 422
    assert sergey.full_name in soup(late).select_one("[role=alert]").get_text()
    client.post(reverse("desk:letter_put_back", args=[kept.pk]))
    kept.refresh_from_db()
    assert (kept.state, kept.reason) == ("quarantined", "unsigned")


def test_several_are_discarded_only_as_spam_or_flood(sign_in, sergey, at):
    some, client = [waiting(at) for _number in range(3)], sign_in(sergey)
    address, keys = reverse("desk:letters_discard"), [str(one.pk) for one in some]
    for wrong in ("forged", "settled", ""):
        client.post(address, {"letter": keys, "reason": wrong})
    client.post(address, {"letter": ["x"], "reason": "spam"})
    assert IncomingLetter.objects.waiting().count() == 3
    done = client.post(address, {"letter": keys[:2], "reason": "spam", "here": "?q=x"})
    assert done.headers["Location"] == f"{LIST}?q=x"
    assert (
        client.post(
            address, {"letter": keys[:2], "reason": "spam", "here": "//evil.example"}
        ).headers["Location"]
        == LIST
    )
    assert IncomingLetter.objects.put_away().count() == 2


def test_a_forgotten_letter_says_so(sign_in, galina, at):
    kept = waiting(
        at, state="discarded", reason="spam", forgotten_at=at, sender="", subject="", text=""
    )
    client = sign_in(galina)
    assert "180" in soup(client.get(page_of(kept))).select_one(".call[data-kind=info]").get_text()
    assert "1" in soup(client.get(LIST, {"state": "all"})).select_one(".figures").get_text()


# In the ticket.


@pytest.fixture
def mailed(ticket, at):
    """Anna's first message, as if it had come by mail with a quote below it."""
    message = ticket.messages.get()
    text = f"{message.text}\n\n-- \nАнна\n\n> что было раньше"
    return waiting(
        at, state="done", reason="", verdict="authentic", is_authentic=True,
        text=text, ticket=ticket, message=message,
    )  # fmt: skip


def test_the_staff_sees_how_a_message_came_and_all_of_its_letter(
    sign_in, sergey, maxim, mailed, ticket
):
    page = soup(sign_in(sergey).get(reverse("desk:ticket", args=[ticket.number])))
    by_mail = page.select_one(".msg .by-mail")
    assert "anna@verf.example" in by_mail.get_text()
    assert by_mail.select_one("a")["href"] == page_of(mailed)
    assert "что было раньше" in page.select_one(".msg details.whole").get_text()
    managed = soup(sign_in(maxim).get(reverse("desk:ticket", args=[ticket.number])))
    assert managed.select_one(".by-mail")
    assert not managed.select_one(".by-mail a")


def test_a_letter_that_hides_nothing_has_nothing_to_unfold(sign_in, sergey, mailed, ticket):
    IncomingLetter.objects.update(text=ticket.messages.get().text.replace(" ", "\n"))
    page = soup(sign_in(sergey).get(reverse("desk:ticket", args=[ticket.number])))
    assert page.select_one(".by-mail")
    assert not page.select_one("details.whole")


def test_customers_see_their_message_without_what_the_staff_knows(sign_in, anna, mailed, ticket):
    page = sign_in(anna).get(reverse("cabinet:ticket", args=[ticket.number])).content.decode()
    assert ticket.messages.get().text in page
    assert "by-mail" not in page
    assert "что было раньше" not in page


def test_an_unproven_letter_is_on_no_page_of_a_customer(sign_in, anna, ticket, at):
    waiting(at, text="тайные слова", subject="тайная тема")
    client = sign_in(anna)
    for name, given in (("cabinet:list", []), ("cabinet:ticket", [ticket.number])):
        assert "тайн" not in client.get(reverse(name, args=given)).content.decode()
    assert "тайн" not in client.get(
        reverse("cabinet:list"), {"q": "тайные"}
    ).content.decode().replace("тайные", "")
