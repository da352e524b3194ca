"""Where the head of support edits hours, exceptions, channels and brand; the rules are actions."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget
from unfold.widgets import UnfoldAdminSplitDateTimeWidget as SplitDateTimeWidget

from accounts.requests import signed_in
from portal.refusals import Refused
from portal.support import actions, hooks, schedule, trial, weeks
from portal.support.models import DAYS, Brand, Channel, Hours, HoursException

LONGEST_TRIAL = 60 * 24 * 30  # minutes


class ActionForm(forms.ModelForm):
    """Asks the action's own check, so that a refusal stands at its field."""

    def check(self, row: Any) -> None:
        """Refuse as the action would."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            self.check(self.instance)
        except Refused as refusal:
            field = refusal.field if refusal.field in self.fields else None
            self.add_error(field, str(refusal.message))


class HoursForm(ActionForm):
    """Hours to come."""

    def check(self, row: Hours) -> None:
        """Refuse hours of the past, and weeks that are never open."""
        actions.check_hours(hours=row, at=timezone.now())


class HoursExceptionForm(ActionForm):
    """A date with hours of its own."""

    def check(self, row: HoursException) -> None:
        """Refuse what would change hours that have passed."""
        actions.check_exception(exception=row, at=timezone.now())


class ActionAdmin(ModelAdmin):
    """Saves and deletes through actions of this app only."""

    def keep(self, request: HttpRequest, row: Any) -> None:
        """Do the change by its action."""
        raise NotImplementedError

    def drop(self, request: HttpRequest, row: Any) -> None:
        """Delete by its action."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save by the action."""
        self.keep(request, obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete by the action."""
        self.drop(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no bulk deletion: each row has its own answer."""
        return {}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say why where the action refuses."""
        try:
            answer: HttpResponse = super().delete_view(request, object_id, extra_context)
        except Refused as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
            meta = self.model._meta
            name = f"admin:{meta.app_label}_{meta.model_name}_change"
            answer = HttpResponseRedirect(reverse(name, args=[object_id]))
        return answer


class TrialForm(forms.Form):
    """A ticket that did not come: when would it be answered?"""

    received_at = forms.SplitDateTimeField(label=_("Received at"), widget=SplitDateTimeWidget)
    limit = forms.ChoiceField(
        label=_("Category and priority"), required=False, widget=UnfoldAdminSelectWidget
    )
    minutes = forms.IntegerField(
        label=_("Or minutes to answer"),
        required=False,
        min_value=1,
        max_value=LONGEST_TRIAL,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = {limit.code: limit for limit in hooks.limits_at(at)}
        choices = [(one.code, f"{one.name}: {one.minutes}") for one in self._limits.values()]
        self.fields["limit"].choices = [("", "—"), *choices]  # type: ignore[attr-defined]  # of ChoiceField

    def clean(self) -> dict[str, Any]:
        """Take the minutes that were written, else those of the category and priority."""
        given = super().clean() or {}
        limit = self._limits.get(given.get("limit") or "")
        if not given.get("minutes") and limit:
            given["minutes"] = limit.minutes
        if not given.get("minutes") and "minutes" not in self.errors:
            self.add_error("minutes", _("Choose category and priority, or write how many minutes."))
        return given


@admin.register(Hours)
class HoursAdmin(ActionAdmin):
    """Weeks, each from a date on; those that hold already are history."""

    form = HoursForm
    list_display = ("valid_from", "in_words", "note", "whose")
    list_select_related = ("created_by",)
    ordering = ("-valid_from",)
    actions_list = ("trial",)
    fieldsets = (
        (None, {"fields": ("valid_from", "note")}),
        (_("Hours, like 08:00–20:00 or 08:00–12:00, 13:00–20:00; empty is closed"), {"fields": DAYS}),
    )  # fmt: skip

    @admin.display(description=_("week"))
    def in_words(self, row: Hours) -> str:
        """Write the week as people read it."""
        return "; ".join(f"{line.days} {line.hours}" for line in weeks.lines(row))

    @admin.display(description=_("entered by"))
    def whose(self, row: Hours) -> str:
        """Name the person who wrote it; nobody wrote those of the first day."""
        return row.created_by.full_name if row.created_by else ""

    def keep(self, request: HttpRequest, row: Hours) -> None:
        """Change the hours to come."""
        actions.save_hours(hours=row, actor=signed_in(request), at=timezone.now())

    def drop(self, request: HttpRequest, row: Hours) -> None:
        """Take back hours to come."""
        actions.delete_hours(hours=row, actor=signed_in(request), at=timezone.now())

    def has_change_permission(self, request: HttpRequest, obj: Hours | None = None) -> bool:
        """Hours that hold already can be read only."""
        return super().has_change_permission(request, obj) and (obj is None or is_to_come(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Hours | None = None) -> bool:
        """Hours that hold already stay."""
        return super().has_delete_permission(request, obj) and (obj is None or is_to_come(obj))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the week that holds now, from tomorrow on."""
        found = schedule.for_request(request)
        today = timezone.now().astimezone(found.zone).date()
        present = found.hours_on(today)
        return {day: getattr(present, day) for day in DAYS} | {"valid_from": today + timedelta(1)}

    @action(description=_("Try out: when is a ticket due?"), url_path="trial", permissions=["view"])
    def trial(self, request: HttpRequest) -> HttpResponse:
        """Compute, with the hours as they are saved, when a ticket would be due."""
        found, at = schedule.for_request(request), timezone.now()
        form = TrialForm(request.GET or None, at=at, initial={"received_at": at})
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("When is a ticket due?"),
            "form": form,
            "opts": self.opts,
        }
        if form.is_valid():
            received_at, minutes = form.cleaned_data["received_at"], form.cleaned_data["minutes"]
            context["trial"] = trial.tell(found, received_at=received_at, minutes=minutes)
        return render(request, "admin/support/trial.html", context)


