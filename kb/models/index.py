"""The search index: postings, stems, words, figures."""

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from kb.models.articles import Article, Section


class SearchDocument(models.Model):
    """What ranking needs to know of one published article as a whole."""

    article = models.OneToOneField(
        Article, models.CASCADE, primary_key=True, related_name="search_document"
    )
    length = models.FloatField()  # weighted number of words
    title_idf = models.FloatField()  # sum of the idf of the title's stems
    # Copies of the article's own, so that ranking reads one row an article.
    section = models.ForeignKey(Section, models.CASCADE, related_name="+")
    language = models.CharField(max_length=5)
    audience = models.PositiveSmallIntegerField(
        default=2
    )  # who may read it at least (kb/audience.py)

    class Meta:
        verbose_name = _("indexed article")
        verbose_name_plural = _("indexed articles")

    def __str__(self) -> str:
        return str(self.article_id)


class Posting(models.Model):
    """That a stem stands in an article, how often (weighted by where), and whether in its title."""

    pk = models.CompositePrimaryKey("lexeme", "article_id")
    lexeme = models.TextField()
    article = models.ForeignKey(Article, models.CASCADE, related_name="postings")
    frequency = models.FloatField()
    in_title = models.BooleanField()
    # What the stem would add to the article's score; says which articles are worth scoring.
    weight = models.FloatField()
    audience = models.PositiveSmallIntegerField(default=2)  # a copy of the article's own

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        indexes = [
            # Read by ranking: the strongest articles of a stem, the table is not touched.
            models.Index(
                "lexeme", F("weight").desc(), "article", "audience", name="posting_by_weight"
            )
        ]

    def __str__(self) -> str:
        return self.lexeme


class Lexeme(models.Model):
    """In how many published articles a stem stands, and in how many of each kind of reader."""

    lexeme = models.TextField(primary_key=True)
    articles = models.PositiveIntegerField()
    public_articles = models.PositiveIntegerField()
    customer_articles = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("stem")
        verbose_name_plural = _("stems")

    def __str__(self) -> str:
        return self.lexeme


class Word(models.Model):
    """A word of the articles with its stem: corrections and suggestions come from these."""

    word = models.TextField(primary_key=True)
    lexeme = models.TextField()
    articles = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("word")
        verbose_name_plural = _("words")
        indexes = [
            # Read by corrections: words that look alike.
            GinIndex(fields=["word"], name="word_trigrams", opclasses=["gin_trgm_ops"]),
            # Read by suggestions: words that begin so.
            models.Index(fields=["word"], name="word_prefix", opclasses=["text_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.word


class SearchStatistics(models.Model):
    """The one row of figures about the whole index; its version changes with whatever readers see."""

    documents = models.PositiveIntegerField(default=0)
    total_length = models.FloatField(default=0)
    version = models.UUIDField(default=uuid.uuid4)

    class Meta:
        verbose_name = _("figures of the index")
        verbose_name_plural = _("figures of the index")

    def __str__(self) -> str:
        return f"{self.documents}"
