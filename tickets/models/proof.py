"""How it is known who asks."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets import rules
from tickets.models.mail import IncomingLetter
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


class ProofCode(models.Model):
    """A code sent to the address of an account: told back, it proves who asks (docs/domain.md)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    letter = models.ForeignKey(IncomingLetter, models.PROTECT, related_name="codes")
    # Where the letter goes once it is proven whose it is; empty: a ticket of its own.
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=200)  # never the code itself
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(_("at"))
    expires_at = models.DateTimeField(_("until"))
    used_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            # A new code voids the one before.
            models.UniqueConstraint(
                fields=["letter"],
                name="a_letter_waits_for_one_code",
                condition=Q(used_at__isnull=True, voided_at__isnull=True),
            )
        ]
        # Read when a code is asked for: how many were, lately, and how many were wrong.
        indexes = [models.Index(fields=["person", "-created_at"], name="code_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.created_at:%F %T}"
