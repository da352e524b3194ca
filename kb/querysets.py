"""Who may read which article, and how pages load them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Q

if TYPE_CHECKING:
    from accounts.models import User
    from kb.models import Article, Section


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
            id__in=self.model._default_manager.filter(  # noqa: SLF001
                language=language, status="published", translation_of__isnull=False
            ).values("translation_of_id")
        )
        return self.filter(Q(language=language) | untranslated)

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
