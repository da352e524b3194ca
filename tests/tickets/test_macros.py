"""Macros: words with places, the changes that go with them, and what is refused."""

from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.template import engines
from django.urls import reverse

from accounts.models import User
from portal.refusals import NotAllowed, Refused
from tickets import actions, clock, macros, rules
from tickets.actions import closing
from tickets.actions import macro as refusals
from tickets.actions.conversation import ConversationMovedOn
from tickets.models import Event, Macro, Message, Ticket


@pytest.fixture
def make(db):
    """Keep a macro."""

    def made(text="{{customer}}, смотрим", **changes):
        kept = {"name": f"Заготовка {Macro.objects.count()}", "text": text, **changes}
        return actions.save_macro(macro=Macro(**kept))

    return made


@pytest.fixture
def send(ticket, sergey, at):
    def sent(macro, **changes):
        said = {"author": sergey, "text": "Смотрим", "form_key": uuid4(), "at": at, **changes}
        return actions.apply_macro(ticket=ticket, macro=macro, **said)

    return sent


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def address(ticket, name="ticket", *more):
    return reverse(f"desk:{name}", args=[ticket.number, *more])


def test_places_are_filled_and_nothing_that_was_filled_in_is_filled_again():
    values = {"customer": "{{number}}", "number": "48 213"}
    assert macros.render("{{customer}}: {{ number }}", values) == "{{number}}: 48 213"
    assert macros.render("{{other}} {x} {{}}", values) == "{{other}} {x} {{}}"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{{customer}} {{ due }}", []),
        ("{{client}} {{client}} {{ }}", ["client", ""]),
        ("{{customer.password}}", ["customer.password"]),
    ],
)
def test_unknown_places_are_named_once(text, unknown):
    assert macros.unknown_places(text) == unknown


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"after": "vanish"}, "after", "unknown_change"),
        ({"colour": "red"}, "colour", "unknown_change"),
        ({"after": 7}, "after", "unknown_change"),
        ({"assign": "anna"}, "assign", "unknown_change"),
        ({"category": "incident"}, "priority", "half_a_cell"),
        ({"priority": "low"}, "category", "half_a_cell"),
        ({"category": "x", "priority": "low"}, "category", "unknown_change"),
        ({"category": "incident", "priority": "x"}, "priority", "unknown_change"),
        ({"category": "change_request", "priority": "high"}, "priority", "illegal_cell"),
    ],
)
def test_changes_that_can_never_be_made_are_refused(changes, field, code):
    with pytest.raises(macros.BrokenMacro) as broken:
        macros.read(changes)
    assert (broken.value.field, broken.value.code) == (field, code)


def test_every_legal_cell_can_be_a_change():
    for category, priorities in rules.PRIORITIES.items():
        for priority in priorities:
            found = macros.read({"category": category.value, "priority": priority.value})
            assert found.is_triage


def test_a_receipt_solves_nothing(make):
    """Rule 3. A receipt is no answer, and without an answer nothing is solved."""
    with pytest.raises(refusals.ReceiptSolvesNothing):
        make(is_receipt=True, changes={"after": "resolve"})


def test_a_macro_with_an_unknown_place_is_not_kept(make):
    with pytest.raises(refusals.UnknownPlace, match=r"\{\{client\}\}.*\{\{customer\}\}"):
        make("Здравствуйте, {{client}}")
    with pytest.raises(refusals.NothingInIt):
        make(" ")
    assert not Macro.objects.exists()


def test_sending_applies_text_and_changes_at_once(make, send, ticket, sergey, anna, letters_to):
    macro = make(
        changes={"category": "incident", "priority": "high", "assign": "me", "after": "wait"}
    )
    send(macro)
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.assignee, ticket.status, ticket.due_at) == (
        "high", sergey, "waiting_customer", None,
    )  # fmt: skip
    assert ticket.messages.latest("id").text == "Смотрим"
    assert letters_to(anna)[-1] == "ticket_reply"
    assert {"replied", "triaged", "assigned"} <= set(ticket.events.values_list("code", flat=True))


def test_an_answer_given_with_a_higher_priority_was_given_under_the_old_one(make, send, ticket, at):
    """Rule 6. Clocks that are closed keep the target they had."""
    send(make(changes={"category": "incident", "priority": "low"}))
    first = ticket.clocks.get(kind="first")
    assert (first.outcome, first.priority, first.target_minutes) == ("answered", None, 30)


