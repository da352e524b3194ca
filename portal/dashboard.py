"""The first page of the admin: what waits, what is late, what did not arrive; and its menu by task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Invitation, Organization, Role, User
from accounts.requests import signed_in
from kb import memory
from kb.models import Article, ArticleStatus, AskedQuestion, Section, StopWord, Synonyms
from portal.delivery.models import Delivery, Heartbeat, State
from portal.feedback.models import Feedback
from portal.jobs.models import Job
from portal.support.models import Brand, Channel, Hours, HoursException
from portal.support.schedule import for_request
from tickets import reports
from tickets.figures_in_words import percent
from tickets.models import (
    DeadAddress,
    DutyShift,
    IncomingLetter,
    Macro,
    Mailbox,
    Policy,
    Rating,
    Target,
    Ticket,
)

# Words of Unfold's own templates, which has no Russian catalogue: named here, they are in ours.
WORDS_OF_UNFOLD = (
    gettext_lazy("Type to search"),
    gettext_lazy("Search apps and models..."),
    gettext_lazy("Select value"),
    gettext_lazy("Select record"),
    gettext_lazy("Select all rows"),
    gettext_lazy("More actions"),
    gettext_lazy("No results found"),
    gettext_lazy("No results matching your query"),
    gettext_lazy("Loading more results..."),
    gettext_lazy("No data"),
    gettext_lazy("Previous"),
    gettext_lazy("Recent searches"),
    gettext_lazy("No recent searches"),
    gettext_lazy("This page yielded into no results. Create a new item or reset your filters."),
    gettext_lazy("Reset filters"),
    gettext_lazy("Apply Filters"),
    gettext_lazy("Submit"),
    gettext_lazy("True"),
    gettext_lazy("False"),
    gettext_lazy("Run"),
    gettext_lazy("General"),
    gettext_lazy("Light"),
    gettext_lazy("Dark"),
    gettext_lazy("System"),
    gettext_lazy("Return to site"),
    gettext_lazy("Go back"),
    gettext_lazy("All applications"),
    gettext_lazy("Add row"),
    gettext_lazy("Expand row"),
    gettext_lazy("This item will be deleted."),
    gettext_lazy("You have been successfully logged out from the administration"),
    gettext_lazy("Choose file to upload"),
    gettext_lazy("Toggle password visibility"),
    gettext_lazy("Date"),
    gettext_lazy("Time"),
    gettext_lazy("Forgotten your password or username?"),
)
SHOWN = 5
WEEK = 7
MOST_COUNTED = 1000  # beyond that a number tells nothing, and counting costs

MENU: Sequence[tuple[Any, Sequence[tuple[type[Model], str]]]] = (
    (gettext_lazy("Feedback"), ((Feedback, "forum"),)),
    (
        gettext_lazy("Tickets"),
        (
            (Ticket, "confirmation_number"),
            (Rating, "star"),
            (Target, "timer"),
            (Policy, "update"),
            (DutyShift, "notifications_active"),
            (Macro, "bolt"),
        ),
    ),
    (
        gettext_lazy("Knowledge base"),
        (
            (Article, "article"),
            (AskedQuestion, "school"),
            (Section, "shelves"),
            (Synonyms, "sync_alt"),
            (StopWord, "block"),
        ),
    ),
    (
        gettext_lazy("People"),
        ((User, "person"), (Organization, "apartment"), (Invitation, "mail"), (Role, "badge")),
    ),
    (
        gettext_lazy("Support"),
        (
            (Hours, "schedule"),
            (HoursException, "event_busy"),
            (Channel, "call"),
            (Brand, "storefront"),
        ),
    ),
    (
        gettext_lazy("Letters"),
        (
            (Mailbox, "inbox"),
            (IncomingLetter, "mark_email_unread"),
            (Delivery, "outgoing_mail"),
            (DeadAddress, "unsubscribe"),
            (Heartbeat, "monitor_heart"),
        ),
    ),
)


@dataclass(frozen=True)
class Card:
    """One figure that somebody should act on."""

    title: str
    figure: int | str
    note: str
    href: str
    is_urgent: bool


def site_title(request: HttpRequest) -> str:
    """Name the portal as its brand does."""
    return for_request(request).brand.title


def site_icon(_request: HttpRequest) -> str:
    """Give the mark."""
    return static("img/mark.svg")


def stylesheet(_request: HttpRequest) -> str:
    """Give the few rules of our own."""
    return static("css/admin.css")


def labels_script(_request: HttpRequest) -> str:
    """Give the address of the script that names what Django's admin leaves nameless."""
    return static("js/admin_labels.js")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Give the menu of what this person may open, by task."""
    groups = [
        {"title": title, "separator": True, "items": _items(request, models)}
        for title, models in MENU
    ]
    return [_work(), *(group for group in groups if group["items"])]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what this person should look at first."""
    at, person = timezone.now(), signed_in(request)
    counts = _counts(person, at)
    context["cards"] = [
        *(_feedback_cards(request, counts) if _may_view(request, Feedback) else []),
        *(_ticket_cards(counts) if person.works_desk else []),
        *(_report_cards(request, counts, at) if _is_head(person) else []),
        *(_letter_cards(counts) if _may_view(request, Delivery) else []),
        *(_article_cards(counts, at) if _may_view(request, Article) else []),
    ]
    if _may_view(request, Feedback):
        waiting = Feedback.objects.visible_to(person).waiting().order_by("created_at", "id")
        context["feedback"] = waiting[:SHOWN]
    if person.works_desk:
        late = Ticket.objects.visible_to(person).open().filter(due_at__lt=at)
        context["late"] = late.for_queue().by_due()[:SHOWN]
    return context


