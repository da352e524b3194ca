"""Letters in the admin: what waits, what failed and why, how each reads."""

from email import message_from_bytes, policy
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, IntegerField, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from portal.delivery import letters, manners, outbox, transports
from portal.delivery.letters import Letter
from portal.delivery.models import Delivery, Heartbeat, State
from portal.refusals import Refused

LABELS = {
    State.PENDING: "info",
    State.SENDING: "info",
    State.SENT: "success",
    State.DEAD: "danger",
    State.EXPIRED: "warning",
    State.REFUSED: "warning",
}
NAMES = {letter: manner.name for letter, manner in manners.MANNERS.items()}
# A letter in its frame: its own style and nothing else, neither scripts nor pictures nor forms.
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox"
)


WRAP = SafeString("<wbr>")


class LetterFilter(admin.SimpleListFilter):
    """Deliveries of one letter, by its name in words."""

    title = _("letter")
    parameter_name = "letter"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Give all letters."""
        return list(NAMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Keep the chosen letter."""
        return queryset.filter(letter=self.value()) if self.value() else queryset


class Unwritten(ModelAdmin):
    """A page of rows that what happens writes, never a hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are written by what happens."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by hand; old ones go by themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is edited."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(Unwritten):
    """Deliveries: nothing is edited here, dead ones come first and are tried again."""

    list_display = (
        "shown_state",
        "named",
        "recipient",
        "created_at",
        "sent_at",
        "attempts",
        "last_error",
    )
    list_display_links = ("named",)
    list_filter = ("state", LetterFilter)
    list_before_template = "delivery/admin_waiting.html"
    search_fields = ("recipient", "letter", "message_id")
    date_hierarchy = "created_at"
    actions = ("try_again",)
    fields = (
        ("state", "named"), ("recipient", "language"), "reads", ("created_at", "sent_at"),
        ("attempts", "next_at"), "last_error", "shown_id",
    )  # fmt: skip
    readonly_fields = (
        "state", "named", "recipient", "language", "reads", "created_at", "sent_at", "attempts",
        "next_at", "last_error", "shown_id",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Put what was given up first, then the latest."""
        given_up = Case(When(state=State.DEAD, then=0), default=1, output_field=IntegerField())
        rows: QuerySet[Delivery] = super().get_queryset(request)
        return rows.annotate(given_up=given_up).order_by("given_up", "-id")

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the letter itself, for the frame."""
        view = self.admin_site.admin_view(self.letter_page)
        own = path("<int:pk>/letter/", view, name="delivery_delivery_letter")
        return [own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under the counts of what did not arrive and what waits."""
        counts = Delivery.objects.filter(state__in=[State.DEAD, State.PENDING, State.SENDING])
        counted = counts.aggregate(
            dead=Count("pk", filter=Q(state=State.DEAD)),
            waiting=Count("pk", filter=~Q(state=State.DEAD)),
        )
        context = {**(extra_context or {}), "counts": counted}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def letter_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the letter's own page, under a policy that lets it do nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = _words(get_object_or_404(Delivery, pk=pk))
        answer = HttpResponse(shown.html)
        answer.headers["Content-Security-Policy"] = LETTER_POLICY
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
        return answer

    @display(description=_("state"), label=LABELS, ordering="state")
    def shown_state(self, obj: Delivery) -> tuple[str, str]:
        """Show the state as a coloured word."""
        return obj.state, obj.get_state_display()

    @display(description=_("letter"), ordering="letter")
    def named(self, obj: Delivery) -> str:
        """Show which letter it is, in words."""
        return str(NAMES.get(obj.letter, obj.letter))

    @display(description=_("Message-ID"))
    def shown_id(self, obj: Delivery) -> SafeString:
        """Show the id in pieces that fit on a phone."""
        pieces = ((obj.message_id[n : n + 16],) for n in range(0, len(obj.message_id), 16))
        return format_html_join(WRAP, "{}", pieces)

    @display(description=_("the letter as it reads"))
    def reads(self, obj: Delivery) -> str:
        """Show the letter; what only the recipient may read is hidden."""
        page = reverse("admin:delivery_delivery_letter", args=[obj.pk])
        return render_to_string("delivery/admin_letter.html", {"shown": _words(obj), "page": page})

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whoever may change deliveries may try again; the rest of them stays as it is."""
        return request.user.has_perm("delivery.change_delivery")

    @admin.action(description=_("Try again"), permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Put dead deliveries back."""
        for delivery in queryset:
            try:
                outbox.retry(delivery=delivery, at=timezone.now())
            except Refused as refusal:
                messages.warning(request, f"{delivery}: {refusal.message}")
            else:
                self.log_change(request, delivery, str(_("Try again")))
                told = _("%(letter)s is sent again within seconds.") % {"letter": delivery}
                messages.success(request, told)


@admin.register(Heartbeat)
class HeartbeatAdmin(Unwritten):
    """When background jobs last ran."""

    list_display = ("job", "beat_at")
    readonly_fields = ("job", "beat_at")
    ordering = ("job",)


def _words(delivery: Delivery) -> Letter:
    """Give the letter as far as a member of staff may read it."""
    file = transports.file_of(delivery)
    # In demo mode there is no mailbox: the file is the only place to read a code.
    if settings.DEMO and file.exists():
        parsed = message_from_bytes(file.read_bytes(), policy=policy.default)
        text, page = (parsed.get_body((kind,)) for kind in ("plain", "html"))
        return Letter(
            subject=str(parsed["Subject"]),
            text=text.get_content() if text else "",
            html=page.get_content() if page else "",
        )
    try:
        return letters.render(delivery, with_secret=False)
    except Exception as error:  # noqa: BLE001 (a broken letter must not hide its own page)
        return Letter(subject=delivery.letter, text=type(error).__name__, html="")
