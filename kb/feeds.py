"""RSS of articles that were updated lately: of all, of a section with what stands within it, of a tag."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import quote_etag
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import etag, require_safe

from kb import lists, memory, slugs
from kb.models import Article, Section
from kb.querysets import ArticleQuerySet

MOST = 20
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


def _language(request: HttpRequest) -> str:
    """Give the language that the address names: feed readers keep no choice of a person."""
    asked = request.GET.get("language", "")
    return asked if asked in LANGUAGES else get_language()


def _version(request: HttpRequest, *_args: Any, **_kwargs: Any) -> str:
    return quote_etag(f"{memory.version()}-{_language(request)}")


class Articles(Feed):  # type: ignore[type-arg] # generic for the checker only
    """What everybody may read, the latest first; feed readers do not sign in."""

    @method_decorator(require_safe)
    @method_decorator(etag(_version))
    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer in the language that was asked for."""
        with override(_language(request)):
            return super().__call__(request, *args, **kwargs)

    def latest(self, articles: ArticleQuerySet) -> list[Article]:
        """Give the latest of these."""
        return list(articles.for_list().order_by("-updated_at", "-id")[:MOST])

    def visible(self) -> ArticleQuerySet:
        """Give what may come here."""
        return Article.objects.visible_to(AnonymousUser()).in_language(get_language())

    def item_title(self, item: Article) -> str:
        """Name an article."""
        return str(item)

    def item_description(self, item: Article) -> str:
        """Say what it is about."""
        return item.current_revision.summary if item.current_revision else ""

    def item_updateddate(self, item: Article) -> datetime:
        """Say when it was updated."""
        return item.updated_at

    def item_pubdate(self, item: Article) -> datetime | None:
        """Say when it came out."""
        return item.published_at

    def item_categories(self, item: Article) -> Sequence[str]:
        """Give the section and the tags."""
        return [item.section.title, *item.tags]


class RecentArticles(Articles):
    """Of the whole knowledge base."""

    def title(self) -> str:
        """Name the feed."""
        return _("Knowledge base: updated lately")

    def description(self) -> str:
        """Say what comes here."""
        return _("New and updated articles.")

    def link(self) -> str:
        """Lead to the cover."""
        return reverse("home")

    def items(self) -> Sequence[Article]:
        """Give the latest."""
        return self.latest(self.visible())


class SectionArticles(Articles):
    """Of a section and of what stands within it."""

    def get_object(self, _request: HttpRequest, slug: str) -> Section:
        """Find the section; one without anything for everybody does not exist."""
        shelf = lists.shelf(slug, AnonymousUser(), get_language())
        if shelf is None:
            raise Http404
        return shelf.section

    def title(self, obj: Section) -> str:
        """Name the feed."""
        return _("%(section)s: updated lately") % {"section": obj.title}

    def description(self, obj: Section) -> str:
        """Say what comes here."""
        return obj.description or _("New and updated articles.")

    def link(self, obj: Section) -> str:
        """Lead to the section."""
        return obj.get_absolute_url()

    def items(self, obj: Section) -> Sequence[Article]:
        """Give the latest."""
        sections = lists.within(obj, AnonymousUser(), get_language())
        return self.latest(self.visible().filter(section__in=sections))


class TaggedArticles(Articles):
    """With a tag."""

    def get_object(self, _request: HttpRequest, tag: str) -> str:
        """Find the tag; one that nothing for everybody has does not exist."""
        known = slugs.tag(tag)
        if not self.visible().filter(tags__contains=[known]).exists():
            raise Http404
        return known

    def title(self, obj: str) -> str:
        """Name the feed."""
        return _("Tag “%(tag)s”: updated lately") % {"tag": obj}

    def description(self) -> str:
        """Say what comes here."""
        return _("New and updated articles.")

    def link(self, obj: str) -> str:
        """Lead to the page of the tag."""
        return reverse("kb:tag", args=[obj])

    def items(self, obj: str) -> Sequence[Article]:
        """Give the latest."""
        return self.latest(self.visible().filter(tags__contains=[obj]))
