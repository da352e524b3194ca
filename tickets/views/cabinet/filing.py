"""Filing a ticket: the guided form, the promise before sending, articles that may answer at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from portal import exchange, html, http
from portal.refusals import Refused
from tickets import access, actions, clock, identity, rules
from tickets.forms import LONGEST_SUBJECT, FilingForm, number_among
from tickets.views.cabinet.doors import customers_only, onward, person, status_of_refusal

MOST_SUGGESTED_FROM = 200  # characters of a subject that are searched for


@dataclass(frozen=True)
class Card:
    """One of the four categories in the words of a customer."""

    category: str
    icon: str
    name: str | Words
    meaning: str | Words


CARDS = (
    Card("incident", "bolt", _("It broke"), _("It worked and stopped, or shows an error")),
    Card(
        "service_request",
        "wrench",
        _("Please do it for us"),
        _("What the contract includes: connect, move, export"),
    ),
    Card("information_request", "ask", _("I have a question"), _("How it works or is set up")),
    Card("change_request", "sliders", _("I want it different"), _("Add or change a function")),
)

# What the meter counts, in the order of the form, beside what we know of the person anyway.
CHECKS: tuple[tuple[str, str | Words], ...] = (
    ("description", _("What happened, in some detail")),
    ("steps", _("The steps that lead there")),
    ("impact", _("Whom it affects")),
    ("goal", _("What you want to achieve")),
    ("interface", _("Where in the system it is")),
    ("screenshot", _("A screenshot or a recording")),
)


@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the form, or file what it says."""
    user, at = person(request), timezone.now()
    if request.method != "POST":
        initial = _asked_for(request) | _of_earlier(request, user)
        return _page(request, FilingForm(initial=initial, person=user, at=at), at)
    form = FilingForm(request.POST, request.FILES, person=user, at=at)
    if form.is_valid():
        try:
            ticket = actions.file_ticket(
                person=user,
                evidence=identity.session(),
                has_read=exchange.of_articles().recently_read(request, at=at),
                at=at,
                **form.for_action(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return onward(request, ticket.get_absolute_url(), sent=form.cleaned_data["form_key"])
    return _page(request, form, at, status=status_of_refusal(request))


@customers_only
@require_safe
def promise(request: HttpRequest) -> HttpResponse:
    """Say anew by when a specialist would answer: time passes while somebody writes."""
    context = {"cards": _cards(person(request), timezone.now())}
    return render(request, "tickets/cabinet/_promise.html", context)


@customers_only
@require_safe
def matches(request: HttpRequest) -> HttpResponse:
    """Lead the subject being typed to the suggestions of the knowledge base."""
    typed = html.without_control(request.GET.get("subject", ""))[:MOST_SUGGESTED_FROM]
    return redirect(f"{reverse('kb:suggest')}?{urlencode({'q': typed})}")


def _asked_for(request: HttpRequest) -> dict[str, str]:
    """Read what a link to the form brings along: the words of a search, a kind of matter."""
    subject = " ".join(html.without_control(request.GET.get("subject", "")).split())
    return {
        "subject": subject[:LONGEST_SUBJECT],
        "category": request.GET.get("category", ""),
        "addressee": request.GET.get("addressee", ""),
    }


def _of_earlier(request: HttpRequest, user: User) -> dict[str, Any]:
    """Begin with what stands in the earlier ticket that this one is to follow."""
    asked = request.GET.get("follows", "")
    earlier = number_among(user, int(asked)) if asked.isascii() and asked.isdecimal() else None
    if earlier is None:
        return {}
    return {
        "follows": earlier.number,
        "subject": earlier.subject,
        "category": earlier.category,
        "property": earlier.property_id,
    }


def _page(request: HttpRequest, form: FilingForm, at: datetime, status: int = 200) -> HttpResponse:
    chosen = str(form["category"].value() or "")
    context = {
        "form": form,
        "chosen": chosen,
        "cards": _cards(person(request), at),
        "checks": _checks(form, chosen),
        "wanting": {code: " ".join(_wanting(code)) for code, _words in CHECKS},
        "well_described": rules.WELL_DESCRIBED,
    }
    template, fragment = "tickets/cabinet/new.html", "tickets/cabinet/_new_form.html"
    return http.page(request, template, fragment, context, status)


def _cards(user: User, at: datetime) -> list[dict[str, Any]]:
    promises, allowed = clock.promises(at=at), access.categories_for(user)
    colleagues = _who_may_more(user) if len(allowed) < len(CARDS) else []
    return [
        {
            "card": card,
            "is_allowed": card.category in allowed,
            "promise": promises[card.category],
            "ask": [one for one in colleagues if card.category in one.role.may_file],
        }
        for card in CARDS
    ]


def _who_may_more(user: User) -> list[User]:
    """Find the colleagues to ask for what one's own role does not include."""
    colleagues = User.objects.active().filter(organization=user.organization)
    return list(colleagues.exclude(pk=user.pk).select_related("role").order_by("full_name")[:50])


def _checks(form: FilingForm, chosen: str) -> list[dict[str, Any]]:
    known = {category.value for category in rules.Category}
    missing = form.missing(chosen if chosen in known else rules.Category.INCIDENT.value)
    return [
        {
            "code": code,
            "words": words,
            "categories": " ".join(_wanting(code)),
            "is_on": code not in missing,
        }
        for code, words in CHECKS
    ]


def _wanting(code: str) -> list[str]:
    """Name the categories that ask for this; all ask for a description."""
    return [
        category.value
        for category, names in rules.FIELDS.items()
        if code == "description" or code in names
    ]
