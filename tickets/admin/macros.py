"""The macros of the desk in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from accounts.models import User
from portal.refusals import Refused
from tickets import actions, macros
from tickets.desk_forms import AFTER
from tickets.models import (
    Category,
    Macro,
    Priority,
)


class MacroForm(forms.ModelForm):
    """A macro: its words, and what sending it changes, each in a field of its own."""

    after = forms.ChoiceField(
        required=False,
        choices=[("", _("as the specialist chooses")), *AFTER],
        label=_("After sending"),
    )
    category = forms.ChoiceField(
        required=False, choices=[("", _("as it is")), *Category.choices], label=_("Category")
    )
    priority = forms.ChoiceField(
        required=False, choices=[("", _("as it is")), *Priority.choices], label=_("Priority")
    )
    assign = forms.BooleanField(required=False, label=_("Whoever sends it answers for the ticket"))

    class Meta:
        model = Macro
        fields = ("name", "language", "text", "is_receipt", "owner", "is_active", "order")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        changes = self.instance.changes
        for name in ("after", "category", "priority"):
            self.initial.setdefault(name, changes.get(name, ""))
        self.initial.setdefault("assign", changes.get("assign") == macros.ME)
        for name in ("after", "category", "priority"):
            self.fields[name].widget = UnfoldAdminSelectWidget(choices=self.fields[name].choices)  # type: ignore[attr-defined]
        self.fields["assign"].widget = UnfoldBooleanSwitchWidget()
        places = ", ".join(f"{{{{{place}}}}}" for place in macros.PLACES)
        self.fields["text"].help_text = _("These are filled in: %(places)s") % {"places": places}
        owner = self.fields["owner"]
        if isinstance(owner, forms.ModelChoiceField):
            owner.queryset = User.objects.desk().order_by("full_name")
            for way in ("add", "change", "delete", "view"):
                setattr(owner.widget, f"can_{way}_related", False)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        said = self.cleaned_data
        chosen = {name: said.get(name) for name in ("after", "category", "priority")}
        chosen["assign"] = macros.ME if said.get("assign") else ""
        self.instance.changes = {name: value for name, value in chosen.items() if value}
        if self.errors:
            return
        try:
            actions.check_macro(self.instance)
        except Refused as refusal:
            self.add_error(refusal.field, str(refusal.message))


@admin.register(Macro)
class MacroAdmin(ModelAdmin):
    """Macros of the desk: what is written often, and what goes with it."""

    form = MacroForm
    list_display = ("name", "language", "is_receipt", "owner", "is_active", "order")
    list_filter = ("language", "is_active", "is_receipt")
    list_select_related = ("owner",)
    search_fields = ("name", "text")
    ordering = ("language", "order", "name")
    fieldsets = (
        (None, {"fields": (("name", "language"), "text", "is_receipt")}),
        (_("What sending changes"), {"fields": (("category", "priority"), "after", "assign")}),
        (_("Where it is offered"), {"fields": (("owner", "order"), "is_active")}),
    )

    def save_model(self, request: HttpRequest, obj: Macro, form: Any, change: bool) -> None:
        """Save by the action."""
        actions.save_macro(macro=obj)
