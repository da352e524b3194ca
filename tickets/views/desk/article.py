"""An article from a solved ticket: what would be written, what was taken out of it, and its beginning."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.requests import signed_in
from portal import exchange
from portal.refusals import Refused
from tickets import access, actions, retelling, rules
from tickets.models import ArticleTie, Ticket
from tickets.views.desk.doors import REFUSED, desk_only, onward, shown

LONGEST_TITLE, LONGEST_BODY = 250, 200_000


class ArticleForm(forms.Form):
    """The article as whoever reviews it wants it to begin."""

    title = forms.CharField(label=_("Title"), max_length=LONGEST_TITLE)
    section = forms.TypedChoiceField(label=_("Section"), coerce=int)
    body = forms.CharField(
        label=_("Text"), max_length=LONGEST_BODY, widget=forms.Textarea({"rows": 20})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["section"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 (declared above)
        field.choices = list(exchange.of_articles().sections())


@desk_only
@require_http_methods(["GET", "HEAD", "POST"])
def article(request: HttpRequest, number: int) -> HttpResponse:
    """Show what the article would say, or begin it."""
    user = signed_in(request)
    found = shown(user, number)
    if not access.can_write_article(user, found):
        raise PermissionDenied
    written = found.articles.filter(kind=ArticleTie.Kind.WRITTEN).first()
    if written is not None:
        return redirect(exchange.of_articles().address_for_authors(written.article))
    if found.status not in rules.DONE_STATUSES:
        return onward(request, number)
    if request.method == "POST":
        return _write(request, user, found)
    told = retelling.retell(found)
    form = ArticleForm(initial={"title": told.title, "body": told.body})
    return _page(request, found, form, told)


def _write(request: HttpRequest, user: User, found: Ticket) -> HttpResponse:
    form = ArticleForm(request.POST)
    if form.is_valid():
        try:
            tie = actions.write_article(
                ticket=found, actor=user, at=timezone.now(), **form.cleaned_data
            )
        except Refused as refusal:
            known = refusal.field if refusal.field in form.fields else None
            form.add_error(known, str(refusal.message))
        else:
            return redirect(exchange.of_articles().address_for_authors(tie.article))
    return _page(request, found, form, retelling.retell(found), REFUSED)


def _page(
    request: HttpRequest,
    found: Ticket,
    form: ArticleForm,
    told: retelling.Retold,
    status: int = 200,
) -> HttpResponse:
    context = {"ticket": found, "form": form, "hidden": _by_kind(told)}
    return render(request, "tickets/desk/article.html", context, status=status)


KINDS: dict[str, Any] = {
    "name": _("Names"),
    "place": _("Hotels and organizations"),
    "email": _("E-mail addresses"),
    "address": pgettext_lazy("postal", "Addresses"),
    "phone": _("Phones"),
    "number": _("Long numbers and bookings"),
    "link": _("Links with a token"),
    "key": _("Keys"),
    "greeting": _("Greetings"),
    "signature": _("Signatures"),
}


def _by_kind(told: retelling.Retold) -> list[tuple[Any, list[str]]]:
    found = {kind: [one.text for one in told.hidden if one.kind == kind] for kind in KINDS}
    return [(name, found[kind]) for kind, name in KINDS.items() if found[kind]]
