"""Letters in the admin: what waits, what failed and why, how each reads."""

from email import message_from_bytes, policy
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from portal.delivery import letters, outbox, transports
from portal.delivery.models import Delivery, Heartbeat, State
from portal.refusals import Refused

LABELS = {
    State.PENDING: "info",
    State.SENDING: "info",
    State.SENT: "success",
    State.DEAD: "danger",
    State.EXPIRED: "warning",
}


@admin.register(Delivery)
class DeliveryAdmin(ModelAdmin):
    """Deliveries: nothing is edited here, dead ones are tried again."""

    list_display = (
        "shown_state",
        "letter",
        "recipient",
        "created_at",
        "sent_at",
        "attempts",
        "last_error",
    )
    list_display_links = ("letter",)
    list_filter = ("state", "letter")
    search_fields = ("recipient", "letter", "message_id")
    ordering = ("-id",)
    actions = ("try_again",)
    fields = (
        "shown_state", "letter", "recipient", "language", "reads", "created_at", "sent_at",
        "attempts", "next_at", "last_error", "message_id",
    )  # fmt: skip
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Letters are written by what happens."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never by hand; old ones go by themselves."""
        return False

    @display(description=_("state"), label=LABELS)
    def shown_state(self, obj: Delivery) -> tuple[str, str]:
        """Show the state as a coloured word."""
        return obj.state, obj.get_state_display()

    @display(description=_("letter"))
    def reads(self, obj: Delivery) -> str:
        """Show the letter's words; what only the recipient may read is hidden."""
        subject, text = self._words(obj)
        return format_html(
            "<strong>{}</strong><pre class='whitespace-pre-wrap'>{}</pre>", subject, text
        )

    def _words(self, obj: Delivery) -> tuple[str, str]:
        file = transports.file_of(obj)
        # In demo mode there is no mailbox: the file is the only place to read a code.
        if settings.DEMO and file.exists():
            parsed = message_from_bytes(file.read_bytes(), policy=policy.default)
            body = parsed.get_body(("plain",))
            return str(parsed["Subject"]), body.get_content() if body else ""
        letter = letters.render(obj, with_secret=False)
        return letter.subject, letter.text

    @admin.action(description=_("Try again"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Put dead deliveries back."""
        for delivery in queryset:
            try:
                outbox.retry(delivery=delivery, at=timezone.now())
            except Refused:
                messages.warning(request, _("%(letter)s was not given up.") % {"letter": delivery})


@admin.register(Heartbeat)
class HeartbeatAdmin(ModelAdmin):
    """When background jobs last ran."""

    list_display = ("job", "beat_at")
    readonly_fields = ("job", "beat_at")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Jobs write these."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Jobs write these."""
        return False
