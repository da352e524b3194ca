"""Reviewing feedback in the admin: what each person finds there, and what their buttons do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.admin.models import LogEntry
from django.template.engine import Engine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from portal.delivery.models import Delivery
from portal.feedback import actions
from portal.feedback.models import Feedback, Status

LIST = "/admin/feedback/feedback/"
SECRET_WORDS = "Сергей нагрубил мне по телефону"
SignIn = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def theme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the theme's own templates name variables that are not there, as they do."""
    monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "")


def give(at: datetime, to: str, text: str, email: str = "guest@mail.example") -> Feedback:
    return actions.give(kind="complaint", to=to, text=text, email=email, form_key=text[:40], at=at)


def page_of(feedback: Feedback) -> str:
    return reverse("admin:feedback_feedback_change", args=[feedback.pk])


@pytest.fixture
def to_team(db: None, at: datetime) -> Feedback:
    return give(at, "team", "Хочется выгрузку в таблицу")


@pytest.fixture
def to_head(db: None, at: datetime) -> Feedback:
    return give(at + timedelta(minutes=1), "head", SECRET_WORDS)


def test_the_head_answers_in_the_admin_and_the_letter_leaves(
    to_head: Feedback, galina: User, sign_in: SignIn
) -> None:
    client = sign_in(galina)
    assert SECRET_WORDS in client.get(page_of(to_head)).content.decode()
    answer = client.post(
        page_of(to_head), {"owner": galina.pk, "answer": "Извините нас."}, follow=True
    )
    assert answer.status_code == 200
    to_head.refresh_from_db()
    assert (to_head.status, to_head.answer, to_head.owner) == ("answered", "Извините нас.", galina)
    assert Delivery.objects.filter(letter="feedback_answered").count() == 1
    assert LogEntry.objects.filter(user=galina, object_id=str(to_head.pk)).count() == 1


def test_what_was_answered_is_shown_and_cannot_be_answered_again(
    to_team: Feedback, galina: User, sign_in: SignIn, at: datetime
) -> None:
    actions.answer(feedback=to_team, actor=galina, text="Сделаем в декабре.", at=at)
    client = sign_in(galina)
    page = BeautifulSoup(client.get(page_of(to_team)).content, "html.parser")
    assert "Сделаем в декабре." in page.get_text()
    assert not page.select("textarea[name=answer]")
    client.post(page_of(to_team), {"owner": "", "answer": "Другой ответ"})
    assert Delivery.objects.filter(letter="feedback_answered").count() == 1


def test_a_complaint_to_the_head_does_not_exist_for_a_specialist(
    to_team: Feedback, to_head: Feedback, sergey: User, sign_in: SignIn
) -> None:
    client = sign_in(sergey)
    found = client.get(LIST, {"q": "Сергей"}).content.decode()
    listed = client.get(LIST).content.decode()
    assert to_team.text in listed
    assert SECRET_WORDS not in listed + found
    for url in (page_of(to_head), page_of(to_head).replace("change", "history")):
        answer = client.get(url, follow=True)
        assert SECRET_WORDS not in answer.content.decode()
    client.post(page_of(to_head), {"answer": "Ничего не было"})
    client.post(LIST, {"action": "close", "_selected_action": [to_head.pk]})
    to_head.refresh_from_db()
    assert (to_head.status, to_head.answer) == (Status.NEW, "")


def test_who_left_no_address_cannot_be_answered_and_the_form_says_so(
    db: None, galina: User, sign_in: SignIn, at: datetime
) -> None:
    given = give(at, "team", "Без имени", email="")
    answer = sign_in(galina).post(page_of(given), {"owner": "", "answer": "Спасибо за слова"})
    assert str(actions.NoAddress.message) in answer.content.decode()
    assert "Спасибо за слова" in answer.content.decode()
    given.refresh_from_db()
    assert given.status == Status.NEW


def test_only_those_who_may_read_it_are_offered_as_owners(
    to_team: Feedback, to_head: Feedback, galina: User, sergey: User, elena: User, sign_in: SignIn
) -> None:
    client = sign_in(galina)
    offered = [
        {
            option.get_text()
            for option in BeautifulSoup(client.get(page_of(given)).content, "html.parser").select(
                "select[name=owner] option[value]:not([value=''])"
            )
        }
        for given in (to_team, to_head)
    ]
    assert offered == [{str(galina), str(sergey)}, {str(galina)}]


def test_what_waits_is_counted_and_comes_first(
    to_team: Feedback, to_head: Feedback, galina: User, sign_in: SignIn, at: datetime
) -> None:
    actions.close(feedback=to_head, actor=galina)
    client = sign_in(galina)
    answer = client.get(LIST)
    assert answer.context["counts"] == {"new": 1, "in_progress": 0, "to_head": 0}
    assert [row.pk for row in answer.context["cl"].result_list] == [to_team.pk, to_head.pk]


@pytest.mark.parametrize(("action", "status"), [("take", "in_progress"), ("close", "closed")])
def test_several_are_taken_or_closed_at_once_and_it_is_logged(
    action: str, status: str, to_team: Feedback, to_head: Feedback, galina: User, sign_in: SignIn
) -> None:
    chosen = {"action": action, "_selected_action": [to_team.pk, to_head.pk]}
    sign_in(galina).post(LIST, chosen)
    assert set(Feedback.objects.values_list("status", flat=True)) == {status}
    assert LogEntry.objects.filter(user=galina).count() == 2


def test_filters_answer(to_team: Feedback, galina: User, sign_in: SignIn) -> None:
    client = sign_in(galina)
    for query in ("status__exact=new", "kind__exact=complaint", "to__exact=head", "q=выгрузку"):
        assert client.get(f"{LIST}?{query}").status_code == 200


def test_what_was_said_stays_words(db: None, galina: User, sign_in: SignIn, at: datetime) -> None:
    given = give(at, "team", "<script>alert(1)</script>\nвторая строка")
    for url in (LIST, page_of(given)):
        shown = sign_in(galina).get(url).content.decode()
        assert "<script>alert(1)</script>" not in shown
        assert "&lt;script&gt;" in shown


def test_customers_and_editors_have_no_feedback_in_the_admin(
    to_team: Feedback, anna: User, elena: User, sign_in: SignIn
) -> None:
    assert sign_in(anna).get(LIST).status_code == 302
    assert sign_in(elena).get(LIST).status_code == 403


def test_nothing_is_added_or_deleted_here(to_team: Feedback, galina: User, sign_in: SignIn) -> None:
    client = sign_in(galina)
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(page_of(to_team).replace("change", "delete")).status_code == 403


def test_the_list_costs_the_same_for_more_rows(
    galina: User, sign_in: SignIn, at: datetime, django_assert_max_num_queries: Any, db: None
) -> None:
    client = sign_in(galina)
    costs = []
    for batch in ("a", "b", "c"):
        for number in range(3):
            give(at, "team", f"{batch}{number}")
        client.get(LIST)
        with django_assert_max_num_queries(40) as counted:
            client.get(LIST)
        costs.append(len(counted))
    assert len(set(costs)) == 1
