"""What a person makes of a letter that waits: whose it is by a code, a ticket, nothing, or read again.

Each act locks the letter, refuses when somebody else has decided meanwhile, and is written down.
Nothing here believes a letter: it goes into a ticket only by what its person has proven or told.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.delivery.bell import ring_after_commit
from portal.refusals import NotAllowed, Refused
from tickets import access, actions, clock, history, identity, rules
from tickets.actions import codes, locking
from tickets.channels.email import intake, opening, store
from tickets.models import (
    IncomingLetter,
    LetterEvent,
    LetterState,
    Message,
    ProofCode,
    Ticket,
)

TAKE = "tickets.tasks.take_letters"
# Why a person discards a letter; the words stand with the other reasons.
SPAM, FLOOD, FORGED, NOT_FOR_US, SETTLED = "spam", "flood", "forged", "not_for_us", "settled"
DISCARDS = (SPAM, FORGED, NOT_FOR_US, SETTLED, FLOOD)
# Only what nobody has to answer may be discarded by the dozen; nothing is ever released so.
TOGETHER = (SPAM, FLOOD)
BY_CODE, BY_CALL = "by_code", "by_call"
# What somebody may ask who is identified and no more (docs/domain.md, Identification).
BY_TOLD = tuple(
    one.value for one, needed in rules.LEVEL_NEEDED.items() if needed <= rules.Level.ASSERTED
)


class DecidedAlready(Refused):
    """Somebody else, or a rule, has decided what becomes of the letter."""

    code = "decided_already"


class NotPutAway(Refused):
    """Only what was discarded, or came before, can be put back."""

    code = "not_put_away"
    message = _("This letter was not discarded, so there is nothing to put back.")


class Forgotten(Refused):
    """Words and bytes of the letter are gone."""

    code = "forgotten"
    message = _("This letter is older than 180 days: its words are gone.")


class UnknownPerson(Refused):
    """A letter is only ever somebody's who has an active account of a customer."""

    code = "unknown_person"
    field = "person"
    message = _("No active customer has this address. Invite them first, then come back.")


class NotCalled(Refused):
    """What somebody told is only evidence when they were asked."""

    code = "not_called"
    field = "called"
    message = _("Call the person at the number in the account first, and say here that you did.")


class NeedsProof(Refused):
    """For this the person has to prove who they are, not only to tell."""

    code = "needs_proof"
    field = "category"
    message = _("For this we need to be sure who asks. Send a code.")


class NotTheirTicket(Refused):
    """The person does not take part in that ticket, and may not."""

    code = "not_their_ticket"
    field = "number"
    message = _(
        "This person does not write in that ticket. Leave the number out: a new one is made."
    )


class NoSuchReason(Refused):
    """A letter is discarded for one of our reasons."""

    code = "no_such_reason"
    field = "reason"
    message = _("Choose why it is discarded.")


def account_of(address: str) -> User:
    """Give the active customer with exactly this address. Raises UnknownPerson."""
    found = User.objects.filter(email=address.strip().lower()).select_related(
        "role", "organization"
    )
    person = found.first()
    if person is None or not access.can_file(person):
        raise UnknownPerson
    return person


def see(*, letter: IncomingLetter, actor: User, at: datetime) -> None:
    """Note who opened a letter that waits, the first time: until then its clock runs."""
    unseen = IncomingLetter.objects.waiting().filter(pk=letter.pk, seen_at=None)
    if access.can_handle_letters(actor) and unseen.update(seen_at=at, seen_by=actor):
        letter.seen_at, letter.seen_by = at, actor


# Who wrote it.


@transaction.atomic
def ask_for_code(
    *, letter: IncomingLetter, actor: User, person: User, ticket: Ticket | None, at: datetime
) -> ProofCode:
    """Send a code to the account's own address; told back, the letter goes into the ticket or a new one.

    Raises NotAllowed, DecidedAlready, UnknownPerson, NotTheirTicket, codes.CodeTooSoon,
    codes.TooManyCodes, codes.TooManyWrong.
    """
    letter = _lock(letter, actor)
    if not is_to_be_proven(letter):
        _refuse_unless_waiting(letter)
    if not access.can_file(person) or (letter.ticket and letter.ticket.requester_id != person.pk):
        raise UnknownPerson
    target = letter.ticket or ticket
    if target is not None and not _may_write(person, target):
        raise NotTheirTicket
    sent = codes.send(letter=letter, person=person, actor=actor, ticket=target, at=at)
    if letter.is_waiting:
        letter.person = person
        letter.save(update_fields=["person"])
    if letter.ticket:
        clock.note_code(ticket=letter.ticket, at=at)
    _record(letter, "code_sent", actor, at, person=person.full_name, ticket=_number(target))
    return sent


