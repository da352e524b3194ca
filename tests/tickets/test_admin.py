"""Tickets in the admin: read, triaged and assigned by actions; targets that never rewrite the past."""

from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.template import engines
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.refusals import NotAllowed
from portal.support.schedule import current_schedule
from tickets import actions
from tickets.actions.targets import TargetInThePast
from tickets.actions.triage import PriorityTooHigh
from tickets.models import Message, Priority, Status, Target, Ticket

LIST = reverse("admin:tickets_ticket_changelist")
TARGETS = reverse("admin:tickets_target_changelist")
EVENTS = reverse("admin:tickets_event_changelist")
DAY = timedelta(1)


@pytest.fixture(autouse=True)
def _forgiving_templates(monkeypatch):
    """Unfold's own templates ask for variables that are not there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


def page_of(ticket):
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def fields(ticket, **changed):
    inlines = {
        f"{prefix}-{name}_FORMS": 0 for prefix in ("messages", "events") for name in ("TOTAL", "INITIAL")
    }  # fmt: skip
    present = {
        "category": ticket.category,
        "priority": ticket.priority or "",
        "assignee": ticket.assignee_id or "",
    }
    return {**inlines, **present, **changed}


def shown(response):
    page = BeautifulSoup(response.content, "html.parser")
    return {row["value"] for row in page.select("[name=_selected_action]")} or {
        link["href"].split("/")[-3] for link in page.select("#result_list a[href*='/change/']")
    }


@pytest.fixture
def today():
    return current_schedule().day_of(timezone.now())


@pytest.fixture
def to_come(db, today):
    return Target.objects.create(
        category="incident", priority="low", minutes=100, valid_from=today + DAY
    )


@pytest.mark.parametrize("address", [LIST, TARGETS, EVENTS])
def test_the_head_of_support_opens_the_lists_and_specialists_do_not(
    sign_in, galina, sergey, maxim, anna, ticket, address
):
    assert sign_in(galina).get(address).status_code == 200
    for person in (sergey, maxim):
        assert sign_in(person).get(address).status_code == 403
    assert sign_in(anna).get(address).status_code in {302, 403}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"late", "triaged", "done"}),
        ({"answer": "late"}, {"late"}),
        ({"answer": "due"}, {"triaged"}),
        ({"answer": "none"}, {"done"}),
        ({"status__exact": "resolved"}, {"done"}),
        ({"priority__exact": "high"}, {"triaged"}),
        ({"category__exact": "change_request"}, {"done"}),
        ({"q": "Шахматка"}, {"late"}),
    ],
)
def test_the_list_is_filtered(sign_in, galina, sergey, boris, file, asked, expected):
    at = timezone.now()
    by_name = {
        "late": file(at=at - 7 * DAY, subject="Шахматка"),
        "triaged": file(at=at),
        "done": file(at=at, category="change_request", person=boris),
    }
    actions.triage(
        ticket=by_name["triaged"], actor=sergey, category="incident", priority="high", at=at
    )
    actions.resolve(ticket=by_name["done"], actor=sergey, text="Готово", form_key=uuid4(), at=at)
    found = shown(sign_in(galina).get(LIST, asked))
    assert found == {str(by_name[name].pk) for name in expected}


@pytest.mark.parametrize(
    ("column", "code", "words"),
    [
        *(("status", one.value, one.label) for one in Status),
        *(("priority", one.value, one.label) for one in Priority),
        ("priority", None, "Не разобрано"),
    ],
)
def test_the_list_says_every_status_and_priority_in_words(
    sign_in, galina, ticket, column, code, words
):
    Ticket.objects.filter(pk=ticket.pk).update(**{column: code}, due_at=None)
    response = sign_in(galina).get(LIST)
    rows = BeautifulSoup(response.content, "html.parser").select_one("#result_list tbody")
    assert str(words) in " ".join(rows.get_text(" ").split())


def test_the_page_shows_conversation_notes_and_history(sign_in, galina, sergey, ticket, at):
    actions.note(ticket=ticket, author=sergey, text="Между нами", form_key=uuid4(), at=at)
    page = sign_in(galina).get(page_of(ticket)).content.decode()
    for words in (ticket.subject, "страница оплаты пустая", "Между нами", "Сергей Орлов"):
        assert words in page


def test_triage_in_the_admin_is_the_action_of_triage(sign_in, galina, file):
    ticket = file(at=timezone.now())
    response = sign_in(galina).post(page_of(ticket), fields(ticket, priority="high"))
    assert response.status_code == 302
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.status) == ("high", "open")
    assert ticket.events.get(code="triaged").actor == galina
    assert ticket.clocks.responses().get().target_minutes == 60


def test_assigning_in_the_admin_is_the_action_of_assigning(
    sign_in, galina, sergey, ticket, letters_to
):
    sign_in(galina).post(page_of(ticket), fields(ticket, assignee=sergey.pk))
    ticket.refresh_from_db()
    assert ticket.assignee == sergey
    assert ticket.events.get(code="assigned").actor == galina
    assert letters_to(sergey) == ["ticket_assigned"]


def test_saving_without_a_change_records_nothing(sign_in, galina, ticket):
    before = ticket.events.count()
    assert sign_in(galina).post(page_of(ticket), fields(ticket)).status_code == 302
    assert ticket.events.count() == before


@pytest.mark.parametrize(
    "changed",
    [
        {"category": "change_request", "priority": "high"},
        {"category": "service_request", "priority": "critical"},
        {"category": "change_request", "priority": ""},
        {"category": "complaint", "priority": "low"},
        {"priority": "urgent"},
    ],
)
def test_the_admin_refuses_what_triage_refuses(sign_in, galina, ticket, changed):
    response = sign_in(galina).post(page_of(ticket), fields(ticket, **changed))
    assert response.status_code == 200
    assert response.context["adminform"].errors
    ticket.refresh_from_db()
    assert (ticket.category, ticket.priority, ticket.status) == ("incident", None, "new")


def test_nothing_else_of_a_ticket_can_be_changed_in_the_admin(sign_in, galina, vera, ticket):
    forged = {"subject": "Другое", "status": "closed", "requester": vera.pk, "due_at": ""}
    sign_in(galina).post(page_of(ticket), fields(ticket, **forged))
    fresh = Ticket.objects.get(pk=ticket.pk)
    assert (fresh.subject, fresh.status) == (ticket.subject, "new")
    assert (fresh.requester, fresh.due_at) == (ticket.requester, ticket.due_at)


def test_customers_cannot_be_made_assignees(sign_in, galina, anna, ticket):
    response = sign_in(galina).post(page_of(ticket), fields(ticket, assignee=anna.pk))
    assert "assignee" in response.context["adminform"].errors


def test_tickets_are_neither_added_nor_deleted_in_the_admin(sign_in, admin, ticket):
    client = sign_in(admin)
    assert client.get(reverse("admin:tickets_ticket_add")).status_code == 403
    assert client.post(reverse("admin:tickets_ticket_delete", args=[ticket.pk])).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": ticket.pk, "post": "yes"}
    client.post(LIST, chosen)
    assert Ticket.objects.filter(pk=ticket.pk).exists()


def test_the_history_is_read_only_even_for_administrators(sign_in, admin, ticket):
    event, client = ticket.events.get(), sign_in(admin)
    for name, status in (("change", 403), ("delete", 403)):
        address = reverse(f"admin:tickets_event_{name}", args=[event.pk])
        assert client.post(address, {"code": "x", "post": "yes"}).status_code == status
    assert client.get(reverse("admin:tickets_event_add")).status_code == 403
    event.refresh_from_db()
    assert event.code == "filed"


def test_the_cost_of_the_list_and_the_page_does_not_grow(sign_in, galina, sergey, file, at):
    client = sign_in(galina)
    ticket = file()
    client.get(LIST)
    costs = []
    for _round in range(2):
        for _number in range(3):
            file()
            actions.note(ticket=ticket, author=sergey, text="…", form_key=uuid4(), at=at)
        pair = []
        for address in (LIST, page_of(ticket), EVENTS):
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            pair.append(len(queries))
        costs.append(pair)
    assert Message.objects.filter(ticket=ticket).count() == 7
    assert costs[0] == costs[1]


def test_a_target_to_come_is_added_changed_and_taken_back(sign_in, galina, today):
    client = sign_in(galina)
    values = {"category": "incident", "priority": "high", "minutes": 45, "valid_from": today + DAY}
    assert client.post(reverse("admin:tickets_target_add"), values).status_code == 302
    target = Target.objects.get(minutes=45)
    change = reverse("admin:tickets_target_change", args=[target.pk])
    assert client.post(change, {**values, "minutes": 40}).status_code == 302
    target.refresh_from_db()
    assert target.minutes == 40
    delete = reverse("admin:tickets_target_delete", args=[target.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 302
    assert not Target.objects.filter(pk=target.pk).exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"category": "change_request"}, "priority"),
        ({"days": 0}, "valid_from"),
        ({"days": -30}, "valid_from"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 10**6}, "minutes"),
    ],
)
def test_a_target_that_cannot_be_is_refused_at_its_field(sign_in, galina, today, changed, field):
    days = changed.pop("days", 1) if "days" in changed else 1
    values = {"category": "incident", "priority": "high", "minutes": 45, **changed}
    values["valid_from"] = today + days * DAY
    before = Target.objects.count()
    response = sign_in(galina).post(reverse("admin:tickets_target_add"), values)
    assert list(response.context["adminform"].errors) == [field]
    assert Target.objects.count() == before


def test_targets_that_hold_already_are_read_only(sign_in, galina):
    past, client = Target.objects.get(category="incident", priority="high"), sign_in(galina)
    change = reverse("admin:tickets_target_change", args=[past.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"minutes": 1}).status_code == 403
    delete = reverse("admin:tickets_target_delete", args=[past.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    past.refresh_from_db()
    assert past.minutes == 60


def test_the_actions_refuse_it_too(galina, sergey, to_come, today):
    at = timezone.now()
    with pytest.raises(NotAllowed):
        actions.save_target(target=to_come, actor=sergey, at=at)
    with pytest.raises(NotAllowed):
        actions.delete_target(target=to_come, actor=sergey, at=at)
    past = Target.objects.get(category="incident", priority="high")
    with pytest.raises(TargetInThePast):
        actions.delete_target(target=past, actor=galina, at=at)
    past.valid_from = today + DAY  # moving what holds already would rewrite the past
    with pytest.raises(TargetInThePast):
        actions.save_target(target=past, actor=galina, at=at)
    to_come.category, to_come.priority = "change_request", "critical"
    with pytest.raises(PriorityTooHigh):
        actions.save_target(target=to_come, actor=galina, at=at)
