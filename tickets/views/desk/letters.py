"""Letters that came in: the queue of those that wait for a person, what was put away, and for the head all."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal import html
from portal.http import page
from portal.refusals import Refused
from portal.support.schedule import current_schedule
from tickets import access, mail_words
from tickets.channels.email import unidentified
from tickets.models import WAITING, IncomingLetter, LetterState, ProofCode
from tickets.querysets import LetterQuerySet
from tickets.views.desk import rail
from tickets.views.desk.doors import letters_only

ROWS = 25
SEEN_WITHIN = timedelta(minutes=30)  # of support hours; design/security.md, 2.6
MOST_SEARCHED = 2000  # the newest that are looked through for words
MOST_COUNTED = 2000  # of which reasons are counted
LONGEST_SEARCH = 200
MOST_TOGETHER = 100
NOT_MODIFIED = 304
WAIT, AWAY, ALL = "waiting", "away", "all"
# The tabs, and the states behind each; any one state can be asked for as well, by the head.
TABS: Mapping[str, tuple[str, ...]] = {
    WAIT: WAITING,
    AWAY: (LetterState.DISCARDED.value, LetterState.DUPLICATE.value),
    ALL: (),
}
FIGURES = """
select (select count(*) from tickets_incomingletter where received_at > %(since)s),
    (select count(*) from tickets_incomingletter where received_at > %(since)s and state = 'done'),
    (select count(*) from tickets_incomingletter where forgotten_at is not null)
"""
CODE_SENT = Exists(
    ProofCode.objects.filter(letter=OuterRef("pk"), used_at__isnull=True, voided_at__isnull=True)
)
OF_EVERYBODY = {*TABS[WAIT], *TABS[AWAY], WAIT, AWAY}


@dataclass(frozen=True)
class Asked:
    """What the address asks for; what makes no sense is as good as not asked."""

    state: str  # a tab, or one state
    reason: str
    day: date | None
    search: str
    after: str

    @property
    def tab(self) -> str:
        """The tab under which it stands."""
        if self.state in TABS:
            return self.state
        return next((tab for tab, states in TABS.items() if self.state in states), ALL)

    @property
    def here(self) -> str:
        """The address of this very page."""
        return self.address(after=self.after)

    @property
    def without_search(self) -> str:
        """The same letters without the words that were looked for."""
        return self.address(q="")

    @property
    def is_waiting(self) -> bool:
        """Whether these are the ones that wait: the oldest first, for it is due first."""
        return self.tab == WAIT

    def address(self, **changes: str) -> str:
        """Give the query of a neighbouring page; a change begins at its first page."""
        asked = {
            "state": self.state if self.state != WAIT else "",
            "reason": self.reason,
            "day": self.day.isoformat() if self.day else "",
            "q": self.search,
            **changes,
        }
        return "?" + urlencode({name: value for name, value in asked.items() if value})


@dataclass(frozen=True)
class Row:
    """A letter as the list shows it."""

    letter: IncomingLetter
    due_at: datetime | None
    person: User | None
    is_picked: bool


@letters_only
@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """Show the letters that wait for a person, or those of another state."""
    user, at = signed_in(request), timezone.now()
    asked = asked_for(request.GET)
    if asked.state not in OF_EVERYBODY and not access.can_see_every_letter(user):
        raise PermissionDenied
    found, following = _page_of(asked)
    version = _version(request, found, user)
    if getattr(request, "htmx", False) and request.headers.get("If-None-Match") == version:
        return _with_version(HttpResponse(status=NOT_MODIFIED), version)
    context = {
        "asked": asked,
        "rows": _rows(found, request.GET.get("picked", "")),
        "next": asked.address(after=following) if following else "",
        "first": asked.address() if asked.after else "",
        "groups": rail.groups(user, rail.saved_views(user), rail.LETTERS, at),
        "base": reverse("desk:queue"),
        "version": version,
    }
    if not getattr(request, "htmx", False):
        context |= _tools(user, asked, at)
    response = page(request, "tickets/mail/letters.html", "tickets/mail/_news.html", context)
    return _with_version(response, version)


def _tools(user: User, asked: Asked, at: datetime) -> dict[str, Any]:
    sees_all = access.can_see_every_letter(user)
    return {
        "reasons": _reasons(asked),
        "states": LetterState.choices if sees_all else (),
        "figures": _figures(at) if sees_all else None,
        "sees_all": sees_all,
        "together": [(code, mail_words.reason(code)) for code in unidentified.TOGETHER],
    }


def asked_for(data: Mapping[str, str]) -> Asked:
    """Read an address of the list."""
    state = data.get("state", "")
    reason = data.get("reason", "")
    try:
        day = parse_date(data.get("day", ""))
    except ValueError:
        day = None
    return Asked(
        state=state if state in TABS or state in set(LetterState) else WAIT,
        reason=reason if mail_words.is_code(reason) else "",
        day=day,
        search=html.without_control(data.get("q", ""))[:LONGEST_SEARCH].strip(),
        after=data.get("after", ""),
    )


def _kept(asked: Asked) -> LetterQuerySet:
    """Give the letters of the tab, the reason and the day."""
    found = IncomingLetter.objects.all()
    states = TABS.get(asked.state, (asked.state,))
    if states:
        found = found.filter(state__in=states)
    if asked.reason:
        found = found.filter(reason=asked.reason)
    if asked.day:
        zone = current_schedule().tz
        start = datetime.combine(asked.day, time(), tzinfo=zone)
        end = datetime.combine(asked.day + timedelta(days=1), time(), tzinfo=zone)
        found = found.filter(received_at__gte=start, received_at__lt=end)
    return found


def _page_of(asked: Asked) -> tuple[list[IncomingLetter], str]:
    """Read a page by its cursor, so that the thousandth costs what the first does."""
    found = _kept(asked)
    if asked.search:
        newest = found.order_by("-received_at", "-id").values("pk")[:MOST_SEARCHED]
        words = asked.search
        found = IncomingLetter.objects.filter(pk__in=newest).filter(
            Q(sender__icontains=words)
            | Q(sender_name__icontains=words)
            | Q(subject__icontains=words)
        )
    if (cursor := _cursor(asked.after)) is not None:
        at, pk = cursor
        way = "gt" if asked.is_waiting else "lt"
        later = Q(**{f"received_at__{way}": at}) | Q(**{"received_at": at, f"id__{way}": pk})
        found = found.filter(later)
    order = ("received_at", "id") if asked.is_waiting else ("-received_at", "-id")
    shown = found.select_related("seen_by", "ticket").defer("text").annotate(code_sent=CODE_SENT)
    rows = list(shown.order_by(*order)[: ROWS + 1])
    if len(rows) <= ROWS:
        return rows, ""
    last = rows[ROWS - 1]
    return rows[:ROWS], f"{last.received_at.isoformat()}~{last.pk}"


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    moment, _sign, number = text.partition("~")
    try:
        at, pk = parse_datetime(moment), UUID(number)
    except ValueError:
        return None
    return (at, pk) if at and at.tzinfo else None


def _rows(found: list[IncomingLetter], picked: str) -> list[Row]:
    """Add to each letter when it is due to be seen, and whose address it carries."""
    people = accounts_of({letter.sender for letter in found})
    chosen = set(picked.split("."))
    return [
        Row(letter, due_at(letter), people.get(letter.sender), str(letter.pk) in chosen)
        for letter in found
    ]


def due_at(letter: IncomingLetter) -> datetime | None:
    """Say by when somebody should have opened a letter that waits; nothing once somebody has."""
    if not letter.is_waiting or letter.seen_at is not None:
        return None
    return current_schedule().add(letter.received_at, SEEN_WITHIN)


def accounts_of(addresses: set[str]) -> dict[str, User]:
    """Give the customers who have exactly these addresses. Anybody can write an address: it is a hint."""
    wanted = [address for address in addresses if address]
    found = User.objects.filter(email__in=wanted, role__side="customer", is_active=True)
    return {person.email: person for person in found.select_related("organization")}


def _reasons(asked: Asked) -> list[tuple[str, str, int, bool]]:
    """Give the reasons that stand in this list, the commonest first: code, words, how many, chosen."""
    wide = Asked(asked.state, "", asked.day, "", "")
    newest = _kept(wide).order_by("-received_at", "-id").values("pk")[:MOST_COUNTED]
    counted = (
        IncomingLetter.objects.filter(pk__in=newest)
        .values_list("reason")
        .annotate(number=Count("id"))
        .order_by("-number", "reason")
    )
    known = {code: number for code, number in counted if code}
    if asked.reason:
        known.setdefault(asked.reason, 0)
    return [
        (code, mail_words.reason(code), number, code == asked.reason)
        for code, number in known.items()
    ]


def _figures(at: datetime) -> dict[str, int]:
    """Count for the head what came in within a day, what became of it, and what was forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, {"since": at - timedelta(days=1)})
        return dict(zip(("today", "became", "forgotten"), cursor.fetchone(), strict=True))


