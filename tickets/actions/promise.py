"""The promise: earlier in silence, later only with a reason that the customer reads."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from tickets import access, clock, history, notices
from tickets.actions import locking, texts
from tickets.models import ClockKind, Ticket


class NothingPromised(Refused):
    """A first answer is what was promised; here nobody waits for one any more."""

    code = "nothing_promised"
    message = _("The first answer has been given: there is no promise left to move.")


class PromisePassed(Refused):
    """What was promised for a time that has passed stays late."""

    code = "promise_passed"
    message = _("The promised time has passed. Answer now: a promise is not moved afterwards.")


class PromiseInThePast(Refused):
    """An answer is promised for a time to come."""

    code = "promise_in_the_past"
    status = 400
    field = "promised_at"
    message = _("Choose a time to come.")


class PromiseAfterTarget(Refused):
    """No promise is longer than the time that its target leaves."""

    code = "promise_after_target"
    status = 400
    field = "promised_at"
    message = _("That is later than the target of this ticket allows.")


class ReasonNeeded(Refused):
    """A promise moves later only with a reason."""

    code = "reason_needed"
    status = 400
    field = "reason"
    message = _("Write why: the customer reads it in the letter.")


@transaction.atomic
def move_promise(
    *, ticket: Ticket, actor: User, promised_at: datetime, at: datetime, reason: str = ""
) -> Ticket:
    """Promise the first answer for another time: earlier silently, later with a letter (rule 7).

    Raises NotAllowed, NothingPromised, PromisePassed, PromiseInThePast, PromiseAfterTarget,
    ReasonNeeded and texts.RemarkTooLong.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_move_promise)
    reason = texts.remark_of(reason, field="reason")
    before = ticket.promised_at
    if before == promised_at:
        return ticket
    _refuse_what_may_not_be(ticket, promised_at, at)
    is_later = bool(before and promised_at > before)
    if is_later and not reason:
        raise ReasonNeeded
    ticket.promised_at = promised_at
    ticket.save(update_fields=["promised_at"])
    clock.promise_moved(ticket=ticket, is_later=is_later, at=at)
    history.record(
        ticket=ticket,
        code="promise_moved" if is_later else "promise_earlier",
        actor=actor,
        at=at,
        until=promised_at.isoformat(),
        before=before.isoformat() if before else "",
        reason=reason,
    )
    if is_later:
        notices.promise_moved(ticket, reason, at=at)
    return ticket


def _refuse_what_may_not_be(ticket: Ticket, promised_at: datetime, at: datetime) -> None:
    running = clock.open_clock(ticket)
    if running is None or running.due_at is None or running.kind != ClockKind.FIRST:
        raise NothingPromised
    if ticket.promised_at and ticket.promised_at < at:
        raise PromisePassed
    if promised_at <= at:
        raise PromiseInThePast
    if promised_at > running.due_at:
        raise PromiseAfterTarget
