"""What search engines read of the knowledge base: the map of the site, data about its pages."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape
from django.utils.http import quote_etag
from django.utils.safestring import SafeString
from django.views.decorators.http import etag, require_safe

from kb import lists, memory
from kb.models import Article
from kb.querysets import ArticleQuerySet
from portal import html

ARTICLES_A_PART = 10_000  # the protocol takes 50,000 addresses and 50 MB a file
XML = "application/xml; charset=utf-8"


class Entry(NamedTuple):
    """A page on the map, with itself in other languages."""

    address: str
    changed: str
    languages: Sequence[tuple[str, str]]


def _version(_request: HttpRequest, *_args: Any, **_kwargs: Any) -> str:
    return quote_etag(str(memory.version()))


@require_safe
@etag(_version)
def sitemap(request: HttpRequest) -> HttpResponse:
    """Name the parts of the map."""
    count = _articles().count()
    parts = range(1, max(1, -(-count // ARTICLES_A_PART)) + 1)
    addresses = [f"{settings.SITE_URL}{reverse('sitemap_part', args=[one])}" for one in parts]
    return render(request, "kb/sitemap.xml", {"parts": addresses}, content_type=XML)


@require_safe
@etag(_version)
def sitemap_part(request: HttpRequest, number: int) -> HttpResponse:
    """Give a part of the map: pages and sections on the first, then articles.

    Languages of an article stand together, and each of them names all.
    """
    entries = _entries_of_part(number) if number else []
    if not entries and number != 1:
        raise Http404
    if number == 1:
        entries = [*_pages(), *entries]
    return render(request, "kb/sitemap_part.xml", {"entries": entries}, content_type=XML)


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """Tell robots where the map is, and what is of no use to them."""
    closed = ("/admin/", "/desk/", "/cabinet/", "/accounts/", "/api/", "/kb/search", "/kb/suggest")
    lines = [
        "User-agent: *",
        *(f"Disallow: {one}" for one in closed),
        f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def about_questions(questions: Iterable[Article]) -> SafeString | str:
    """Give the data of questions with their answers, as search engines show them."""
    entries = [_about_question(one) for one in questions]
    if not entries:
        return ""
    return html.data_block(
        {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": entries}
    )


def _about_question(question: Article) -> dict[str, Any]:
    revision = question.current_revision
    assert revision is not None  # noqa: S101 (a published article has one)
    words = f"<p>{escape(revision.summary)}</p>" if revision.summary else ""
    answer = {"@type": "Answer", "text": words + html.trusted(revision.body)}
    return {"@type": "Question", "name": revision.title, "acceptedAnswer": answer}


def _articles() -> ArticleQuerySet:
    return Article.objects.visible_to(AnonymousUser())


def _rows() -> Any:
    family = Coalesce("translation_of", "id")
    ordered = _articles().annotate(family=family).order_by("family", "language", "id")
    return ordered.values_list("family", "slug", "language", "updated_at")


def _entries_of_part(number: int) -> list[Entry]:
    first = (number - 1) * ARTICLES_A_PART
    # A few more on both sides: languages of one article may fall into two parts.
    begin = max(0, first - len(settings.LANGUAGES))
    some = _entries(_rows()[begin : first + ARTICLES_A_PART + len(settings.LANGUAGES)])
    return some[first - begin :][:ARTICLES_A_PART]


def _entries(rows: Iterable[Any]) -> list[Entry]:
    entries = []
    for _family, some in groupby(rows, key=lambda row: row[0]):
        alike = list(some)
        languages = [(language, _address(slug)) for _id, slug, language, _at in alike]
        for _id, slug, _language, at in alike:
            shown = languages if len(languages) > 1 else ()
            entries.append(Entry(_address(slug), at.date().isoformat(), shown))
    return entries


def _pages() -> list[Entry]:
    # Robots keep no choice of a language: they meet what a reader of the first one does.
    met = _articles().in_language(settings.LANGUAGE_CODE)
    addresses = [reverse("home"), reverse("about_support")]
    if met.filter(kind="question").exists():
        addresses.append(reverse("kb:questions"))
    addresses += [one.get_absolute_url() for one in lists.filled(met)]
    return [Entry(f"{settings.SITE_URL}{one}", "", ()) for one in addresses]


def _address(slug: str) -> str:
    return f"{settings.SITE_URL}{reverse('kb:article', args=[slug])}"
