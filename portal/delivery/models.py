"""The outbox: what has to leave the portal, as rows."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


def new_token() -> str:
    """Make an unguessable token of 128 bits."""
    return secrets.token_hex(16)


class State(models.TextChoices):
    """Where a delivery stands."""

    PENDING = "pending", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    DEAD = "dead", _("not delivered")
    EXPIRED = "expired", _("expired unsent")
    REFUSED = "refused", _("not to be sent")


class Delivery(models.Model):
    """One message to one address, written in the transaction that caused it."""

    letter = models.SlugField(_("letter"), max_length=60, db_index=False)
    transport = models.SlugField(_("transport"), max_length=20, default="email", db_index=False)
    recipient = models.EmailField(_("recipient"))
    language = models.CharField(_("language"), max_length=5)
    # Plain values from which the letter is rendered when it leaves.
    context = models.JSONField(_("values"), default=dict)
    # Encrypted; only for codes and links that open something. Emptied once sent or expired.
    secret = models.BinaryField(default=b"", editable=False)
    headers = models.JSONField(_("headers"), default=dict, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=200, unique=True)
    dedupe_key = models.CharField(_("key against doubles"), max_length=200, unique=True)
    # Deliveries with the same key leave in the order in which they were written.
    ordering_key = models.CharField(_("order within"), max_length=100, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), default=5)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt at"))
    lease_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    owner = models.CharField(max_length=32, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True)
    expires_at = models.DateTimeField(_("useless after"), null=True, blank=True)
    created_at = models.DateTimeField(_("written at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            # Read by claim(): the next delivery to send.
            models.Index(
                fields=["priority", "id"],
                name="delivery_waiting",
                condition=Q(state__in=["pending", "sending"]),
            ),
            # Read by claim(): is an earlier one of the same conversation still unsent?
            models.Index(
                fields=["ordering_key", "id"],
                name="delivery_unsent_in_order",
                condition=Q(state__in=["pending", "sending"]) & ~Q(ordering_key=""),
            ),
            # Read before a machine writes to an address: how often has it lately?
            models.Index(fields=["recipient", "letter", "-created_at"], name="delivery_to_address"),
            # Read by the admin's dashboard.
            models.Index(fields=["-id"], name="delivery_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.letter} → {self.recipient}"


class Unsubscribed(models.Model):
    """A kind of letter that the reader at an address does without."""

    address = models.EmailField(_("address"))
    topic = models.SlugField(_("letters"), max_length=20)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("unwanted letters")
        verbose_name_plural = _("unwanted letters")
        constraints = [
            models.UniqueConstraint(
                fields=["address", "topic"], name="letters_are_unwanted_once_an_address"
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic} → {self.address}"


class Heartbeat(models.Model):
    """When a background job last ran to its end; silence is the alarm."""

    job = models.SlugField(unique=True)
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.job