def _work() -> dict[str, Any]:
    reading = {
        "title": _("The portal as readers see it"),
        "icon": "public",
        "link": reverse("home"),
    }
    return {
        "items": [
            {"title": _("Overview"), "icon": "home", "link": reverse("admin:index")},
            {"title": _("Desk"), "icon": "support_agent", "link": reverse("desk:queue")},
            # Every address begins with the home page's, so Unfold would always mark it.
            {**reading, "active": False},
        ]
    }


def _items(request: HttpRequest, models: Sequence[tuple[type[Model], str]]) -> list[dict[str, Any]]:
    return [
        {
            "title": capfirst(str(model._meta.verbose_name_plural)),
            "icon": icon,
            "link": _list_of(model),
            **_badge(request, model),
        }
        for model, icon in models
        if _may_view(request, model)
    ]


def _badge(request: HttpRequest, model: type[Model]) -> dict[str, str]:
    """Count the feedback that waits for this person; nothing when none does."""
    if model is not Feedback:
        return {}
    count = _waiting(request)
    return {"badge": str(count)} if count else {}


def _waiting(request: HttpRequest) -> int:
    """Count the feedback that waits, once a request: the menu and the first page both show it."""
    if not hasattr(request, "waiting_feedback"):
        waiting = Feedback.objects.visible_to(signed_in(request)).waiting()
        request.waiting_feedback = waiting.count()  # type: ignore[attr-defined]  # a note of ours
    return int(request.waiting_feedback)  # type: ignore[attr-defined]


def _may_view(request: HttpRequest, model: type[Model]) -> bool:
    if not admin.site.is_registered(model):
        return False
    return bool(admin.site.get_model_admin(model).has_view_permission(request))


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _counts(person: User, at: datetime) -> dict[str, int]:
    """Count all that the cards show with one statement, nothing further than tells something."""
    tickets = Ticket.objects.visible_to(person)
    counted: dict[str, QuerySet[Any]] = {
        "complaints": Feedback.objects.visible_to(person).waiting().filter(kind="complaint"),
        "late": tickets.open().filter(due_at__lt=at),
        "untriaged": tickets.untriaged(),
        "jobs": Job.objects.unfinished(),
        "dead": Delivery.objects.filter(state=State.DEAD),
        "on_their_way": Delivery.objects.filter(state__in=[State.PENDING, State.SENDING]),
        "drafts": Article.objects.filter(status=ArticleStatus.DRAFT),
        "to_review": Article.objects.filter(submitted_revision__isnull=False),
    }
    composed = {name: _composed(rows) for name, rows in counted.items()}
    values = [value for _sql, given in composed.values() for value in given]
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(sql for sql, _given in composed.values())}", values)
        return dict(zip(counted, cursor.fetchone(), strict=True))


