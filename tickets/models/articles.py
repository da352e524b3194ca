"""Which articles have to do with a ticket; the knowledge base is another app: they are named, not referred to."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket


class ArticleTie(models.Model):
    """That an article was read before filing, given in an answer, or written from a ticket."""

    class Kind(models.TextChoices):
        """What has happened."""

        READ = "read", _("read before filing")
        GIVEN = "given", _("given in an answer")
        WRITTEN = "written", _("written from the ticket")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="articles")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    article = models.PositiveBigIntegerField()  # its number in the knowledge base
    revision = models.PositiveIntegerField(null=True)  # the number of the words that were read
    title = models.CharField(max_length=250)  # as it was then
    code = models.CharField(max_length=12)  # of its short link, which stays
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("article of a ticket")
        verbose_name_plural = _("articles of tickets")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "kind", "article"], name="an_article_is_tied_once_a_kind"
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_article_is_written_from_a_ticket",
                condition=Q(kind="written"),
            ),
        ]
        indexes = [
            # Read by reports and by the page of editors: what happened in a stretch of days.
            models.Index(fields=["kind", "at"], name="tie_by_day"),
            # Read by the page of an article: its tickets.
            models.Index(fields=["article", "kind"], name="tie_by_article"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind} {self.article}"
