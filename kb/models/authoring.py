"""How articles are written: what happened to them, who is at work on them, what is typed just now, pictures."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from kb.models.articles import Article, Revision


class ArticleEvent(models.Model):
    """That somebody did something to an article; rows are only ever added."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="events")
    revision = models.ForeignKey(Revision, models.CASCADE, null=True, related_name="+")
    code = models.SlugField(_("what"), max_length=30)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event of an article")
        verbose_name_plural = _("events of articles")
        indexes = [models.Index(fields=["article", "-id"], name="event_of_article")]

    def __str__(self) -> str:
        return f"{self.article_id}: {self.code}"

    @property
    def template(self) -> str:
        """Where its words stand."""
        return f"admin/kb/events/{self.code}.html"


class EditLock(models.Model):
    """Who has an article open for writing; it ends when their page falls silent."""

    article = models.OneToOneField(Article, models.CASCADE, primary_key=True, related_name="lock")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("edit lock")
        verbose_name_plural = _("edit locks")

    def __str__(self) -> str:
        return f"{self.article_id}: {self.person_id}"


class Unsaved(models.Model):
    """What somebody has typed and not saved yet; readers never see it."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="unsaved")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    words = models.JSONField(default=dict)
    based_on = models.PositiveIntegerField()  # the number of the revision that was open
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("unsaved words")
        verbose_name_plural = _("unsaved words")
        constraints = [
            models.UniqueConstraint(
                fields=["article", "person"], name="unsaved_words_are_kept_once_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.article_id}: {self.person_id}"


class Picture(models.Model):
    """A picture of an article; re-encoded in several widths, each a file named by the id and the width."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    article = models.ForeignKey(Article, models.CASCADE, related_name="pictures")
    name = models.CharField(_("name"), max_length=120)
    alt = models.CharField(_("what it shows"), max_length=300)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    widths = ArrayField(models.PositiveIntegerField())  # smallest first
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    # Where an import took it from.
    source_key = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def __str__(self) -> str:
        return self.name
