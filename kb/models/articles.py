"""Sections, articles, their revisions, what readers say of them."""

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kb.querysets import ArticleQuerySet

# No 0/o, 1/l/i: short links are read aloud over the phone.
SHORT_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_short_code() -> str:
    """Make the code of a short permanent link: 31^6, near 900 million."""
    return "".join(secrets.choice(SHORT_ALPHABET) for _letter in range(6))


class Section(models.Model):
    """A shelf of the knowledge base."""

    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("within"),
    )
    slug = models.SlugField(_("address"), max_length=120, unique=True)
    icon = models.SlugField(_("icon"), max_length=30, default="file")
    title_ru = models.CharField(_("title (Russian)"), max_length=120)
    title_en = models.CharField(_("title (English)"), max_length=120, blank=True)
    description_ru = models.CharField(_("description (Russian)"), max_length=300, blank=True)
    description_en = models.CharField(_("description (English)"), max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Give the address of the section's page."""
        return reverse("kb:section", args=[self.slug])

    @property
    def title(self) -> str:
        """The title in the language of the reader."""
        return (self.title_en if get_language() == "en" else "") or self.title_ru

    @property
    def description(self) -> str:
        """The description in the language of the reader."""
        return (self.description_en if get_language() == "en" else "") or self.description_ru


class Access(models.TextChoices):
    """Who may read an article."""

    PUBLIC = "public", _("everybody")
    CUSTOMERS = "customers", _("customers and staff")
    STAFF = "staff", _("staff only")


class ArticleStatus(models.TextChoices):
    """Whether readers see an article."""

    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    ARCHIVED = "archived", _("archived")


class Kind(models.TextChoices):
    """What an article is."""

    ARTICLE = "article", _("article")
    QUESTION = "question", _("question with a short answer")


class Significance(models.TextChoices):
    """How much a revision changes for readers."""

    TYPO = "typo", _("a slip of the pen")
    SMALL = "small", _("small")
    MAJOR = "major", _("major")


class Article(models.Model):
    """One instruction or answer; its words stand in revisions, one of which is the current."""

    section = models.ForeignKey(
        Section, models.PROTECT, related_name="articles", verbose_name=_("section")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.ARTICLE)
    slug = models.SlugField(_("address"), max_length=200, unique=True)
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=[("ru", _("Russian")), ("en", _("English"))],
        default="ru",
    )
    translation_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="translations",
        verbose_name=_("translation of"),
    )
    access = models.CharField(
        _("who reads it"), max_length=10, choices=Access.choices, default=Access.PUBLIC
    )
    status = models.CharField(
        _("status"), max_length=10, choices=ArticleStatus.choices, default=ArticleStatus.DRAFT
    )
    short_code = models.CharField(
        max_length=12, unique=True, default=new_short_code, editable=False
    )
    # Where an import took it from: running the import again finds it by this.
    source_key = models.CharField(
        max_length=300, unique=True, null=True, blank=True, editable=False
    )
    current_revision = models.ForeignKey(
        "kb.Revision",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("current revision"),
    )
    # Words that wait for somebody else to read them, and words that wait for their hour.
    submitted_revision = models.ForeignKey(
        "kb.Revision", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    scheduled_revision = models.ForeignKey(
        "kb.Revision", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    scheduled_at = models.DateTimeField(
        _("to be published at"), null=True, blank=True, editable=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
    )
    tags = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, verbose_name=_("tags")
    )
    related = models.ManyToManyField("self", blank=True, verbose_name=_("related articles"))
    checked_on = models.DateField(_("checked on"), null=True, blank=True)
    review_by = models.DateField(_("look at it again by"), null=True, blank=True)
    # What somebody of the staff says is wrong with it; empty: nothing.
    needs_change = models.CharField(_("needs a change"), max_length=500, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        permissions = [("publish_article", "Can publish articles")]
        constraints = [
            models.CheckConstraint(
                name="published_articles_have_a_revision",
                condition=~Q(status="published")
                | Q(current_revision__isnull=False, published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="scheduled_articles_have_words_and_an_hour",
                condition=Q(scheduled_at__isnull=True, scheduled_revision__isnull=True)
                | Q(scheduled_at__isnull=False, scheduled_revision__isnull=False),
            ),
            models.CheckConstraint(
                name="articles_are_no_translations_of_themselves",
                condition=Q(translation_of__isnull=True) | ~Q(translation_of=F("id")),
            ),
        ]
        indexes = [
            # Read by the home page: what was updated lately.
            models.Index(
                fields=["language", "-updated_at"],
                name="article_recent",
                condition=Q(status="published"),
            ),
            # Read by the task that publishes what is due.
            models.Index(
                fields=["scheduled_at"],
                name="article_scheduled",
                condition=Q(scheduled_at__isnull=False),
            ),
            # Read by the list of what waits for a review.
            models.Index(
                fields=["id"],
                name="article_submitted",
                condition=Q(submitted_revision__isnull=False),
            ),
            # Read by the list of what may be stale.
            models.Index(
                fields=["review_by"], name="article_to_check", condition=Q(status="published")
            ),
        ]

    def __str__(self) -> str:
        return self.current_revision.title if self.current_revision else self.slug

    def get_absolute_url(self) -> str:
        """Give the address of the article's page."""
        return reverse("kb:article", args=[self.slug])


class Revision(models.Model):
    """The words of an article as somebody saved them once; never changed afterwards."""

    article = models.ForeignKey(
        Article, models.CASCADE, related_name="revisions", verbose_name=_("article")
    )
    number = models.PositiveIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=250)
    summary = models.CharField(_("summary"), max_length=500, blank=True)
    body = models.TextField(_("text"))  # sanitised HTML
    plain = models.TextField(editable=False)  # the same without markup, for search and snippets
    comment = models.CharField(_("what changed"), max_length=300, blank=True)
    significance = models.CharField(
        _("how much it changes"),
        max_length=10,
        choices=Significance.choices,
        default=Significance.SMALL,
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    created_at = models.DateTimeField(_("saved at"))

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        constraints = [
            models.UniqueConstraint(
                fields=["article", "number"], name="revision_number_is_unique_in_its_article"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class Vote(models.Model):
    """What one reader said to “did this help?”, tied to the words that were read."""

    revision = models.ForeignKey(Revision, models.CASCADE, related_name="votes")
    voter = models.CharField(
        max_length=64
    )  # keyed hash of session or account, never the thing itself
    is_helpful = models.BooleanField(_("helped"))
    reasons = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    comment = models.TextField(_("comment"), blank=True, max_length=4000)
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "voter"], name="one_vote_per_reader_and_revision"
            )
        ]

    def __str__(self) -> str:
        return f"{self.revision_id}: {self.is_helpful}"


class ReadCount(models.Model):
    """How often an article was really read on a day: a browser says so after a while on the page."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="reads")
    on = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("reads of a day")
        verbose_name_plural = _("reads of a day")
        constraints = [
            models.UniqueConstraint(fields=["article", "on"], name="one_read_count_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.article_id} {self.on}: {self.count}"
