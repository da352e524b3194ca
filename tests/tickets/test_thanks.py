"""After a solution: thanks take nothing up again, "still broken" does, and a new ticket follows an old one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portal.feedback.models import Feedback
from tickets import actions, clock, rules
from tickets.actions.opening import UnknownTicket
from tickets.models import Link, Ticket

HOUR = timedelta(hours=1)
Letters = Callable[[User], list[str]]
SignIn = Callable[[User | None], Client]


@pytest.fixture
def solved(ticket: Ticket, sergey: User, at: datetime) -> Ticket:
    """Anna's incident, solved within the hour."""
    actions.resolve(ticket=ticket, actor=sergey, text="Починили.", form_key=uuid4(), at=at)
    ticket.refresh_from_db()
    return ticket


def say(ticket: Ticket, author: User, text: str, at: datetime, **more: Any) -> Ticket:
    actions.reply(ticket=ticket, author=author, text=text, form_key=uuid4(), at=at, **more)
    ticket.refresh_from_db()
    return ticket


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо",
        "спасибо!!!",
        "Спасибо большое, всё работает.",
        "Большое спасибо за быструю помощь 🙏",
        "Спасибо, Сергей!",
        "Благодарю, помогло",
        "Всё заработало",
        "СПАСИБО ОГРОМНОЕ)))",
        "Thanks",
        "Thank you very much, it works now!",
        "thx",
        "Thanks, Sergey",
    ],
)
def test_these_words_only_thank(text: str) -> None:
    assert rules.is_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍",
        "Не работает",
        "Спасибо, но не работает",
        "Спасибо. Сломалось опять",
        "Спасибо. Сломалось",
        "Спасибо, а когда включите?",
        "Спасибо\nЗавтра проверю на всех тарифах и напишу",
        "Работает через раз",
        "Thanks, but it is still broken",
        "Thank you. It does not work",
        "спасибо " * 13,
    ],
)
def test_in_doubt_somebody_looks_at_it(text: str) -> None:
    assert not rules.is_thanks(text)


def test_a_short_thanks_is_filed_without_reopening(
    solved: Ticket, anna: User, sergey: User, at: datetime, letters_to: Letters
) -> None:
    """Rule 8."""
    say(solved, anna, "Спасибо, всё работает!", at + HOUR)
    assert (solved.status, solved.due_at) == ("resolved", None)
    assert clock.open_clock(solved) is None
    assert clock.open_work(solved) is None
    assert solved.messages.last().text == "Спасибо, всё работает!"
    assert letters_to(sergey) == []


def test_what_the_customer_chose_counts_more_than_the_words(
    solved: Ticket, anna: User, at: datetime
) -> None:
    """Rule 8."""
    say(solved, anna, "Проверила на трёх отелях, вопросов больше нет", at, is_thanks=True)
    assert solved.status == "resolved"
    say(solved, anna, "Спасибо", at, is_thanks=False)
    assert (solved.status, solved.due_at) == ("open", at + 30 * timedelta(minutes=1))


def test_thanks_with_a_file_show_something(
    solved: Ticket, anna: User, at: datetime, settings: Any, tmp_path: Any
) -> None:
    settings.ATTACHMENT_ROOT = tmp_path
    upload = SimpleUploadedFile("лог.txt", "ошибка".encode(), "text/plain")
    kept = actions.keep_upload(person=anna, upload=upload, at=at)
    say(solved, anna, "Спасибо", at, attachments=[kept.id])
    assert solved.status == "open"


def test_in_an_open_ticket_thanks_wait_for_an_answer_as_any_message(
    ticket: Ticket, anna: User, sergey: User, at: datetime
) -> None:
    say(ticket, sergey, "Смотрим", at)
    say(ticket, anna, "Спасибо", at, is_thanks=True)
    assert ticket.due_at is not None


def test_the_staff_can_take_up_what_was_only_thanked_for(
    solved: Ticket, anna: User, sergey: User, at: datetime
) -> None:
    """Rule 8."""
    say(solved, anna, "Спасибо", at)
    actions.reopen(ticket=solved, actor=sergey, at=at)
    solved.refresh_from_db()
    assert solved.status == "open"


@pytest.mark.parametrize(
    ("meaning", "status"), [("thanks", "resolved"), ("broken", "open"), ("", "open"), ("?", "open")]
)
def test_the_cabinet_asks_what_an_answer_to_a_solution_means(
    solved: Ticket, anna: User, sign_in: SignIn, meaning: str, status: str
) -> None:
    client, page = sign_in(anna), f"/cabinet/{solved.number}/"
    buttons = soup(client.get(page)).select("#reply button[name=meaning]")
    assert [button["value"] for button in buttons] == ["broken", "thanks"]
    client.post(f"{page}reply/", {"text": "Проверили ещё раз", "meaning": meaning})
    solved.refresh_from_db()
    assert solved.status == status


def test_still_broken_is_offered_beside_closing(
    solved: Ticket, anna: User, sign_in: SignIn
) -> None:
    page = soup(sign_in(anna).get(f"/cabinet/{solved.number}/"))
    link = page.select_one('form[action$="/close/"] a')
    assert page.select_one(f"textarea{link['href']}")


