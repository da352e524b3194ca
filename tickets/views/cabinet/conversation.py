"""One ticket: the conversation, who waits for whom and until when, and the customer's answers."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from portal.feedback.forms import sign_about
from portal.refusals import Refused
from tickets import access, actions, policy, rules
from tickets.actions.conversation import survivor_of
from tickets.forms import IMPACTS, RatingForm, ReplyForm
from tickets.models import Eta, Rating, Ticket
from tickets.views.cabinet import timeline
from tickets.views.cabinet.around import Around, read_around
from tickets.views.cabinet.doors import customers_only, onward, person, status_of_refusal
from tickets.views.reading import read_ticket

PAGE = "tickets/cabinet/ticket.html"
REPLY = "tickets/cabinet/_reply_form.html"
NEWS = "tickets/cabinet/_news.html"
NOTHING_NEW = 204


@customers_only
@require_safe
def ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Show the ticket; to a page that asks again, only what it has not shown yet."""
    user, at = person(request), timezone.now()
    shown = read_ticket(user, number)
    if getattr(request, "htmx", False) and "seen" in request.GET:
        return _news(request, shown, at)
    return render(request, PAGE, _context(shown, user, ReplyForm(person=user, at=at), at))


@customers_only
@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Add a message; to a solved ticket it says that the matter is not solved."""
    user, at = person(request), timezone.now()
    shown = read_ticket(user, number)
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


@customers_only
@require_POST
def join(request: HttpRequest, number: int) -> HttpResponse:
    """Take part in a colleague's ticket from now on."""
    return _move(
        request, number, actions.join, _("You take part now: write, and letters come to you.")
    )


@customers_only
@require_POST
def rate(request: HttpRequest, number: int) -> HttpResponse:
    """Keep a mark for the solution."""
    user = person(request)
    shown, form = read_ticket(user, number), RatingForm(request.POST)
    problem = form.problem()
    if not problem:
        try:
            actions.rate(ticket=shown, actor=user, at=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            problem = str(refusal.message)
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, _("Thank you. We read every mark."))
    return onward(request, shown.get_absolute_url())


@customers_only
@require_safe
def head(request: HttpRequest, number: int) -> HttpResponse:
    """Lead to a letter to the head of support about this ticket; specialists do not see it."""
    user = person(request)
    shown = read_ticket(user, number)
    about = sign_about(
        person=user, path=reverse("desk:ticket", args=[shown.number]), title=str(shown)
    )
    return redirect(f"{reverse('feedback:give')}?{urlencode({'to': 'head', 'of': about})}")


def _move(request: HttpRequest, number: int, action: Any, words: str) -> HttpResponse:
    user = person(request)
    shown = read_ticket(user, number)
    try:
        action(ticket=shown, actor=user, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return onward(request, shown.get_absolute_url())


def _news(request: HttpRequest, shown: Ticket, at: datetime) -> HttpResponse:
    """Answer with what was added since the page was made, and how the ticket stands now."""
    user, before = person(request), timeline.read_seen(request.GET.get("seen", ""))
    around = read_around(shown, user)
    items = timeline.items_of(shown, user, after=before, inside=around.inside)
    if not items:
        return HttpResponse(status=NOTHING_NEW)
    context = {
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items, before),
        **_standing(shown, user, around, at),
    }
    return render(request, NEWS, context)


def _context(shown: Ticket, user: User, form: ReplyForm, at: datetime) -> dict[str, Any]:
    around = read_around(shown, user)
    items = timeline.items_of(shown, user, inside=around.inside)
    return {
        "days": timeline.days_of(items),
        "seen": timeline.seen_of(items),
        "form": form,
        "colleagues": around.readers,
        "impact": dict(IMPACTS).get(shown.details.get("impact", ""), ""),
        "links": around.links,
        **_standing(shown, user, around, at),
    }


def _standing(shown: Ticket, user: User, around: Around, at: datetime) -> dict[str, Any]:
    """Give who waits for whom, until when and why, and what this person may do about it."""
    takes_part, is_over = access.can_reply(user, shown), policy.is_over(shown, at)
    is_waiting = shown.status == rules.Status.WAITING_CUSTOMER
    into = _where_it_goes_on(shown, user) if shown.merged_into_id else None
    return {
        "ticket": shown,
        "at": at,
        "is_late": bool(shown.due_at and shown.due_at < at),
        "clock": around.running,
        "why": around.why,
        "can_reply": takes_part and (bool(into) or not is_over),
        "into": into,
        "can_close": takes_part and shown.status != "closed",
        "can_join": not takes_part and access.can_join(user, shown),
        "is_over": is_over,
        "reopen_days": policy.current().reopen_days,
        "silence": policy.silence_of(shown) if is_waiting else None,
        **_development(shown, at),
        **_rating(shown, user, at),
    }


def _where_it_goes_on(shown: Ticket, user: User) -> dict[str, Any]:
    """Give the ticket into which this one was merged; a number only where this person may read it."""
    into = survivor_of(shown)
    is_readable = Ticket.objects.visible_to(user).filter(pk=into.pk).exists()
    return {"number": into.number if is_readable else None}


def _development(shown: Ticket, at: datetime) -> dict[str, Any]:
    """Give what the customers were told last of the development, and when they hear more."""
    found = shown.development if shown.status == rules.Status.IN_DEVELOPMENT else None
    if found is None:
        return {"news": "", "news_due_at": None, "news_is_late": False, "eta_on": None}
    told = Eta.objects.filter(development=found).order_by("-number")
    return {
        "news": told.values_list("customer_text", flat=True).first() or "",
        "news_due_at": found.news_due_at,
        "news_is_late": found.news_due_at < at,
        "eta_on": found.eta_on,
    }


def _rating(shown: Ticket, user: User, at: datetime) -> dict[str, Any]:
    """Give the mark of the present solution, where this person may give one, and whether it stands."""
    is_done = shown.status in rules.DONE_STATUSES
    if not is_done or shown.resolved_at is None or not access.can_rate(user, shown):
        return {"can_rate": False}
    rating = Rating.objects.filter(ticket=shown, resolved_at=shown.resolved_at).first()
    return {
        "can_rate": True,
        "mark": rating.score if rating else 0,
        "is_final": bool(rating and at - rating.rated_at > actions.rating.CHANGED_FOR),
        "remark": rating.comment if rating else "",
        "scores": actions.rating.SCORES,
    }
