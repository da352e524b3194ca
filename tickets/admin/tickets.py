"""Tickets, their history and the targets in the admin; every change goes through an action."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accounts.models import User
from accounts.requests import signed_in
from portal.refusals import Refused
from portal.support.schedule import current_schedule
from tickets import access, actions, rules
from tickets.actions.targets import has_begun
from tickets.actions.triage import PriorityTooHigh, UnknownKind
from tickets.models import (
    Event,
    Message,
    Priority,
    Status,
    Target,
    Ticket,
)

# Whatever is left out here is shown as a code, not as a word.
STATUS_LABELS = {
    Status.NEW: "warning",
    Status.OPEN: "info",
    Status.WAITING_CUSTOMER: "default",
    Status.WAITING_IDENTIFICATION: "default",
    Status.IN_DEVELOPMENT: "info",
    Status.RESOLVED: "success",
    Status.CLOSED: "default",
}
PRIORITY_LABELS = {
    Priority.CRITICAL: "danger",
    Priority.HIGH: "warning",
    Priority.MEDIUM: "default",
    Priority.LOW: "default",
    "": "default",
}


class ReadOnly:
    """Rows that are read here and never changed."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class MessageInline(ReadOnly, TabularInline):
    """The conversation, notes included."""

    model = Message
    fields = ("created_at", "author", "kind", "text", "files")
    readonly_fields = fields
    ordering = ("id",)
    extra = 0
    hide_title = True
    verbose_name_plural = _("conversation")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Load what a line shows."""
        return Message.objects.select_related("author").prefetch_related("attachments")

    @display(description=_("files"))
    def files(self, obj: Message) -> str:
        """Name the files; they are opened at the desk."""
        return ", ".join(file.name for file in obj.attachments.all())


class EventInline(ReadOnly, TabularInline):
    """What happened to the ticket."""

    model = Event
    fields = ("at", "what")
    readonly_fields = fields
    ordering = ("id",)
    extra = 0
    hide_title = True
    verbose_name_plural = _("history")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Load what a line shows."""
        return Event.objects.select_related("actor")

    @display(description=_("what"))
    def what(self, obj: Event) -> str:
        """Say it as the desk does."""
        return in_words(obj)


def in_words(event: Event) -> str:
    """Say an event as the desk does."""
    return render_to_string("tickets/components/event.html", {"event": event}).strip()


