"""Who is on duty, and whom an urgent incident has woken."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.models.ticket import Ticket


class Rank(models.IntegerChoices):
    """In which order people on duty are called."""

    FIRST = 1, _("called first")
    SECOND = 2, _("called when the first does not answer")


class _Range(Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


class DutyShift(models.Model):
    """A stretch of time in which one person is called, at any hour."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="duty", verbose_name=_("person")
    )
    rank = models.PositiveSmallIntegerField(_("order"), choices=Rank.choices, default=Rank.FIRST)
    starts_at = models.DateTimeField(pgettext_lazy("shift", "from"))
    ends_at = models.DateTimeField(pgettext_lazy("shift", "until"))

    class Meta:
        verbose_name = _("shift of duty")
        verbose_name_plural = _("rota of duty")
        constraints = [
            models.CheckConstraint(
                name="shifts_end_after_they_start",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("A shift ends after it starts."),
            ),
            ExclusionConstraint(
                name="one_person_on_duty_at_a_time",
                expressions=[
                    (F("rank"), RangeOperators.EQUAL),
                    (
                        _Range(F("starts_at"), F("ends_at"), RangeBoundary()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                violation_error_message=_("Somebody else is on duty then, in the same order."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.starts_at:%F %H:%M}"


class Alert(models.Model):
    """One call for an urgent incident: who is called now, and who has taken it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="alerts")
    raised_at = models.DateTimeField(_("raised at"))
    # 1 first on duty, 2 second, 3 the heads of support.
    step = models.PositiveSmallIntegerField(_("step"), default=1)
    called = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", verbose_name=_("called")
    )
    escalates_at = models.DateTimeField(_("escalates at"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"],
                name="one_open_alert_per_ticket",
                condition=Q(acknowledged_at__isnull=True),
            )
        ]
        indexes = [
            # Read by watch: which alerts nobody has taken.
            models.Index(
                fields=["escalates_at"],
                name="alert_to_escalate",
                condition=Q(acknowledged_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.raised_at:%F %T}"
