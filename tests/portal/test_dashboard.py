"""The first page of the admin: figures for those who may see them, and a menu by task."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.template import engines
from django.utils import timezone

from portal import dashboard
from portal.feedback.models import Feedback
from tickets import actions, identity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unfold(monkeypatch):
    """Let Unfold's own templates read names that are not always there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


def _opened(client):
    client.cookies["language"] = "en"
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return answer


def _feedback(to, kind="complaint"):
    return Feedback.objects.create(
        kind=kind, to=to, text="The phone rang for ever", created_at=timezone.now() - timedelta(1)
    )


def _figures(answer):
    return {card.title: card.figure for card in answer.context["cards"]}


def test_the_head_sees_all_that_waits(sign_in, galina):
    _feedback("head")
    _feedback("team", "idea")
    figures = _figures(_opened(sign_in(galina)))
    assert figures["Feedback waits"] == 2
    assert {"Late tickets", "Not triaged", "Letters not delivered", "To review"} <= set(figures)


def _file(person, hotel):
    actions.file_ticket(
        person=person,
        property=hotel,
        category="incident",
        subject="Нет оплаты",
        description="Страница оплаты пустая.",
        evidence=identity.session(),
        form_key=uuid4(),
        at=timezone.now(),
    )


def test_tickets_are_counted_no_further_than_tells_something(
    sign_in, galina, anna, hotel, monkeypatch
):
    monkeypatch.setattr(dashboard, "MOST_COUNTED", 1)
    _file(anna, hotel)
    assert _figures(_opened(sign_in(galina)))["Not triaged"] == 1
    _file(anna, hotel)
    assert _figures(_opened(sign_in(galina)))["Not triaged"] == "1+"


def test_a_specialist_sees_nothing_of_what_went_to_the_head(sign_in, sergey):
    _feedback("head")
    answer = _opened(sign_in(sergey))
    assert _figures(answer)["Feedback waits"] == 0
    assert "The phone rang" not in answer.content.decode()
    assert "Letters not delivered" not in _figures(answer)


def test_the_menu_holds_only_what_may_be_opened(sign_in, elena, galina):
    editor = _opened(sign_in(elena)).content.decode()
    assert "/admin/kb/article/" in editor
    assert "/admin/support/hours/" not in editor
    head = _opened(sign_in(galina)).content.decode()
    assert "/admin/support/hours/" in head


def test_customers_do_not_enter(sign_in, anna):
    assert sign_in(anna).get("/admin/").status_code in {302, 403}


def test_the_page_costs_the_same_however_much_waits(sign_in, galina, django_assert_max_num_queries):
    client = sign_in(galina)
    _opened(client)
    for _number in range(9):
        _feedback("team")
    with django_assert_max_num_queries(25):
        _opened(client)
