"""What is said in a ticket, and the files that come with it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket
from tickets.querysets import MessageQuerySet


class MessageKind(models.TextChoices):
    """Who a message is for."""

    PUBLIC = "public", _("message")
    NOTE = "note", _("internal note")


class Message(models.Model):
    """One message of a conversation; a note is for the staff alone."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind.choices)
    is_from_staff = models.BooleanField(_("from the staff"))
    # Receipts, codes and bots are no answers: they stop no clock (docs/sla.md, rule 3).
    is_answer = models.BooleanField(default=True)
    text = models.TextField(_("text"), max_length=50_000)
    created_at = models.DateTimeField(_("at"))
    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(
                name="notes_are_written_by_staff",
                condition=Q(kind="public") | Q(is_from_staff=True),
            )
        ]
        indexes = [models.Index(fields=["ticket", "id"], name="message_of_ticket")]

    def __str__(self) -> str:
        return self.text[:60]


class Attachment(models.Model):
    """A file that came with a message; its bytes lie outside any web root, named by the id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Empty while its form has not been accepted yet: a mistake in a form loses no file.
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))  # bytes
    sha256 = models.CharField(max_length=64)
    # A re-encoded picture lies beside the original and is what browsers show.
    has_preview = models.BooleanField(default=False)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [
            # Read by the sweep of files whose form was never sent.
            models.Index(
                fields=["created_at"], name="attachment_orphans", condition=Q(message__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name
