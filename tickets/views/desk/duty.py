"""Who is on duty, which calls are open, and taking one."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from tickets import actions
from tickets import duty as rota
from tickets.models import Alert, Ticket
from tickets.views.desk.doors import desk_only, done

WEEK = timedelta(days=7)
MOST_SHOWN = 50


@desk_only
@require_safe
def duty(request: HttpRequest) -> HttpResponse:
    """Show the calls that nobody has taken, and the rota of the week."""
    user, at = signed_in(request), timezone.now()
    shifts = rota.shifts(at=at, ahead=WEEK)
    calls = Alert.objects.filter(
        acknowledged_at__isnull=True, ticket__in=Ticket.objects.visible_to(user)
    )
    context = {
        "at": at,
        "calls": calls.select_related("ticket__organization", "ticket__property")
        .prefetch_related("called")
        .order_by("raised_at")[:MOST_SHOWN],
        "now": [one for one in shifts if one.starts_at <= at],
        "shifts": shifts,
        "gaps": rota.gaps(shifts, at=at, ahead=WEEK),
        "may_edit": user.is_staff and user.has_perm("tickets.change_dutyshift"),
    }
    return render(request, "tickets/desk/duty.html", context)


@desk_only
@require_POST
def take_call(request: HttpRequest, number: int) -> HttpResponse:
    """Take the call for a ticket."""
    return done(request, number, actions.acknowledge)
