"""What specialists work with: saved views, macros, watchers, shared drafts, who is looking."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket


class SavedView(models.Model):
    """Named filters of the queue, of one person or shared with the desk."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="saved_views",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=60)
    # Codes of the filters in tickets.filters, with their values.
    filters = models.JSONField(_("filters"), default=dict)
    is_shared = models.BooleanField(_("shared with the desk"), default=False)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="view_name_is_unique_for_its_owner"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Macro(models.Model):
    """Words with places to fill in, and changes that go with them; shown before anything is sent."""

    name = models.CharField(_("name"), max_length=80)
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=[("ru", _("Russian")), ("en", _("English"))],
        default="ru",
    )
    text = models.TextField(_("text"), max_length=10_000, blank=True)
    # {"after": "wait", "category": …, "priority": …, "assign": "me"}: codes of tickets.macros.
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    is_receipt = models.BooleanField(
        _("a receipt, not an answer"),
        default=False,
        help_text=_("It stops no clock: the customer still waits for an answer."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="macros",
        verbose_name=_("only for"),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        constraints = [
            models.UniqueConstraint(fields=["name", "language"], name="macro_name_is_unique")
        ]

    def __str__(self) -> str:
        return self.name


class Watcher(models.Model):
    """Somebody of the staff who wants to hear of a ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="watchers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="watched")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("watcher")
        verbose_name_plural = _("watchers")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "person"], name="one_watcher_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.ticket_id}"


class Draft(models.Model):
    """A reply or a note that is being written; colleagues read it and may go on with it."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    mode = models.CharField(max_length=10, default="reply")  # reply, note
    text = models.TextField(max_length=50_000)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            # Without an author: written by the system, as after a release.
            models.UniqueConstraint(
                fields=["ticket", "author"], name="one_draft_per_person", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Presence(models.Model):
    """Who looks at a ticket just now, and who writes; forgotten after a minute without a sign."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="presences")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    writing_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "person"], name="one_presence_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.ticket_id}"


class Link(models.Model):
    """Two tickets that have to do with each other."""

    class Kind(models.TextChoices):
        """How they are connected."""

        RELATED = "related", _("related")
        FOLLOW_UP = "follow_up", _("follow-up of")
        SPLIT = "split", _("split off from")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    # The later one: the follow-up, the part that was split off.
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="links")
    other = models.ForeignKey(Ticket, models.PROTECT, related_name="linked_by")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "other", "kind"], name="one_link_per_kind"),
            models.CheckConstraint(
                name="no_ticket_is_linked_to_itself", condition=~Q(ticket=models.F("other"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ticket_id} {self.other_id}"


class Merge(models.Model):
    """One merge of a ticket into another, with what undoing it needs."""

    source = models.ForeignKey(Ticket, models.PROTECT, related_name="merges")
    target = models.ForeignKey(Ticket, models.PROTECT, related_name="merges_in")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    # Status of the source, and the clocks of both, as they stood before.
    before = models.JSONField(default=dict)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                name="one_merge_holds_per_ticket",
                condition=Q(undone_at__isnull=True),
            ),
            models.CheckConstraint(
                name="no_ticket_is_merged_into_itself", condition=~Q(source=models.F("target"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"
