"""The pages of the knowledge base that anybody may open."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from kb import actions, counting, lists, machines, memory, offered, search, slugs
from kb.audience import ACCESS_OF, audience_of
from kb.forms import VoteForm
from kb.models import Access, Article, Kind, OldAddress, Picture, Revision, Section
from kb.readers import voter_of
from kb.reading import minutes_of
from portal import files, html, links, strangers
from portal.http import page, within_rate
from portal.refusals import NotAllowed, Refused
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
@memory.at_one_version()
def section(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the articles of a section; one without any that this reader may read does not exist."""
    shelf = lists.shelf(slug, request.user, get_language())
    if shelf is None:
        moved = Section.objects.filter(old_addresses__slug=slug).first()
        # The new address says what stands there: only to who may read something of it.
        if moved and lists.shelf(moved.slug, request.user, get_language()):
            return redirect(moved, permanent=True)
        raise Http404
    visible = Article.objects.visible_to(request.user).in_language(get_language())
    inside = visible.filter(section=shelf.section, kind=Kind.ARTICLE).for_list()
    ordered = inside.order_by("current_revision__title", "id")
    asked = lists.questions(shelf.section, request.user, get_language())
    shown = Paginator(ordered, ARTICLES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": shelf.section,
        "canonical": _canonical(request, shelf.section.get_absolute_url(), shown.number),
        "children": shelf.children,
        "questions": asked,
        "data": machines.about_questions(asked),
        "shown": shown,
        "sections": shelf.beside,
        "crumbs": [(_("Knowledge base"), reverse("home")), *_path_to(shelf.above)],
    }
    return strangers.revalidated(request, render(request, "kb/section.html", context))


def _canonical(request: HttpRequest, address: str, number: int = 1) -> str:
    """Give the one address of a page of a list, without what else was asked."""
    return request.build_absolute_uri(f"{address}?page={number}" if number > 1 else address)


def _path_to(sections: Sequence[Section]) -> list[tuple[str, str]]:
    return [(one.title, one.get_absolute_url()) for one in sections]


@require_safe
@memory.at_one_version()
def questions(request: HttpRequest) -> HttpResponse:
    """Show every question that has a short answer, by section."""
    shelves = lists.all_questions(request.user, get_language())
    context = {
        "shelves": shelves,
        "canonical": request.build_absolute_uri(reverse("kb:questions")),
        "data": machines.about_questions(one for _section, some in shelves for one in some),
        "crumbs": [(_("Knowledge base"), reverse("home"))],
    }
    return strangers.revalidated(request, render(request, "kb/questions.html", context))


@require_safe
def tag(request: HttpRequest, tag: str) -> HttpResponse:
    """Show the articles with a tag; one that no article of this reader has does not exist."""
    tag = slugs.tag(tag)
    visible = Article.objects.visible_to(request.user).in_language(get_language())
    tagged = visible.filter(tags__contains=[tag]).for_list()
    shown = Paginator(tagged.order_by("current_revision__title", "id"), ARTICLES_A_PAGE)
    page_shown = shown.get_page(request.GET.get("page"))
    if not page_shown.object_list:
        raise Http404
    context = {
        "tag": tag,
        "canonical": _canonical(request, reverse("kb:tag", args=[tag]), page_shown.number),
        "shown": page_shown,
        "crumbs": [(_("Knowledge base"), reverse("home"))],
    }
    return strangers.revalidated(request, render(request, "kb/tag.html", context))


@require_safe
def picture(request: HttpRequest, number: UUID, width: int) -> HttpResponseBase:
    """Give a picture of an article: to readers of the published one, and to those who write."""
    found = get_object_or_404(Picture.objects.select_related("article"), pk=number)
    if width not in found.widths:
        raise Http404
    visible = Article.objects.visible_to(request.user).filter(pk=found.article_id).exists()
    if not visible and not (isinstance(request.user, User) and actions.can_write(request.user)):
        raise Http404
    is_public = visible and found.article.access == Access.PUBLIC
    return files.serve_bytes(
        found.pk, suffix=f".{width}.webp", content_type="image/webp", is_public=is_public
    )


