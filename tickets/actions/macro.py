"""Macros: kept by the head of support, sent by specialists with all that goes with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import NotAllowed, Refused
from tickets import access, macros, rules
from tickets.actions import closing, conversation, locking, triage
from tickets.models import Macro, Ticket


class MacroRefused(Refused):
    """A macro cannot be kept as it is; `field` says where the fault is."""

    status = 400

    def __init__(self, field: str = "", **names: object) -> None:
        super().__init__(str(self.message) % names)
        self.field = field or self.field


class UnknownPlace(MacroRefused):
    """A place in the text that nothing fills."""

    code = "unknown_place"
    field = "text"
    message = _("Nothing fills %(places)s. These are known: %(known)s.")


class NothingInIt(MacroRefused):
    """A macro without words and without changes does nothing."""

    code = "nothing_in_it"
    field = "text"
    message = _("Write a text, or choose what the macro changes.")


class IllegalChange(MacroRefused):
    """A change that can never be made."""

    code = "illegal_change"
    message = _("There is no such change.")


class HalfACell(IllegalChange):
    """Category and priority go together."""

    code = "half_a_cell"
    message = _("Category and priority go together: choose both, or neither.")


class IllegalCell(IllegalChange):
    """A cell that the table of triage does not have."""

    code = "illegal_cell"
    message = _("Requests are low or medium; only incidents go higher.")


class ReceiptSolvesNothing(IllegalChange):
    """A receipt is no answer, and nothing is solved without one."""

    code = "receipt_solves_nothing"
    message = _("A receipt is no answer, and without an answer nothing is solved.")


class MacroGone(Refused):
    """It was taken out of use while somebody wrote with it."""

    code = "macro_gone"
    message = _("This macro is not in use any more. Choose another one, or send the text without.")


BY_CODE: Mapping[str, type[IllegalChange]] = {
    one.code: one for one in (HalfACell, IllegalCell, ReceiptSolvesNothing)
}


def check_macro(macro: Macro) -> macros.Changes:
    """Give the changes of a macro. Raises UnknownPlace, NothingInIt, IllegalChange and its kinds."""
    unknown = macros.unknown_places(macro.text)
    if unknown:
        raise UnknownPlace(places=_places(unknown), known=_places(macros.PLACES))
    try:
        changes = macros.read(macro.changes, is_receipt=macro.is_receipt)
    except macros.BrokenMacro as broken:
        raise BY_CODE.get(broken.code, IllegalChange)(broken.field) from broken
    if not macro.text.strip() and changes == macros.Changes():
        raise NothingInIt
    return changes


def _places(names: Sequence[str]) -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in names)


@transaction.atomic
def save_macro(*, macro: Macro) -> Macro:
    """Keep a macro. Raises what check_macro raises."""
    check_macro(macro)
    macro.save()
    return macro


@transaction.atomic
def apply_macro(
    *,
    ticket: Ticket,
    author: User,
    macro: Macro,
    text: str,
    form_key: UUID,
    at: datetime,
    after: str = "",
    attachments: Sequence[UUID] = (),
    seen_message_id: int | None = None,
) -> Ticket:
    """Send what a macro has filled in, with its changes: all of it or nothing.

    `after` says what the specialist chose beside it; the macro's own holds where they chose none.
    Raises NotAllowed, MacroGone, what check_macro raises, and the refusals of every single change.
    """
    if not access.works_on(author, ticket):
        raise NotAllowed
    if not _is_usable(macro, author):
        raise MacroGone
    changes = check_macro(macro)
    after = after or changes.after
    if after == "resolve" and macro.is_receipt:
        raise ReceiptSolvesNothing("after")
    if locking.said_before(form_key, author=author, ticket=ticket) is not None:
        return ticket
    answer = _Answer(text, form_key, attachments, seen_message_id)
    if after == "resolve":
        _answer_last(ticket, author, answer, at)
    else:
        conversation.reply(
            ticket=ticket,
            author=author,
            text=text,
            form_key=form_key,
            attachments=attachments,
            seen_message_id=seen_message_id,
            is_answer=not macro.is_receipt,
            waits_for_customer=after == "wait",
            at=at,
        )
    _change(ticket, author, changes, at)
    if after == "resolve":
        closing.resolve(ticket=ticket, actor=author, form_key=form_key, at=at)
    return ticket


@dataclass(frozen=True)
class _Answer:
    text: str
    form_key: UUID
    attachments: Sequence[UUID]
    seen_message_id: int | None


def _answer_last(ticket: Ticket, author: User, answer: _Answer, at: datetime) -> None:
    """Say the answer by which a ticket is solved; the letter of the solution carries it."""
    locked = locking.lock(ticket, actor=author, allowed=access.can_resolve)
    if locked.status in rules.DONE_STATUSES:
        raise closing.AlreadyDone
    conversation.refuse_when_outdated(locked, author, answer.seen_message_id, at)
    conversation.say(
        locked,
        author,
        answer.text,
        form_key=answer.form_key,
        attachments=answer.attachments,
        at=at,
    )


def _change(ticket: Ticket, author: User, changes: macros.Changes, at: datetime) -> None:
    if changes.is_triage:
        triage.triage(
            ticket=ticket,
            actor=author,
            category=changes.category,
            priority=changes.priority,
            at=at,
        )
    if changes.assign == macros.ME:
        triage.assign(ticket=ticket, actor=author, assignee=author, at=at)


def _is_usable(macro: Macro, person: User) -> bool:
    fresh = Macro.objects.filter(pk=macro.pk, is_active=True).first()
    return fresh is not None and fresh.owner_id in {None, person.pk}
