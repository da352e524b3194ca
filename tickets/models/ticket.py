"""The ticket itself."""

import builtins
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Property
from tickets import rules
from tickets.querysets import DONE, OPEN, URGENCY, TicketQuerySet


class Category(models.TextChoices):
    """The four categories with their names."""

    INCIDENT = rules.Category.INCIDENT.value, _("Incident")
    SERVICE_REQUEST = rules.Category.SERVICE_REQUEST.value, _("Service request")
    INFORMATION_REQUEST = rules.Category.INFORMATION_REQUEST.value, _("Information request")
    CHANGE_REQUEST = rules.Category.CHANGE_REQUEST.value, _("Change request")


class Priority(models.TextChoices):
    """The four priorities with their names."""

    LOW = rules.Priority.LOW.value, _("Low")
    MEDIUM = rules.Priority.MEDIUM.value, _("Medium")
    HIGH = rules.Priority.HIGH.value, _("High")
    CRITICAL = rules.Priority.CRITICAL.value, _("Critical")


class Status(models.TextChoices):
    """Where a ticket stands, in the words of the staff."""

    NEW = rules.Status.NEW.value, _("New")
    OPEN = rules.Status.OPEN.value, _("Open")
    WAITING_CUSTOMER = rules.Status.WAITING_CUSTOMER.value, _("Waiting for the customer")
    WAITING_IDENTIFICATION = (
        rules.Status.WAITING_IDENTIFICATION.value,
        _("Waiting for identification"),
    )
    IN_DEVELOPMENT = rules.Status.IN_DEVELOPMENT.value, _("In development")
    RESOLVED = rules.Status.RESOLVED.value, _("Resolved")
    CLOSED = rules.Status.CLOSED.value, _("Closed")


class Addressee(models.TextChoices):
    """Whose queue a ticket stands in."""

    SUPPORT = rules.Addressee.SUPPORT.value, _("Support")
    MANAGER = rules.Addressee.MANAGER.value, _("Account manager")


class ChannelCode(models.TextChoices):
    """By which road a ticket came in."""

    CABINET = "cabinet", _("Cabinet")
    API = "api", _("API")
    EMAIL = "email", _("E-mail")
    TELEGRAM = "telegram", _("Telegram")
    PHONE = "phone", _("Phone")


_LEGAL_PRIORITIES = Q(priority__isnull=True)
for _category, _priorities in rules.PRIORITIES.items():
    _LEGAL_PRIORITIES |= Q(category=_category.value, priority__in=[p.value for p in _priorities])


