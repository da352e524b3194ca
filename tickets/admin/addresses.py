"""Dead addresses in the admin: what mail servers said, and the way back."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from tickets.models import DeadAddress


@admin.register(DeadAddress)
class DeadAddressAdmin(ModelAdmin):
    """Addresses to which nothing but codes is sent; deleting one lets letters go there again."""

    list_display = ("address", "status", "said", "since")
    search_fields = ("address",)
    readonly_fields = ("address", "status", "said", "since")
    date_hierarchy = "since"
    ordering = ("-since",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Mail servers say what is dead, never a hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """What a server said stays as it said it."""
        return False
