"""Hand-over to development: the form at a ticket, the list of the developers, and one development."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import access, actions
from tickets.actions.development import open_development
from tickets.development_forms import (
    DescribeForm,
    HandOverForm,
    JoinForm,
    MoveForm,
    OwnerForm,
    RefusableForm,
    ReleaseForm,
    developers,
)
from tickets.models import Development, Ticket
from tickets.querysets import DevelopmentQuerySet, develops
from tickets.views.desk.doors import REFUSED, desk_only, done, onward, shown

HAND_OVER = "tickets/desk/hand_over.html"
PAGE = "tickets/desk/development.html"
ROWS = 50
MOST_OFFERED = 50  # developments that a ticket may join
MOST_TICKETS = 200
SHOWN: dict[str, Callable[[DevelopmentQuerySet, User], DevelopmentQuerySet]] = {
    "all": lambda found, _user: found.going_on().order_by("news_due_at", "id"),
    "mine": lambda found, user: found.going_on().filter(owner=user).order_by("news_due_at", "id"),
    "released": lambda found, _user: found.released().order_by("-released_at", "-id"),
}


@desk_only
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, number: int) -> HttpResponse:
    """Hand a ticket over: a development of its own, or one that goes on already."""
    user, at = signed_in(request), timezone.now()
    found = _ticket(user, number)
    if request.method != "POST":
        if (developed := open_development(found)) is not None:
            return redirect("desk:development", developed.pk)
        return _hand_over_page(request, found, HandOverForm(), JoinForm(person=user, at=at), at)
    form = HandOverForm(request.POST)
    if _acts(form, actions.hand_over, ticket=found, actor=user, at=at):
        messages.success(request, _("Handed over. The customer knows when to expect news."))
        return onward(request, number)
    return _hand_over_page(request, found, form, JoinForm(person=user, at=at), at)


@desk_only
@require_POST
def join(request: HttpRequest, number: int) -> HttpResponse:
    """Let a ticket wait for a development that goes on."""
    user, at = signed_in(request), timezone.now()
    found, form = _ticket(user, number), JoinForm(request.POST, person=user, at=at)
    if _acts(form, actions.join_development, ticket=found, actor=user, at=at):
        return onward(request, number)
    return _hand_over_page(request, found, HandOverForm(), form, at)


@desk_only
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take a ticket back to support."""
    return done(request, number, actions.withdraw)


@desk_only
@require_safe
def developments(request: HttpRequest) -> HttpResponse:
    """List what is developed, the next news first."""
    user = signed_in(request)
    view = request.GET.get("view", "")
    view = view if view in SHOWN else "all"
    found = SHOWN[view](Development.objects.visible_to(user), user)
    rows = found.select_related("owner").annotate(waiting=Count("tickets", distinct=True))
    context = {
        "view": view,
        "page": Paginator(rows, ROWS).get_page(request.GET.get("page")),
        "is_developer": develops(user),
    }
    return render(request, "tickets/desk/developments.html", context)


@desk_only
@require_safe
def development(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one development: its dates, its tickets, and what can be done."""
    return _page(request, _development(signed_in(request), pk))


@desk_only
@require_POST
def news(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell news to the customers of all its tickets."""
    told = _("Told. The customers have a letter and a new date.")
    return _change(request, pk, "news", MoveForm(request.POST), actions.move_eta, told=told)


@desk_only
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Call it released."""
    told = _("Released. A reply lies ready in each ticket.")
    return _change(request, pk, "release", ReleaseForm(request.POST), actions.release, told=told)


@desk_only
@require_POST
def owner(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which developer has it; developers take it themselves."""
    if "take" in request.POST:
        return _change(request, pk, "owner", RefusableForm(request.POST), actions.take)
    return _change(request, pk, "owner", OwnerForm(request.POST), actions.assign_owner)


@desk_only
@require_POST
def describe(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what the staff reads of it."""
    form = DescribeForm(request.POST)
    user, found = signed_in(request), _development(signed_in(request), pk)
    if _acts(form, actions.describe, development=found, actor=user):
        return redirect("desk:development", pk)
    return _page(request, found, describe=form)


def _ticket(user: User, number: int) -> Ticket:
    """Give a ticket that this person may hand over. Raises PermissionDenied."""
    found = shown(user, number)
    if not access.can_hand_over(user, found):
        raise PermissionDenied
    return found


def _development(user: User, pk: int) -> Development:
    visible = Development.objects.visible_to(user).select_related("owner", "released_by")
    return get_object_or_404(visible, pk=pk)


def _change(
    request: HttpRequest,
    pk: int,
    name: str,
    form: RefusableForm,
    action: Callable[..., Any],
    *,
    told: str = "",
) -> HttpResponse:
    """Do one thing to a development and show it again; what was refused stands at its form."""
    user, at = signed_in(request), timezone.now()
    found = _development(user, pk)
    if _acts(form, action, development=found, actor=user, at=at):
        if told:
            messages.success(request, told)
        return redirect("desk:development", pk)
    return _page(request, found, **{name: form})


def _acts(form: RefusableForm, action: Callable[..., Any], **values: Any) -> bool:
    """Whether the form was right and the action did it; if not, the form says why."""
    if not form.is_valid():
        return False
    try:
        action(**values, **form.cleaned_data)
    except Refused as refusal:
        form.refuse(refusal)
    return not form.errors


def _hand_over_page(
    request: HttpRequest, found: Ticket, form: Form, joining: JoinForm, at: datetime
) -> HttpResponse:
    refused = form.errors or joining.errors
    context = {
        "ticket": found,
        "form": form,
        "joining": joining,
        "open_ones": _with_words(joining.fields["development"].queryset),  # type: ignore[attr-defined]
        "at": at,
    }
    return render(request, HAND_OVER, context, status=REFUSED if refused else 200)


def _with_words(found: QuerySet[Development]) -> list[tuple[Development, str]]:
    """Give developments with what their customers read last."""
    rows = list(found.order_by("news_due_at", "id").prefetch_related("etas")[:MOST_OFFERED])
    latest = [max(row.etas.all(), key=lambda eta: eta.number) for row in rows]
    return [(row, eta.customer_text) for row, eta in zip(rows, latest, strict=True)]


def _page(request: HttpRequest, found: Development, **refused: RefusableForm) -> HttpResponse:
    user = signed_in(request)
    may_tell = found.released_at is None and access.can_tell_news(user, found)
    context = {
        "development": found,
        "etas": found.etas.select_related("author").order_by("-number"),
        "tickets": found.tickets.visible_to(user).for_queue().by_due()[:MOST_TICKETS],
        "may_tell": may_tell,
        "may_take": may_tell and develops(user) and found.owner_id != user.pk,
        "developers": developers() if may_tell else (),
        "at": timezone.now(),
        **_forms(found),
        **refused,
    }
    status = REFUSED if refused else 200
    return render(request, PAGE, context, status=status)


def _forms(found: Development) -> dict[str, RefusableForm]:
    return {
        "news": MoveForm(initial={"eta_on": found.eta_on}),
        "release": ReleaseForm(),
        "owner": OwnerForm(initial={"owner": found.owner_id}),
        "describe": DescribeForm(initial=DescribeForm.of(found)),
    }
