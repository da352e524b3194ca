"""Who may read which article, and how pages load them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from kb.audience import ACCESS_OF, BEYOND, audience_of

if TYPE_CHECKING:
    from accounts.models import User
    from kb.models import Article, ArticleLink  # noqa: F401 (named in the bases below)


POPULAR_FOR = timedelta(days=30)


class ArticleLinkQuerySet(models.QuerySet["ArticleLink"]):
    """Links in articles."""

    def leading_nowhere(self) -> ArticleLinkQuerySet:
        """Keep those that lead nowhere, or where not all readers of the article may follow."""
        return self.filter(Q(state="broken") | Q(pk__in=self.closed().values("pk")))

    def closed(self) -> ArticleLinkQuerySet:
        """Keep those to articles that not all readers of the linking one may read."""
        found = Q()
        for access, beyond in BEYOND.items():
            found |= Q(article__access=access, target__access__in=beyond)
        return self.filter(found)


def _due(on: date) -> Q:
    long_ago = on - timedelta(days=settings.KB_REVIEW_DAYS)
    return Q(review_by__lte=on) | Q(review_by=None, published_at__date__lte=long_ago)


def _behind_its_original() -> Q:
    confirmed = apps.get_model("kb.ArticleEvent")._default_manager.filter(
        article=OuterRef("pk"),
        code="confirmed",
        at__gte=OuterRef("translation_of__updated_at"),
    )
    return Q(
        ~Exists(confirmed),
        translation_of__status="published",
        translation_of__updated_at__gt=F("updated_at"),
    )


def _misleading() -> Q:
    links = ArticleLinkQuerySet(apps.get_model("kb.ArticleLink"))
    return Q(pk__in=links.leading_nowhere().values("article"))


class ArticleQuerySet(models.QuerySet["Article"]):
    """Articles."""

    def published(self) -> ArticleQuerySet:
        """Keep what readers may see at all."""
        return self.filter(status="published")

    def visible_to(self, user: User | AnonymousUser) -> ArticleQuerySet:
        """Keep the published articles that this reader may read."""
        return self.published().filter(access__in=ACCESS_OF[audience_of(user)])

    def in_language(self, language: str) -> ArticleQuerySet:
        """Keep the articles a reader of this language should meet in lists.

        A Russian article without a translation is better than none for a reader of English.
        """
        if language == "ru":
            return self.filter(language="ru")
        untranslated = Q(language="ru") & ~Q(
            id__in=self.model._default_manager.filter(
                language=language, status="published", translation_of__isnull=False
            ).values("translation_of_id")
        )
        return self.filter(Q(language=language) | untranslated)

    def stale(self, on: date) -> ArticleQuerySet:
        """Keep the published articles that should be looked at again by a day.

        One that nobody has checked yet is due a while after it came out.
        """
        return self.published().filter(_due(on))

    def broken(self) -> ArticleQuerySet:
        """Keep the published articles with a link that leads nowhere, or not all of their readers."""
        return self.published().filter(_misleading())

    def needing_care(self, on: date) -> ArticleQuerySet:
        """Keep what somebody should look after: due, flagged, outdated as a translation, broken."""
        return self.published().filter(
            ~Q(needs_change="") | _due(on) | _behind_its_original() | _misleading()
        )

    def older_translations(self) -> ArticleQuerySet:
        """Keep the translations whose original has changed since, and nobody said that they hold."""
        return self.published().filter(_behind_its_original())

    def popular(self) -> ArticleQuerySet:
        """Sort by how often they were read in the last 30 days."""
        since = timezone.now().date() - POPULAR_FOR
        reads = Sum("reads__count", filter=Q(reads__on__gte=since), default=0)
        return self.alias(read_count=reads).order_by("-read_count", "-updated_at", "-id")

    def for_list(self) -> ArticleQuerySet:
        """Load what a row of a list shows, and not the words of the articles."""
        return self.select_related("current_revision", "section").defer(
            "current_revision__body", "current_revision__plain"
        )

    def for_reading(self) -> ArticleQuerySet:
        """Load what the page of an article shows."""
        return self.select_related("current_revision", "section").defer("current_revision__plain")
