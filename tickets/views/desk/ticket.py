"""One ticket as a specialist works on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal import files
from portal.refusals import Refused
from tickets import access, actions, clock, rules
from tickets.desk_forms import AddresseeForm, AnswerForm, AssignForm, StatusForm, TriageForm
from tickets.models import Clock, Event, Message, Proof, Ticket
from tickets.views.cabinet import timeline
from tickets.views.desk.doors import REFUSED, desk_only, done, shown

OTHERS = 5
HISTORY = 100


@dataclass(frozen=True)
class Cell:
    """One cell of the table of triage: the answer's minutes, or nothing where it is not legal."""

    category: str
    priority: str
    minutes: int | None
    is_current: bool


@desk_only
@require_safe
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Show the ticket; to a page that asks again, only what it has not shown yet."""
    user, at = signed_in(request), timezone.now()
    found = shown(user, number)
    if getattr(request, "htmx", False) and "seen" in request.GET:
        return _news(request, found, at)
    return render(request, "tickets/desk/ticket.html", _context(found, user, _form(user, at), at))


@desk_only
@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Answer the customer; written against an outdated conversation it is stopped, not lost."""
    user, at = signed_in(request), timezone.now()
    found, form = shown(user, number), _form(user, at, request)
    if form.is_valid():
        try:
            _answer(found, user, form, at)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:ticket", number)
    return _again(request, found, form, at, mode="reply")


@desk_only
@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Leave a note for the staff."""
    user, at = signed_in(request), timezone.now()
    found, form = shown(user, number), _form(user, at, request)
    if form.is_valid():
        try:
            actions.note(ticket=found, author=user, at=at, **form.for_action())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:ticket", number)
    return _again(request, found, form, at, mode="note")


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
        return redirect("desk:ticket", number)
    return done(request, number, actions.assign, assignee=form.cleaned_data["assignee"])


@desk_only
@require_POST
def status(request: HttpRequest, number: int) -> HttpResponse:
    """Say that it waits for the customer, is in development, or is worked on."""
    form = StatusForm(request.POST)
    wanted = form.cleaned_data["status"] if form.is_valid() else ""
    return done(request, number, actions.set_status, status=wanted)


@desk_only
@require_POST
def readdress(request: HttpRequest, number: int) -> HttpResponse:
    """Move it between the queues of support and of account managers."""
    form = AddresseeForm(request.POST)
    if not form.is_valid():
        return redirect("desk:ticket", number)
    return done(request, number, actions.readdress, addressee=form.cleaned_data["addressee"])


@desk_only
@require_POST
def resolve(request: HttpRequest, number: int) -> HttpResponse:
    """Call it solved after an answer that was given before."""
    form = AnswerForm({"text": "-"}, person=signed_in(request), at=timezone.now())
    form.is_valid()
    return done(request, number, actions.resolve, form_key=form.cleaned_data["form_key"])


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


def _answer(found: Ticket, user: User, form: AnswerForm, at: datetime) -> None:
    after = form.cleaned_data["after"]
    if after == "resolve":
        actions.resolve(
            ticket=found,
            actor=user,
            at=at,
            seen_message_id=form.cleaned_data["seen"],
            **form.for_action(),
        )
        return
    actions.reply(
        ticket=found,
        author=user,
        at=at,
        waits_for_customer=after == "wait",
        seen_message_id=form.cleaned_data["seen"],
        **form.for_action(),
    )


def _again(
    request: HttpRequest, found: Ticket, form: AnswerForm, at: datetime, *, mode: str
) -> HttpResponse:
    """Show the page again with everything that was typed, and what came in meanwhile."""
    context = {**_context(found, signed_in(request), form, at), "mode": mode}
    return render(request, "tickets/desk/ticket.html", context, status=REFUSED)


def _news(request: HttpRequest, found: Ticket, at: datetime) -> HttpResponse:
    user, before = signed_in(request), timeline.read_seen(request.GET.get("seen", ""))
    items = timeline.items_of(found, user, after=before)
    if not items:
        return HttpResponse(status=204)
    context = {
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items, before),
        "ticket": found,
        "at": at,
    }
    return render(request, "tickets/desk/_news.html", context)


def _context(found: Ticket, user: User, form: AnswerForm, at: datetime) -> dict[str, Any]:
    items = timeline.items_of(found, user)
    running = clock.open_clock(found)
    return {
        "ticket": found,
        "at": at,
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items),
        "form": form,
        "mode": "reply",
        "limits": {"files": files.MOST_FILES, "bytes": files.MOST_BYTES},
        "clock": running,
        "why": clock.explain(running) if running else [],
        "ledger": _ledger(found),
        "matrix": _matrix(found, at),
        "desk": User.objects.desk().order_by("full_name"),
        "proof": Proof.objects.filter(ticket=found).order_by("-level", "-id").first(),
        "history": Event.objects.filter(ticket=found)
        .select_related("actor")
        .order_by("-id")[:HISTORY],
        "others": _others(found, user),
        "can_triage": access.can_triage(user, found),
        "is_done": found.status in rules.DONE_STATUSES,
        "was_answered": _was_answered(found),
    }


def _was_answered(found: Ticket) -> bool:
    return Message.objects.filter(ticket=found, kind="public", is_from_staff=True).exists()


def _ledger(found: Ticket) -> list[Clock]:
    return list(Clock.objects.filter(ticket=found).prefetch_related("lines").order_by("id"))


def _others(found: Ticket, user: User) -> list[Ticket]:
    visible = Ticket.objects.visible_to(user).filter(requester=found.requester_id)
    return list(visible.exclude(pk=found.pk).order_by("-last_message_at", "-id")[:OTHERS])


def _matrix(found: Ticket, at: datetime) -> list[tuple[str, list[Cell]]]:
    present = (found.category, found.priority)
    return [
        (
            row.category,
            [
                Cell(row.category, priority, minutes, present == (row.category, priority))
                for priority, minutes in row.minutes.items()
            ],
        )
        for row in clock.targets_table(at=at)
    ]
