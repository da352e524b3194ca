"""What the command palette offers on every page of the desk: the views, and where they lead."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import signed_in
from tickets.querysets import scope_of
from tickets.views.desk import rail
from tickets.views.desk.doors import desk_only


@desk_only
@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """Give the entries, when the palette is opened for the first time."""
    user = signed_in(request)
    letters = [rail.LETTERS] if rail.reads_letters(scope_of(user)) else []
    views = [*rail.VIEWS, *letters, *rail.saved_views(user)]
    response = render(request, "tickets/desk/_palette_entries.html", {"views": views})
    response.headers["Cache-Control"] = "private, no-cache"
    return response
