"""Letters that came in: mailboxes, every letter as it arrived and what became of it, dead addresses."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.conversation import Message
from tickets.models.ticket import Ticket
from tickets.querysets import LetterQuerySet


class Security(models.TextChoices):
    """How the connection to a mail server is protected."""

    TLS = "tls", _("TLS from the start")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("none (only inside of one machine)")


class VerdictPlace(models.TextChoices):
    """Where our mail server writes its verdict on a sender."""

    ABOVE = "above", _("above the first Received field")
    BELOW = "below", _("directly below its own Received field")


class AfterKeeping(models.TextChoices):
    """What the mail server is told about a letter that lies here."""

    SEEN = "seen", _("mark it as read")
    MOVE = "move", _("move it to another folder")
    LEAVE = "leave", _("leave it as it is")


class Trouble(models.TextChoices):
    """What keeps us from a mailbox, in words for whoever can mend it."""

    NO_NAME = "no_name", _("There is no server of this name: check how it is spelt.")
    REFUSED = "refused", _("The server refuses connections on this port: check the port.")
    SILENT = "silent", _("The server does not answer: check name and port, and the firewall.")
    UNREACHABLE = "unreachable", _("The server cannot be reached from here.")
    NOT_IMAP = "not_imap", _("Something answers on this port, but it does not speak IMAP.")
    TLS = "tls", _("No protected connection: check whether it is TLS from the start or STARTTLS.")
    CERTIFICATE = (
        "certificate",
        _("The server's certificate is not valid for this name: check the name."),
    )
    UNPROTECTED = (
        "unprotected",
        _("The password would travel in the clear: choose TLS or STARTTLS for this server."),
    )
    LOGIN = "login", _("The server does not take this user and password.")
    SECRET = "secret", _("The password kept here can no longer be read: enter it again.")
    FOLDER = "folder", _("There is no such folder in the mailbox.")
    DROPPED = "dropped", _("The server broke off the connection; we go on by ourselves.")
    ANSWERED_NO = "answered_no", _("The server refused what we asked it.")
    STORAGE = "storage", _("A letter could not be kept here: look at the disk. It waits there.")
    GAP = "gap", _("The server does not give out a letter; the others come in.")


class Mailbox(models.Model):
    """An address at which we receive, and how its letters are fetched and believed."""

    address = models.EmailField(_("address"), unique=True)
    is_active = models.BooleanField(_("in use"), default=True)
    # Empty: letters come by `manage.py receive_mail` on standard input.
    host = models.CharField(_("IMAP server"), max_length=200, blank=True)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(
        _("protection"), max_length=10, choices=Security.choices, default=Security.TLS
    )
    user = models.CharField(_("user"), max_length=200, blank=True)
    secret = models.BinaryField(default=b"", editable=False)  # the password, encrypted
    folder = models.CharField(_("folder"), max_length=100, default="INBOX")
    after = models.CharField(
        _("once a letter is kept here"),
        max_length=10,
        choices=AfterKeeping.choices,
        default=AfterKeeping.SEEN,
    )
    processed_folder = models.CharField(
        _("folder for what is kept"), max_length=100, default="Processed"
    )
    verdict_servers = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        verbose_name=_("names of our mail server in its verdicts"),
    )
    verdict_place = models.CharField(
        _("where the verdict stands"),
        max_length=10,
        choices=VerdictPlace.choices,
        default=VerdictPlace.ABOVE,
    )
    verdict_received_by = models.CharField(
        _("our mail server in its Received field"), max_length=200, blank=True
    )
    unpublished_domains = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        verbose_name=_("domains without a policy that are believed when they sign"),
    )
    uidvalidity = models.BigIntegerField(default=0, editable=False)
    # The greatest number below which every letter lies here.
    last_uid = models.BigIntegerField(default=0, editable=False)
    # The first number that is ours: what lay there, read, before we came is not.
    since_uid = models.BigIntegerField(default=0, editable=False)
    # Numbers the server did not give out, and how often we asked.
    troubled = models.JSONField(default=dict, editable=False)
    polled_at = models.DateTimeField(_("last asked at"), null=True, blank=True, editable=False)
    last_error = models.CharField(
        _("last error"), max_length=300, blank=True, editable=False, choices=Trouble.choices
    )
    failures = models.PositiveSmallIntegerField(default=0, editable=False)  # in a row
    # The nightly comparison: when, what it fetched, what it could not.
    reconciled_at = models.DateTimeField(
        _("compared with the server at"), null=True, blank=True, editable=False
    )
    reconciled_late = models.PositiveIntegerField(default=0, editable=False)
    reconciled_missing = models.PositiveIntegerField(default=0, editable=False)

    # The columns a person sets; the others are written by what happens.
    SET_BY_HAND = (
        "address", "is_active", "host", "port", "security", "user", "folder", "after",
        "processed_folder", "verdict_servers", "verdict_place", "verdict_received_by",
        "unpublished_domains",
    )  # fmt: skip

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return self.address


class LetterState(models.TextChoices):
    """What became of a letter."""

    STORED = "stored", _("waits to be read")
    READING = "reading", _("is being read")
    DONE = "done", _("in a ticket")
    QUARANTINED = "quarantined", _("waits for a person")
    DISCARDED = "discarded", _("discarded")
    DUPLICATE = "duplicate", _("came before")
    FAILED = "failed", _("could not be read")


WAITING = (LetterState.QUARANTINED.value, LetterState.FAILED.value)


class IncomingLetter(models.Model):
    """A letter as it arrived; its bytes lie in a file named by the id and are never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mailbox = models.ForeignKey(
        Mailbox, models.PROTECT, related_name="letters", verbose_name=_("mailbox")
    )
    uidvalidity = models.BigIntegerField(default=0)
    uid = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64)  # of all bytes
    canonical = models.CharField(max_length=64)  # of what every copy of it has alike
    size = models.PositiveBigIntegerField(_("size"))  # bytes
    envelope_from = models.CharField(max_length=320, null=True)  # empty for bounces, none unknown
    received_at = models.DateTimeField(_("received at"))
    state = models.CharField(
        _("state"), max_length=12, choices=LetterState.choices, default=LetterState.STORED
    )
    # A code; its words stand in templates/tickets/mail/reasons/.
    reason = models.SlugField(_("reason"), max_length=40, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    sort = models.SlugField(_("kind"), max_length=10, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=32, blank=True)
    # What it says of itself, once read.
    sender_name = models.CharField(_("name"), max_length=200, blank=True)
    sender = models.CharField(_("sender"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=998, blank=True)
    # Its Message-ID field; named as Microsoft Graph does, for message_id is the key of `message`.
    internet_message_id = models.CharField(max_length=300, blank=True)
    text = models.TextField(_("text"), blank=True)
    names = models.JSONField(_("files"), default=list, blank=True)
    sizes = models.JSONField(default=list, blank=True)  # bytes of each file, in the same order
    # Why it was believed or not.
    is_authentic = models.BooleanField(null=True)
    verdict = models.SlugField(_("verdict"), max_length=40, blank=True)
    # What it became.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, blank=True, related_name="letters"
    )
    message = models.OneToOneField(
        Message, models.PROTECT, null=True, blank=True, related_name="letter"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    # Who of the staff opened it first, while it waited: the clock of the queue runs until then.
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    seen_at = models.DateTimeField(null=True, blank=True)
    # Words, names and bytes are gone since; what it was is kept for the figures.
    forgotten_at = models.DateTimeField(null=True, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming letter")
        verbose_name_plural = _("incoming letters")
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "uidvalidity", "uid"],
                name="a_letter_of_a_mailbox_is_kept_once",
                condition=Q(uid__isnull=False),
            ),
        ]
        indexes = [
            # Read by the claim of the next letter.
            models.Index(
                fields=["next_at", "id"],
                name="letter_waiting",
                condition=Q(state__in=["stored", "reading"]),
            ),
            # Read when a letter comes: is it one that came before?
            models.Index(fields=["canonical", "received_at"], name="letter_canonical"),
            models.Index(
                fields=["internet_message_id"],
                name="letter_message_id",
                condition=~Q(internet_message_id=""),
            ),
            # Read by the list of those that wait for a person.
            models.Index(
                fields=["received_at"],
                name="letter_unidentified",
                condition=Q(state__in=["quarantined", "failed"]),
            ),
            # Read by the settings page: what came in lately; and by the cap of acknowledgements.
            models.Index(fields=["-received_at"], name="letter_recent"),
            models.Index(fields=["sender", "-received_at"], name="letter_of_sender"),
            # Read by the lists of letters in one state.
            models.Index(fields=["state", "-received_at", "-id"], name="letter_of_state"),
            # Read each night: what is old, became nothing and is not forgotten yet.
            models.Index(
                fields=["received_at"],
                name="letter_to_forget",
                condition=Q(forgotten_at__isnull=True) & Q(ticket__isnull=True),
            ),
            # Counted for the head.
            models.Index(
                fields=["forgotten_at"],
                name="letter_forgotten",
                condition=Q(forgotten_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.id)

    @property
    def is_waiting(self) -> bool:
        """Whether a person has to say what becomes of it."""
        return self.state in WAITING

    @property
    def state_name(self) -> str:
        """What became of it, in words."""
        return str(LetterState(self.state).label)

    @property
    def files(self) -> list[tuple[str, int | None]]:
        """Each file by its name and size in bytes, as far as these are known."""
        sizes = [*self.sizes, *(None for _name in self.names)]
        return list(zip(self.names, sizes, strict=False))


class LetterEvent(models.Model):
    """What a person of the staff did to a letter; rows are only ever added."""

    letter = models.ForeignKey(IncomingLetter, models.PROTECT, related_name="events")
    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    # A code; its words stand in templates/tickets/mail/events/.
    code = models.SlugField(_("what"), max_length=40)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event of a letter")
        verbose_name_plural = _("events of letters")
        indexes = [models.Index(fields=["letter", "id"], name="event_of_letter")]

    def __str__(self) -> str:
        return f"{self.code} {self.at:%F %T}"

    @property
    def template(self) -> str:
        """Where the words of this event stand."""
        return f"tickets/mail/events/{self.code}.html"


class DeadAddress(models.Model):
    """An address that mail servers told us does not exist: nothing more is sent there but codes."""

    address = models.EmailField(_("address"), unique=True)
    status = models.CharField(_("status"), max_length=20, blank=True)
    said = models.CharField(_("what the server said"), max_length=500, blank=True)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("dead address")
        verbose_name_plural = _("dead addresses")

    def __str__(self) -> str:
        return self.address
