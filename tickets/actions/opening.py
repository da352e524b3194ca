"""Filing a ticket: the one road in for page, API and every channel."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Property, User
from portal import html
from portal.refusals import NotAllowed, Refused
from tickets import access, clock, history, identity, notices, rules
from tickets.actions import locking, texts, uploads
from tickets.models import ClockKind, Message, MessageKind, Ticket

LONGEST_DETAIL = 5000


class CategoryOutsideRole(Refused):
    """The role of this person does not include this kind of request."""

    code = "category_outside_role"
    status = 403
    field = "category"
    message = _("Your role does not include this kind of request. Ask your manager to send it.")


class UnknownProperty(Refused):
    """The hotel is not one of the organization's."""

    code = "unknown_property"
    status = 400
    field = "property"
    message = _("Choose one of your hotels.")


class NoAccountManager(Refused):
    """Nobody looks after this organization yet."""

    code = "no_account_manager"
    field = "addressee"
    message = _("Your organization has no manager yet. Address it to support, please.")


def file_ticket(
    *,
    person: User,
    property: Property | None,  # noqa: A002
    category: str,
    subject: str,
    description: str,
    evidence: identity.Evidence,
    form_key: UUID,
    at: datetime,
    details: Mapping[str, str] | None = None,
    attachments: Sequence[UUID] = (),
    addressee: str = rules.Addressee.SUPPORT,
    channel: str = "cabinet",
    promised_at: datetime | None = None,
) -> Ticket:
    """File a ticket, start its clock, keep the proof, tell the customer.

    The same form sent twice gives the first ticket. Raises NotAllowed, CategoryOutsideRole,
    UnknownProperty, NoAccountManager, identity.ProofTooWeak and the refusals of texts and files.
    """
    if (earlier := _filed_before(form_key, person)) is not None:
        return earlier
    _refuse_what_may_not_be(person, property, category, addressee, evidence)
    draft = Ticket(
        organization_id=person.organization_id,
        property=property,
        requester=person,
        subject=texts.subject_of(subject),
        category=category,
        addressee=addressee,
        assignee=_manager(person) if addressee == rules.Addressee.MANAGER else None,
        channel=channel,
        language=person.language,
        details=_details(category, details or {}),
        form_key=form_key,
        received_at=at,
        last_message_at=at,
        promised_at=promised_at or clock.promise(category=category, at=at).due_at,
    )
    text = texts.text_of(description)
    try:
        with transaction.atomic():
            return _write(draft, text, attachments, evidence, at)
    except IntegrityError:
        # Race: the same form twice at once; the other one won.
        if (earlier := _filed_before(form_key, person)) is not None:
            return earlier
        raise


def _filed_before(form_key: UUID, person: User) -> Ticket | None:
    ticket = Ticket.objects.filter(form_key=form_key).first()
    if ticket and ticket.requester_id != person.pk:
        raise locking.FormTaken
    return ticket


def _refuse_what_may_not_be(
    person: User,
    hotel: Property | None,
    category: str,
    addressee: str,
    evidence: identity.Evidence,
) -> None:
    if not access.can_file(person):
        raise NotAllowed
    if category not in access.categories_for(person):
        raise CategoryOutsideRole
    identity.require(evidence, category)
    if hotel is not None and hotel.organization_id != person.organization_id:
        raise UnknownProperty
    if addressee == rules.Addressee.MANAGER and _manager(person) is None:
        raise NoAccountManager


def _manager(person: User) -> User | None:
    manager = person.organization.account_manager if person.organization else None
    return manager if manager and manager.is_active else None


def _details(category: str, details: Mapping[str, str]) -> dict[str, str]:
    """Keep the fields that belong to the category and say something."""
    known = rules.FIELDS[rules.Category(category)]
    cleaned = {name: html.without_control(details.get(name, "")).strip() for name in known}
    return {name: value[:LONGEST_DETAIL] for name, value in cleaned.items() if value}


def _write(
    ticket: Ticket,
    text: str,
    attachments: Sequence[UUID],
    evidence: identity.Evidence,
    at: datetime,
) -> Ticket:
    person = ticket.requester
    ticket.number = next_number()
    ticket.save(force_insert=True)
    message = Message.objects.create(
        ticket=ticket,
        author=person,
        kind=MessageKind.PUBLIC,
        is_from_staff=False,
        text=text,
        created_at=at,
        form_key=ticket.form_key,
    )
    uploads.attach(message=message, author=person, ids=attachments)
    identity.record(ticket=ticket, person=person, evidence=evidence, at=at)
    clock.start(ticket=ticket, kind=ClockKind.FIRST, message=message, at=at)
    history.record(ticket=ticket, code="filed", actor=person, at=at, channel=ticket.channel)
    notices.ticket_received(ticket, at=at)
    if ticket.assignee:
        notices.ticket_assigned(ticket, at=at)
    return ticket


def next_number() -> int:
    """Take the next number of the sequence: unique under any load, gaps are normal."""
    with connection.cursor() as cursor:
        cursor.execute("select nextval('tickets_number')")
        return int(cursor.fetchone()[0])
