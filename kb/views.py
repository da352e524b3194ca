"""The pages of the knowledge base that anybody may open."""

import re
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from kb import actions, lists, memory, search
from kb.forms import VoteForm
from kb.models import Article, Revision, Section
from kb.readers import voter_of
from kb.reading import minutes_of
from portal import html, links, strangers
from portal.http import page, within_rate
from portal.support.schedule import for_request

SLUG = re.compile(r"[-\w]{1,120}", re.ASCII)
HITS_A_PAGE = 10
MOST_TABS = 8
ARTICLES_A_PAGE = 100
FEWEST_HEADINGS = 3  # a list of contents pays from here on
VOTED = {"yes", "no", "told", "busy"}


def index(_request: HttpRequest) -> HttpResponse:
    """Lead to the home page: it is the cover of the knowledge base."""
    return redirect("home")


@require_safe
def section(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the articles of a section; one without any that this reader may read does not exist."""
    visible = Article.objects.visible_to(request.user).in_language(get_language())
    inside = visible.filter(section__slug=slug).for_list().order_by("current_revision__title", "id")
    shown = Paginator(inside, ARTICLES_A_PAGE).get_page(request.GET.get("page"))
    if not shown.object_list:
        raise Http404
    context = {
        "section": shown.object_list[0].section,
        "shown": shown,
        "sections": lists.home_lists(request.user, get_language())["sections"],
        "crumbs": [(_("Knowledge base"), reverse("home"))],
    }
    return render(request, "kb/section.html", context)


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an article; a hidden one is as good as none."""
    # The version of the lists changes with every article that readers may see differently.
    key = (for_request(request).brand.version, memory.version())
    return strangers.keep(request, key, partial(_article, request, slug), at=timezone.now())


def _article(request: HttpRequest, slug: str) -> HttpResponse:
    found, revision = _readable(request, slug)
    body, headings = html.outline(revision.body)
    context = {
        "article": found,
        "revision": revision,
        "body": body,
        "headings": headings if len(headings) >= FEWEST_HEADINGS else (),
        "minutes": minutes_of(revision.body),
        "short_link": request.build_absolute_uri(reverse("short_link", args=[found.short_code])),
        "around": lists.around(found, request.user),
        "crumbs": [
            (_("Knowledge base"), reverse("home")),
            (found.section.title, found.section.get_absolute_url()),
        ],
        "voted": request.GET.get("voted") if request.GET.get("voted") in VOTED else "",
        "reasons": actions.REASON_WORDS,
    }
    return render(request, "kb/article.html", context)


@require_POST
def vote(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep whether an article helped; after a "no" ask why."""
    found, revision = _readable(request, slug)
    form = VoteForm(request.POST)
    if not form.is_valid():
        return redirect(found)
    voted = "busy"
    if form.is_robot:
        voted = "told"
    elif request.user.is_authenticated or within_rate(request, "vote"):
        actions.vote(
            revision=revision,
            voter=voter_of(request),
            author=request.user if isinstance(request.user, User) else None,
            language=get_language(),
            at=timezone.now(),
            **form.said,
        )
        voted = form.next_step
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{found.get_absolute_url()}?voted={voted}#helpful")
    context = {"article": found, "voted": voted, "reasons": actions.REASON_WORDS}
    status = 429 if voted == "busy" else 200
    return page(request, "kb/_vote.html", "kb/_vote.html", context, status)


@require_POST
def read(request: HttpRequest, slug: str) -> HttpResponse:
    """Count a real reading: a browser says so after a while on the page."""
    found = get_object_or_404(Article.objects.visible_to(request.user), slug=slug)
    if within_rate(request, "read"):
        actions.count_read(article=found, on=timezone.localdate())
    return HttpResponse(status=204)


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Answer a question with articles, and with a way on when none of them fits."""
    asked, number = search.tidy(request.GET.get("q", "")), _number(request.GET.get("page", ""))
    chosen = _chosen(request.GET.get("section", ""))
    context: dict[str, Any] = {
        "query": asked,
        "section": chosen,
        "number": number,
        "results": None,
    }
    if not asked:
        context["lists"] = lists.home_lists(request.user, get_language())
    else:
        context["results"] = results = search.search(
            query=asked,
            user=request.user,
            language=get_language(),
            section=chosen,
            limit=HITS_A_PAGE,
            offset=(number - 1) * HITS_A_PAGE,
            is_literal="literal" in request.GET,
        )
        context["is_last"] = number * HITS_A_PAGE >= results.total
        context["tabs"] = [
            (one, count, f"?{urlencode({'q': asked, 'section': one.slug})}")
            for one, count in results.sections[:MOST_TABS]
        ]
    return render(request, "kb/search.html", context)


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Give the articles for what was typed so far, as a fragment."""
    asked = request.GET.get("q", "")
    found = search.suggest(query=asked, user=request.user, language=get_language())
    response = render(
        request,
        "kb/_suggest.html",
        {"articles": found, "site": request.build_absolute_uri("/")[:-1]},
    )
    response.headers["Cache-Control"] = "private, max-age=60"
    response.headers["Vary"] = "Cookie"
    return response


def by_short_code(request: HttpRequest, code: str) -> str | None:
    """Give the address of the article with this short link, if this reader may read it."""
    found = Article.objects.visible_to(request.user).filter(short_code=code).first()
    return found.get_absolute_url() if found else None


links.register_resolver(by_short_code)


def _readable(request: HttpRequest, slug: str) -> tuple[Article, Revision]:
    user: User | AnonymousUser = request.user
    found = get_object_or_404(Article.objects.visible_to(user).for_reading(), slug=slug)
    if found.current_revision is None:
        raise Http404
    return found, found.current_revision


def _chosen(slug: str) -> Section | None:
    return Section.objects.filter(slug=slug).first() if SLUG.fullmatch(slug) else None


def _number(text: str) -> int:
    # Search ranks thirty articles at most: there is no page behind the third.
    return int(text) if text in {"1", "2", "3"} else 1
