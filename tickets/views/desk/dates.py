"""Dates of a ticket that specialists set: when the answer is promised, when work goes on."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import actions
from tickets.desk_forms import AgreedForm, PromiseForm
from tickets.views.desk.doors import REFUSED, desk_only, onward, shown

PAGE = "tickets/desk/dates.html"


@desk_only
@require_http_methods(["GET", "HEAD", "POST"])
def promise(request: HttpRequest, number: int) -> HttpResponse:
    """Promise the first answer for another time."""
    return _set(request, number, "promise", PromiseForm, actions.move_promise)


@desk_only
@require_http_methods(["GET", "HEAD", "POST"])
def agreed(request: HttpRequest, number: int) -> HttpResponse:
    """Wait until a date that was agreed with the customer."""
    return _set(request, number, "agreed", AgreedForm, actions.agree_date)


def _set(
    request: HttpRequest,
    number: int,
    name: str,
    form_of: type[PromiseForm] | type[AgreedForm],
    action: Callable[..., Any],
) -> HttpResponse:
    """Do it and lead back; what is refused comes back with every word that was typed."""
    user, at = signed_in(request), timezone.now()
    found = shown(user, number)
    if request.method != "POST":
        return render(request, PAGE, {"ticket": found, "at": at})
    form = form_of(request.POST)
    if form.is_valid():
        try:
            action(ticket=found, actor=user, at=at, **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return onward(request, number)
    context = {"ticket": found, "at": at, "name": name, "refused": form}
    return render(request, PAGE, context, status=REFUSED)