def test_a_receipt_stops_no_clock(make, send, ticket):
    """Rule 3. Macros marked as receipts never count."""
    due_at = ticket.due_at
    send(make(is_receipt=True, changes={"assign": "me"}))
    ticket.refresh_from_db()
    assert (ticket.due_at, ticket.responded_at) == (due_at, None)
    assert clock.open_clock(ticket) is not None
    assert not ticket.messages.latest("id").is_answer


def test_it_solves_with_one_letter(make, send, ticket, anna, letters_to):
    send(make(changes={"after": "resolve"}))
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    assert letters_to(anna)[1:] == ["ticket_resolved"]


def test_what_the_specialist_chose_beside_it_holds(make, send, ticket):
    send(make(changes={"after": "resolve"}), after="wait")
    ticket.refresh_from_db()
    assert ticket.status == "waiting_customer"


def test_all_or_nothing(make, send, ticket, maxim):
    """Who may answer but not triage sends neither the words nor the rest."""
    macro = make(changes={"category": "incident", "priority": "low", "assign": "me"})
    events = Event.objects.count()
    with pytest.raises(NotAllowed):
        send(macro, author=maxim)
    ticket.refresh_from_db()
    assert (ticket.messages.count(), ticket.assignee, Event.objects.count()) == (1, None, events)


def test_a_change_that_is_no_longer_legal_refuses_the_whole(make, send, ticket, sergey, at):
    macro = make(changes={"after": "resolve", "assign": "me"})
    actions.resolve(ticket=ticket, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    count = Message.objects.count()
    with pytest.raises(closing.AlreadyDone):
        send(macro)
    assert Message.objects.count() == count


def test_it_is_stopped_like_any_reply_when_the_conversation_moved_on(make, send, ticket, anna, at):
    seen = ticket.messages.get().pk
    actions.reply(ticket=ticket, author=anna, text="Ещё гость", form_key=uuid4(), at=at)
    for changes in ({}, {"after": "resolve"}):
        with pytest.raises(ConversationMovedOn):
            send(make(changes=changes), seen_message_id=seen)


@pytest.mark.parametrize("after", ["", "resolve"])
def test_the_same_form_twice_is_sent_once(make, send, ticket, after):
    macro, key = make(changes={"assign": "me", "after": after} if after else {}), uuid4()
    for _time in range(2):
        send(macro, form_key=key)
    assert ticket.messages.count() == 2


def test_a_macro_out_of_use_or_of_somebody_else_is_refused(make, send, galina):
    for macro in (make(is_active=False), make(owner=galina)):
        with pytest.raises(refusals.MacroGone):
            send(macro)


def test_customers_send_none(make, send, anna):
    with pytest.raises(Refused):
        send(make(), author=anna)


# --- at the desk ---


def test_the_list_offers_own_and_common_ones_in_the_customers_language(
    make, sign_in, sergey, galina, ticket
):
    wanted = [make(name="Общая"), make(name="Своя", owner=sergey)]
    make(name="Чужая", owner=galina)
    make(name="Old", is_active=False)
    make(name="English", language="en")
    client = sign_in(sergey)
    for headers in ({}, {"HX-Request": "true"}):
        page = soup(client.get(address(ticket, "macros"), headers=headers))
        assert [link["href"] for link in page.select(".macros a")] == [
            address(ticket, "macro", one.pk) for one in wanted
        ]
    assert client.post(address(ticket, "macros")).status_code == 405


def test_without_a_script_choosing_one_fills_the_form(make, sign_in, sergey, ticket):
    macro = make(
        "{{customer}}, обращение {{number}} у меня. {{specialist}}",
        changes={"category": "incident", "priority": "high", "after": "wait", "assign": "me"},
    )
    events = ticket.events.count()
    response = sign_in(sergey).get(address(ticket, "macro", macro.pk), follow=True)
    form = soup(response).select_one(".composer")
    assert form.textarea.text.strip() == f"Анна, обращение {ticket.number} у меня. Сергей Орлов"
    assert form.select_one("[name=macro]")["value"] == str(macro.pk)
    assert form.select_one("[name=after] [selected]")["value"] == "wait"
    assert len(form.select("#macro .badge")) == 3
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.events.count()) == (None, events)


def test_the_preview_says_that_the_clock_of_a_receipt_goes_on(make, sign_in, sergey, ticket):
    macro = make(is_receipt=True)
    response = sign_in(sergey).get(
        address(ticket, "macro", macro.pk), headers={"HX-Request": "true"}
    )
    assert soup(response).select_one("#macro .strong")