def _composed(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    try:
        some = rows.order_by().values("pk")[: MOST_COUNTED + 1]
        sql, given = some.query.sql_with_params()
    except EmptyResultSet:  # of what this person may see, nothing can be there
        return "0", ()
    return f"(select count(*) from ({sql}) counted)", tuple(given)  # noqa: S608 (Django composed it)


def _shown(count: int) -> int | str:
    return count if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


def _feedback_cards(request: HttpRequest, counts: Mapping[str, int]) -> list[Card]:
    complaints = counts["complaints"]
    note = _("complaints among it: %(count)s") % {"count": _shown(complaints)}
    href = _list_of(Feedback)
    return [Card(_("Feedback waits"), _waiting(request), note, href, bool(complaints))]


def _ticket_cards(counts: Mapping[str, int]) -> list[Card]:
    queue, late = reverse("desk:queue"), counts["late"]
    return [
        Card(_("Late tickets"), _shown(late), _("an answer is overdue"), queue, bool(late)),
        Card(
            _("Not triaged"),
            _shown(counts["untriaged"]),
            _("without a priority yet"),
            f"{queue}?view=untriaged",
            is_urgent=False,
        ),
    ]


def _is_head(person: User) -> bool:
    return person.works_desk and person.has_perm("accounts.head_support")


def _report_cards(request: HttpRequest, counts: Mapping[str, int], at: datetime) -> list[Card]:
    today = at.astimezone(for_request(request).zone).date()
    answers = reports.last_days(today, WEEK).answers
    cards = [
        Card(
            _("Answered in time, 7 days"),
            "—" if answers.share is None else percent(answers.share),
            _("late: %(count)d") % {"count": answers.late},
            f"{reverse('desk:reports')}?period=7",
            is_urgent=False,
        )
    ]
    if busy := counts["jobs"]:
        note = _("work in the background")
        cards.append(
            Card(_("Jobs at work"), _shown(busy), note, reverse("jobs:list"), is_urgent=False)
        )
    return cards


def _letter_cards(counts: Mapping[str, int]) -> list[Card]:
    dead = counts["dead"]
    note = _("on their way: %(count)s") % {"count": _shown(counts["on_their_way"])}
    href = f"{_list_of(Delivery)}?state__exact={State.DEAD}"
    return [Card(_("Letters not delivered"), _shown(dead), note, href, bool(dead))]


def _care(on: date) -> int:
    """Count the articles to look after, which means looking at each: a minute old at most."""

    def count() -> int:
        return Article.objects.needing_care(on)[: MOST_COUNTED + 1].count()

    return memory.remember(("care", on), count)


def _article_cards(counts: Mapping[str, int], at: datetime) -> list[Card]:
    drafts = _shown(counts["drafts"])
    href = f"{_list_of(Article)}?status__exact={ArticleStatus.DRAFT}"
    reviewed, care = f"{_list_of(Article)}?waits=review", f"{_list_of(Article)}?waits=care"
    note, waits = _("articles that somebody else should read"), _shown(counts["to_review"])
    to_care = _shown(_care(timezone.localdate(at)))
    cared = _("due, flagged, or with links that lead nowhere")
    return [
        Card(_("To review"), waits, note, reviewed, bool(counts["to_review"])),
        Card(_("Articles to look after"), to_care, cared, care, is_urgent=False),
        Card(_("Drafts"), drafts, _("articles nobody reads yet"), href, is_urgent=False),
    ]
