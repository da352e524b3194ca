"""One ticket as a specialist works on it."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Self
from uuid import uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import access, actions, clock, policy, rules
from tickets.desk_forms import AnswerForm, AssignForm, TriageForm
from tickets.forms import IMPACTS
from tickets.models import (
    Category,
    ClockLine,
    Event,
    Message,
    MessageKind,
    Priority,
    Status,
    Ticket,
)
from tickets.querysets import Scope, read, scope_of
from tickets.views.cabinet import timeline
from tickets.views.desk.doors import REFUSED, desk_only, done, onward, shown
from tickets.views.desk.queue import upcoming

PAGE = "tickets/desk/ticket.html"
REPLY, NOTE = "reply", "note"
NOTHING_NEW = 204
OTHERS = 5
PROOFS = 5
HISTORY = 100


@dataclass(frozen=True)
class Cell:
    """One cell of the table of triage: the answer's minutes, or nothing where it is not legal."""

    category: str
    priority: str
    minutes: int | None
    is_current: bool

    @classmethod
    def of(cls, ticket: Ticket, category: str, priority: str, minutes: int | None) -> Self:
        """Make the cell, knowing where the ticket stands."""
        is_current = (ticket.category, ticket.priority) == (category, priority)
        return cls(category, priority, minutes, is_current)

    @property
    def name(self) -> str:
        """What the cell chooses, in words."""
        return f"{Category(self.category).label}, {Priority(self.priority).label}"


@desk_only
@require_safe
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Show the ticket; to a page that asks again, only what it has not shown yet."""
    user, at = signed_in(request), timezone.now()
    found = shown(user, number)
    if getattr(request, "htmx", False) and "seen" in request.GET:
        return _news(request, found, at)
    return render(request, PAGE, _context(found, user, _form(user, at), at))


@desk_only
@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Answer the customer; written against an outdated conversation it is stopped, not lost."""
    # Danger: pressing Enter sends a form to its first button. What was meant as a note stays one.
    return _write(request, number, NOTE if request.POST.get("mode") == NOTE else REPLY)


