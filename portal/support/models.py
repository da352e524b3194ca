"""What the head of support edits: brand, hours, exceptions to them, channels."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.support.calendar import validate_intervals

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Brand(models.Model):
    """The one row that says whose portal this is; another company edits it, not the code."""

    name = models.CharField(_("name"), max_length=60)
    title_ru = models.CharField(_("title (Russian)"), max_length=120)
    title_en = models.CharField(_("title (English)"), max_length=120)
    support_email = models.EmailField(_("support address"))
    team_email = models.EmailField(_("address for feedback to the team"))
    head_name = models.CharField(_("head of support"), max_length=120)
    head_email = models.EmailField(_("address of the head of support"))
    zone = models.CharField(_("time zone of the hours"), max_length=60, default="Europe/Moscow")
    monitoring_ru = models.TextField(_("monitoring, in Russian"), blank=True)
    monitoring_en = models.TextField(_("monitoring, in English"), blank=True)

    # Renewed by triggers whenever a row of this app changes: what is cached in memory is right at once.
    version = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brand")
        constraints = [
            models.CheckConstraint(name="there_is_one_brand", condition=models.Q(id=1)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """The portal's title in the language of the reader."""
        return self.title_en if get_language() == "en" else self.title_ru

    @property
    def monitoring(self) -> str:
        """The sentence about monitoring in the language of the reader."""
        return self.monitoring_en if get_language() == "en" else self.monitoring_ru


class Hours(models.Model):
    """The week that holds from a date on; a day reads like «08:00–20:00», empty is closed."""

    valid_from = models.DateField(_("valid from"), unique=True)
    monday = models.CharField(
        _("Monday"), max_length=120, blank=True, validators=[validate_intervals]
    )
    tuesday = models.CharField(
        _("Tuesday"), max_length=120, blank=True, validators=[validate_intervals]
    )
    wednesday = models.CharField(
        _("Wednesday"), max_length=120, blank=True, validators=[validate_intervals]
    )
    thursday = models.CharField(
        _("Thursday"), max_length=120, blank=True, validators=[validate_intervals]
    )
    friday = models.CharField(
        _("Friday"), max_length=120, blank=True, validators=[validate_intervals]
    )
    saturday = models.CharField(
        _("Saturday"), max_length=120, blank=True, validators=[validate_intervals]
    )
    sunday = models.CharField(
        _("Sunday"), max_length=120, blank=True, validators=[validate_intervals]
    )
    note = models.CharField(_("why"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("hours")
        verbose_name_plural = _("hours")

    def __str__(self) -> str:
        return f"{self.valid_from:%d.%m.%Y}"


class HoursException(models.Model):
    """A date with other hours than its weekday's; empty hours mean closed."""

    on = models.DateField(_("date"), unique=True)
    hours = models.CharField(
        _("hours"),
        max_length=120,
        blank=True,
        validators=[validate_intervals],
        help_text=_("Like 10:00–16:00; leave empty when we are closed all day."),
    )
    name_ru = models.CharField(_("occasion (Russian)"), max_length=120)
    name_en = models.CharField(_("occasion (English)"), max_length=120)

    class Meta:
        verbose_name = _("exception to the hours")
        verbose_name_plural = _("exceptions to the hours")

    def __str__(self) -> str:
        return f"{self.on:%d.%m.%Y} {self.name}"

    @property
    def name(self) -> str:
        """The occasion in the language of the reader."""
        return self.name_en if get_language() == "en" else self.name_ru


class ChannelKind(models.TextChoices):
    """By what means somebody reaches us."""

    CABINET = "cabinet", _("Cabinet")
    TELEGRAM = "telegram", _("Telegram")
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    MANAGER = "manager", _("Account manager")


class Channel(models.Model):
    """One way to reach support, as the public pages show it."""

    kind = models.CharField(_("kind"), max_length=20, choices=ChannelKind.choices, unique=True)
    address = models.CharField(
        _("address"),
        max_length=200,
        blank=True,
        help_text=_(
            "An e-mail address, a phone number, the name of the bot; empty for the cabinet."
        ),
    )
    note_ru = models.CharField(_("note (Russian)"), max_length=200, blank=True)
    note_en = models.CharField(_("note (English)"), max_length=200, blank=True)
    accepts_always = models.BooleanField(_("accepts around the clock"), default=True)
    is_shown = models.BooleanField(_("shown"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def note(self) -> str:
        """The note in the language of the reader."""
        return self.note_en if get_language() == "en" else self.note_ru
