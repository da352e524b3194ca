"""One ticket as a specialist works on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import access, actions, clock, policy, rules
from tickets.actions.development import open_development
from tickets.desk_forms import AnswerForm, AssignForm, TriageForm
from tickets.forms import IMPACTS
from tickets.models import Category, MessageKind, Priority, Ticket
from tickets.views.cabinet import timeline
from tickets.views.desk import composing
from tickets.views.desk.around import Around, read_around
from tickets.views.desk.doors import REFUSED, desk_only, done, onward, shown
from tickets.views.desk.queue import upcoming
from tickets.views.reading import read_ticket

PAGE = "tickets/desk/ticket.html"
REPLY, NOTE = "reply", "note"
# For static/js/effects.js: which priority the effects on operations and business speak for.
SUGGESTED = " ".join(
    f"{operations}:{business}={rules.suggested_priority('incident', operations=operations, business=business)}"
    for operations in rules.Effect
    for business in rules.Effect
)
NOTHING_NEW = 204
HISTORY = 20  # the rest is fetched when somebody asks for it


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
    found = read_ticket(user, number)
    if getattr(request, "htmx", False) and "seen" in request.GET:
        return _news(request, found, at)
    form = _form(user, at)
    context = _context(found, user, form, at)
    begun = composing.begun(request, found, user, context["around"])
    form.initial.update(begun.initial)
    return render(request, PAGE, {**context, **begun.shown})


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
            actions.drop_draft(ticket=found, author=user)
            return onward(request, number, sent=form.cleaned_data["form_key"])
    found = read_ticket(user, number)
    context = {**_context(found, user, form, at), "mode": mode, "fresh": _seen(request)}
    context["macro"] = composing.chosen(form, found, user)
    return render(request, PAGE, context, status=REFUSED)


@desk_only
@require_POST
def triage(request: HttpRequest, number: int) -> HttpResponse:
    """Set category and priority."""
    return done(request, number, actions.triage, **TriageForm(request.POST).for_action)


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
    elif (macro := form.cleaned_data["macro"]) is not None:
        actions.apply_macro(
            ticket=found,
            author=user,
            macro=macro,
            after=after,
            seen_message_id=seen,
            at=at,
            **words,
        )
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
    is_writing = bool(request.GET.get("writing"))
    actions.show_presence(ticket=found, person=user, is_writing=is_writing, at=at)
    around = read_around(found, user, at)
    items = _items(found, user, around, after=before)
    is_same = not items and request.GET.get("mark", "") == around.mark
    if is_same and not _has_happened(found, request.GET.get("event", "")):
        return HttpResponse(status=NOTHING_NEW)
    context = {
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items, before),
        "ticket": found,
        "at": at,
        "around": around,
        **_shown_of(timeline.history_of(found)),
    }
    return render(request, "tickets/desk/_news.html", context)


def _has_happened(found: Ticket, last: str) -> bool:
    """Whether something came into the history after the event that the page shows last."""
    return found.events.filter(id__gt=timeline.read_seen(last).message_id).exists()


def _context(found: Ticket, user: User, form: AnswerForm, at: datetime) -> dict[str, Any]:
    history, around = timeline.history_of(found), read_around(found, user, at)
    items = _items(found, user, around, history=history)
    # What is said to the customer of a merged ticket is said where it goes on.
    closed_for_good = found.merged_into_id is not None or policy.is_over(found, at)
    works_here = access.works_on(user, found)
    can_reply = works_here and not closed_for_good
    return {
        "ticket": found,
        "at": at,
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items),
        "form": form,
        "mode": REPLY if can_reply else NOTE,
        "closed_for_good": closed_for_good,
        "works_here": works_here,
        "can_reply": can_reply,
        "has_manager": found.organization.account_manager_id is not None,
        "is_developed": open_development(found) is not None,
        "reopen_days": policy.current().reopen_days,
        "details": _details(found),
        "matrix": _matrix(found, at),
        "suggested": SUGGESTED,
        "around": around,
        "upcoming": upcoming(user),
        "can_triage": access.can_triage(user, found),
        "may_write_article": access.can_write_article(user, found),
        "is_done": found.status in rules.DONE_STATUSES,
        "was_answered": any(item.message and _is_answer(item.message) for item in items),
        "is_watching": any(pk == user.pk for pk, _name in around.watchers),
        "is_mine": found.assignee_id == user.pk,
        "macro": None,
        "own_draft": None,
        **_shown_of(history),
    }


def _items(found: Ticket, user: User, around: Around, **given: Any) -> list[timeline.Item]:
    """Give the conversation, with what was written in tickets that go on in this one."""
    inside = [(pk, number) for pk, number, _subject in around.inside]
    names = [name for _pk, name in around.desk]
    return timeline.items_of(found, user, inside=inside, names=names, **given)


def _is_answer(message: timeline.Said) -> bool:
    return message.is_from_staff and message.kind == MessageKind.PUBLIC


def _shown_of(history: list[timeline.Happened]) -> dict[str, Any]:
    """Keep what the page lists; what "solved" and "closed" say is not said twice."""
    told = tuple(event for event in history if not is_said_already(event))
    return {"history": told[:HISTORY], "earlier": len(told[HISTORY:])}


def is_said_already(event: timeline.Happened) -> bool:
    """Whether another event of the same moment says it in better words."""
    return event.code == "status_changed" and event.data.get("after") in rules.DONE_STATUSES


def _details(found: Ticket) -> list[tuple[str, str]]:
    """Give what the customer filled in, in the order of the form, choices in words."""
    known = [name for name in rules.FIELDS[rules.Category(found.category)] if name in found.details]
    names = [*known, *(name for name in found.details if name not in known)]
    details = {**found.details, "impact": _impact(found.details.get("impact", ""))}
    return [(name, details[name]) for name in names]


def _impact(code: str) -> str:
    return str(dict(IMPACTS).get(code, code))


def _matrix(found: Ticket, at: datetime) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    return tuple(
        (row.category, tuple(Cell.of(found, row.category, *cell) for cell in row.minutes.items()))
        for row in clock.targets_table(at=at)
    )
