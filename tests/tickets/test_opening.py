"""Filing: one road in, what it writes, and what it refuses."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Property, User
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed
from tickets import actions, identity, rules
from tickets.actions import locking, opening, texts
from tickets.models import Clock, ClockKind, Message, Proof, ProofMethod, Ticket

File = Callable[..., Ticket]
AtOnce = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def test_a_filed_ticket_has_a_number_a_message_and_an_untriaged_state(
    ticket: Ticket, anna: User, hotel: Property, at: datetime
) -> None:
    ticket.refresh_from_db()
    message = Message.objects.get(ticket=ticket)
    assert ticket.number >= 48001
    assert (ticket.status, ticket.priority, ticket.assignee) == ("new", None, None)
    assert (ticket.organization, ticket.property, ticket.requester) == (
        anna.organization,
        hotel,
        anna,
    )
    assert (message.author, message.created_at, message.is_from_staff) == (anna, at, False)
    assert message.text == "После выбора тарифа страница оплаты пустая."


def test_filing_keeps_the_proof_and_its_level(ticket: Ticket, anna: User) -> None:
    proof = Proof.objects.get(ticket=ticket)
    assert (proof.person, proof.method, proof.level) == (anna, ProofMethod.SESSION, 2)


def test_filing_starts_the_first_clock_on_the_strictest_target(
    ticket: Ticket, at: datetime
) -> None:
    clock = Clock.objects.responses().get(ticket=ticket)
    assert (clock.kind, clock.priority, clock.target_minutes) == (ClockKind.FIRST, None, 30)
    assert clock.due_at == ticket.due_at == ticket.promised_at == at + timedelta(minutes=30)


def test_the_requester_is_told_number_and_promise_in_their_language(
    file: File, anna: User, at: datetime
) -> None:
    anna.language = "en"
    ticket = file()
    letter = Delivery.objects.get(recipient=anna.email)
    assert (letter.letter, letter.language) == ("ticket_received", "en")
    assert letter.context["number"] == ticket.number
    assert letter.context["promised_at"] == (at + timedelta(minutes=30)).isoformat()
    assert letter.context["url"].endswith(f"/cabinet/{ticket.number}/")


def test_filing_is_recorded(ticket: Ticket, anna: User, at: datetime) -> None:
    event = ticket.events.get()
    assert (event.code, event.actor, event.at) == ("filed", anna, at)
    assert event.data == {"channel": "cabinet"}


def test_the_same_form_sent_twice_makes_one_ticket_and_one_letter(
    file: File, anna: User, letters_to: Callable[[User], list[str]]
) -> None:
    key = uuid4()
    assert file(form_key=key) == file(form_key=key)
    assert Ticket.objects.count() == 1
    assert letters_to(anna) == ["ticket_received"]


def test_the_form_of_somebody_else_is_refused(file: File, boris: User) -> None:
    key = uuid4()
    file(form_key=key)
    with pytest.raises(locking.FormTaken):
        file(person=boris, form_key=key)


def test_a_key_that_a_message_has_used_files_nothing(
    file: File, ticket: Ticket, anna: User, at: datetime
) -> None:
    key = uuid4()
    actions.reply(ticket=ticket, author=anna, text="Ещё вот что", form_key=key, at=at)
    with pytest.raises(locking.FormTaken):
        file(form_key=key)


def test_an_employee_may_report_incidents_but_not_ask_for_changes(
    file: File, anna: User, boris: User
) -> None:
    with pytest.raises(opening.CategoryOutsideRole) as refused:
        file(category="change_request")
    assert refused.value.field == "category"
    assert file(person=boris, category="change_request").category == "change_request"


@pytest.mark.parametrize("category", ["complaint", "", "INCIDENT"])
def test_an_unknown_category_is_refused(file: File, category: str) -> None:
    with pytest.raises(opening.CategoryOutsideRole):
        file(category=category)


def test_the_hotel_of_another_organization_is_refused(file: File, lighthouse: Property) -> None:
    with pytest.raises(opening.UnknownProperty) as refused:
        file(property=lighthouse)
    assert refused.value.field == "property"


def test_a_hotel_that_is_no_longer_in_use_is_refused(file: File, hotel: Property) -> None:
    hotel.is_active = False
    with pytest.raises(opening.UnknownProperty):
        file()


@pytest.mark.parametrize("category", ["service_request", "change_request"])
def test_a_request_that_changes_something_needs_a_verified_person(
    file: File, boris: User, category: str
) -> None:
    told = identity.Evidence(ProofMethod.TOLD, rules.Level.ASSERTED)
    with pytest.raises(identity.ProofTooWeak):
        file(person=boris, category=category, evidence=told)


def test_an_incident_may_be_reported_by_who_is_only_known_by_name(file: File) -> None:
    told = identity.Evidence(ProofMethod.TOLD, rules.Level.ASSERTED)
    assert file(evidence=told).proofs.get().level == 1


def test_nobody_without_any_proof_files_anything(file: File) -> None:
    with pytest.raises(identity.ProofTooWeak):
        file(evidence=identity.Evidence(ProofMethod.TOLD, rules.Level.UNPROVEN))


def test_a_deactivated_person_files_nothing(file: File, anna: User) -> None:
    anna.is_active = False
    with pytest.raises(NotAllowed) as refused:
        file()
    assert str(refused.value.message)


def test_people_of_the_staff_do_not_file_tickets_as_customers(file: File, sergey: User) -> None:
    with pytest.raises(NotAllowed):
        file(person=sergey, property=None)


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x07", "\ud800"])
def test_a_description_without_words_is_refused_where_it_was_typed(file: File, text: str) -> None:
    with pytest.raises(texts.NothingSaid) as refused:
        file(description=text)
    assert refused.value.field == "description"


def test_nul_and_lone_surrogates_are_dropped_and_the_words_stay(file: File) -> None:
    ticket = file(subject="Не\x00 грузится\ud83d", description="Шаг\x00 один\udcff\n🏨 два")
    assert ticket.subject == "Не грузится"
    assert Message.objects.get(ticket=ticket).text == "Шаг один\n🏨 два"


@pytest.mark.parametrize("subject", ["", " \n ", "я" * 201])
def test_a_subject_that_is_none_or_too_long_is_refused(file: File, subject: str) -> None:
    with pytest.raises(texts.NoSubject) as refused:
        file(subject=subject)
    assert refused.value.field == "subject"


def test_too_long_texts_are_refused_and_not_cut(file: File) -> None:
    with pytest.raises(texts.TooLong) as refused:
        file(description="я" * 50_001)
    assert refused.value.field == "description"
    with pytest.raises(texts.DetailTooLong) as refused_detail:
        file(details={"steps": "я" * 5_001})
    assert refused_detail.value.field == "steps"
    assert not Ticket.objects.exists()


def test_only_the_details_of_the_category_are_kept(file: File) -> None:
    ticket = file(details={"steps": " Открыл оплату ", "impact": "", "priority": "critical"})
    assert ticket.details == {"steps": "Открыл оплату"}


def test_a_question_to_my_manager_is_theirs_at_once_on_the_same_clock(
    file: File, maxim: User, at: datetime, letters_to: Callable[[User], list[str]]
) -> None:
    ticket = file(addressee="manager")
    assert ticket.assignee == maxim
    assert ticket.due_at == at + timedelta(minutes=30)
    assert letters_to(maxim) == ["ticket_assigned"]


def test_without_an_account_manager_nothing_can_be_addressed_to_one(file: File) -> None:
    with pytest.raises(opening.NoAccountManager) as refused:
        file(addressee="manager")
    assert refused.value.field == "addressee"


def test_a_manager_who_has_left_gets_no_tickets(file: File, maxim: User) -> None:
    maxim.is_active = False
    maxim.save(update_fields=["is_active"])
    with pytest.raises(opening.NoAccountManager):
        file(addressee="manager")


def test_an_unknown_addressee_is_refused(file: File) -> None:
    with pytest.raises(opening.UnknownAddressee):
        file(addressee="director")


def test_a_raw_update_that_makes_a_request_high_is_refused_by_the_database(
    file: File, boris: User
) -> None:
    ticket = file(person=boris, category="service_request")
    update = "update tickets_ticket set priority = 'high' where id = %s"
    with (
        pytest.raises(IntegrityError, match="requests_are_low_or_medium"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(update, [ticket.pk])


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_sixteen_people_filing_at_once_get_sixteen_numbers(file: File, at_once: AtOnce) -> None:
    tickets = at_once([file] * 16)
    assert len({ticket.number for ticket in tickets}) == 16
    assert Clock.objects.responses().count() == Proof.objects.count() == 16


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_form_sent_eight_times_at_once_makes_one_ticket(
    file: File, anna: User, at_once: AtOnce
) -> None:
    tickets = at_once([partial(file, form_key=uuid4())] * 8)
    assert len({ticket.pk for ticket in tickets}) == 1
    assert Ticket.objects.count() == Message.objects.count() == 1
    assert Delivery.objects.filter(recipient=anna.email).count() == 1
