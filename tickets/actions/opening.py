"""Filing a ticket: the one road in for page, API and every channel."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Property, User
from portal.exchange import Named
from portal.refusals import NotAllowed, Refused
from tickets import access, clock, history, identity, notices, rules
from tickets.actions import duty, locking, texts, tying, uploads
from tickets.models import Link, Message, MessageKind, Ticket

MANAGER = rules.Addressee.MANAGER


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


class UnknownTicket(Refused):
    """A new ticket follows one that its requester may read."""

    code = "unknown_ticket"
    status = 400
    field = "follows"
    message = _("There is no such ticket to follow. File the new one without it.")


class UnknownAddressee(Refused):
    """A ticket goes to support or to the account manager."""

    code = "unknown_addressee"
    status = 400
    field = "addressee"
    message = _("Choose who should answer: support or your manager.")


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
    follows: Ticket | None = None,
    acknowledges: bool = True,
    has_read: Sequence[Named] = (),
) -> Ticket:
    """File a ticket, start its clock, keep the proof, tell the customer if that may be told.

    The same form sent twice gives the first ticket. `follows` is an earlier ticket, over for too
    long to be taken up again, whose matter this is; `has_read` are articles that did not help.
    Raises NotAllowed, CategoryOutsideRole, UnknownProperty, UnknownAddressee, UnknownTicket,
    NoAccountManager, identity.ProofTooWeak, locking.FormTaken and the refusals of texts and files.
    """
    _refuse_what_may_not_be(person, property, category, addressee, evidence)
    if follows is not None and not access.can_see(person, follows):
        raise UnknownTicket
    draft = Ticket(
        organization=person.organization,
        property=property,
        requester=person,
        subject=texts.subject_of(subject),
        category=category,
        addressee=addressee,
        assignee=manager_of(person.organization) if addressee == MANAGER else None,
        channel=channel,
        language=person.language,
        details=texts.details_of(category, details or {}),
        form_key=form_key,
        received_at=at,
        status_since=at,
        last_message_at=at,
        promised_at=promised_at or clock.promise(category=category, at=at).due_at,
    )
    text = texts.text_of(description, field="description")
    try:
        with transaction.atomic():
            _write(draft, text, attachments, evidence, follows, at, acknowledges=acknowledges)
            tying.read_before(draft, has_read, at=at)
            return draft
    except IntegrityError:
        # The same form twice, whether at once or later: the first one counts.
        if (earlier := _filed_before(form_key, person)) is not None:
            return earlier
        locking.refuse_foreign_key(form_key)
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
    if hotel is not None and not access.can_file_about(person, hotel):
        raise UnknownProperty
    if addressee not in set(rules.Addressee):
        raise UnknownAddressee
    if addressee == MANAGER and manager_of(person.organization) is None:
        raise NoAccountManager


def manager_of(organization: Organization | None) -> User | None:
    """Give the account manager who looks after an organization, if one is here."""
    manager = organization.account_manager if organization else None
    return manager if manager and manager.works_desk else None


def _write(
    ticket: Ticket,
    text: str,
    attachments: Sequence[UUID],
    evidence: identity.Evidence,
    follows: Ticket | None,
    at: datetime,
    *,
    acknowledges: bool,
) -> None:
    person = ticket.requester
    ticket.number = next_number()
    clocks = clock.of_new(ticket, at=at)
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
    clock.begin(clocks, message=message, at=at)
    history.record(ticket=ticket, code="filed", actor=person, at=at, channel=ticket.channel)
    duty.filed(ticket, at=at)
    if follows is not None:
        _follow(ticket, follows, at)
    if acknowledges:
        notices.ticket_received(ticket, at=at)
    if ticket.assignee:
        notices.ticket_assigned(ticket, at=at)


def _follow(ticket: Ticket, earlier: Ticket, at: datetime) -> None:
    """Link a ticket to the one whose matter it takes up."""
    person = ticket.requester
    Link.objects.create(kind=Link.Kind.FOLLOW_UP, ticket=ticket, other=earlier, by=person, at=at)
    history.record(ticket=earlier, code="followed_up", actor=person, at=at, other=ticket.number)


def next_number() -> int:
    """Take the next number of the sequence: unique under any load, gaps are normal."""
    with connection.cursor() as cursor:
        cursor.execute("select nextval('tickets_number')")
        return int(cursor.fetchone()[0])
