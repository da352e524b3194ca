"""The figures of reports, added up by day, so that a report costs the same however many tickets there are."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Metric(models.TextChoices):
    """What is counted; a clock counts on the day of its end, in the zone of the hours."""

    FIRST = "first", _("first answers")
    NEXT = "next", _("next answers")
    WORK = "work", _("solutions")
    UPDATE = "update", _("news of the development")
    LATE_FIRST = "late_first", _("first answers still owed, and late")
    LATE_NEXT = "late_next", _("next answers still owed, and late")
    LATE_WORK = "late_work", _("work still owed, and late")
    LATE_UPDATE = "late_update", _("news still owed, and late")
    FILED = "filed", _("tickets filed")
    REOPENED = "reopened", _("tickets taken up again")
    RATED = "rated", _("ratings")
    CAME = "came", _("readings and tickets filed without reading")
    BACKLOG = "backlog", _("open tickets at the end of the day")


class Dimension(models.TextChoices):
    """By what figures are told apart."""

    ALL = "all", _("all")
    CATEGORY = "category", _("category")
    PRIORITY = "priority", _("priority")
    PERSON = "person", _("specialist")
    ORGANIZATION = "organization", _("organization")
    CHANNEL = "channel", _("channel")


class DayFigure(models.Model):
    """One figure of one day; days are computed anew as a whole, never added to (tickets.figures)."""

    day = models.DateField()
    metric = models.CharField(max_length=12, choices=Metric.choices)
    dimension = models.CharField(max_length=12, choices=Dimension.choices)
    # A code of the dimension, or the number of a person or an organization; empty: none.
    value = models.CharField(max_length=30, blank=True)
    total = models.PositiveIntegerField(default=0)
    promised = models.PositiveIntegerField(default=0)  # of these, with a due time
    in_time = models.PositiveIntegerField(default=0)  # of these, kept; of ratings: four and five
    amount = models.PositiveBigIntegerField(default=0)  # seconds, or the sum of scores
    # Lengths by tickets.histogram: which buckets hold any, and how many.
    buckets = ArrayField(models.PositiveSmallIntegerField(), default=list)
    counts = ArrayField(models.PositiveIntegerField(), default=list)

    class Meta:
        verbose_name = _("figure of a day")
        verbose_name_plural = _("figures of days")
        constraints = [
            # Read by reports: some dimensions of a stretch of days.
            models.UniqueConstraint(
                fields=["dimension", "day", "metric", "value"], name="one_figure_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.metric} {self.dimension} {self.value}"