class LateFilter(admin.SimpleListFilter):
    """Whose answer is due, and whose is late."""

    title = _("answer")
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer late, waiting, nobody waits."""
        words = (("late", _("late")), ("due", _("due")), ("none", _("nobody waits")))
        return [(code, str(word)) for code, word in words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Keep the chosen ones."""
        at = timezone.now()
        chosen = {
            "late": Q(due_at__lt=at),
            "due": Q(due_at__gte=at),
            "none": Q(due_at__isnull=True),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


class TicketForm(forms.ModelForm):
    """What is decided about a ticket: its category, its priority, who answers."""

    class Meta:
        model = Ticket
        fields = ("category", "priority", "assignee")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("assignee")
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = User.objects.desk().order_by("full_name")
            # People are edited in their own place, not from within a ticket.
            for way in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{way}_related", False)

    def clean(self) -> dict[str, Any]:
        """Refuse what the action of triage would refuse."""
        data = super().clean() or {}
        category, priority = data.get("category"), data.get("priority")
        is_triage = {"category", "priority"} & set(self.changed_data)
        if is_triage and category and not priority:
            self.add_error("priority", str(UnknownKind.message))
        elif category and not rules.is_allowed(category, priority):
            self.add_error("priority", str(PriorityTooHigh.message))
        return data


@admin.register(Ticket)
class TicketAdmin(ModelAdmin):
    """Tickets: read, triaged and assigned here; the conversation goes on at the desk."""

    form = TicketForm
    list_display = (
        "number", "shown_subject", "shown_status", "category", "shown_priority", "organization",
        "assignee", "due_at",
    )  # fmt: skip
    list_display_links = ("number", "shown_subject")
    list_filter = (
        LateFilter,
        "status",
        "category",
        "priority",
        "addressee",
        ("organization", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("organization", "assignee")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("=number", "subject", "requester__full_name", "organization__name")
    ordering = ("-id",)
    inlines = (MessageInline, EventInline)
    fieldsets = (
        (None, {"fields": (("number", "status"), "subject", ("organization", "property"), ("requester", "channel"), "addressee")}),
        (_("What we do with it"), {"fields": (("category", "priority"), "assignee")}),
        (_("When"), {"fields": (("received_at", "promised_at"), ("due_at", "responded_at"), ("resolved_at", "closed_at"))}),
    )  # fmt: skip
    readonly_fields = (
        "number", "status", "channel", "addressee", "subject", "organization", "property",
        "requester", "received_at", "promised_at", "due_at", "responded_at", "resolved_at",
        "closed_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Keep what this person may see."""
        return Ticket.objects.visible_to(signed_in(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Ticket | None = None) -> Any:
        """Let only those triage who may."""
        is_triage_open = signed_in(request).has_perm("accounts.triage_ticket")
        return [*self.readonly_fields, *([] if is_triage_open else ["category", "priority"])]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tickets are filed by customers."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        """Whoever reads tickets here and works at the desk decides here as well."""
        user = signed_in(request)
        may = self.has_view_permission(request, obj) and user.works_desk
        return may and (obj is None or access.can_assign(user, obj))

    def has_view_permission(self, request: HttpRequest, obj: Ticket | None = None) -> bool:
        """Whoever may read tickets in the admin."""
        return signed_in(request).has_perm("tickets.view_ticket")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a ticket is evidence."""
        return False

    def save_model(self, request: HttpRequest, obj: Ticket, form: Any, change: bool) -> None:
        """Triage and assign through the actions."""
        stored, changed, at = Ticket.objects.get(pk=obj.pk), set(form.changed_data), timezone.now()
        try:
            if changed & {"category", "priority"}:
                _triage(stored, form.cleaned_data, signed_in(request), at)
            if "assignee" in changed:
                assignee = form.cleaned_data["assignee"]
                actions.assign(ticket=stored, actor=signed_in(request), assignee=assignee, at=at)
        except Refused as refusal:
            messages.error(request, str(refusal.message))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer nothing for many at once."""
        return {}

    @display(description=_("subject"), ordering="subject")
    def shown_subject(self, obj: Ticket) -> str:
        """Show how it begins."""
        return Truncator(obj.subject).chars(70)

    @display(description=_("status"), label=STATUS_LABELS, ordering="status")
    def shown_status(self, obj: Ticket) -> tuple[str, str]:
        """Show the status as a coloured word."""
        return obj.status, obj.get_status_display()

    @display(description=_("priority"), label=PRIORITY_LABELS, ordering="priority")
    def shown_priority(self, obj: Ticket) -> tuple[str, str]:
        """Show the priority as a coloured word."""
        return obj.priority or "", str(obj.get_priority_display() or _("Not triaged"))


def _triage(ticket: Ticket, data: dict[str, Any], actor: User, at: datetime) -> None:
    actions.triage(
        ticket=ticket, actor=actor, category=data["category"], priority=data["priority"], at=at
    )


@admin.register(Event)
class EventAdmin(ReadOnly, ModelAdmin):
    """The history of all tickets; rows are only ever added, and not here."""

    list_display = ("at", "ticket", "what")
    list_filter = ("code",)
    list_select_related = ("ticket", "actor")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("=ticket__number",)
    ordering = ("-id",)
    fields = ("at", "ticket", "what")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Keep what happened to tickets that this person may see."""
        visible = Ticket.objects.visible_to(signed_in(request))
        return Event.objects.filter(ticket__in=visible)

    @display(description=_("what"))
    def what(self, obj: Event) -> str:
        """Say it as the desk does."""
        return in_words(obj)


class TargetForm(forms.ModelForm):
    """A target to come."""

    class Meta:
        model = Target
        fields = ("category", "priority", "minutes", "valid_from")

    def clean(self) -> dict[str, Any]:
        """Refuse in our words what the database would refuse in its own."""
        data = super().clean() or {}
        category, priority = data.get("category"), data.get("priority")
        if category and priority and not rules.is_allowed(category, priority):
            self.add_error("priority", str(PriorityTooHigh.message))
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            actions.check_target(target=self.instance, at=timezone.now())
        except Refused as refusal:
            self.add_error(refusal.field, str(refusal.message))


@admin.register(Target)
class TargetAdmin(ModelAdmin):
    """Minutes of an answer, each from a date on; those that hold already are history."""

    form = TargetForm
    list_display = ("category", "priority", "minutes", "valid_from", "holds")
    list_filter = ("category",)
    ordering = ("category", "priority", "-valid_from")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with tomorrow."""
        return {"valid_from": current_schedule().day_of(timezone.now()) + timedelta(1)}

    def has_change_permission(self, request: HttpRequest, obj: Target | None = None) -> bool:
        """Targets that hold already can be read only."""
        return super().has_change_permission(request, obj) and is_to_come(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Target | None = None) -> bool:
        """Targets that hold already stay."""
        return super().has_delete_permission(request, obj) and is_to_come(obj)

    def save_model(self, request: HttpRequest, obj: Target, form: Any, change: bool) -> None:
        """Save by the action."""
        actions.save_target(target=obj, actor=signed_in(request), at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Target) -> None:
        """Take back by the action."""
        actions.delete_target(target=obj, actor=signed_in(request), at=timezone.now())

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no bulk deletion: each row has its own answer."""
        return {}

    @display(description=_("holds"), boolean=True)
    def holds(self, obj: Target) -> bool:
        """Whether it has begun to hold."""
        return has_begun(obj, timezone.now())


def is_to_come(target: Model | None) -> bool:
    """Whether a target holds from a day to come on; no target in particular may be."""
    return not isinstance(target, Target) or not has_begun(target, timezone.now())
