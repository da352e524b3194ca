"""What happened to a ticket: codes in rows, words in templates."""

from datetime import date, datetime

from django.conf import settings
from django.db import models
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Category, Priority, Ticket


class Event(models.Model):
    """One change of one ticket; rows are only ever added (a trigger refuses the rest)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="events")
    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    code = models.SlugField(_("what"), max_length=40)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [models.Index(fields=["ticket", "id"], name="event_of_ticket")]

    def __str__(self) -> str:
        return f"{self.code} {self.at:%F %T}"

    @property
    def template(self) -> str:
        """Where the words of this event stand."""
        return f"tickets/events/{self.code}.html"

    @property
    def customer_template(self) -> str:
        """Where the words of this event stand that customers read in their conversation."""
        return f"tickets/cabinet/moments/{self.code}.html"

    @property
    def until(self) -> datetime | None:
        """Give the instant that this event names: the new promise, the announced end."""
        return parse_datetime(str(self.data.get("until", "")))

    @property
    def triage(self) -> str:
        """What a triage chose, in words; empty for other events."""
        chosen = self.data.get("after")
        if not isinstance(chosen, dict):
            return ""
        return f"{Category(chosen['category']).label}, {Priority(chosen['priority']).label}"

    @property
    def eta_on(self) -> date | None:
        """The day on which it should be done, as it was told with this event."""
        return parse_date(str(self.data.get("eta_on", "")))

    @property
    def news_due_at(self) -> datetime | None:
        """The moment by which there should be news, as it was told with this event."""
        return parse_datetime(str(self.data.get("news_due_at", "")))