def answer_code(
    *, letter: IncomingLetter, actor: User, digits: str, at: datetime
) -> IncomingLetter:
    """Take the code that was told back: the letter is proven, and goes where it was meant for.

    Raises NotAllowed, DecidedAlready, opening.NotReadable, codes.CodeGone, codes.AskedByAnother,
    codes.WrongCode, codes.TooManyWrong, and the refusals of filing and answering.
    """
    if _was_done_by(letter, actor, BY_CODE):
        return letter
    if not access.can_handle_letters(actor):
        raise NotAllowed
    fresh = IncomingLetter.objects.select_related("decided_by", "ticket").get(pk=letter.pk)
    if not is_to_be_proven(fresh):
        _refuse_unless_waiting(fresh)
    asked = codes.check(letter=letter, actor=actor, digits=digits, at=at)
    with opening.opened(letter) as told, transaction.atomic():
        letter = _lock(letter, actor)
        is_in_ticket = is_to_be_proven(letter)
        if not is_in_ticket:
            _refuse_unless_waiting(letter)
        codes.use(asked, at=at)
        if is_in_ticket:
            return _confirm(letter, asked.person, actor, at)
        message = _say(letter, asked.person, asked.ticket, told, actor, at)
        return _become(letter, message, BY_CODE, actor, at)


def file_letter(
    *,
    letter: IncomingLetter,
    actor: User,
    person: User,
    category: str,
    was_called: bool,
    at: datetime,
) -> IncomingLetter:
    """Make a ticket of a letter whose person told on the phone that it is theirs: identified, no more.

    It waits for the identification; nothing of other tickets is told to anybody by it.
    Raises NotAllowed, DecidedAlready, UnknownPerson, NotCalled, NeedsProof, opening.NotReadable
    and the refusals of filing.
    """
    if _was_done_by(letter, actor, BY_CALL):
        return letter
    if not was_called:
        raise NotCalled
    if category not in BY_TOLD:
        raise NeedsProof
    if not access.can_handle_letters(actor):
        raise NotAllowed
    with opening.opened(letter) as told, transaction.atomic():
        letter = _lock(letter, actor)
        _refuse_unless_waiting(letter)
        if not access.can_file(person):
            raise UnknownPerson
        message = _file(letter, person, told, identity.told(actor), category, at)
        waiting = rules.Status.WAITING_IDENTIFICATION
        locking.move(message.ticket, status=waiting, actor=actor, at=at)
        return _become(letter, message, BY_CALL, actor, at)


def _say(
    letter: IncomingLetter,
    person: User,
    ticket: Ticket | None,
    told: Mapping[str, Any],
    actor: User,
    at: datetime,
) -> Message:
    """Write the letter into its ticket as its person's message, or file it anew."""
    proven = identity.code(actor)
    if ticket is None:
        return _file(letter, person, told, proven, rules.Category.INCIDENT.value, at)
    if not access.can_reply(person, ticket):
        if not access.can_join(person, ticket):
            raise NotTheirTicket
        actions.join(ticket=ticket, actor=person, at=at)
    kept, _left_out = intake.files_of(person, told, at)
    message = actions.reply(
        ticket=ticket,
        author=person,
        text=intake.text_of(told),
        form_key=letter.pk,
        attachments=kept,
        at=at,
    )
    identity.record(ticket=message.ticket, person=person, evidence=proven, at=at)
    return message


def _file(
    letter: IncomingLetter,
    person: User,
    told: Mapping[str, Any],
    evidence: identity.Evidence,
    category: str,
    at: datetime,
) -> Message:
    text = intake.text_of(told)
    kept, _left_out = intake.files_of(person, told, at)
    actions.file_ticket(
        person=person,
        property=None,
        category=category,
        subject=letter.subject[:200].strip() or text.split("\n")[0][:120],
        description=text,
        evidence=evidence,
        form_key=letter.pk,
        at=at,
        attachments=kept,
        channel="email",
    )
    return Message.objects.select_related("ticket").get(form_key=letter.pk)


def _confirm(letter: IncomingLetter, person: User, actor: User, at: datetime) -> IncomingLetter:
    """Raise the proof of a ticket that waits for the identification of its requester."""
    ticket = letter.ticket
    assert ticket is not None  # noqa: S101 (see is_to_be_proven)
    identity.record(ticket=ticket, person=person, evidence=identity.code(actor), at=at)
    locking.move(ticket, status=rules.Status.OPEN, actor=actor, at=at)
    history.record(ticket=ticket, code="identified", actor=actor, at=at, person=person.full_name)
    letter.reason, letter.decided_by, letter.decided_at = BY_CODE, actor, at
    letter.save(update_fields=["reason", "decided_by", "decided_at"])
    _record(letter, "proven", actor, at, person=person.full_name, ticket=ticket.number)
    return letter


def _become(
    letter: IncomingLetter, message: Message, reason: str, actor: User, at: datetime
) -> IncomingLetter:
    letter.state, letter.reason = LetterState.DONE.value, reason
    letter.person, letter.message, letter.ticket = message.author, message, message.ticket
    letter.decided_by, letter.decided_at = actor, at
    letter.save(
        update_fields=["state", "reason", "person", "message", "ticket", "decided_by", "decided_at"]
    )
    codes.void(letter, at=at)
    name, number = message.author.full_name, message.ticket.number
    _record(letter, "became", actor, at, how=reason, person=name, ticket=number)
    return letter


