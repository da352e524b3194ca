"""What the command palette offers on every page of the desk: the views, and where they lead."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import signed_in
from tickets.views.desk import rail
from tickets.views.desk.doors import desk_only


@desk_only
@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """Give the entries, when the palette is opened for the first time."""
    views = [*rail.VIEWS, *rail.saved_views(signed_in(request))]
    response = render(request, "tickets/desk/_palette_entries.html", {"views": views})
    response.headers["Cache-Control"] = "private, no-cache"
    return response
