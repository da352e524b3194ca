"""Targets, and the response clocks that run against them."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets import rules
from tickets.models.conversation import Message
from tickets.models.ticket import Category, Priority, Ticket

LONGEST_TARGET = 7 * 24 * 60  # minutes


class Target(models.Model):
    """How many minutes of support hours a first or next answer may take, from a date on."""

    category = models.CharField(_("category"), max_length=30, choices=Category.choices)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority.choices)
    minutes = models.PositiveIntegerField(
        _("minutes"), validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TARGET)]
    )
    valid_from = models.DateField(_("valid from"))

    class Meta:
        verbose_name = _("target of an answer")
        verbose_name_plural = _("targets of answers")
        constraints = [
            models.UniqueConstraint(
                fields=["category", "priority", "valid_from"],
                name="one_target_per_category_priority_and_date",
            ),
            models.CheckConstraint(
                name="targets_of_requests_are_low_or_medium",
                condition=Q(category=rules.Category.INCIDENT.value)
                | Q(priority__in=[p.value for p in rules.REQUEST_PRIORITIES]),
            ),
            models.CheckConstraint(name="targets_are_positive", condition=Q(minutes__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()}, {self.get_priority_display()}: {self.minutes}"


class ClockKind(models.TextChoices):
    """Which answer a clock waits for."""

    FIRST = "first", _("first answer")
    NEXT = "next", _("next answer")


class Outcome(models.TextChoices):
    """How a clock ended."""

    ANSWERED = "answered", _("answered")
    WITHDRAWN = "withdrawn", _("no answer needed")


class Clock(models.Model):
    """One cycle from a customer's message to our answer. Closed clocks never change."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="clocks")
    kind = models.CharField(max_length=10, choices=ClockKind.choices)
    started_at = models.DateTimeField()
    message = models.ForeignKey(Message, models.PROTECT, related_name="+")
    # Frozen with the clock, so that reports never read what fields say today.
    category = models.CharField(max_length=30, choices=Category.choices)
    priority = models.CharField(max_length=10, choices=Priority.choices, null=True, blank=True)
    target_minutes = models.PositiveIntegerField()
    warn_at = models.DateTimeField()  # 80 percent of the working time
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    late_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("response clock")
        verbose_name_plural = _("response clocks")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_open_clock_per_ticket",
                condition=Q(stopped_at__isnull=True),
            ),
            models.CheckConstraint(
                name="clocks_are_due_after_they_start",
                condition=Q(due_at__gte=models.F("started_at")),
            ),
        ]
        indexes = [
            # Read by tasks.watch_clocks: whom to warn, whom to tell that it is late.
            models.Index(
                fields=["warn_at"],
                name="clock_to_warn",
                condition=Q(stopped_at__isnull=True, warned_at__isnull=True),
            ),
            models.Index(
                fields=["due_at"],
                name="clock_to_tell_late",
                condition=Q(stopped_at__isnull=True, late_told_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ticket_id}"


class ClockLine(models.Model):
    """One line of the ledger of a clock: what happened to it, when, and its due time after that."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="lines")
    at = models.DateTimeField()
    code = models.SlugField(max_length=30)  # started, retargeted, rescheduled, stopped
    target_minutes = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    calendar = models.CharField(max_length=40)  # the hours in force: date of their version
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("line of the ledger")
        verbose_name_plural = _("lines of the ledger")

    def __str__(self) -> str:
        return f"{self.code} {self.at:%F %T}"

    @property
    def priority_name(self) -> str:
        """The priority that set the target of this line, in words; empty when there was none."""
        priority = self.data.get("priority")
        return str(Priority(priority).label) if priority else ""
