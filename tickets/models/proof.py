"""How it is known who asks."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets import rules
from tickets.models.ticket import Ticket


class ProofMethod(models.TextChoices):
    """By what somebody was identified."""

    SESSION = "session", _("signed in to the cabinet")
    TOKEN = "token", _("token of the API")
    TOLD = "told", _("name, position and e-mail as told")
    CODE = "code", _("code sent by e-mail")
    MAIL = "mail", _("authentic e-mail")


class Proof(models.Model):
    """Evidence of who asks in one ticket; rows are only ever added."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="proofs")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    method = models.CharField(_("method"), max_length=10, choices=ProofMethod.choices)
    level = models.PositiveSmallIntegerField(
        _("level"), choices=[(level.value, level.name.lower()) for level in rules.Level]
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("proof")
        verbose_name_plural = _("proofs")

    def __str__(self) -> str:
        return f"{self.method} {self.level}"
