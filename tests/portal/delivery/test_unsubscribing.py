"""Letters that a reader does without: one click ends them, one more brings them back."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from portal.delivery import letters, manners, outbox, secrets, sending, transports, unsubscribing
from portal.delivery.models import Delivery, State, Unsubscribed

pytestmark = pytest.mark.django_db
SERGEY = "sergey@hotbot.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def a_letter(name: str = "ticket_watched", key: str = "one") -> Delivery:
    context = {"number": 7, "subject": "Шахматка", "name": "Сергей", "url": "https://x.example"}
    context |= {"author": "Анна", "organization": "Верфь", "what": "message", "text": "Так"}
    outbox.write(
        letter=name,
        recipient=SERGEY,
        language="en",
        context=context,
        dedupe_key=key,
        at=timezone.now(),
    )
    return Delivery.objects.get(dedupe_key=key)


def link_of(delivery: Delivery) -> str:
    """Give the path that a mail program reads from the header."""
    found = re.fullmatch(
        r"<https?://[^/]+(/letters/[^>]+)>",
        transports.compose(delivery).message()["List-Unsubscribe"],
    )
    assert found
    return found[1]


def test_one_click_of_a_mail_program_ends_these_letters() -> None:
    delivery = a_letter()
    message = transports.compose(delivery).message()
    # No cookie, no form of ours: what a mail program sends (RFC 8058, 3.2).
    answer = Client(enforce_csrf_checks=True).post(link_of(delivery), ONE_CLICK)

    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert answer.status_code == 200
    sending.drain()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == (State.REFUSED, "unsubscribed")
    assert not mail.outbox


def test_ending_twice_is_ending_once_and_the_page_undoes_it() -> None:
    delivery, client = a_letter(), Client()
    path = link_of(delivery)
    for _time in range(2):
        client.post(path, ONE_CLICK)
    assert Unsubscribed.objects.count() == 1

    assert b'value="yes"' in client.get(path).content
    assert client.post(path, {"wanted": "yes"}).status_code == 302
    sending.drain()
    delivery.refresh_from_db()
    assert delivery.state == State.SENT


def test_opening_the_link_changes_nothing() -> None:
    """Programs that look through mail open every link."""
    path = link_of(a_letter())
    for method in ("get", "head"):
        assert getattr(Client(), method)(path).status_code == 200
    assert not Unsubscribed.objects.exists()


def test_the_button_of_the_page_ends_them_too() -> None:
    path = link_of(a_letter())
    page = Client().get(path).content.decode()
    assert "Новости" in page or "News of tickets that you watch" in page
    Client().post(path, {"wanted": "no"}, follow=True)
    assert Unsubscribed.objects.get().address == SERGEY


def test_only_letters_of_that_kind_stop() -> None:
    watched, assigned = a_letter(), a_letter("ticket_assigned", "two")
    Client().post(link_of(watched), ONE_CLICK)
    sending.drain()
    assigned.refresh_from_db()
    assert assigned.state == State.SENT
    assert "List-Unsubscribe" not in mail.outbox[0].message()


@pytest.mark.parametrize("name", sorted(manners.MANNERS))
def test_what_customers_need_and_codes_cannot_be_ended(name: str) -> None:
    manner = manners.of(name)
    if manner.is_answerable or manner.is_code or name in {"duty_alert", "clock_late"}:
        assert not manner.topic


@pytest.mark.parametrize(
    "token",
    [
        "no-such-token",
        secrets.seal({"unsubscribe": "everything", "from": SERGEY}).decode(),
        secrets.seal({"code": "481-516"}).decode(),
        "ы" * 20,
    ],
)
def test_a_link_that_is_not_ours_ends_nothing(token: str) -> None:
    path = f"/letters/{token}/"
    assert Client().get(path).status_code == 404
    assert Client().post(path, ONE_CLICK).status_code == 404
    assert not Unsubscribed.objects.exists()


def test_other_methods_are_refused() -> None:
    assert Client().put(link_of(a_letter())).status_code == 405


def test_the_admin_shows_no_link_that_ends_letters_of_others() -> None:
    delivery = a_letter()
    shown = letters.render(delivery, with_secret=False)
    assert "/letters/" not in shown.text + shown.html
    sent = letters.render(delivery, with_secret=True)
    assert "/letters/" in sent.text
    assert unsubscribing.address_of(delivery).startswith("http")
