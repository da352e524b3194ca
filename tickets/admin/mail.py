"""Mailboxes in the admin: how letters come in, what came lately, who can no longer be written to.

Only heads of support see these pages. A password goes in and is never shown.
"""

from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget

from accounts.requests import signed_in
from portal.refusals import Refused
from portal.templatetags.moments import moment
from tickets import actions
from tickets.admin.tickets import ReadOnly
from tickets.channels.email import fetching, imap, name_server, own_domain
from tickets.models import DeadAddress, IncomingLetter, LetterState, Mailbox, Policy

DAY = timedelta(days=1)
TEST_SECONDS = 10.0
STATE_LABELS = {
    LetterState.STORED: "info",
    LetterState.READING: "info",
    LetterState.DONE: "success",
    LetterState.QUARANTINED: "warning",
    LetterState.DISCARDED: "default",
    LetterState.DUPLICATE: "default",
    LetterState.FAILED: "danger",
}


class OneALine(forms.CharField):
    """A list that is written a line each."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        """Show a list as its lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Give the lines that say something, in small letters."""
        return [one.strip().lower() for one in str(super().clean(value)).split("\n") if one.strip()]


class MailboxForm(forms.ModelForm):
    """A mailbox; its password is only ever written."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "new-password"}, render_value=False
        ),
        help_text=_("Kept encrypted and never shown. Empty: the one that is kept stays."),
    )
    verdict_servers = OneALine(
        label=_("Names of our mail server in its verdicts"),
        required=False,
        help_text=_(
            "Exactly as it stands at the beginning of Authentication-Results, a line each. Only if"
            " your own mail server writes that field and removes forged ones. Empty: the portal"
            " checks the signatures of letters itself, which is right for hosted mailboxes."
        ),
    )
    unpublished_domains = OneALine(
        label=_("Domains without a policy that are believed when they sign"),
        required=False,
        help_text=_(
            "Domains of customers that publish no DMARC policy, a line each. Their letters are"
            " believed when the domain itself has signed them; all others without a policy wait"
            " for a person."
        ),
    )

    class Meta:
        model = Mailbox
        fields = Mailbox.SET_BY_HAND
        help_texts = {
            "address": _("The address customers write to."),
            "host": _("Empty: letters come from a mail server's pipe (docs/email.md)."),
            "port": _("993 for TLS from the start, 143 for STARTTLS."),
            "user": _("Empty: the address itself."),
            "after": _(
                "Only after a letter is kept. Moving needs a server that can move; others mark it"
                " as read."
            ),
            "verdict_place": _("Ask whoever looks after the mail server; a wrong choice believes nobody."),
            "verdict_received_by": _(
                "Needed for “directly below”: the name after “by” in the topmost Received field."
            ),
        }  # fmt: skip

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            actions.check_mailbox(
                mailbox=self.instance, password=self.cleaned_data.get("password") or ""
            )
        except Refused as refusal:
            self.add_error(refusal.field, str(refusal.message))


