"""The pages that put several apps together: home, About support, errors, health."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kb.lists import home_lists
from kb.memory import version
from portal import links, strangers
from portal.support import schedule, weeks
from portal.support.schedule import Ground
from tickets import clock
from tickets.clock import TargetRow
from tickets.models import Category, Priority

links.register_name("about-support", "about_support")

WORDS_OF_ADDRESS = re.compile(r"[^\W_]{2,}")
NO_WORDS = {"kb", "to", "cabinet", "desk", "accounts", "search", "sections", "html", "php", "index"}
LONGEST_SEARCH = 100  # characters
SECRET = re.compile(r"pass|token|secret|code|otp|csrf|key|credential", re.IGNORECASE)
SHORT_WORDS = 40  # characters; what is longer was written and gets a box of its own
BEFORE_CLOSING = timedelta(minutes=10)


@dataclass(frozen=True)
class Promises:
    """The figures that everybody asks for, in minutes."""

    critical: int
    incident: int
    request: int


@dataclass(frozen=True)
class TargetLine:
    """One line of the table of targets, as people read it."""

    label: str
    minutes: Sequence[int | None]


@dataclass(frozen=True)
class Example:
    """A ticket that came shortly before closing, and when it would be answered."""

    received_at: datetime
    due_at: datetime


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Ask the one question: how can we help?"""
    at = timezone.now()
    key = (schedule.for_request(request).brand.version, version())
    return strangers.keep(request, key, lambda: _home(request, at), at=at)


def _home(request: HttpRequest, at: datetime) -> HttpResponse:
    context = {
        "lists": home_lists(request.user, get_language()),
        "promises": promises(clock.targets_table(at=at)),
    }
    return render(request, "portal/home.html", context)


@require_safe
def about_support(request: HttpRequest) -> HttpResponse:
    """Tell how fast, when and how support answers, from the rows that the clock uses."""
    at, found = timezone.now(), schedule.for_request(request)
    return strangers.keep(request, found.brand.version, lambda: _about(request, found, at), at=at)


def _about(request: HttpRequest, found: Ground, at: datetime) -> HttpResponse:
    today, table = at.astimezone(found.zone).date(), clock.targets_table(at=at)
    context = {
        "at": at,
        "promises": (figures := promises(table)),
        "targets": target_lines(table),
        "priorities": Priority.choices,
        "example": shortly_before_closing(found, at, figures.critical),
        "week": weeks.lines(found.hours_on(today)),
        "upcoming": weeks.upcoming(found, today),
        "special_days": weeks.special_days(found, today),
        "short_link": settings.SITE_URL + reverse("short_link", args=["about-support"]),
    }
    return render(request, "portal/about_support.html", context)


@require_safe
def design(request: HttpRequest) -> HttpResponse:
    """Show every part in every state; only where DEBUG is on."""
    at = timezone.now()
    context = {
        "soon": at + timedelta(minutes=18),
        "later": at + timedelta(minutes=160),
        "late": at - timedelta(minutes=8),
        "person": request.user,
        "crumbs": [(_("Knowledge base"), reverse("home"))],
    }
    return render(request, "portal/design.html", context)


def promises(table: Sequence[TargetRow]) -> Promises:
    """Take the shortest and the longest target of incidents, and the longest of requests."""
    incident = [
        minutes for row in table if row.category == Category.INCIDENT for minutes in _of(row)
    ]
    request = [
        minutes for row in table if row.category != Category.INCIDENT for minutes in _of(row)
    ]
    return Promises(min(incident), max(incident), max(request))


def target_lines(table: Sequence[TargetRow]) -> list[TargetLine]:
    """Write the table of targets; requests that have the same targets share a line."""
    requests = [row for row in table if row.category != Category.INCIDENT]
    alike = all(row.minutes == requests[0].minutes for row in requests)
    kept = [row for row in table if not alike or row not in requests]
    lines = [TargetLine(str(Category(row.category).label), _all(row)) for row in kept]
    if alike:
        lines.append(TargetLine(_("Request of any kind"), _all(requests[0])))
    return lines


def shortly_before_closing(found: Ground, at: datetime, minutes: int) -> Example | None:
    """Compute when a critical ticket is answered that comes ten minutes before closing."""
    here = schedule.presence(at, found)
    if here.closes_at is None:
        return None
    received_at = here.closes_at - BEFORE_CLOSING
    return Example(received_at, found.schedule.add(received_at, timedelta(minutes=minutes)))


def _all(row: TargetRow) -> list[int | None]:
    return [row.minutes[code] for code in Priority.values]


def _of(row: TargetRow) -> list[int]:
    return [minutes for minutes in row.minutes.values() if minutes is not None]


# --- when something went wrong ------------------------------------------------------------------


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Say that the form waited for too long, and give back what was typed."""
    context = {"typed": typed_text(request), "again": _where_from(request)}
    return render(request, "errors/expired.html", context, status=403)


def typed_text(request: HttpRequest) -> list[tuple[str, str]]:
    """Give the written fields of a posted form, never a password, code or token.

    A form of another site is not repeated: its words would look like ours.
    """
    origin = request.headers.get("Origin", "")
    if origin and urlsplit(origin).netloc != request.get_host():
        return []
    try:
        posted: Mapping[str, str] = request.POST
    except (SuspiciousOperation, RawPostDataException):
        return []
    return [
        (name, value)
        for name, value in posted.items()
        if not SECRET.search(name) and (len(value) > SHORT_WORDS or " " in value.strip())
    ]


def _where_from(request: HttpRequest) -> str:
    """Give the page on which the form stood; the address of the form may answer posts only."""
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        return came_from
    return request.path


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Say that the browser sent something that is no request of ours."""
    # The host may be the very thing that is wrong, so nothing of the request is used.
    return HttpResponse(render_to_string("400.html", _from_memory()), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Say that this is for others, and whom to ask."""
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Http404) -> HttpResponse:  # noqa: ARG001
    """Say that there is no such page, with the words of its address as a search."""
    return render(request, "404.html", {"words": words_of(request.path)}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that we failed; the database may be the reason, so it is not asked."""
    context = {**_from_memory(), "code": request.META.get("REQUEST_ID", "")}
    return HttpResponse(render_to_string("500.html", context), status=500)


def words_of(path: str) -> str:
    """Give the words of an address, for a search."""
    words = WORDS_OF_ADDRESS.findall(unquote(path).replace("-", " "))
    kept = [word for word in words if word.lower() not in NO_WORDS and not word.isdigit()]
    return " ".join(kept)[:LONGEST_SEARCH]


def _from_memory() -> dict[str, object]:
    """Give the ways to reach us as this process knew them last."""
    found = schedule.last_known()
    if found is None:
        return {"brand": None, "channels": []}
    return {
        "brand": found.brand,
        "channels": schedule.channels_now(timezone.now(), get_language(), found),
    }
