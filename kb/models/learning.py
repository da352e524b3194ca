"""What readers asked, found and opened, and what editors made of it; nothing here tells who it was."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kb.models.articles import Article

LONGEST_QUESTION = 200  # characters


class AskedQuestion(models.Model):
    """What was searched for on a day, by how many searches, and how often nothing was found."""

    day = models.DateField(_("day"))
    text = models.CharField(_("question"), max_length=LONGEST_QUESTION)
    # The same question in other words: its stems in their order, by which questions are put together.
    stems = models.CharField(max_length=LONGEST_QUESTION * 2)
    language = models.CharField(_("language"), max_length=5)
    audience = models.PositiveSmallIntegerField(_("who asked"))  # kb.audience.Audience
    times = models.PositiveIntegerField(_("asked"), default=0)
    nothing = models.PositiveIntegerField(_("nothing found"), default=0)
    corrected_to = models.CharField(_("understood as"), max_length=LONGEST_QUESTION, blank=True)

    class Meta:
        verbose_name = _("question of readers")
        verbose_name_plural = _("what readers teach")
        constraints = [
            # Read by the page of what to write: the questions of a stretch of days.
            models.UniqueConstraint(
                fields=["day", "text", "language", "audience"], name="one_count_a_question_and_day"
            )
        ]

    def __str__(self) -> str:
        return self.text


class QuestionClick(models.Model):
    """How often an article was opened from the answers to a question, and at which place it stood."""

    question = models.ForeignKey(AskedQuestion, models.CASCADE, related_name="clicks")
    article = models.ForeignKey(Article, models.CASCADE, related_name="+")
    place = models.PositiveSmallIntegerField()
    times = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("opened from a search")
        verbose_name_plural = _("opened from searches")
        constraints = [
            models.UniqueConstraint(
                fields=["question", "article", "place"], name="one_count_a_click_and_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.article_id}"


class QuestionState(models.TextChoices):
    """What an editor made of a question."""

    DONE = "done", _("done")
    IGNORED = "ignored", _("ignored")


class QuestionMark(models.Model):
    """That an editor has dealt with a question, whatever words it is asked in."""

    stems = models.CharField(max_length=LONGEST_QUESTION * 2, unique=True)
    state = models.CharField(max_length=10, choices=QuestionState.choices)
    text = models.CharField(max_length=LONGEST_QUESTION)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("mark of a question")
        verbose_name_plural = _("marks of questions")

    def __str__(self) -> str:
        return f"{self.text}: {self.state}"