@admin.register(Mailbox)
class MailboxAdmin(ModelAdmin):
    """Where letters come in."""

    form = MailboxForm
    list_display = ("address", "shown_state", "road", "belief", "came_lately", "asked_at")
    ordering = ("id",)
    list_before_template = "admin/tickets/mail_day.html"
    change_form_before_template = "admin/tickets/mailbox_state.html"
    actions_list = ("domain",)
    actions_submit_line = ("save_and_test",)
    fieldsets = (
        (None, {"fields": ("address", "is_active")}),
        (
            _("Where its letters lie"),
            {"fields": (("host", "port"), "security", ("user", "password"), "folder")},
        ),
        (_("When a letter is kept"), {"fields": ("after", "processed_folder")}),
        (
            _("Who is believed"),
            {
                "fields": (
                    "verdict_servers", "verdict_place", "verdict_received_by", "unpublished_domains",
                )
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mailbox]:
        """Count what came lately with the rows."""
        since = timezone.now() - DAY
        rows: QuerySet[Mailbox] = super().get_queryset(request)
        recent = IncomingLetter.objects.filter(received_at__gte=since).values("mailbox")
        self._lately = {
            one["mailbox"]: one["number"] for one in recent.annotate(number=Count("pk"))
        }
        return rows

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what came during the last day above the list."""
        shown = {"came": came_since(timezone.now() - DAY)}
        answer: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **shown})
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Offer the test for a new mailbox as well; let no browser keep a page with a password's field."""
        if object_id is None:
            offered = self.get_actions_submit_line(request, 0)
            extra_context = {**(extra_context or {}), "actions_submit_line": offered}
        answer = super().changeform_view(request, object_id, form_url, extra_context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:
        """Save by the action; then try it out, if that was asked for."""
        password = form.cleaned_data.get("password") or ""
        actions.save_mailbox(mailbox=obj, password=password, actor=signed_in(request))
        if self._is_test(request):
            self._test(request, obj)

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        """Delete by the action."""
        actions.delete_mailbox(mailbox=obj, actor=signed_in(request))

    def has_delete_permission(self, request: HttpRequest, obj: Mailbox | None = None) -> bool:
        """Only a mailbox by which nothing came can go; others are taken out of use."""
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not obj.letters.exists())

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no bulk deletion."""
        return {}

    @staticmethod
    def _is_test(request: HttpRequest) -> bool:
        return "tickets_mailbox_save_and_test" in request.POST

    def response_add(
        self, request: HttpRequest, obj: Mailbox, post_url_continue: Any = None
    ) -> Any:
        """Stay with a mailbox that was tried out."""
        if self._is_test(request):
            return HttpResponseRedirect(_page_of(obj))
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Mailbox) -> Any:
        """Stay with a mailbox that was tried out."""
        if self._is_test(request):
            return HttpResponseRedirect(_page_of(obj))
        return super().response_change(request, obj)

    @action(description=_("Save and test the connection"), permissions=["change"])
    def save_and_test(self, request: HttpRequest, obj: Mailbox) -> None:
        """Is done by save_model, which knows the action's password."""

    def _test(self, request: HttpRequest, mailbox: Mailbox) -> None:
        """Sign in as the fetcher does, and say in words what happened."""
        if not mailbox.host:
            messages.info(request, _("There is no server to test: letters come from a pipe."))
            return
        try:
            account = fetching.account_of(mailbox)
            with imap.opened(account, timeout=TEST_SECONDS) as session:
                told = {"folder": mailbox.folder, "count": session.letters}
                messages.success(
                    request,
                    _("It works: signed in, folder “%(folder)s”, letters: %(count)d.") % told,
                )
                if not session.can_push:
                    note = _("The server does not push letters; they are asked for twice a minute.")
                    messages.info(request, note)
        except imap.Stopped as stopped:
            reason = str(stopped.trouble.label)
            messages.error(request, _("It does not work. %(reason)s") % {"reason": reason})

    @action(description=_("Check our domain"), url_path="domain", permissions=["view"])
    def domain(self, request: HttpRequest) -> HttpResponse:
        """Show what our domains publish about their mail, and keep the selector."""
        if request.method == "POST":
            return self._keep_selector(request)
        selector = Policy.objects.values_list("dkim_selector", flat=True).get()
        texts = name_server.texts()
        domains = [
            (one, own_domain.check(one, selector=selector, texts=texts)) for one in our_domains()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("What our domain publishes"),
            "opts": self.opts,
            "domains": domains,
            "selector": selector,
            "may_change": self.has_change_permission(request),
        }
        return render(request, "admin/tickets/mail_domain.html", context)

    def _keep_selector(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        selector = str(request.POST.get("selector", "")).strip()[:63]
        try:
            actions.set_dkim_selector(selector=selector, actor=signed_in(request))
        except Refused as refusal:
            messages.error(request, str(refusal.message))
        return redirect("admin:tickets_mailbox_domain")

    @display(description=_("state"), label={"well": "success", "off": "default", "new": "info", "trouble": "danger"})  # fmt: skip
    def shown_state(self, obj: Mailbox) -> tuple[str, str]:
        """Show how it stands, as a coloured word."""
        if not obj.is_active:
            return "off", str(_("not in use"))
        if obj.last_error:
            return "trouble", str(_("trouble"))
        if obj.host and obj.polled_at is None:
            return "new", str(_("not asked yet"))
        return "well", str(_("works"))

    @display(description=_("server"))
    def road(self, obj: Mailbox) -> str:
        """Say where its letters come from."""
        return f"{obj.host}:{obj.port}" if obj.host else str(_("a mail server's pipe"))

    @display(description=_("senders are believed"))
    def belief(self, obj: Mailbox) -> str:
        """Say by whose verdict."""
        return str(
            _("by our mail server's verdict") if obj.verdict_servers else _("by our own check")
        )

    @display(description=_("last day"))
    def came_lately(self, obj: Mailbox) -> str:
        """Lead to what came during the last day."""
        count = self._lately.get(obj.pk, 0)
        return format_html('<a href="{}">{}</a>', letters_of(mailbox__id__exact=obj.pk), count)

    @display(description=_("last asked at"), ordering="polled_at")
    def asked_at(self, obj: Mailbox) -> str:
        """Say when."""
        return moment(obj.polled_at) if obj.polled_at else "—"


def _page_of(mailbox: Mailbox) -> str:
    return reverse("admin:tickets_mailbox_change", args=[mailbox.pk])


def letters_of(**chosen: Any) -> str:
    """Give the address of the list of letters, those of the last day."""
    since = (timezone.now() - DAY).isoformat()
    named = urlencode({"received_at__gte": since, **chosen})
    return f"{reverse('admin:tickets_incomingletter_changelist')}?{named}"


def came_since(since: Any) -> list[dict[str, Any]]:
    """Count what came since, by what became of it and why."""
    rows = IncomingLetter.objects.filter(received_at__gte=since).values("state", "reason")
    counted = rows.annotate(number=Count("pk")).order_by("state", "-number", "reason")
    found: dict[str, dict[str, Any]] = {}
    for row in counted:
        state = LetterState(row["state"])
        one = found.setdefault(
            state.value,
            {
                "label": state.label,
                "number": 0,
                "href": letters_of(state__exact=state.value),
                "is_urgent": state in {LetterState.QUARANTINED, LetterState.FAILED},
                "reasons": [],
            },
        )
        one["number"] += row["number"]
        if row["reason"]:
            href = letters_of(state__exact=state.value, reason=row["reason"])
            one["reasons"].append((reason_in_words(row["reason"]), row["number"], href))
    return [found[state.value] for state in LetterState if state.value in found]


def reason_in_words(code: str) -> str:
    """Say a reason in few words."""
    try:
        get_template(f"tickets/mail/reasons/{code}.html")
    except TemplateDoesNotExist:
        return code.replace("_", " ")
    return render_to_string(f"tickets/mail/reasons/{code}.html", {"short": True}).strip()


def our_domains() -> list[str]:
    """Give the domains that letters of ours come from or go to."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    active = Mailbox.objects.filter(is_active=True).values_list("address", flat=True)
    found = [one.rpartition("@")[2].lower() for one in [sender, *active.order_by("id")]]
    return list(dict.fromkeys(one for one in found if one))


class ReasonFilter(admin.SimpleListFilter):
    """Letters by why they became what they are."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Give the reasons there are lately."""
        recent = IncomingLetter.objects.filter(received_at__gte=timezone.now() - 30 * DAY)
        codes = recent.exclude(reason="").order_by("reason").values_list("reason", flat=True)
        return [(code, reason_in_words(code)) for code in codes.distinct()]

    def queryset(
        self,
        request: HttpRequest,
        queryset: QuerySet[IncomingLetter],
    ) -> QuerySet[IncomingLetter]:
        """Keep those of the chosen reason."""
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(IncomingLetter)
class IncomingLetterAdmin(ReadOnly, ModelAdmin):
    """Every letter that came in and what became of it; read here, decided at the desk."""

    list_display = (
        "shown_at",
        "shown_sender",
        "shown_subject",
        "shown_state",
        "why",
        "shown_ticket",
    )
    list_display_links = ("shown_at", "shown_subject")
    list_filter = ("state", ReasonFilter, "mailbox")
    list_select_related = ("ticket",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("sender", "subject")
    ordering = ("-received_at",)
    fields = (
        "shown_at", "mailbox", "shown_sender", "shown_subject", "shown_state", "why", "shown_ticket",
        "size",
    )  # fmt: skip
    readonly_fields = fields

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Allow to choose by when they came."""
        return lookup == "received_at__gte" or super().lookup_allowed(lookup, value, request)

    @display(description=_("received at"), ordering="received_at")
    def shown_at(self, obj: IncomingLetter) -> str:
        """Say when it came."""
        return moment(obj.received_at)

    @display(description=_("sender"), ordering="sender")
    def shown_sender(self, obj: IncomingLetter) -> str:
        """Name who it says it is from."""
        return obj.sender or "—"

    @display(description=_("subject"))
    def shown_subject(self, obj: IncomingLetter) -> str:
        """Say what it is about."""
        return Truncator(obj.subject).chars(70) or "—"

    @display(description=_("state"), label=STATE_LABELS, ordering="state")
    def shown_state(self, obj: IncomingLetter) -> tuple[str, str]:
        """Say what became of it."""
        return obj.state, str(LetterState(obj.state).label)

    @display(description=_("reason"))
    def why(self, obj: IncomingLetter) -> str:
        """Say why."""
        return reason_in_words(obj.reason) if obj.reason else "—"

    @display(description=_("ticket"))
    def shown_ticket(self, obj: IncomingLetter) -> str:
        """Lead to what it became."""
        if obj.ticket is None:
            return "—"
        address = reverse("desk:ticket", args=[obj.ticket.number])
        return format_html('<a href="{}">{}</a>', address, f"№ {obj.ticket.number}")


@admin.register(DeadAddress)
class DeadAddressAdmin(ReadOnly, ModelAdmin):
    """Addresses that mail servers called dead; nothing is written there but codes."""

    list_display = ("address", "since", "status", "said")
    search_fields = ("address",)
    ordering = ("-since",)
    list_per_page = 50
    fields = ("address", "since", "status", "said")
    readonly_fields = fields
    actions = ("revive",)

    def has_revive_permission(self, request: HttpRequest) -> bool:
        """Whoever may take addresses from the list may write to them again."""
        return request.user.has_perm("tickets.delete_deadaddress")

    @admin.action(description=_("Write to it again"), permissions=["revive"])
    def revive(self, request: HttpRequest, queryset: QuerySet[DeadAddress]) -> None:
        """Take addresses from the list."""
        for one in queryset:
            actions.revive_address(address=one, actor=signed_in(request))
            told = _("Letters go to %(address)s again.") % {"address": one.address}
            messages.success(request, told)
