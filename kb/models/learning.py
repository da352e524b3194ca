"""What readers ask and what they find: counted by day, without anything about who they are."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kb.models.articles import Article


class Question(models.Model):
    """How often something was asked on a day, and how often nothing was found."""

    on = models.DateField(_("day"))
    text = models.CharField(_("question"), max_length=200)
    stems = ArrayField(models.TextField(), default=list)
    language = models.CharField(_("language"), max_length=5)
    asked = models.PositiveIntegerField(_("asked"), default=0)
    empty = models.PositiveIntegerField(_("found nothing"), default=0)
    clicked = models.PositiveIntegerField(_("clicked"), default=0)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        constraints = [
            models.UniqueConstraint(
                fields=["on", "text", "language"], name="a_question_is_counted_once_a_day"
            )
        ]
        indexes = [
            models.Index(fields=["on"], name="question_empty", condition=Q(empty__gt=0)),
        ]

    def __str__(self) -> str:
        return self.text


class Click(models.Model):
    """How often an article was opened from the answers to a question on a day."""

    question = models.ForeignKey(Question, models.CASCADE, related_name="clicks")
    article = models.ForeignKey(Article, models.CASCADE, related_name="clicks")
    count = models.PositiveIntegerField(default=0)
    places = models.PositiveIntegerField(default=0)  # the sum of the places at which it stood

    class Meta:
        verbose_name = _("click")
        verbose_name_plural = _("clicks")
        constraints = [
            models.UniqueConstraint(
                fields=["question", "article"], name="clicks_are_counted_once_a_question"
            )
        ]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.article_id}"


class Dealt(models.Model):
    """A question that an editor has dealt with: written about, or found not worth it."""

    text = models.CharField(_("question"), max_length=200)
    language = models.CharField(_("language"), max_length=5)
    on = models.DateField(_("on"))

    class Meta:
        verbose_name = _("question dealt with")
        verbose_name_plural = _("questions dealt with")
        constraints = [
            models.UniqueConstraint(
                fields=["text", "language"], name="a_question_is_dealt_with_once"
            )
        ]

    def __str__(self) -> str:
        return self.text
