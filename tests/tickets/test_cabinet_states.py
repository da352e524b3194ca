"""Where a ticket stands, in the words of customers: on its page and in the list."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tickets import actions
from tickets.models import Development, Eta, Ticket

DAY = timedelta(days=1)
SignIn = Callable[[User | None], Client]


def answered(ticket: Ticket, sergey: User, **more: Any) -> Ticket:
    at = timezone.now()
    actions.reply(ticket=ticket, author=sergey, text="…", form_key=uuid4(), at=at, **more)
    ticket.refresh_from_db()
    return ticket


def words(client: Client, ticket: Ticket) -> list[str]:
    """Give what page and list say of where a ticket stands, in English."""
    client.cookies["language"] = "en"
    page = BeautifulSoup(client.get(ticket.get_absolute_url()).content, "html.parser")
    row = BeautifulSoup(client.get("/cabinet/").content, "html.parser").select_one(".tickets .when")
    places = page.select_one("#state"), row, page.select_one("#standing")
    return [" ".join(place.text.split()) for place in places]


@pytest.fixture
def developed(ticket: Ticket, sergey: User) -> Ticket:
    """Anna's incident, with the developers: news by 25 November of next year, ready by December."""
    answered(ticket, sergey)
    year = timezone.now().year + 1
    matter = Development.objects.create(
        title="Скидка", brief="…", created_by=sergey, created_at=timezone.now(),
        eta_on=date(year, 12, 2), news_due_at=datetime(year, 11, 25, 9, tzinfo=timezone.get_current_timezone()),
    )  # fmt: skip
    for number, text in ((1, "Нашли причину"), (2, "Исправили, проверяем")):
        Eta.objects.create(
            development=matter, number=number, eta_on=matter.eta_on, news_due_at=matter.news_due_at,
            reason="тайна команды", customer_text=text, author=sergey, at=timezone.now(),
        )  # fmt: skip
    Ticket.objects.filter(pk=ticket.pk).update(development=matter, status="in_development")
    ticket.refresh_from_db()
    return ticket


def test_waiting_for_the_customer_says_when_we_remind_and_close(
    ticket: Ticket, anna: User, sergey: User, sign_in: SignIn
) -> None:
    answered(ticket, sergey, waits_for_customer=True)
    state, row, standing = words(sign_in(anna), ticket)
    assert state == row == "Waiting for you We need your answer to go on"
    assert "If there is no answer, we remind you" in standing
    Ticket.objects.filter(pk=ticket.pk).update(
        reminded_at=timezone.now() + DAY, closes_at=timezone.now() + DAY
    )
    state, row, standing = words(sign_in(anna), ticket)
    assert state == row
    assert "without it we close the ticket tomorrow" in state
    assert "within 14 days" in standing


def test_an_agreed_day_is_named(ticket: Ticket, anna: User, sergey: User, sign_in: SignIn) -> None:
    answered(ticket, sergey)
    day = timezone.localdate() + 9 * DAY
    actions.agree_date(ticket=ticket, actor=sergey, agreed_on=day, at=timezone.now())
    state, row, _standing = words(sign_in(anna), ticket)
    assert state == row == f"Put off until the day we agreed on We go on {day:%-d %B}"


def test_waiting_for_the_identification_says_what_to_do(
    ticket: Ticket, anna: User, sergey: User, sign_in: SignIn
) -> None:
    answered(ticket, sergey)
    actions.set_status(
        ticket=ticket, actor=sergey, status="waiting_identification", at=timezone.now()
    )
    state, row, standing = words(sign_in(anna), ticket)
    assert state == row
    assert "Tell us that it is you" in state
    assert "Answer here, signed in with your own account" in standing
    listed = sign_in(anna).get("/cabinet/?view=waiting").content.decode()
    assert ticket.get_absolute_url() in listed
    actions.reply(ticket=ticket, author=anna, text="Это я", form_key=uuid4(), at=timezone.now())
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_in_development_names_the_day_of_news_and_what_was_said_last(
    developed: Ticket, anna: User, sign_in: SignIn
) -> None:
    state, row, standing = words(sign_in(anna), developed)
    assert state == row
    assert "We promise news by 25 November, it should be ready by 2 December" in state
    assert "In development, we promise news by 25 November" in standing
    assert "Исправили, проверяем" in standing
    assert "Нашли причину" not in standing
    assert "тайна команды" not in sign_in(anna).get(developed.get_absolute_url()).content.decode()


def test_late_news_are_owned_up_to(developed: Ticket, anna: User, sign_in: SignIn) -> None:
    Development.objects.update(news_due_at=timezone.now() - DAY)
    state, row, _standing = words(sign_in(anna), developed)
    assert state == row
    assert "and are late, sorry" in state


def test_the_page_costs_at_most_twelve_queries_in_every_state(
    developed: Ticket, anna: User, boris: User, sergey: User, sign_in: SignIn
) -> None:
    actions.join(ticket=developed, actor=boris, at=timezone.now())
    clients = [sign_in(person) for person in (anna, boris)]
    for status in ("in_development", "waiting_customer", "open", "resolved"):
        Ticket.objects.filter(pk=developed.pk).update(
            status=status, resolved_at=timezone.now() if status == "resolved" else None
        )
        for client in clients:
            client.get(developed.get_absolute_url())
            with CaptureQueriesContext(connection) as asked:
                client.get(developed.get_absolute_url())
            assert len(asked) <= 12, [one["sql"][:90] for one in asked]


def test_what_customers_read_of_the_history_has_words_for_every_code(
    ticket: Ticket, anna: User, boris: User, sergey: User, at: datetime, sign_in: SignIn
) -> None:
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="low", at=at)
    until = at + timedelta(minutes=60)
    actions.move_promise(ticket=ticket, actor=sergey, promised_at=until, reason="Ждём банк", at=at)
    actions.join(ticket=ticket, actor=boris, at=at)
    actions.reply(
        ticket=ticket, author=sergey, text="?", form_key=uuid4(), waits_for_customer=True, at=at
    )
    actions.remind(ticket_id=ticket.pk, at=at + 3 * DAY)
    actions.close_by_silence(ticket_id=ticket.pk, at=at + 7 * DAY)
    actions.reopen(ticket=ticket, actor=anna, at=at + 8 * DAY)
    actions.agree_date(ticket=ticket, actor=sergey, agreed_on=date(2026, 12, 30), at=at + 8 * DAY)
    for person, page in ((anna, "cabinet"), (sergey, "desk")):
        client = sign_in(person)
        client.cookies["language"] = "en"
        shown = client.get(f"/{page}/{ticket.number}/").content.decode()
        for said in (
            "Ждём банк",
            "Closed: there was no answer",
            "We asked again",
            "takes part now",
        ):
            assert said in shown
