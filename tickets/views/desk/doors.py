"""Who comes in to the desk, and how a refused form is answered."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import access
from tickets.models import Ticket

View = Callable[..., HttpResponse]
REFUSED = 422


def desk_only(view: View) -> View:
    """Let the people of the desk in; customers and other staff are refused."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not signed_in(request).works_desk:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def letters_only(view: View) -> View:
    """Let in who reads letters that wait for a person; everybody else is refused."""

    @desk_only
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not access.can_handle_letters(signed_in(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def shown(user: User, number: int) -> Ticket:
    """Give the ticket as far as this person may see it, or 404."""
    found = Ticket.objects.visible_to(user).select_related(
        "requester__role", "property", "organization__account_manager", "development__owner"
    )
    return get_object_or_404(found, number=number)


def done(
    request: HttpRequest, number: int, action: Callable[..., Any], **values: Any
) -> HttpResponse:
    """Do one thing to a ticket and lead on; a refusal is said there."""
    user = signed_in(request)
    try:
        action(ticket=shown(user, number), actor=user, at=timezone.now(), **values)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return onward(request, number)


def onward(request: HttpRequest, number: int, *, sent: UUID | None = None) -> HttpResponse:
    """Lead back to the ticket, or to the queue when it was passed on and is out of sight now.

    `sent` names the form whose draft the browser may now forget.
    """
    if not Ticket.objects.visible_to(signed_in(request)).filter(number=number).exists():
        messages.success(
            request, _("Ticket %(number)d is with somebody else now.") % {"number": number}
        )
        return redirect("desk:queue")
    address = reverse("desk:ticket", args=[number])
    return redirect(f"{address}?{urlencode({'sent': sent})}" if sent else address)