def test_a_new_ticket_follows_one_that_is_over(
    solved: Ticket, anna: User, file: Callable[..., Ticket], at: datetime
) -> None:
    """Rule 8."""
    new = file(follows=solved)
    link = Link.objects.get()
    assert (link.kind, link.ticket, link.other, link.by) == ("follow_up", new, solved, anna)
    event = solved.events.get(code="followed_up")
    assert (event.actor, event.data) == (anna, {"other": new.number})


def test_nobody_follows_what_they_do_not_read(
    file: Callable[..., Ticket], vera: User, lighthouse: object, at: datetime
) -> None:
    theirs = file(person=vera, property=None)
    with pytest.raises(UnknownTicket) as refused:
        file(follows=theirs)
    assert refused.value.field == "follows"
    assert Ticket.objects.count() == 1


def test_the_form_of_a_follow_up_begins_with_the_old_matter_and_links_it(
    solved: Ticket, anna: User, sign_in: SignIn
) -> None:
    client = sign_in(anna)
    page = soup(client.get(f"/cabinet/new/?follows={solved.number}"))
    assert page.select_one("[name=follows]")["value"] == str(solved.number)
    assert page.select_one("main [name=subject]")["value"] == solved.subject
    assert page.select_one("[name=category][checked]")["value"] == solved.category
    said = {
        "follows": solved.number,
        "category": "incident",
        "property": solved.property_id,
        "subject": "Снова",
        "description": "Опять пусто",
    }
    answer = client.post("/cabinet/new/", said)
    new = Ticket.objects.get(subject="Снова")
    assert answer.url.startswith(new.get_absolute_url())
    for shown, named in ((solved, new), (new, solved)):
        facts = soup(client.get(f"/cabinet/{shown.number}/")).select_one(".facts")
        assert facts.select_one(f'a[href="/cabinet/{named.number}/"]')


@pytest.mark.parametrize("number", ["0", "x", "9" * 18, "9" * 40, "-1"])
def test_a_follow_up_of_nothing_is_refused_and_loses_no_words(
    anna: User, hotel: object, sign_in: SignIn, number: str
) -> None:
    client = sign_in(anna)
    assert client.get(f"/cabinet/new/?follows={number}").status_code == 200
    said = {"follows": number, "category": "incident", "subject": "А", "description": "Мои слова"}
    answer = client.post("/cabinet/new/", said)
    assert answer.status_code == 422
    assert "Мои слова" in answer.content.decode()
    assert not Ticket.objects.exists()


def test_the_ticket_of_somebody_else_fills_no_form(
    file: Callable[..., Ticket], vera: User, lighthouse: object, anna: User, sign_in: SignIn
) -> None:
    theirs = file(person=vera, property=None, subject="Чужая тайна")
    assert (
        "Чужая тайна"
        not in sign_in(anna).get(f"/cabinet/new/?follows={theirs.number}").content.decode()
    )


def test_a_word_to_the_head_is_about_this_ticket_and_leaves_no_trace_in_it(
    solved: Ticket, anna: User, sergey: User, sign_in: SignIn
) -> None:
    client, before = sign_in(anna), solved.events.count()
    page = client.get(f"/cabinet/{solved.number}/head/", follow=True)
    form = soup(page).select_one("main form")
    assert form.select_one("[name=to][checked]")["value"] == "head"
    sent = {
        **{one["name"]: one.get("value", "") for one in form.select("input[type=hidden]")},
        "kind": "complaint",
        "to": "head",
        "text": "Сергей отвечает грубо",
    }
    assert client.post("/feedback/", sent).status_code == 302
    given = Feedback.objects.get()
    assert (given.to, given.source, given.about_path) == (
        "head",
        "ticket",
        f"/desk/{solved.number}/",
    )
    assert str(solved.number) in given.about_title
    assert not Feedback.objects.visible_to(sergey).exists()
    assert solved.events.count() == before
    assert "грубо" not in sign_in(sergey).get(f"/desk/{solved.number}/").content.decode()


def test_who_does_not_read_a_ticket_writes_to_nobody_about_it(
    ticket: Ticket, vera: User, elena: User, sign_in: SignIn
) -> None:
    page = f"/cabinet/{ticket.number}/head/"
    assert sign_in(vera).get(page).status_code == 404
    assert sign_in(elena).get(page).status_code == 403
    assert sign_in(vera).post(page).status_code == 405


def test_after_the_window_the_cabinet_offers_a_new_ticket_about_this(
    solved: Ticket, anna: User, sign_in: SignIn, at: datetime
) -> None:
    actions.close(ticket=solved, actor=anna, at=at)
    Ticket.objects.filter(pk=solved.pk).update(closed_at=timezone.now() - timedelta(days=15))
    page = soup(sign_in(anna).get(f"/cabinet/{solved.number}/"))
    assert page.select_one(f'a[href="/cabinet/new/?follows={solved.number}"]')
    assert not page.select("form#reply")
