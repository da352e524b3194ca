"""Who may read which article, and how pages load them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Q, Sum
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User


POPULAR_FOR = timedelta(days=30)


class ArticleQuerySet(models.QuerySet["Article"]):
    """Articles."""

    def published(self) -> ArticleQuerySet:
        """Keep what readers may see at all."""
        return self.filter(status="published")

    def visible_to(self, user: User | AnonymousUser) -> ArticleQuerySet:
        """Keep the published articles that this reader may read."""
        published = self.published()
        return published if user.is_authenticated else published.filter(access="public")

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

    def popular(self) -> ArticleQuerySet:
        """Sort by how often they were read in the last 30 days."""
        since = timezone.now().date() - POPULAR_FOR
        reads = Sum("reads__count", filter=Q(reads__on__gte=since), default=0)
        return self.annotate(read_count=reads).order_by("-read_count", "-updated_at")

    def for_list(self) -> ArticleQuerySet:
        """Load what a row of a list shows."""
        return self.select_related("current_revision", "section")


class SectionQuerySet(models.QuerySet["Section"]):
    """Sections."""

    def with_counts(self, articles: ArticleQuerySet) -> SectionQuerySet:
        """Add `article_count`: how many of these articles each section holds."""
        return self.annotate(
            article_count=Count("articles", filter=Q(articles__in=articles.values("id")))
        )