@require_safe
@memory.at_one_version()
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an article; a hidden one is as good as none, one that moved is led to."""
    # The version of the lists changes with every article that readers may see differently.
    key = (for_request(request).brand.version, memory.version())
    return strangers.keep(request, key, partial(_article, request, slug), at=timezone.now())


def _article(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        found, revision = _readable(request, slug)
    except Http404:
        return _moved_or_gone(request, slug)
    body, headings = html.outline(revision.body)
    context = {
        "article": found,
        "revision": revision,
        "body": body,
        "canonical": request.build_absolute_uri(found.get_absolute_url()),
        "headings": headings if len(headings) >= FEWEST_HEADINGS else (),
        "minutes": minutes_of(revision.body),
        "short_link": request.build_absolute_uri(reverse("short_link", args=[found.short_code])),
        "around": (around := lists.around(found, request.user)),
        "languages": _languages(request, found, around.translations),
        "data": machines.about_questions([found]) if found.kind == Kind.QUESTION else "",
        "crumbs": [
            (_("Knowledge base"), reverse("home")),
            *_path_to(lists.above(found.section)),
            (found.section.title, found.section.get_absolute_url()),
        ],
        "is_older": lists.is_older_translation(found),
        "may_flag": isinstance(request.user, User) and not request.user.is_customer,
        "may_write": isinstance(request.user, User) and actions.can_write(request.user),
        "voted": request.GET.get("voted") if request.GET.get("voted") in VOTED else "",
        "reasons": actions.REASON_WORDS,
    }
    return render(request, "kb/article.html", context)


def _languages(
    request: HttpRequest, found: Article, others: Sequence[Article]
) -> list[tuple[str, str]]:
    """Give where an article stands in each language, itself among them; nothing if in one only."""
    alike = [found, *others] if others else []
    return [(one.language, request.build_absolute_uri(one.get_absolute_url())) for one in alike]


def _moved_or_gone(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead to where an article stands now, say that it was put away, or that there is none."""
    visible = Article.objects.visible_to(request.user)
    moved = OldAddress.objects.filter(slug=slug, article__in=visible).select_related("article")
    if (old := moved.first()) is not None and old.article is not None:
        return redirect(old.article, permanent=True)
    readable = ACCESS_OF[audience_of(request.user)]
    archived = Article.objects.filter(slug=slug, status="archived", access__in=readable)
    found = archived.select_related("current_revision", "section").first()
    if found is None or found.current_revision is None:
        raise Http404
    context = {"article": found, "nearest": lists.around(found, request.user).related}
    return render(request, "kb/archived.html", context, status=410)


@require_POST
def flag(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that an article needs a change; the staff does."""
    found, _revision = _readable(request, slug)
    comment = request.POST.get("needs_change", "")
    return _done(
        request, found, lambda user: actions.flag(
            article=found, actor=user, comment=comment, at=timezone.now()
        ), _("Noted. Whoever looks after the article sees it.")
    )  # fmt: skip


@require_POST
def confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that an article is still true."""
    found, _revision = _readable(request, slug)
    at = timezone.now()
    return _done(
        request, found, lambda user: actions.confirm(
            article=found, actor=user, on=timezone.localdate(), at=at
        ), _("Checked today.")
    )  # fmt: skip


def _done(
    request: HttpRequest, found: Article, act: Callable[[User], object], words: str
) -> HttpResponse:
    if not isinstance(request.user, User):
        raise Http404
    try:
        act(request.user)
    except NotAllowed as refusal:
        raise Http404 from refusal
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return redirect(found)


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
    visible = Article.objects.visible_to(request.user).select_related("current_revision")
    light = visible.defer("current_revision__body", "current_revision__plain")
    found = get_object_or_404(light, slug=slug)
    offered.remember_read(request, found, at=timezone.now())
    if within_rate(request, "read"):
        actions.count_read(article=found, on=timezone.localdate())
    return HttpResponse(status=204)


@require_safe
@memory.at_one_version()
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
        before = (number - 1) * HITS_A_PAGE
        context["proof"] = counting.search_shown(request, results, before=before)
        context["is_last"] = number * HITS_A_PAGE >= results.total
        context["tabs"] = [
            (one, count, f"?{urlencode({'q': asked, 'section': one.slug})}")
            for one, count in results.sections[:MOST_TABS]
        ]
    return render(request, "kb/search.html", context)


@require_POST
def clicked(request: HttpRequest) -> HttpResponse:
    """Count what was opened from the answers: a browser says so while it leaves the page."""
    if within_rate(request, "clicked"):
        counting.hit_opened(request)
    return HttpResponse(status=204)


@require_safe
@memory.at_one_version()
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