class Ticket(models.Model):
    """One matter that a customer brought to us, from filing to closing."""

    # From the sequence tickets_number (migration 0002): unique under any load, gaps are normal.
    number = models.BigIntegerField(_("number"), unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="tickets", verbose_name=_("organization")
    )
    property = models.ForeignKey(
        Property,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=_("property"),
    )
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="tickets",
        verbose_name=_("requester"),
    )
    subject = models.CharField(_("subject"), max_length=200)
    category = models.CharField(_("category"), max_length=30, choices=Category.choices)
    priority = models.CharField(
        _("priority"), max_length=10, choices=Priority.choices, null=True, blank=True
    )
    status = models.CharField(
        _("status"), max_length=30, choices=Status.choices, default=Status.NEW
    )
    status_since = models.DateTimeField(_("in this status since"), null=True, blank=True)
    # While we wait for the customer: when we reminded them, the end that the reminder announced,
    # and the date agreed with them, if any.
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)
    agreed_on = models.DateField(_("agreed date"), null=True, blank=True)
    addressee = models.CharField(
        _("addressed to"), max_length=10, choices=Addressee.choices, default=Addressee.SUPPORT
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned",
        verbose_name=_("assignee"),
    )
    # Whose conversation goes on elsewhere: replies are led there until the merge is undone.
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged",
        verbose_name=_("merged into"),
    )
    development = models.ForeignKey(
        "tickets.Development",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=_("development"),
    )
    channel = models.CharField(
        _("channel"), max_length=10, choices=ChannelCode.choices, default=ChannelCode.CABINET
    )
    language = models.CharField(_("language"), max_length=5, default="ru")
    # The fields of rules.FIELDS that the customer filled in, by code.
    details = models.JSONField(_("details"), default=dict, blank=True)
    # The key of the form that filed it: sent twice, it makes one ticket.
    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    received_at = models.DateTimeField(_("received at"))
    triaged_at = models.DateTimeField(_("triaged at"), null=True, blank=True)
    # What the customer was told before sending; the clock may ask for less, never for more.
    promised_at = models.DateTimeField(_("promised answer"), null=True, blank=True)
    # The open response clock, copied here so that the queue reads one index. Empty: nobody waits.
    due_at = models.DateTimeField(_("answer due at"), null=True, blank=True)
    responded_at = models.DateTimeField(_("first answered at"), null=True, blank=True)
    last_message_at = models.DateTimeField(_("last message at"))
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.CheckConstraint(
                name="requests_are_low_or_medium",
                condition=_LEGAL_PRIORITIES,
                violation_error_message=_("Requests are low or medium; only incidents go higher."),
            ),
            models.CheckConstraint(
                name="ticket_status_is_known", condition=Q(status__in=Status.values)
            ),
            models.CheckConstraint(
                name="merged_tickets_are_closed",
                condition=Q(merged_into__isnull=True) | Q(status="closed"),
            ),
            models.CheckConstraint(
                name="finished_tickets_wait_for_nobody",
                condition=~Q(status__in=["resolved", "closed"]) | Q(due_at__isnull=True),
            ),
        ]
        indexes = [
            # Read by the desk: the whole queue, and the untriaged, by due time.
            models.Index(
                fields=["addressee", "due_at", "id"],
                name="ticket_queue",
                condition=Q(status__in=OPEN),
            ),
            models.Index(
                fields=["addressee", "due_at", "id"],
                name="ticket_untriaged",
                condition=Q(priority__isnull=True) & Q(status__in=OPEN),
            ),
            # Read by the desk: mine.
            models.Index(
                fields=["assignee", "due_at", "id"],
                name="ticket_mine",
                condition=Q(status__in=OPEN),
            ),
            # Read by the desk: not assigned yet; and by state, the longest there first.
            models.Index(
                fields=["addressee", "due_at", "id"],
                name="ticket_unassigned",
                condition=Q(assignee__isnull=True) & Q(status__in=OPEN),
            ),
            models.Index(
                fields=["status", "due_at", "id"],
                name="ticket_by_state",
                condition=Q(status__in=OPEN),
            ),
            # Read by the desk: late, due soon, due today, and filters over both queues by due time.
            models.Index(fields=["due_at", "id"], name="ticket_due", condition=Q(status__in=OPEN)),
            # Read by the desk: the open ones of an organization, of a channel.
            models.Index(
                fields=["organization", "due_at", "id"],
                name="ticket_open_of_org",
                condition=Q(status__in=OPEN),
            ),
            models.Index(
                fields=["channel", "due_at", "id"],
                name="ticket_open_of_channel",
                condition=Q(status__in=OPEN),
            ),
            # Read by the desk: by priority, the most urgent first, and the filter of priorities.
            models.Index(
                URGENCY, "due_at", "id", name="ticket_by_urgency", condition=Q(status__in=OPEN)
            ),
            # Read by the desk: by last message, latest first, finished ones too.
            models.Index(fields=["-last_message_at", "-id"], name="ticket_by_message"),
            models.Index(
                fields=["-last_message_at", "-id"],
                name="ticket_done_by_message",
                condition=Q(status__in=DONE),
            ),
            # Read by life.remind_and_close: who has been silent for days.
            models.Index(
                fields=["status_since"],
                name="ticket_silent",
                condition=Q(status="waiting_customer"),
            ),
            models.Index(
                fields=["merged_into"],
                name="ticket_merged",
                condition=Q(merged_into__isnull=False),
            ),
            # Read by figures.aggregate and by the lists behind a report: what came when.
            models.Index(fields=["received_at", "id"], name="ticket_by_receipt"),
            # Read by the cabinet: own tickets, and those of the organization, latest first.
            models.Index(fields=["requester", "-last_message_at", "-id"], name="ticket_of_person"),
            models.Index(
                fields=["organization", "-last_message_at", "-id"], name="ticket_of_organization"
            ),
            # The same under a tab, and the counts of the tabs, which touch nothing but the index.
            models.Index(
                fields=["requester", "status", "-last_message_at", "-id"],
                name="ticket_of_person_by_status",
            ),
            models.Index(
                fields=["organization", "status", "-last_message_at", "-id"],
                name="ticket_of_org_by_status",
            ),
        ]

    def __str__(self) -> str:
        return f"№ {self.number} {self.subject}"

    def get_absolute_url(self) -> str:
        """Give the address of the ticket in the customer's cabinet."""
        return reverse("cabinet:ticket", args=[self.number])

    # The field `property` hides the plain name here. Django's own get_…_display goes through all
    # choices each time, and pages say these on every load.
    @builtins.property
    def category_name(self) -> str:
        """The category in words."""
        return str(Category(self.category).label)

    @builtins.property
    def channel_name(self) -> str:
        """The road by which it came, in words."""
        return str(ChannelCode(self.channel).label)

    @builtins.property
    def is_open(self) -> bool:
        """Whether work on it may still go on."""
        return self.status in rules.OPEN_STATUSES
