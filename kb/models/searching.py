"""What the head of support teaches search: words that mean the same, and words that mean nothing."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Synonyms(models.Model):
    """Words of which each finds the others: «бронь», «бронирование»."""

    words = ArrayField(models.CharField(max_length=80), verbose_name=_("words"))
    is_one_way = models.BooleanField(
        _("only the first finds the others"),
        default=False,
        help_text=_("For a word that is narrower than the rest."),
    )

    class Meta:
        verbose_name = _("synonyms")
        verbose_name_plural = _("synonyms")

    def __str__(self) -> str:
        return (" → " if self.is_one_way else " = ").join(self.words)


class StopWord(models.Model):
    """A word that says nothing in a question, such as «подскажите»."""

    word = models.CharField(_("word"), max_length=80, unique=True)

    class Meta:
        verbose_name = _("stop word")
        verbose_name_plural = _("stop words")

    def __str__(self) -> str:
        return self.word
