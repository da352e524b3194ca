"""The rota of duty in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.models import User
from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import actions, duty
from tickets.actions.duty import check_shift
from tickets.models import (
    DutyShift,
)


class DutyShiftForm(forms.ModelForm):
    """A shift of somebody of the desk."""

    class Meta:
        model = DutyShift
        fields = ("person", "rank", "starts_at", "ends_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("person")
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = User.objects.with_permission("see_all_tickets").order_by("full_name")
            # People are edited in their own place, not from within the rota.
            for way in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{way}_related", False)

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the start here: the database could not even compare such a range."""
        data = super().clean() or {}
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("A shift ends after it starts."))
        return data

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            check_shift(shift=self.instance)
        except Refused as refusal:
            self.add_error(refusal.field, str(refusal.message))


@admin.register(DutyShift)
class DutyShiftAdmin(ModelAdmin):
    """The rota of duty: who is called at any hour, and in which order."""

    form = DutyShiftForm
    list_display = ("person", "rank", "starts_at", "ends_at", "is_now")
    list_filter = ("rank", ("person", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("person",)
    list_per_page = 50
    list_before_template = "admin/tickets/rota.html"
    ordering = ("-starts_at", "rank")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Say above the list who is on duty now, and when nobody is."""
        at = timezone.now()
        shifts = duty.shifts(at=at)
        now = [(one.person, one.get_rank_display()) for one in shifts if one.starts_at <= at]
        shown = {"on_duty_now": now, "gaps": duty.gaps(shifts, at=at)}
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    def save_model(self, request: HttpRequest, obj: DutyShift, form: Any, change: bool) -> None:
        """Save by the action."""
        actions.save_shift(shift=obj, actor=signed_in(request))

    def delete_model(self, request: HttpRequest, obj: DutyShift) -> None:
        """Delete by the action."""
        actions.delete_shift(shift=obj, actor=signed_in(request))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no bulk deletion: each row has its own answer."""
        return {}

    @display(description=_("on duty now"), boolean=True)
    def is_now(self, obj: DutyShift) -> bool:
        """Whether this shift runs."""
        return obj.starts_at <= timezone.now() < obj.ends_at
