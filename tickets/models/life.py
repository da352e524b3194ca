"""What the head of support decides about the life of tickets, who takes part, what they say at its end."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket

A_DAY_TO_A_YEAR = [MinValueValidator(1), MaxValueValidator(365)]


class Policy(models.Model):
    """The one row of figures by which tickets are reminded of, closed and taken up again."""

    reopen_days = models.PositiveSmallIntegerField(
        _("days in which a closed ticket can be taken up again"),
        default=14,
        validators=A_DAY_TO_A_YEAR,
    )
    remind_days = models.PositiveSmallIntegerField(
        _("days of silence after which the customer is reminded"),
        default=3,
        validators=A_DAY_TO_A_YEAR,
    )
    close_days = models.PositiveSmallIntegerField(
        _("days after the reminder until the ticket is closed"),
        default=4,
        validators=A_DAY_TO_A_YEAR,
    )
    acknowledge_minutes = models.PositiveSmallIntegerField(
        _("minutes in which the person on duty takes an alert"),
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
    )
    # Under which name the key of our own letters is published (the check of our domain).
    dkim_selector = models.CharField(_("DKIM selector"), max_length=63, blank=True)

    class Meta:
        verbose_name = _("life of tickets")
        verbose_name_plural = _("life of tickets")
        constraints = [models.CheckConstraint(name="one_policy", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class Rating(models.Model):
    """What the requester thinks of one solution: one to five, changed until it is a week old."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="ratings")
    # The solution that is judged: a ticket taken up again is judged anew.
    resolved_at = models.DateTimeField()
    score = models.PositiveSmallIntegerField(_("score"))
    comment = models.TextField(_("comment"), blank=True, max_length=4000)
    rated_at = models.DateTimeField(_("at"))
    # Frozen: whoever had solved it, and for whom (docs/sla.md, rule 14).
    specialist = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "resolved_at"], name="one_rating_per_solution"
            ),
            models.CheckConstraint(
                name="scores_are_one_to_five", condition=Q(score__gte=1, score__lte=5)
            ),
        ]
        indexes = [models.Index(fields=["rated_at"], name="rating_by_time")]

    def __str__(self) -> str:
        return f"{self.score}"


class Participant(models.Model):
    """A colleague of the requester who has joined the conversation: they write, and get its letters."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="participants")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "person"], name="a_person_joins_a_ticket_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.ticket_id}"
