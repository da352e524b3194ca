"""What was handed over to development, and what was said of when it will be done."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.querysets import DevelopmentQuerySet


class Development(models.Model):
    """One matter in the hands of the developers; one or more tickets wait for it."""

    title = models.CharField(_("title"), max_length=200)
    # For developers; customers read what each version of the ETA says to them.
    brief = models.TextField(_("what is to be done"), max_length=20_000)
    tracker_url = models.URLField(_("address in the tracker"), max_length=500, blank=True)
    tracker_key = models.CharField(_("key in the tracker"), max_length=60, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="developments",
        verbose_name=_("developer"),
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("handed over at"))
    # The latest version of the ETA, copied here for lists.
    eta_on = models.DateField(_("ETA"), null=True, blank=True)
    news_due_at = models.DateTimeField(_("next news due at"))
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = DevelopmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("development")
        verbose_name_plural = _("developments")
        indexes = [
            # Read by the list of the developers.
            models.Index(
                fields=["news_due_at"],
                name="development_open",
                condition=models.Q(released_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.title


class Eta(models.Model):
    """One version of when it will be done; rows are only ever added."""

    development = models.ForeignKey(Development, models.PROTECT, related_name="etas")
    number = models.PositiveSmallIntegerField()
    eta_on = models.DateField(_("ETA"), null=True, blank=True)  # empty: not known yet
    news_due_at = models.DateTimeField(_("next news due at"))
    reason = models.TextField(_("reason"), max_length=4000)  # for the staff
    customer_text = models.TextField(_("what the customers read"), max_length=4000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("version of the ETA")
        verbose_name_plural = _("versions of the ETA")
        constraints = [
            models.UniqueConstraint(
                fields=["development", "number"], name="one_eta_per_development_and_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.eta_on or '?'}"