def _version(request: HttpRequest, found: list[IncomingLetter], user: User) -> str:
    """Name the state of the rows of this page."""
    rows = [
        (one.pk, one.state, one.reason, one.seen_at, one.ticket_id, one.code_sent)  # type: ignore[attr-defined]  # annotated
        for one in found
    ]
    shown = (rows, user.pk, get_language(), request.get_full_path())
    return f'"{hashlib.blake2s(repr(shown).encode(), digest_size=12).hexdigest()}"'


def _with_version(response: HttpResponse, version: str) -> HttpResponse:
    response.headers["ETag"] = version
    response.headers["Vary"] = "HX-Request, Cookie"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@letters_only
@require_POST
def discard_together(request: HttpRequest) -> HttpResponse:
    """Discard the chosen letters as spam or flood, each for itself; say which were refused."""
    user, at = signed_in(request), timezone.now()
    here = request.POST.get("here", "")
    keys, reason = _chosen(request.POST.getlist("letter")), request.POST.get("reason", "")
    if not keys:
        messages.error(request, _("Choose letters first."))
    elif reason not in unidentified.TOGETHER:
        messages.error(request, _("Several letters at once are discarded only as spam or flood."))
    else:
        _discard(request, keys, reason, user, at)
    return redirect(reverse("desk:letters") + (here if here.startswith("?") else ""))


def _discard(request: HttpRequest, keys: list[UUID], reason: str, user: User, at: datetime) -> None:
    done, refused = 0, set()
    for letter in IncomingLetter.objects.filter(pk__in=keys).order_by("pk"):
        try:
            unidentified.discard(letter=letter, actor=user, reason=reason, at=at)
        except Refused as refusal:
            refused.add(str(refusal.message))
        else:
            done += 1
    if done:
        said = ngettext("%(count)d letter discarded.", "%(count)d letters discarded.", done)
        messages.success(request, said % {"count": done})
    for words in sorted(refused):
        messages.error(request, words)


def _chosen(given: list[str]) -> list[UUID]:
    found = []
    for one in dict.fromkeys(given[:MOST_TOGETHER]):
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return found