# Nothing, and back.


@transaction.atomic
def discard(*, letter: IncomingLetter, actor: User, reason: str, at: datetime) -> IncomingLetter:
    """Put a letter away for a reason; it can be put back. Raises NotAllowed, NoSuchReason, DecidedAlready."""
    if reason not in DISCARDS:
        raise NoSuchReason
    letter = _lock(letter, actor)
    if letter.state == LetterState.DISCARDED and letter.decided_by_id == actor.pk:
        return letter
    _refuse_unless_waiting(letter)
    before = {"state": letter.state, "reason": letter.reason}
    letter.state, letter.reason = LetterState.DISCARDED.value, reason
    letter.decided_by, letter.decided_at = actor, at
    letter.seen_at, letter.seen_by = letter.seen_at or at, letter.seen_by or actor
    letter.save(update_fields=["state", "reason", "decided_by", "decided_at", "seen_at", "seen_by"])
    codes.void(letter, at=at)
    _record(letter, "discarded", actor, at, before=before, reason=reason)
    return letter


@transaction.atomic
def put_back(*, letter: IncomingLetter, actor: User, at: datetime) -> IncomingLetter:
    """Let a letter wait again that was discarded or came before. Raises NotAllowed, NotPutAway, Forgotten."""
    letter = _lock(letter, actor)
    if letter.is_waiting:
        return letter
    if letter.state not in {LetterState.DISCARDED, LetterState.DUPLICATE}:
        raise NotPutAway
    if letter.forgotten_at:
        raise Forgotten
    last = letter.events.filter(code__in=["discarded", "put_back"]).order_by("-id").first()
    # What a rule put away keeps the reason of the rule.
    before = last.data["before"] if last and last.code == "discarded" else {}
    letter.state = before.get("state", LetterState.QUARANTINED.value)
    letter.reason = before.get("reason", letter.reason)
    letter.decided_by = letter.decided_at = None
    letter.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    _record(letter, "put_back", actor, at)
    return letter


@transaction.atomic
def read_again(*, letter: IncomingLetter, actor: User, at: datetime) -> IncomingLetter:
    """Take a letter once more as if it had just come, as after a fault that was mended.

    Raises NotAllowed, DecidedAlready, opening.NotReadable.
    """
    letter = _lock(letter, actor)
    if letter.state == LetterState.STORED:
        return letter
    _refuse_unless_waiting(letter)
    if not store.path_of(letter.pk).exists():
        raise opening.NotReadable
    before = letter.reason
    letter.state, letter.reason = LetterState.STORED.value, ""
    letter.attempts, letter.next_at, letter.lease_until, letter.owner = 0, at, None, ""
    letter.save(update_fields=["state", "reason", "attempts", "next_at", "lease_until", "owner"])
    codes.void(letter, at=at)
    _record(letter, "read_again", actor, at, reason=before)
    ring_after_commit(TAKE)
    return letter


def _lock(letter: IncomingLetter, actor: User) -> IncomingLetter:
    """Lock the row, read it afresh, and refuse who may not. Raises NotAllowed."""
    held = IncomingLetter.objects.select_for_update(of=("self",)).select_related(
        *("mailbox", "person__role", "person__organization", "decided_by", "ticket__requester")
    )
    fresh = held.get(pk=letter.pk)
    if not access.can_handle_letters(actor):
        raise NotAllowed
    return fresh


def _refuse_unless_waiting(letter: IncomingLetter) -> None:
    if letter.is_waiting:
        return
    what = letter.state_name
    if letter.decided_by is None:
        raise DecidedAlready(gettext("This letter waits no more: %(what)s.") % {"what": what})
    told = {"name": letter.decided_by.full_name, "what": what}
    raise DecidedAlready(
        gettext("%(name)s was quicker, the letter waits no more: %(what)s.") % told
    )


def is_to_be_proven(letter: IncomingLetter) -> bool:
    """Whether it is in a ticket whose requester has only told who they are."""
    ticket = letter.ticket
    waits = rules.Status.WAITING_IDENTIFICATION
    return letter.reason == BY_CALL and ticket is not None and ticket.status == waits


def _was_done_by(letter: IncomingLetter, actor: User, reason: str) -> bool:
    """Whether this person has done just this already: a form that is sent twice."""
    done = IncomingLetter.objects.filter(state=LetterState.DONE, reason=reason, decided_by=actor)
    return done.filter(pk=letter.pk).exists()


def _may_write(person: User, ticket: Ticket) -> bool:
    return access.can_reply(person, ticket) or access.can_join(person, ticket)


def _number(ticket: Ticket | None) -> int:
    return ticket.number if ticket else 0


def _record(letter: IncomingLetter, code: str, actor: User, at: datetime, **data: Any) -> None:
    LetterEvent.objects.create(letter=letter, code=code, actor=actor, at=at, data=data)
