"""The pages around an article in the admin: review, differences, preview, pictures, what is typed."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from accounts.requests import signed_in
from kb import actions, diff, learning
from kb.models import Article, ArticleLink, Revision, Unsaved
from portal import exchange, files, html
from portal.refusals import NotAllowed, Refused
from portal.support.schedule import ground

EVENTS = 30
NUMBER = re.compile(r"[0-9]{1,9}")
View = Callable[..., HttpResponseBase]


def urls() -> list[Any]:
    """Give the addresses, each within the article's."""
    return [
        path("<int:pk>/review/", _written_by_staff(review), name="kb_article_review"),
        path("<int:pk>/decide/", _written_by_staff(decide), name="kb_article_decide"),
        path("<int:pk>/differences/", _written_by_staff(differences), name="kb_article_diff"),
        path("<int:pk>/restore/", _written_by_staff(restore_words), name="kb_article_words"),
        path("<int:pk>/preview/", _written_by_staff(preview), name="kb_article_preview"),
        path("<int:pk>/votes/", _written_by_staff(votes), name="kb_article_votes"),
        path("<int:pk>/typed/", _written_by_staff(typed), name="kb_article_typed"),
        path("<int:pk>/lock/", _written_by_staff(take_over), name="kb_article_lock"),
        path("<int:pk>/pictures/", _written_by_staff(pictures), name="kb_article_pictures"),
    ]


def _written_by_staff(view: View) -> View:
    """Open a page to those who write articles, within the doors of the admin."""

    @wraps(view)
    def guarded(request: HttpRequest, pk: int) -> HttpResponseBase:
        if not actions.can_write(signed_in(request)):
            raise PermissionDenied
        article = get_object_or_404(
            Article.objects.select_related(
                "current_revision", "submitted_revision__author", "scheduled_revision", "section"
            ),
            pk=pk,
        )
        return view(request, article)

    return admin.site.admin_view(guarded)


def number_of(text: str) -> int:
    """Read a number of an address or a form; 0, which nothing has, for all else."""
    return int(text) if NUMBER.fullmatch(text) else 0


def around(request: HttpRequest, object_id: str) -> dict[str, Any]:
    """Give what stands above the form of an article: who is at it, what waits, what happened."""
    article = (
        Article.objects.filter(pk=number_of(object_id))
        .select_related(
            "current_revision", "submitted_revision__author", "submitted_by", "scheduled_revision"
        )
        .first()
    )
    if article is None:
        return {}
    person, at = signed_in(request), timezone.now()
    tickets = exchange.of_tickets()
    found: dict[str, Any] = {
        "state": article,
        "events": _events(article),
        "solved": tickets.count_solved(article.pk),
        "tickets": tickets.of_article(article.pk, person),
    }
    if not actions.can_write(person):
        return found
    lock = actions.hold(article=article, person=person, at=at)
    return {
        **found,
        "lock": None if lock.person_id == person.pk else lock,
        "unsaved": _unsaved(article, person),
        "pictures": article.pictures.order_by("created_at"),
        "linked_from": Article.objects.filter(links__target=article)
        .select_related("current_revision")
        .distinct()[:20],
        "broken": article.links.filter(state="broken")[:20],
        "closed": ArticleLink.objects.closed().filter(article=article)[:20],
        "links": article.links.order_by("id")[:100],
        "may_review": _may_review(person, article),
        "may_publish": actions.can_publish(person),
    }


def _events(article: Article) -> list[Any]:
    return list(article.events.select_related("actor", "revision").order_by("-id")[:EVENTS])


def _unsaved(article: Article, person: User) -> Unsaved | None:
    """Give what this person typed and never saved, if it differs from what stands there."""
    kept = Unsaved.objects.filter(article=article, person=person).first()
    newest = article.revisions.order_by("-number").first()
    if kept is None or newest is None:
        return kept
    same = {"title": newest.title, "summary": newest.summary, "body": newest.body}
    return None if kept.words == same else kept


def _may_review(person: User, article: Article) -> bool:
    words = article.submitted_revision
    return bool(
        words
        and actions.can_publish(person)
        and person.pk not in {words.author_id, article.submitted_by_id}
    )


class DecisionForm(forms.Form):
    """What a reviewer decides."""

    publish_at = forms.DateTimeField(
        label=gettext_lazy("Publish at, Moscow time"),
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "datetime-local"}),
        help_text=gettext_lazy("Empty: at once."),
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text=gettext_lazy("Needed when you send it back: what should be different."),
    )


