"""What the head of support decides about the life of tickets, and what customers say at its end."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accounts.requests import signed_in
from tickets import actions
from tickets.admin.tickets import ReadOnly
from tickets.models import (
    Policy,
    Rating,
)


@admin.register(Policy)
class PolicyAdmin(ModelAdmin):
    """The one row of figures by which tickets live."""

    fieldsets = (
        (_("Waiting for the customer"), {"fields": ("remind_days", "close_days")}),
        (_("Afterwards"), {"fields": ("reopen_days",)}),
        (_("On duty"), {"fields": ("acknowledge_minutes",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is always one row."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Lead to the one row there is."""
        if self.has_view_permission(request):
            return redirect("admin:tickets_policy_change", 1)
        return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """Save by the action."""
        actions.save_policy(policy=obj, actor=signed_in(request))


class CommentFilter(admin.SimpleListFilter):
    """Ratings with words, and without."""

    title = _("comment")
    parameter_name = "said"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer those with words."""
        return [("yes", str(_("with a comment")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Rating]) -> QuerySet[Rating]:
        """Keep the chosen ones."""
        return queryset.exclude(comment="") if self.value() == "yes" else queryset


SCORE_LABELS = {1: "danger", 2: "danger", 3: "warning", 4: "success", 5: "success"}


@admin.register(Rating)
class RatingAdmin(ReadOnly, ModelAdmin):
    """What customers think of our solutions: read by the head of support, changed by nobody."""

    list_display = (
        "shown_score", "shown_ticket", "organization", "solved_by", "shown_comment", "rated_at",
    )  # fmt: skip
    list_display_links = ("shown_score", "shown_ticket")
    list_filter = (
        "score",
        CommentFilter,
        ("specialist", AutocompleteSelectFilter),
        ("ticket__organization", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("ticket__organization", "specialist")
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("=ticket__number", "comment")
    ordering = ("-rated_at",)
    date_hierarchy = "rated_at"
    fields = (
        "shown_score", "comment", "at_the_desk", "organization", "solved_by", "solved_at",
        "rated_at",
    )  # fmt: skip
    readonly_fields = fields

    @display(description=_("score"), label=SCORE_LABELS, ordering="score")
    def shown_score(self, obj: Rating) -> tuple[int, str]:
        """Show the mark in its colour."""
        return obj.score, str(obj.score)

    @display(description=_("ticket"), ordering="ticket__number")
    def shown_ticket(self, obj: Rating) -> str:
        """Name the ticket."""
        return Truncator(str(obj.ticket)).chars(60)

    @display(description=_("organization"))
    def organization(self, obj: Rating) -> str:
        """Name whose it is."""
        return obj.ticket.organization.name

    @display(description=_("comment"))
    def shown_comment(self, obj: Rating) -> str:
        """Show how it begins."""
        return Truncator(obj.comment).chars(80)

    @display(description=_("ticket"))
    def at_the_desk(self, obj: Rating) -> str:
        """Lead to the conversation."""
        address = reverse("desk:ticket", args=[obj.ticket.number])
        return format_html('<a href="{}">{}</a>', address, str(obj.ticket))

    @display(description=_("solved by"), ordering="specialist__full_name")
    def solved_by(self, obj: Rating) -> str:
        """Name who had solved it."""
        return obj.specialist.full_name if obj.specialist else ""

    @display(description=_("resolved at"))
    def solved_at(self, obj: Rating) -> datetime:
        """Say which solution it judges."""
        return obj.resolved_at
