"""One ticket: the conversation, who waits for whom and until when, and the customer's answers."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from portal.refusals import Refused
from tickets import access, actions, clock
from tickets.actions.conversation import REOPEN_FOR, survivor_of
from tickets.forms import IMPACTS, ReplyForm
from tickets.models import Ticket
from tickets.querysets import read
from tickets.views.cabinet import timeline
from tickets.views.cabinet.doors import customers_only, onward, person, status_of_refusal

PAGE = "tickets/cabinet/ticket.html"
REPLY = "tickets/cabinet/_reply_form.html"
NEWS = "tickets/cabinet/_news.html"
NOTHING_NEW = 204
MOST_NAMED = 50


@customers_only
@require_safe
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Show the ticket; to a page that asks again, only what it has not shown yet."""
    user, at = person(request), timezone.now()
    shown = _shown(user, number)
    if getattr(request, "htmx", False) and "seen" in request.GET:
        return _news(request, shown, at)
    return render(request, PAGE, _context(shown, user, ReplyForm(person=user, at=at), at))


@customers_only
@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Add a message; to a solved ticket it says that the matter is not solved."""
    user, at = person(request), timezone.now()
    shown = _shown(user, number)
    form = ReplyForm(request.POST, request.FILES, person=user, at=at)
    if form.is_valid():
        try:
            said = actions.reply(ticket=shown, author=user, at=at, **form.for_action())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if said.ticket_id != shown.pk:
                number = said.ticket.number
                words = _("Sent. The conversation goes on in ticket No. %(number)d.")
                messages.success(request, words % {"number": number})
            address = said.ticket.get_absolute_url()
            return onward(request, address, sent=form.cleaned_data["form_key"])
    template = REPLY if getattr(request, "htmx", False) else PAGE
    context = _context(shown, user, form, at)
    return render(request, template, context, status=status_of_refusal(request))


@customers_only
@require_POST
def close(request: HttpRequest, number: int) -> HttpResponse:
    """Close the ticket: the customer says that it is solved."""
    return _move(request, number, actions.close, _("Closed. Glad that it works."))


@customers_only
@require_POST
def reopen(request: HttpRequest, number: int) -> HttpResponse:
    """Take a solved ticket up again without further words."""
    return _move(request, number, actions.reopen, _("We are on it again."))


def _move(request: HttpRequest, number: int, action: Any, words: str) -> HttpResponse:
    user = person(request)
    shown = _shown(user, number)
    try:
        action(ticket=shown, actor=user, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return onward(request, shown.get_absolute_url())


def _shown(user: User, number: int) -> Ticket:
    # The manager is only named where a ticket is addressed to them: few are.
    found = Ticket.objects.visible_to(user).select_related("property", "assignee")
    shown: Ticket = get_object_or_404(found, number=number)
    return shown


def _news(request: HttpRequest, shown: Ticket, at: datetime) -> HttpResponse:
    """Answer with what was added since the page was made, and how the ticket stands now."""
    user, before = person(request), timeline.read_seen(request.GET.get("seen", ""))
    items = timeline.items_of(shown, user, after=before, inside=timeline.inside_of(shown, user))
    if not items:
        return HttpResponse(status=NOTHING_NEW)
    context = {
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items, before),
        **_standing(shown, user, at),
    }
    return render(request, NEWS, context)


def _context(shown: Ticket, user: User, form: ReplyForm, at: datetime) -> dict[str, Any]:
    items = timeline.items_of(shown, user, inside=timeline.inside_of(shown, user))
    return {
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items),
        "form": form,
        "colleagues": _readers(shown, user),
        "impact": dict(IMPACTS).get(shown.details.get("impact", ""), ""),
        **_standing(shown, user, at),
    }


def _standing(shown: Ticket, user: User, at: datetime) -> dict[str, Any]:
    """Give who waits for whom, until when and why, and what this person may do about it."""
    running = clock.open_clock(shown)
    closed_for_good = bool(shown.closed_at and at - shown.closed_at > REOPEN_FOR)
    into = _where_it_goes_on(shown, user) if shown.merged_into_id else None
    return {
        "ticket": shown,
        "at": at,
        "is_late": bool(shown.due_at and shown.due_at < at),
        "clock": running,
        "why": clock.explain(running) if running else [],
        "can_reply": access.can_reply(user, shown) and (bool(into) or not closed_for_good),
        "into": into,
        "can_close": access.can_close(user, shown) and shown.status != "closed",
    }


def _where_it_goes_on(shown: Ticket, user: User) -> dict[str, Any]:
    """Give the ticket into which this one was merged; a number only where this person may read it."""
    into = survivor_of(shown)
    is_readable = Ticket.objects.visible_to(user).filter(pk=into.pk).exists()
    return {"number": into.number if is_readable else None}


def _readers(shown: Ticket, user: User) -> list[str]:
    """Name who else of the organization reads this ticket."""
    found = read(_reading, shown.organization_id, shown.requester_id, user.pk)
    return [name for (name,) in found]


def _reading(organization: int, requester: int, reader: int) -> QuerySet[User, Any]:
    reading = Q(role__sees_organization=True) | Q(pk=requester)
    people = User.objects.active().filter(reading, organization_id=organization)
    return people.exclude(pk=reader).order_by("full_name").values_list("full_name")[:MOST_NAMED]