def test_a_macro_of_somebody_else_is_not_there(make, sign_in, sergey, galina, anna, ticket):
    macro = make(owner=galina)
    assert sign_in(sergey).get(address(ticket, "macro", macro.pk)).status_code == 404
    assert sign_in(sergey).get(address(ticket), {"macro": macro.pk}).status_code == 404
    assert sign_in(anna).get(address(ticket, "macros")).status_code == 403


def test_sent_from_the_page_with_its_changes(make, sign_in, sergey, ticket):
    macro = make(changes={"category": "incident", "priority": "high"})
    form = {"mode": "reply", "text": "Смотрим", "macro": macro.pk, "form_key": uuid4()}
    assert sign_in(sergey).post(address(ticket, "reply"), form).status_code == 302
    ticket.refresh_from_db()
    assert ticket.priority == "high"


def test_refused_on_the_page_its_reason_and_the_text_stand_there(make, sign_in, sergey, ticket):
    macro = make()
    Macro.objects.update(is_active=False)
    form = {"mode": "reply", "text": "Смотрим", "macro": macro.pk, "form_key": uuid4()}
    for given in (macro.pk, 999_999, "x"):
        response = sign_in(sergey).post(address(ticket, "reply"), {**form, "macro": given})
        page = soup(response)
        assert response.status_code == 422
        assert page.select_one(".write .call[role=alert]")
        assert page.select_one(".composer textarea").text.strip() == "Смотрим"
    assert ticket.messages.count() == 1


def test_a_note_takes_no_changes_along(make, sign_in, sergey, ticket):
    macro = make(changes={"category": "incident", "priority": "high"})
    form = {"mode": "note", "text": "Между нами", "macro": macro.pk, "form_key": uuid4()}
    sign_in(sergey).post(address(ticket, "note"), form)
    ticket.refresh_from_db()
    assert ticket.priority is None


# --- in the admin ---


@pytest.fixture
def forgiving(monkeypatch):
    """Let the admin's own templates read variables that are not always there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


GOOD = {
    "name": "Взяли в работу", "language": "ru", "text": "{{customer}}, смотрим", "order": 0,
    "is_active": "on", "after": "wait", "category": "incident", "priority": "high", "assign": "on",
}  # fmt: skip


def test_the_head_writes_macros_in_the_admin(sign_in, galina, forgiving):
    client = sign_in(galina)
    assert client.post("/admin/tickets/macro/add/", GOOD).status_code == 302
    macro = Macro.objects.get()
    assert macro.changes == {
        "after": "wait", "category": "incident", "priority": "high", "assign": "me",
    }  # fmt: skip
    page = soup(client.get(f"/admin/tickets/macro/{macro.pk}/change/"))
    assert page.select_one("[name=priority] [selected]")["value"] == "high"
    assert page.select_one("[name=assign]").has_attr("checked")
    client.post(
        f"/admin/tickets/macro/{macro.pk}/change/", {**GOOD, "category": "", "priority": ""}
    )
    macro.refresh_from_db()
    assert macro.changes == {"after": "wait", "assign": "me"}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("text", {"text": "{{client}}, здравствуйте"}),
        ("priority", {"category": "change_request"}),
        ("category", {"category": ""}),
        ("after", {"after": "resolve", "is_receipt": "on"}),
    ],
)
def test_the_admin_refuses_at_the_field_with_its_reason(sign_in, galina, forgiving, field, changes):
    response = sign_in(galina).post("/admin/tickets/macro/add/", {**GOOD, **changes})
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert not Macro.objects.exists()


def test_specialists_do_not_write_them(sign_in, sergey):
    assert sign_in(sergey).post("/admin/tickets/macro/add/", GOOD).status_code == 403
    assert User.objects.filter(pk=sergey.pk).exists()
    assert not Macro.objects.exists()


def test_every_place_has_a_value(make, ticket, sergey):
    text = " ".join(f"{{{{{place}}}}}" for place in macros.PLACES)
    assert "{" not in _filled(text, ticket, sergey)


def _filled(text, ticket, person):
    from tickets.views.desk.composing import preview  # noqa: PLC0415 (a page's helper)

    macro = Macro(name="Все", text=text, language="ru")
    return preview(macro, Ticket.objects.get(pk=ticket.pk), person).text