@require_safe
def review(request: HttpRequest, article: Article) -> HttpResponse:
    """Show what readers see now beside what waits, and the ways to decide."""
    return _review(request, article, DecisionForm())


def _review(
    request: HttpRequest, article: Article, form: DecisionForm, status: int = 200
) -> HttpResponse:
    words = article.submitted_revision or article.revisions.order_by("-number").first()
    shown = article.current_revision if article.status == "published" else None
    context = {
        "form": form,
        "words": words,
        "before": shown,
        "rows": _compared(shown, words),
        "body": html.outline(words.body)[0] if words else "",
        "may_review": _may_review(signed_in(request), article),
        "may_publish": actions.can_publish(signed_in(request)),
    }
    return _page(request, article, "review", _("Review"), context, status)


@require_POST
def decide(request: HttpRequest, article: Article) -> HttpResponse:
    """Do what the button says: approve, send back, publish, schedule, archive, restore…"""
    form, at, actor = DecisionForm(request.POST), timezone.now(), signed_in(request)
    act = DECISIONS.get(request.POST.get("do", ""))
    if act is None or not form.is_valid():
        return _review(request, article, form, 422)
    try:
        act(article, actor, at, form.cleaned_data)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        known = "publish_at" if refusal.field == "scheduled_at" else refusal.field
        form.add_error(known if known in form.fields else None, str(refusal.message))
        return _review(request, article, form, 422)
    messages.success(request, DONE[request.POST["do"]])
    return redirect("admin:kb_article_change", article.pk)


Decide = Callable[[Article, User, datetime, dict[str, Any]], object]
DECISIONS: dict[str, Decide] = {
    "approve": lambda article, actor, at, said: actions.approve(
        article=article, actor=actor, at=at, publish_at=said["publish_at"], comment=said["comment"]
    ),
    "send_back": lambda article, actor, at, said: actions.send_back(
        article=article, actor=actor, at=at, comment=said["comment"]
    ),
    "schedule": lambda article, actor, at, said: actions.schedule(
        article=article, actor=actor, at=at, publish_at=said["publish_at"] or at
    ),
    "unschedule": lambda article, actor, at, _said: actions.unschedule(
        article=article, actor=actor, at=at
    ),
    "archive": lambda article, actor, at, said: actions.archive(
        article=article, actor=actor, at=at, comment=said["comment"]
    ),
    "restore": lambda article, actor, at, _said: actions.restore(
        article=article, actor=actor, at=at
    ),
    "confirm": lambda article, actor, at, _said: actions.confirm(
        article=article, actor=actor, on=at.astimezone(ground().zone).date(), at=at
    ),
}
DONE = {
    "approve": gettext_lazy("Approved."),
    "send_back": gettext_lazy("The author has a letter with what should be different."),
    "schedule": gettext_lazy("It comes out by itself at its hour."),
    "unschedule": gettext_lazy("Called off."),
    "archive": gettext_lazy("Put into the archive."),
    "restore": gettext_lazy("Out of the archive: it is a draft now."),
    "confirm": gettext_lazy("Checked today."),
}


@require_safe
def differences(request: HttpRequest, article: Article) -> HttpResponse:
    """Show two revisions side by side; without a choice the newest and the one before."""
    revisions = list(
        article.revisions.select_related("author").defer("body", "plain").order_by("-number")[:200]
    )
    newer = _chosen(revisions, request.GET.get("b", ""), 0)
    older = _chosen(revisions, request.GET.get("a", ""), 1)
    context = {
        "revisions": revisions,
        "older": older,
        "newer": newer,
        "rows": _compared(older, newer),
    }
    return _page(request, article, "differences", _("Differences"), context)


def _chosen(revisions: list[Revision], number: str, place: int) -> Revision | None:
    found = next((one for one in revisions if str(one.number) == number), None)
    return found or (revisions[min(place, len(revisions) - 1)] if revisions else None)


def _compared(older: Revision | None, newer: Revision | None) -> list[diff.Row | diff.Skipped]:
    return diff.compare(_text(older), _text(newer)) if newer else []


def compared_with_typed(
    newest: Revision, typed: Mapping[str, str]
) -> list[diff.Row | diff.Skipped]:
    """Compare what somebody saved meanwhile with what was typed beside it."""
    body = html.clean(html.from_word(typed.get("body", "")))
    mine = _lines(typed.get("title", ""), typed.get("summary", ""), body)
    return diff.compare(_text(newest), mine)