@desk_only
@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Leave a note for the staff."""
    return _write(request, number, NOTE)


def _write(request: HttpRequest, number: int, mode: str) -> HttpResponse:
    user, at = signed_in(request), timezone.now()
    found, form = shown(user, number), _form(user, at, request)
    if form.is_valid():
        try:
            _say(found, user, form, mode, at)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return onward(request, number, sent=form.cleaned_data["form_key"])
    context = {**_context(found, user, form, at), "mode": mode, "fresh": _seen(request)}
    return render(request, PAGE, context, status=REFUSED)


@desk_only
@require_POST
def triage(request: HttpRequest, number: int) -> HttpResponse:
    """Set category and priority."""
    form = TriageForm(request.POST)
    chosen = (form.category, form.priority) if form.is_valid() else ("", "")
    return done(request, number, actions.triage, category=chosen[0], priority=chosen[1])


@desk_only
@require_POST
def assign(request: HttpRequest, number: int) -> HttpResponse:
    """Say who answers."""
    form = AssignForm(request.POST)
    if not form.is_valid():
        shown(signed_in(request), number)
        messages.error(request, str(form.errors.as_data()["assignee"][0].message))
        return onward(request, number)
    return done(request, number, actions.assign, assignee=form.cleaned_data["assignee"])


@desk_only
@require_POST
def status(request: HttpRequest, number: int) -> HttpResponse:
    """Say that it waits for the customer, is in development, or is worked on."""
    return done(request, number, actions.set_status, status=request.POST.get("status", ""))


@desk_only
@require_POST
def readdress(request: HttpRequest, number: int) -> HttpResponse:
    """Move it between the queues of support and of account managers."""
    addressee = request.POST.get("addressee", "")
    return done(request, number, actions.readdress, addressee=addressee)


@desk_only
@require_POST
def resolve(request: HttpRequest, number: int) -> HttpResponse:
    """Call it solved after an answer that was given before."""
    seen = _seen(request) or None
    return done(request, number, actions.resolve, form_key=uuid4(), seen_message_id=seen)


@desk_only
@require_POST
def close(request: HttpRequest, number: int) -> HttpResponse:
    """Close it."""
    return done(request, number, actions.close)


@desk_only
@require_POST
def reopen(request: HttpRequest, number: int) -> HttpResponse:
    """Take it up again."""
    return done(request, number, actions.reopen)


def _form(user: User, at: datetime, request: HttpRequest | None = None) -> AnswerForm:
    if request is None:
        return AnswerForm(person=user, at=at)
    return AnswerForm(request.POST, request.FILES, person=user, at=at)


def _say(found: Ticket, user: User, form: AnswerForm, mode: str, at: datetime) -> None:
    """Leave a note, or answer: and keep it in work, wait for the customer, or call it solved."""
    words, seen = form.for_action(), form.cleaned_data["seen"]
    after = form.cleaned_data["after"]
    if mode == NOTE:
        actions.note(ticket=found, author=user, at=at, **words)
    elif after == "resolve":
        actions.resolve(ticket=found, actor=user, at=at, seen_message_id=seen, **words)
    else:
        actions.reply(
            ticket=found,
            author=user,
            at=at,
            waits_for_customer=after == "wait",
            seen_message_id=seen,
            **words,
        )


def _seen(request: HttpRequest) -> int:
    """Give the last message that stood on the page from which a form was sent; 0 when unknown."""
    return timeline.read_seen(request.POST.get("seen", "")).message_id


def _news(request: HttpRequest, found: Ticket, at: datetime) -> HttpResponse:
    """Answer with what was added since the page was made, and how the ticket stands now."""
    user, before = signed_in(request), timeline.read_seen(request.GET.get("seen", ""))
    items = timeline.items_of(found, user, after=before)
    if not items and not _has_happened(found, request.GET.get("event", "")):
        return HttpResponse(status=NOTHING_NEW)
    context = {
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items, before),
        "ticket": found,
        "at": at,
        "history": _shown_of(_history(found)),
        **_clocks(found),
    }
    return render(request, "tickets/desk/_news.html", context)


def _has_happened(found: Ticket, last: str) -> bool:
    """Whether something came into the history after the event that the page shows last."""
    return found.events.filter(id__gt=timeline.read_seen(last).message_id).exists()


def _context(found: Ticket, user: User, form: AnswerForm, at: datetime) -> dict[str, Any]:
    history = _history(found)
    items = timeline.items_of(found, user, history=history)
    closed_for_good = policy.is_over(found, at)
    return {
        "ticket": found,
        "at": at,
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items),
        "form": form,
        "mode": NOTE if closed_for_good else REPLY,
        "closed_for_good": closed_for_good,
        "reopen_days": policy.current().reopen_days,
        "details": _details(found),
        "matrix": _matrix(found, at),
        "desk": read(_people_of_the_desk),
        "proofs": found.proofs.order_by("-level", "-id")[:PROOFS],
        "history": _shown_of(history),
        "others": _others(found, user),
        "upcoming": upcoming(user),
        "can_triage": access.can_triage(user, found),
        "is_done": found.status in rules.DONE_STATUSES,
        "was_answered": any(item.message and _is_answer(item.message) for item in items),
        **_clocks(found),
    }


def _is_answer(message: Message) -> bool:
    return message.is_from_staff and message.kind == MessageKind.PUBLIC


def _clocks(found: Ticket) -> dict[str, Any]:
    """Give the ledger of all clocks, and why the running one of an answer is due when it is."""
    lines = ClockLine.objects.filter(clock__ticket=found).select_related("clock")
    by_clock = groupby(lines.order_by("clock_id", "id"), key=attrgetter("clock"))
    ledger = [(one, list(written)) for one, written in by_clock]
    running = next(
        (one for one, _written in ledger if one.is_response and one.stopped_at is None), None
    )
    return {
        "ledger": ledger,
        "clock": running,
        "why": clock.explain(running) if running else [],
    }


def _history(found: Ticket) -> list[Event]:
    """Read what happened, latest first."""
    return list(found.events.select_related("actor").order_by("-id"))


def _shown_of(history: list[Event]) -> list[Event]:
    """Keep what the page lists; what "solved" and "closed" say is not said twice."""
    return [event for event in history if not _is_said_already(event)][:HISTORY]


def _is_said_already(event: Event) -> bool:
    return event.code == "status_changed" and event.data.get("after") in rules.DONE_STATUSES


def _details(found: Ticket) -> list[tuple[str, str]]:
    """Give what the customer filled in, in the order of the form, choices in words."""
    known = [name for name in rules.FIELDS[rules.Category(found.category)] if name in found.details]
    names = [*known, *(name for name in found.details if name not in known)]
    details = {**found.details, "impact": _impact(found.details.get("impact", ""))}
    return [(name, details[name]) for name in names]


def _impact(code: str) -> str:
    return str(dict(IMPACTS).get(code, code))


def _people_of_the_desk() -> QuerySet[User, Any]:
    return User.objects.desk().order_by("full_name").values_list("pk", "full_name")


def _others(found: Ticket, user: User) -> list[tuple[int, str, str]]:
    """Give number, subject and state of what the requester asked last."""
    others = read(_others_of, scope_of(user), found.requester_id, found.pk)
    return [(number, subject, str(Status(status).label)) for number, subject, status in others]


def _others_of(scope: Scope, requester: int, ticket: int) -> QuerySet[Ticket, Any]:
    others = Ticket.objects.within(scope).filter(requester=requester).exclude(pk=ticket)
    ordered = others.order_by("-last_message_at", "-id")
    return ordered.values_list("number", "subject", "status")[:OTHERS]


def _matrix(found: Ticket, at: datetime) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    return tuple(
        (row.category, tuple(Cell.of(found, row.category, *cell) for cell in row.minutes.items()))
        for row in clock.targets_table(at=at)
    )
