"""Views that people save: a name for the filters that they look at."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import actions
from tickets.models import SavedView
from tickets.views.desk.doors import desk_only
from tickets.views.desk.paging import sort_for
from tickets.views.desk.queue import asked_at


@desk_only
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the page under a name, and open the view."""
    user, here = signed_in(request), request.POST.get("here", "")
    asked = asked_at(here, user)
    kept = dict(asked.applied)
    if asked.sort is not sort_for(asked.applied, ""):
        kept["sort"] = asked.sort.code
    try:
        view = actions.save_view(
            owner=user,
            name=request.POST.get("name", ""),
            kept=kept,
            is_shared=bool(request.POST.get("shared")),
            at=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect(reverse("desk:queue") + asked.here)
    return redirect(f"{reverse('desk:queue')}?saved={view.pk}")


@desk_only
@require_POST
def rename(request: HttpRequest, number: int) -> HttpResponse:
    """Give it another name."""
    return _done(request, number, actions.rename_view, name=request.POST.get("name", ""))


@desk_only
@require_POST
def share(request: HttpRequest, number: int) -> HttpResponse:
    """Show it to everybody, or to its owner alone."""
    is_shared = request.POST.get("shared") == "yes"
    return _done(request, number, actions.share_view, is_shared=is_shared)


@desk_only
@require_POST
def delete(request: HttpRequest, number: int) -> HttpResponse:
    """Take it away."""
    view = _shown(request, number)
    try:
        actions.delete_view(view=view, actor=signed_in(request))
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect(f"{reverse('desk:queue')}?saved={number}")
    messages.success(request, _("The view “%(name)s” is gone.") % {"name": view.name})
    return redirect("desk:queue")


def _done(
    request: HttpRequest, number: int, action: Callable[..., Any], **values: Any
) -> HttpResponse:
    view = _shown(request, number)
    try:
        action(view=view, actor=signed_in(request), **values)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect(f"{reverse('desk:queue')}?saved={number}")


def _shown(request: HttpRequest, number: int) -> SavedView:
    visible = Q(owner=signed_in(request)) | Q(is_shared=True)
    return get_object_or_404(SavedView.objects.filter(visible), pk=number)