def is_to_come(hours: Hours) -> bool:
    """Whether hours begin to hold after today."""
    return hours.valid_from > timezone.now().astimezone(schedule.ground().zone).date()


@admin.register(HoursException)
class HoursExceptionAdmin(ActionAdmin):
    """Dates with hours of their own."""

    form = HoursExceptionForm
    list_display = ("on", "shown_hours", "name_ru", "name_en")
    ordering = ("-on",)

    @admin.display(description=_("hours"))
    def shown_hours(self, row: HoursException) -> str:
        """Say the hours, or that nobody is here."""
        return row.hours or str(_("closed"))

    def keep(self, request: HttpRequest, row: HoursException) -> None:
        """Give the date its hours."""
        actions.save_exception(exception=row, actor=signed_in(request), at=timezone.now())

    def drop(self, request: HttpRequest, row: HoursException) -> None:
        """Give the date the hours of its weekday again."""
        actions.delete_exception(exception=row, actor=signed_in(request), at=timezone.now())


@admin.register(Channel)
class ChannelAdmin(ActionAdmin):
    """The ways to reach us, as the public pages show them."""

    list_display = ("kind", "address", "accepts_always", "is_shown", "order")
    ordering = ("order", "id")

    def keep(self, request: HttpRequest, row: Channel) -> None:
        """Change the channel."""
        actions.save_channel(channel=row, actor=signed_in(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A channel that is not shown is gone; tickets may still name it."""
        return False


@admin.register(Brand)
class BrandAdmin(ActionAdmin):
    """Whose portal this is: one row."""

    list_display = ("name", "title_ru", "support_email", "head_email")

    def keep(self, request: HttpRequest, row: Brand) -> None:
        """Change the brand."""
        actions.save_brand(brand=row, actor=signed_in(request), at=timezone.now())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one brand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is one brand."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only an administrator of the machine moves the zone: all deadlines hang on it."""
        return () if signed_in(request).is_superuser else ("zone",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Check the name of the zone where it is written."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "zone" and field is not None:
            field.validators.append(validate_zone)
        return field


def validate_zone(name: str) -> None:
    """Refuse a name that is no time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise forms.ValidationError(
            _("There is no such time zone; write it like Europe/Moscow.")
        ) from error
