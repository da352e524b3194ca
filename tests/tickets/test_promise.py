"""The promise: earlier in silence, later only with a reason (rule 7)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed
from portal.templatetags.moments import MOSCOW
from tickets import actions, clock
from tickets.actions import promise, texts
from tickets.models import Ticket

MINUTE = timedelta(minutes=1)
Letters = Callable[[User], list[str]]
SignIn = Callable[[User | None], Client]


@pytest.fixture
def medium(ticket: Ticket, sergey: User, at: datetime) -> Ticket:
    """Anna's incident, medium: promised within 30 minutes, due within 90."""
    return actions.triage(
        ticket=ticket, actor=sergey, category="incident", priority="medium", at=at
    )


def move(ticket: Ticket, actor: User, until: datetime, at: datetime, **more: Any) -> Ticket:
    return actions.move_promise(ticket=ticket, actor=actor, promised_at=until, at=at, **more)


def test_earlier_is_silent(
    medium: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    """Rule 7."""
    moved = move(medium, sergey, at + 20 * MINUTE, at)
    assert moved.promised_at == moved.due_at == at + 20 * MINUTE
    assert letters_to(anna) == ["ticket_received"]
    assert medium.events.get(code="promise_earlier").until == at + 20 * MINUTE
    running = clock.open_clock(medium)
    assert running is not None
    assert running.lines.order_by("id").last().data == {"way": "earlier"}


def test_later_needs_a_reason_which_the_customer_reads(
    medium: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    """Rule 7."""
    with pytest.raises(promise.ReasonNeeded) as refused:
        move(medium, sergey, at + 60 * MINUTE, at, reason="  ")
    assert refused.value.field == "reason"
    moved = move(medium, sergey, at + 60 * MINUTE, at, reason="Ждём банк")
    assert moved.promised_at == moved.due_at == at + 60 * MINUTE
    assert letters_to(anna) == ["ticket_received", "promise_moved"]
    letter = Delivery.objects.get(letter="promise_moved")
    assert letter.context["text"] == "Ждём банк"
    assert letter.context["promised_at"] == (at + 60 * MINUTE).isoformat()
    event = medium.events.get(code="promise_moved")
    assert (event.actor, event.data["reason"]) == (sergey, "Ждём банк")
    assert event.data["before"] == (at + 30 * MINUTE).isoformat()


def test_the_same_promise_twice_is_one(
    medium: Ticket, sergey: User, at: datetime, letters_to: Letters, anna: User
) -> None:
    for _ in range(2):
        move(medium, sergey, at + 60 * MINUTE, at, reason="Ждём банк")
    assert letters_to(anna).count("promise_moved") == 1
    assert medium.events.filter(code="promise_moved").count() == 1


def test_no_promise_is_longer_than_the_target(medium: Ticket, sergey: User, at: datetime) -> None:
    move(medium, sergey, at + 90 * MINUTE, at, reason="Ждём банк")
    with pytest.raises(promise.PromiseAfterTarget):
        move(medium, sergey, at + 91 * MINUTE, at, reason="Ждём банк")


def test_what_has_passed_is_not_promised(medium: Ticket, sergey: User, at: datetime) -> None:
    with pytest.raises(promise.PromiseInThePast):
        move(medium, sergey, at + 5 * MINUTE, at + 5 * MINUTE)


def test_a_broken_promise_is_not_moved_afterwards(
    medium: Ticket, sergey: User, at: datetime
) -> None:
    with pytest.raises(promise.PromisePassed):
        move(medium, sergey, at + 60 * MINUTE, at + 31 * MINUTE, reason="Не успели")
    medium.refresh_from_db()
    assert medium.promised_at == at + 30 * MINUTE


def test_after_the_first_answer_there_is_nothing_left_to_promise(
    medium: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    for author in (sergey, anna):
        actions.reply(ticket=medium, author=author, text="…", form_key=uuid4(), at=at)
        with pytest.raises(promise.NothingPromised):
            move(medium, sergey, at + 20 * MINUTE, at)


@pytest.mark.parametrize("person", ["anna", "vera", "elena", "daria"])
def test_who_does_not_answer_here_promises_nothing(
    medium: Ticket, person: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed):
        move(medium, request.getfixturevalue(person), at + 20 * MINUTE, at)


def test_a_reason_has_an_end(medium: Ticket, sergey: User, at: datetime) -> None:
    with pytest.raises(texts.RemarkTooLong):
        move(medium, sergey, at + 60 * MINUTE, at, reason="я" * 4001)


# The pages read the real clock.
@pytest.fixture
def now(ticket: Ticket) -> datetime:
    """This very minute, in which anna's incident came in: due in two hours, promised in one."""
    at = timezone.now().replace(second=0, microsecond=0)
    Ticket.objects.filter(pk=ticket.pk).update(promised_at=at + 60 * MINUTE)
    running = clock.open_clock(ticket)
    assert running is not None
    type(running).objects.filter(pk=running.pk).update(
        started_at=at - MINUTE, due_at=at + 120 * MINUTE, target_minutes=9000
    )
    return at


def typed(at: datetime) -> str:
    return f"{at.astimezone(MOSCOW):%Y-%m-%dT%H:%M}"


def test_the_desk_moves_the_promise(
    ticket: Ticket, sergey: User, now: datetime, sign_in: SignIn
) -> None:
    page = f"/desk/{ticket.number}/promise/"
    client, until = sign_in(sergey), now + 90 * MINUTE
    assert client.get(page).status_code == 200
    sent = {"promised_at": typed(until), "reason": "Ждём банк"}
    assert client.post(page, sent).url == f"/desk/{ticket.number}/"
    ticket.refresh_from_db()
    assert ticket.promised_at == until


@pytest.mark.parametrize("until", ["", "завтра", "2001-01-01T10:00"])
def test_what_is_refused_comes_back_with_every_word(
    ticket: Ticket, sergey: User, now: datetime, sign_in: SignIn, until: str
) -> None:
    sent = {"promised_at": until, "reason": "Ждём ответа банка"}
    response = sign_in(sergey).post(f"/desk/{ticket.number}/promise/", sent)
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 422
    assert page.select("[role=alert]")
    assert page.select_one("#reason").text == "Ждём ответа банка"


def test_the_desk_agrees_on_a_date(ticket: Ticket, sergey: User, sign_in: SignIn) -> None:
    page, client = f"/desk/{ticket.number}/agreed/", sign_in(sergey)
    day = (timezone.now().astimezone(MOSCOW) + timedelta(days=3)).date()
    assert client.post(page, {"agreed_on": "2001-01-01"}).status_code == 422
    assert client.post(page, {"agreed_on": ""}).status_code == 422
    assert client.post(page, {"agreed_on": f"{day}"}).url == f"/desk/{ticket.number}/"
    ticket.refresh_from_db()
    assert ticket.agreed_on == day
    shown = BeautifulSoup(client.get(f"/desk/{ticket.number}/").content, "html.parser")
    assert shown.select_one("#agreed_on")["value"] == f"{day}"


@pytest.mark.parametrize("step", ["promise", "agreed"])
def test_outsiders_and_other_methods_are_refused(
    ticket: Ticket, anna: User, elena: User, daria: User, sergey: User, sign_in: SignIn, step: str
) -> None:
    page = f"/desk/{ticket.number}/{step}/"
    assert sign_in(anna).post(page).status_code == 403
    assert sign_in(elena).post(page).status_code == 403
    assert sign_in(daria).post(page).status_code == 404
    assert sign_in(sergey).delete(page).status_code == 405