def _text(revision: Revision | None) -> str:
    """Give a revision as lines: its title, what it says in short, its words, pictures and links."""
    if revision is None:
        return ""
    return _lines(revision.title, revision.summary, revision.body)


def _lines(title: str, summary: str, body: str) -> str:
    return "\n".join(one for one in (title, summary, html.told(body)) if one)


@require_safe
def votes(request: HttpRequest, article: Article) -> HttpResponse:
    """Show what readers said of each revision."""
    return _page(request, article, "votes", _("What readers say"), learning.votes_of(article))


@require_POST
def restore_words(request: HttpRequest, article: Article) -> HttpResponse:
    """Keep the words of an old revision once more."""
    number = number_of(request.POST.get("number", ""))
    if not article.revisions.filter(number=number).exists():
        return redirect("admin:kb_article_diff", article.pk)
    try:
        actions.restore_revision(
            article=article,
            number=number,
            actor=signed_in(request),
            based_on=None,  # nothing is lost: what came between stays a revision
            at=timezone.now(),
        )
    except Refused as refusal:  # rules that got stricter since it was written
        messages.error(request, str(refusal.message))
        return redirect("admin:kb_article_diff", article.pk)
    messages.success(request, _("The old words are the newest revision now."))
    return redirect("admin:kb_article_change", article.pk)


@require_safe
def preview(request: HttpRequest, article: Article) -> HttpResponse:
    """Show a revision as readers would see it."""
    number = request.GET.get("revision", "")
    wanted = article.revisions.filter(number=number_of(number)) if number_of(number) else None
    found = (wanted or article.revisions).order_by("-number").first()
    if found is None:
        return redirect("admin:kb_article_change", article.pk)
    body, headings = html.outline(found.body)
    context = {"article": article, "revision": found, "body": body, "headings": headings}
    return render(request, "kb/preview.html", context)


@require_POST
def typed(request: HttpRequest, article: Article) -> JsonResponse:
    """Keep what is typed, or only that the page is open while nothing is.

    Answers whose the article is, if somebody has taken it over.
    """
    person, at = signed_in(request), timezone.now()
    if "body" in request.POST:
        lock = actions.keep_unsaved(
            article=article,
            person=person,
            words=request.POST,
            based_on=number_of(request.POST.get("based_on", "")),
            at=at,
        )
    else:
        lock = actions.hold(article=article, person=person, at=at)
    taken = "" if lock.person_id == person.pk else lock.person.full_name
    words = _("%(name)s writes here now. What you typed is kept.") % {"name": taken}
    return JsonResponse({"taken": words if taken else ""})


@require_POST
def take_over(request: HttpRequest, article: Article) -> HttpResponse:
    """Take the article over from whoever has it open, or drop what was typed."""
    person = signed_in(request)
    if request.POST.get("do") == "forget":
        actions.forget_unsaved(article=article, person=person)
    else:
        actions.hold(article=article, person=person, at=timezone.now(), takes_over=True)
    return redirect("admin:kb_article_change", article.pk)


@require_POST
def pictures(request: HttpRequest, article: Article) -> JsonResponse:
    """Take a picture; answers with the words to insert, or with what is wrong."""
    upload = request.FILES.get("file")
    if upload is None:
        return JsonResponse({"error": _("Choose a picture.")}, status=400)
    try:
        picture = actions.add_picture(
            article=article,
            actor=signed_in(request),
            upload=upload,
            alt=request.POST.get("alt", ""),
            at=timezone.now(),
        )
    except (Refused, files.FileRefused) as refusal:
        return JsonResponse({"error": str(refusal.message)}, status=refusal.status)
    return JsonResponse(
        {
            "address": reverse("kb:picture", args=[picture.pk, picture.widths[-1]]),
            "alt": picture.alt,
            "width": picture.widths[-1],
            "height": round(picture.height * picture.widths[-1] / picture.width),
        }
    )


def _page(
    request: HttpRequest,
    article: Article,
    name: str,
    title: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    whole = {
        **admin.site.each_context(request),
        "title": f"{article}: {title}",
        "article": article,
        "opts": Article._meta,
        **context,
    }
    return render(request, f"admin/kb/{name}.html", whole, status=status)
