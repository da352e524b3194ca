"""Two tickets about one matter become one, and two again when that was a mistake (rule 9)."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from portal.support.schedule import current_schedule
from tickets import access, clock, history, notices, rules
from tickets.actions import duty, locking
from tickets.models import Clock, Merge, Outcome, Ticket, Watcher

MOMENTS = ("status_since", "resolved_at", "closed_at")


class MergeRefused(Refused):
    """Two tickets cannot become one, or not two again; `field` is where the number was typed."""

    code = "merge_refused"
    field = "number"

    def __init__(self, message: str | Promise = "", **names: object) -> None:
        super().__init__(str(message or self.message) % names)


class MergedIntoItself(MergeRefused):
    """A ticket is not merged into itself."""

    code = "merged_into_itself"
    message = _("This is the ticket itself. Name another one.")


class AlreadyMerged(MergeRefused):
    """One of the two goes on elsewhere: a merge into it would end in a circle or in the dark."""

    code = "already_merged"
    message = _("No. %(number)d was merged into No. %(into)d. Choose that one.")


class OtherOrganization(MergeRefused):
    """Customers of one company must never read what those of another wrote."""

    code = "other_organization"
    message = _("No. %(number)d belongs to another organization. Only link them, please.")


class CustomersDiffer(MergeRefused):
    """Two people asked: whoever merges says that both may be answered in one place."""

    code = "customers_differ"
    field = "is_confirmed"
    message = _("%(other)s asked in No. %(number)d, not %(name)s. Confirm that it is one matter.")


class TargetDone(MergeRefused):
    """What is solved or closed takes nothing in."""

    code = "target_done"
    message = _("No. %(number)d is solved or closed. Take it up again first.")


class NotMerged(MergeRefused):
    """There is no merge to undo."""

    code = "not_merged"
    message = _("This ticket is not merged any more.")


class TargetWentOn(MergeRefused):
    """The other ticket was merged further meanwhile."""

    code = "target_went_on"
    message = _("No. %(number)d was merged into No. %(into)d meanwhile. Undo that first.")


@dataclass(frozen=True)
class Before:
    """How two tickets stood before they were merged: what undoing needs."""

    status: str
    status_since: str
    resolved_at: str
    closed_at: str
    # Clocks that were closed by the merge: those of the source by kind, and the target's answer.
    response: int | None
    work: int | None
    update: int | None
    target_response: int | None
    # The clock of an answer that has run in the target since then, and whether the merge began it.
    joined: int | None
    is_joined: bool


@transaction.atomic
def merge(
    *, source: Ticket, target: Ticket, actor: User, at: datetime, is_confirmed: bool = False
) -> Merge:
    """Let a ticket go on in another one; its messages stay where they were written.

    The survivor keeps the earliest unanswered start and the strictest target (rule 9). Raises
    NotAllowed, MergedIntoItself, AlreadyMerged, OtherOrganization, CustomersDiffer, TargetDone.
    """
    if source.pk == target.pk:
        raise MergedIntoItself
    source, target = locking.lock_all([source, target], actor=actor, allowed=access.can_merge)
    _refuse_what_may_not_be(source, target, is_confirmed=is_confirmed)
    stood: dict[str, Any] = {name: _text(getattr(source, name)) for name in MOMENTS}
    stood["status"] = source.status
    stood.update(_join_clocks(source, target, actor, at))
    duty.stand_down(source, actor=actor, at=at)
    locking.move(source, status=rules.Status.CLOSED, actor=actor, at=at)
    source.merged_into, source.closed_at = target, source.closed_at or at
    source.save(update_fields=["merged_into", "closed_at"])
    merged = Merge.objects.create(
        source=source,
        target=target,
        by=actor,
        at=at,
        before=asdict(Before(**stood)),
    )
    _take_watchers(source, target, at)
    history.record(ticket=source, code="merged", actor=actor, at=at, to=target.number)
    history.record(ticket=target, code="merged_in", actor=actor, at=at, other=source.number)
    notices.ticket_merged(source, target, at=at)
    return merged


def _refuse_what_may_not_be(source: Ticket, target: Ticket, *, is_confirmed: bool) -> None:
    for one in (source, target):
        if one.merged_into is not None:
            raise AlreadyMerged(number=one.number, into=one.merged_into.number)
    if source.organization_id != target.organization_id:
        raise OtherOrganization(number=target.number)
    if target.status in rules.DONE_STATUSES:
        raise TargetDone(number=target.number)
    if source.requester_id != target.requester_id and not is_confirmed:
        raise CustomersDiffer(
            number=target.number,
            other=target.requester.full_name,
            name=source.requester.full_name,
        )


def _join_clocks(source: Ticket, target: Ticket, actor: User, at: datetime) -> dict[str, Any]:
    """Close the clocks of the source, and let the target wait as long as the stricter of both."""
    ours, theirs = clock.open_clock(target), clock.open_clock(source)
    strictest = min(
        (_minutes(one, t) for one, t in ((ours, target), (theirs, source)) if one), default=0
    )
    is_changed = theirs is not None and (ours is None or _asks_for_more(theirs, ours, strictest))
    closed = _close_source(source, actor, at)
    joined = ours
    if theirs is not None and is_changed:
        clock.stop(ticket=target, outcome=Outcome.MERGED, by=actor, at=at)
        first = theirs if ours is None or theirs.started_at < ours.started_at else ours
        # Whoever was answered once waits for the next answer; the first one is told only once.
        kind = ours.kind if ours else "next"
        joined = clock.resume_from(clock=first, ticket=target, at=at, kind=kind, minutes=strictest)
    return {
        **closed,
        "target_response": ours.pk if ours and is_changed else None,
        "joined": joined.pk if joined else None,
        "is_joined": is_changed,
    }


def _minutes(one: Clock, ticket: Ticket) -> int:
    """Give the target that holds: what was promised may be stricter than what is written."""
    promised = ticket.due_at or one.due_at or one.started_at
    between = current_schedule().between(one.started_at, promised)
    return max(1, min(one.target_minutes or 1, int(between.total_seconds()) // 60))


def _asks_for_more(theirs: Clock, ours: Clock, strictest: int) -> bool:
    return theirs.started_at < ours.started_at or strictest < (ours.target_minutes or 0)


def _close_source(source: Ticket, actor: User, at: datetime) -> dict[str, int | None]:
    closed = {
        "response": clock.stop(ticket=source, outcome=Outcome.MERGED, by=actor, at=at),
        "work": clock.stop_work(ticket=source, outcome=Outcome.MERGED, by=actor, at=at),
        "update": clock.stop_update(ticket=source, outcome=Outcome.MERGED, by=actor, at=at),
    }
    return {kind: one.pk if one else None for kind, one in closed.items()}


def _take_watchers(source: Ticket, target: Ticket, at: datetime) -> None:
    people = source.watchers.values_list("person_id", flat=True)
    watchers = (Watcher(ticket=target, person_id=person, since=at) for person in people)
    Watcher.objects.bulk_create(watchers, ignore_conflicts=True)


@transaction.atomic
def undo_merge(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Take a merged ticket out again: both stand as before, if nobody was answered meanwhile.

    Where somebody was, the source is open again without a clock of an answer: what its customer
    asked has been answered. Raises NotAllowed, NotMerged, TargetWentOn.
    """
    into = Ticket.objects.filter(merged=ticket).first()
    if into is None:
        raise NotMerged
    source, target = locking.lock_all([ticket, into], actor=actor, allowed=access.can_merge)
    merged = Merge.objects.filter(source=source, target=target, undone_at=None).first()
    if merged is None or source.merged_into_id != target.pk:
        raise NotMerged
    _refuse_when_gone_on(merged, target)
    before = Before(**merged.before)
    is_answered = _is_answered_since(target, before)
    merged.undone_by, merged.undone_at = actor, at
    merged.save(update_fields=["undone_by", "undone_at"])
    source.merged_into = None
    source.save(update_fields=["merged_into"])
    _restore_status(source, before, actor, at, is_answered=is_answered)
    if is_answered:
        _start_work(source, before, at)
    else:
        _restore_clocks(source, target, before, actor, at)
    history.record(ticket=source, code="unmerged", actor=actor, at=at, other=target.number)
    history.record(ticket=target, code="unmerged", actor=actor, at=at, other=source.number)
    return source


