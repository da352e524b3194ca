"""Targets, and the clocks that run against them."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from tickets import rules
from tickets.models.conversation import Message
from tickets.models.ticket import Category, ChannelCode, Priority, Ticket
from tickets.querysets import ClockQuerySet

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
    """What a clock waits for."""

    FIRST = "first", _("first answer")
    NEXT = "next", _("next answer")
    WORK = "work", _("work")
    UPDATE = "update", _("news of the development")


RESPONSES = (ClockKind.FIRST, ClockKind.NEXT)


class Outcome(models.TextChoices):
    """How a clock ended."""

    ANSWERED = "answered", _("answered")
    WITHDRAWN = "withdrawn", _("no answer needed")
    MERGED = "merged", _("merged into another ticket")
    RESOLVED = "resolved", _("solved")
    UPDATED = "updated", _("the customer was told the news")
    RELEASED = "released", _("released")


class Clock(models.Model):
    """One cycle of waiting for us: its target, its due time, its end. Closed clocks never change.

    Answers count support hours. Work counts every hour, standing still while we wait for the
    customer; its target is the day of receipt, and only critical and high incidents have one. News
    of a development are due at the date that was told last. Source: docs/sla.md.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="clocks")
    kind = models.CharField(max_length=10, choices=ClockKind.choices)
    started_at = models.DateTimeField()
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    # Frozen with the clock, so that reports never read what fields say today (rule 14).
    category = models.CharField(max_length=30, choices=Category.choices)
    priority = models.CharField(max_length=10, choices=Priority.choices, null=True, blank=True)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, choices=ChannelCode.choices)
    calendar = models.CharField(max_length=40, blank=True)  # the version of the hours at its end
    # Empty where no length but a date is owed.
    target_minutes = models.PositiveIntegerField(null=True, blank=True)
    half_at = models.DateTimeField(null=True, blank=True)  # 50 percent of the working time
    warn_at = models.DateTimeField(null=True, blank=True)  # 80 percent
    due_at = models.DateTimeField(null=True, blank=True)  # empty: nothing is promised
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    elapsed_seconds = models.PositiveBigIntegerField(null=True, blank=True)  # run, at the stop
    was_late = models.BooleanField(null=True, blank=True)  # at the stop; empty: nothing promised
    half_told_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    late_told_at = models.DateTimeField(null=True, blank=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_open_response_clock_per_ticket",
                condition=Q(stopped_at__isnull=True, kind__in=["first", "next"]),
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_open_work_clock_per_ticket",
                condition=Q(stopped_at__isnull=True, kind="work"),
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_open_update_clock_per_ticket",
                condition=Q(stopped_at__isnull=True, kind="update"),
            ),
            models.CheckConstraint(
                name="clocks_are_due_after_they_start",
                condition=Q(due_at__isnull=True) | Q(due_at__gte=models.F("started_at")),
            ),
            models.CheckConstraint(
                name="answers_have_a_target_and_a_due_time",
                condition=~Q(kind__in=["first", "next"])
                | Q(target_minutes__isnull=False, due_at__isnull=False, warn_at__isnull=False),
            ),
        ]
        indexes = [
            # Read by watch.watch_clocks: whom to warn, whom to tell that it is late.
            models.Index(
                fields=["half_at"],
                name="clock_at_half",
                condition=Q(stopped_at__isnull=True, half_told_at__isnull=True),
            ),
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
            # Read by figures.aggregate and by the lists behind a report: what ended when.
            models.Index(
                fields=["stopped_at", "id"],
                name="clock_by_end",
                condition=Q(stopped_at__isnull=False),
            ),
            # Read by figures.aggregate: what work began when.
            models.Index(
                fields=["started_at", "id"],
                name="clock_of_work_by_start",
                condition=Q(kind="work"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ticket_id}"

    @property
    def kind_name(self) -> str:
        """What the clock measures, in words."""
        return str(ClockKind(self.kind).label)

    @property
    def is_response(self) -> bool:
        """Whether a customer waits for words of ours."""
        return self.kind in RESPONSES

    def opened_in(self, ticket: Ticket, kind: str) -> "Clock":
        """Give this clock as one that is open in a ticket; it is not stored yet."""
        ends = {"stopped_at", "stopped_by", "outcome", "elapsed_seconds", "was_late", "calendar"}
        kept = {
            field.attname: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.name not in ends and not field.primary_key
        }
        opened = Clock(**{**kept, "ticket_id": ticket.pk, "kind": kind})
        opened.ticket = ticket
        return opened

    def past_for(self, clock: "Clock") -> "list[Segment]":
        """Give the segments of this clock for another one, which goes on where they end."""
        kept = ("starts_at", "ends_at", "is_running", "reason", "calendar")
        past = [
            Segment(clock=clock, **{name: getattr(one, name) for name in kept})
            for one in self.segments.order_by("id")
        ]
        past[-1].ends_at = None
        return past


class Segment(models.Model):
    """A stretch `[starts_at, ends_at)` in which a clock runs or stands; only the last is open.

    Rows are added and closed, never changed otherwise (a trigger refuses the rest); adding up the
    running ones gives the same due time again (docs/sla.md, rule 1).
    """

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="segments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    is_running = models.BooleanField()
    reason = models.SlugField(max_length=30)  # received, customer_wrote, waiting_customer, …
    calendar = models.CharField(max_length=40)  # the hours in force: date of their version

    class Meta:
        verbose_name = _("segment of a clock")
        verbose_name_plural = _("segments of clocks")
        constraints = [
            models.UniqueConstraint(
                fields=["clock"],
                name="one_open_segment_per_clock",
                condition=Q(ends_at__isnull=True),
            ),
            models.CheckConstraint(
                name="segments_end_after_they_start",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=models.F("starts_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.starts_at:%F %T}"


class ClockLine(models.Model):
    """One line of the ledger of a clock: what happened to it, when, and its due time after that."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="lines")
    at = models.DateTimeField()
    # started, retargeted, rescheduled, paused, resumed, code_sent, promise_moved, stopped
    code = models.SlugField(max_length=30)
    target_minutes = models.PositiveIntegerField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    calendar = models.CharField(max_length=40)  # the hours in force: date of their version
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("line of the ledger")
        verbose_name_plural = _("lines of the ledger")

    def __str__(self) -> str:
        return f"{self.code} {self.at:%F %T}"

    @property
    def template(self) -> str:
        """Where the words of this line stand."""
        return f"tickets/ledger/{self.code}.html"

    @property
    def priority_name(self) -> str:
        """The priority that set the target of this line, in words; empty when there was none."""
        priority = self.data.get("priority")
        return str(Priority(priority).label) if priority else ""
