"""What helps to write: macros, drafts of the whole desk, who watches, what happened long ago."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal.http import page
from portal.refusals import Refused
from portal.templatetags.moments import moment
from tickets import actions, macros
from tickets.desk_forms import AnswerForm, DraftForm
from tickets.models import Category, Clock, ClockLine, Macro, Priority, Ticket
from tickets.views.cabinet import timeline
from tickets.views.desk.around import Around, Line
from tickets.views.desk.doors import desk_only, done, shown

NOTHING_TO_SAY = 204


@dataclass(frozen=True)
class Preview:
    """A macro as it lies in the editor: its words filled in, and what sending it will change."""

    pk: int
    name: str
    text: str
    is_receipt: bool
    changes: macros.Changes

    @property
    def triage(self) -> str:
        """Category and priority in words; empty where they stay."""
        if not self.changes.is_triage:
            return ""
        category, priority = Category(self.changes.category), Priority(self.changes.priority)
        return f"{category.label}, {priority.label}"


def usable(user: User, ticket: Ticket) -> QuerySet[Macro]:
    """Give the macros that this person may send here, those in the customer's language first."""
    own = Macro.objects.filter(Q(owner=None) | Q(owner=user), is_active=True)
    return own.filter(language=ticket.language).order_by("order", "name", "id")


def preview(macro: Macro, ticket: Ticket, user: User) -> Preview:
    """Fill a macro in for a ticket, in the language of the customer."""
    with override(macro.language):
        text = macros.render(macro.text, _values(ticket, user))
    changes = actions.check_macro(macro)
    return Preview(macro.pk, macro.name, text, macro.is_receipt, changes)


def _values(ticket: Ticket, user: User) -> dict[str, str]:
    return {
        "customer": ticket.requester.get_short_name(),
        "full_name": ticket.requester.full_name,
        "number": str(ticket.number),
        "subject": ticket.subject,
        "hotel": ticket.property.name if ticket.property else ticket.organization.name,
        "organization": ticket.organization.name,
        "specialist": user.full_name,
        "due": str(moment(ticket.due_at)) if ticket.due_at else "",
    }


@dataclass(frozen=True)
class Begun:
    """What the editor begins with, and what the page shows of that."""

    initial: dict[str, Any]
    shown: dict[str, Any]


def begun(request: HttpRequest, ticket: Ticket, user: User, around: Around) -> Begun:
    """Fill the editor with the macro that the address names, else with one's own draft."""
    asked = request.GET.get("macro", "")
    if asked.isascii() and asked.isdigit():
        one = preview(get_object_or_404(usable(user, ticket), pk=asked[:18]), ticket, user)
        initial = {"text": one.text, "after": one.changes.after or "open", "macro": one.pk}
        return Begun(initial, {"macro": one, "mode": "reply"})
    own = next((draft for draft in around.drafts if draft.author_id == user.pk), None)
    if own is None:
        return Begun({}, {})
    return Begun({"text": own.text}, {"own_draft": own, "mode": own.mode})


def chosen(form: AnswerForm, ticket: Ticket, user: User) -> Preview | None:
    """Give the macro of a form that was not accepted, as long as it is in use."""
    macro = form.cleaned_data.get("macro") if hasattr(form, "cleaned_data") else None
    try:
        return preview(macro, ticket, user) if macro and macro.is_active else None
    except Refused:
        return None


@desk_only
@require_safe
def macro_list(request: HttpRequest, number: int) -> HttpResponse:
    """List the macros to choose from."""
    user = signed_in(request)
    found = shown(user, number)
    context = {"ticket": found, "macros": usable(user, found)}
    return page(request, "tickets/desk/macros.html", "tickets/desk/_macros.html", context)


@desk_only
@require_safe
def macro(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Show what a macro says and changes; without the script that is the page of the ticket."""
    user = signed_in(request)
    found = shown(user, number)
    one = get_object_or_404(usable(user, found), pk=pk)
    if not getattr(request, "htmx", False):
        return redirect(f"{reverse('desk:ticket', args=[number])}?macro={pk}#write")
    return render(request, "tickets/desk/_macro.html", {"macro": preview(one, found, user)})


@desk_only
@require_POST
def draft(request: HttpRequest, number: int) -> HttpResponse:
    """Keep what was typed so far; the editor asks every few seconds."""
    user, form = signed_in(request), DraftForm(request.POST)
    found = shown(user, number)
    if form.is_valid():
        at = timezone.now()
        actions.save_draft(ticket=found, author=user, at=at, **form.cleaned_data)
    return HttpResponse(status=NOTHING_TO_SAY)


@desk_only
@require_POST
def go_on(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Go on with a copy of what somebody else has begun."""
    user = signed_in(request)
    found, address = shown(user, number), reverse("desk:ticket", args=[number])
    try:
        actions.take_over_draft(ticket=found, actor=user, draft_id=pk, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect(f"{address}#write")


@desk_only
@require_POST
def watch(request: HttpRequest, number: int) -> HttpResponse:
    """Hear of what happens here."""
    return done(request, number, actions.watch)


@desk_only
@require_POST
def unwatch(request: HttpRequest, number: int) -> HttpResponse:
    """Hear no more of it."""
    return done(request, number, actions.unwatch)


@desk_only
@require_safe
def history(request: HttpRequest, number: int) -> HttpResponse:
    """Show everything that happened."""
    found = shown(signed_in(request), number)
    context = {"ticket": found, "history": tuple(timeline.history_of(found)), "earlier": 0}
    return page(request, "tickets/desk/history.html", "tickets/desk/_history.html", context)


@desk_only
@require_safe
def ledger(request: HttpRequest, number: int) -> HttpResponse:
    """Show the ledger of the clocks that have stopped."""
    found = shown(signed_in(request), number)
    lines = ClockLine.objects.filter(clock__ticket=found, clock__stopped_at__isnull=False)
    by_clock: dict[Clock, list[Line]] = {}
    for line in lines.select_related("clock").order_by("clock_id", "id"):
        by_clock.setdefault(line.clock, []).append(Line.of(line))
    told = [(one, tuple(lines)) for one, lines in by_clock.items()]
    context = {"ticket": found, "ledger": told}
    return page(request, "tickets/desk/ledger.html", "tickets/desk/_ledger_lines.html", context)