def _refuse_when_gone_on(merged: Merge, target: Ticket) -> None:
    """Merges are undone in the order opposite to that in which they were made."""
    if target.merged_into is not None:
        raise TargetWentOn(number=target.number, into=target.merged_into.number)
    later = Merge.objects.filter(target=target, undone_at=None, pk__gt=merged.pk)
    if (last := later.select_related("source").order_by("pk").last()) is not None:
        raise TargetWentOn(number=last.source.number, into=target.number)


def _is_answered_since(target: Ticket, before: Before) -> bool:
    """Whether what the source's customer asked was answered in the target, or came to its end there."""
    if target.status in rules.DONE_STATUSES:
        return True
    joined = Clock.objects.filter(pk=before.joined or 0).first() if before.response else None
    return joined is not None and joined.outcome not in {"", Outcome.MERGED}


def _restore_status(
    source: Ticket, before: Before, actor: User, at: datetime, *, is_answered: bool
) -> None:
    """Lead the status back by moves that the table allows; new is open, for somebody has seen it."""
    is_done = before.status in rules.DONE_STATUSES
    if before.status != rules.Status.CLOSED:
        locking.move(source, status=rules.Status.OPEN, actor=actor, at=at)
        if before.status != rules.Status.NEW and (is_done or not is_answered):
            locking.move(source, status=rules.Status(before.status), actor=actor, at=at)
    for name in MOMENTS:
        if name != "status_since":
            setattr(source, name, parse_datetime(getattr(before, name)))
    source.save(update_fields=["resolved_at", "closed_at"])


def _start_work(source: Ticket, before: Before, at: datetime) -> None:
    if before.status not in rules.DONE_STATUSES:
        clock.start_work(ticket=source, at=at)


def _restore_clocks(
    source: Ticket, target: Ticket, before: Before, actor: User, at: datetime
) -> None:
    """Let every clock go on that the merge had closed."""
    for number in (before.response, before.work, before.update):
        _go_on(number, source, at)
    if before.is_joined:
        clock.stop(ticket=target, outcome=Outcome.MERGED, by=actor, at=at)
        _go_on(before.target_response, target, at)


def _go_on(number: int | None, ticket: Ticket, at: datetime) -> None:
    if number is None:
        return
    going_on = clock.resume_from(clock=Clock.objects.get(pk=number), ticket=ticket, at=at)
    standing = (going_on.category, going_on.priority)
    if standing != (ticket.category, ticket.priority):
        clock.retarget(ticket=ticket, at=at)


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
