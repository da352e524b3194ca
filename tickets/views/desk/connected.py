"""Tickets that have to do with each other: merged, parted, linked, followed up."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from portal.http import page
from portal.refusals import Refused
from tickets import actions
from tickets.actions.merging import CustomersDiffer
from tickets.desk_forms import FollowUpForm, NumberForm, SplitForm
from tickets.models import Ticket
from tickets.views.desk.doors import desk_only, done, onward, shown


@desk_only
@require_safe
def connect(request: HttpRequest, number: int) -> HttpResponse:
    """Offer the ways to connect it with others."""
    found, confirm = shown(signed_in(request), number), request.GET.get("confirm", "")
    context = {
        "ticket": found,
        "confirm": confirm if confirm.isdigit() else "",
        "splittable": actions.splittable(found),
        "form_key": uuid4(),
    }
    return page(request, "tickets/desk/connect.html", "tickets/desk/_connect.html", context)


@desk_only
@require_POST
def merge(request: HttpRequest, number: int) -> HttpResponse:
    """Let it go on in another ticket; where two people asked, that is asked back once."""
    user, form = signed_in(request), NumberForm(request.POST)
    found = shown(user, number)
    target = _other(request, form)
    if target is None:
        return _back(number)
    is_confirmed = form.cleaned_data["is_confirmed"]
    try:
        actions.merge(
            source=found, target=target, actor=user, at=timezone.now(), is_confirmed=is_confirmed
        )
    except CustomersDiffer as refusal:
        messages.warning(request, str(refusal.message))
        address = reverse("desk:connect", args=[number])
        return redirect(f"{address}?{urlencode({'confirm': target.number})}")
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return _back(number)
    words = _("No. %(number)d goes on here.") % {"number": number}
    messages.success(request, words)
    return redirect("desk:ticket", target.number)


@desk_only
@require_POST
def undo_merge(request: HttpRequest, number: int) -> HttpResponse:
    """Take it out again."""
    return done(request, number, actions.undo_merge)


@desk_only
@require_POST
def link(request: HttpRequest, number: int) -> HttpResponse:
    """Say that another ticket has to do with it."""
    return _with_other(request, number, actions.link)


@desk_only
@require_POST
def unlink(request: HttpRequest, number: int) -> HttpResponse:
    """Take a link back."""
    return _with_other(request, number, actions.unlink)


def _with_other(request: HttpRequest, number: int, action: Callable[..., Any]) -> HttpResponse:
    shown(signed_in(request), number)
    other = _other(request, NumberForm(request.POST))
    return _back(number) if other is None else done(request, number, action, other=other)


def _other(request: HttpRequest, form: NumberForm) -> Ticket | None:
    """Find the ticket that was named, as far as this person may see it; else say that there is none."""
    if not form.is_valid():
        messages.error(request, _("Type the number of a ticket."))
        return None
    wanted = form.cleaned_data["number"]
    found = Ticket.objects.visible_to(signed_in(request)).filter(number=wanted).first()
    if found is None:
        messages.error(request, _("There is no ticket No. %(number)d.") % {"number": wanted})
    return found


@desk_only
@require_POST
def split(request: HttpRequest, number: int) -> HttpResponse:
    """Make a message a ticket of its own."""
    form = SplitForm(request.POST)
    said = form.cleaned_data if form.is_valid() else {"message": 0, "subject": ""}
    return _to_new(
        request, number, actions.split, message_id=said["message"], subject=said["subject"]
    )


@desk_only
@require_POST
def follow_up(request: HttpRequest, number: int) -> HttpResponse:
    """Open a ticket that goes on where this one ended."""
    form = FollowUpForm(request.POST)
    form.is_valid()
    said = {"subject": "", "text": "", **form.cleaned_data}
    return _to_new(request, number, actions.follow_up, **said)


def _to_new(
    request: HttpRequest, number: int, action: Callable[..., Ticket], **values: Any
) -> HttpResponse:
    """Make a ticket out of this one and lead there; a refusal is said here, and the words stay."""
    user = signed_in(request)
    try:
        made = action(ticket=shown(user, number), actor=user, at=timezone.now(), **values)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return _back(number)
    return onward(request, made.number)


def _back(number: int) -> HttpResponse:
    return redirect(reverse("desk:ticket", args=[number]) + "#connected")
