"""Where the head of support reviews feedback: filters, owner, an answer that is really sent."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, IntegerField, QuerySet, When
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from accounts.requests import signed_in
from portal.feedback import actions
from portal.feedback.models import Feedback, Status
from portal.refusals import Refused

LABELS = {
    Status.NEW: "warning",
    Status.IN_PROGRESS: "info",
    Status.ANSWERED: "success",
    Status.CLOSED: "default",
}


class FeedbackForm(forms.ModelForm):
    """What a reviewer decides: owner, answer, closed."""

    answer = forms.CharField(
        label=_("Answer"),
        required=False,
        max_length=actions.LONGEST,
        help_text=_("It is sent to the author by e-mail as soon as you save."),
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
    )
    is_closed = forms.BooleanField(
        label=_("Close without an answer"), required=False, help_text=_("Nothing is sent.")
    )

    class Meta:
        model = Feedback
        fields = ("owner", "answer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "owner" in self.fields:
            self.fields["owner"].queryset = User.objects.filter(is_active=True, is_staff=True)

    def clean_answer(self) -> str:
        """Refuse an answer that could not be sent, where it was written."""
        answer = str(self.cleaned_data.get("answer", "")).strip()
        if answer and answer != self.instance.answer:
            if not self.instance.email:
                raise forms.ValidationError(str(actions.NoAddress.message))
            if self.instance.answered_at:
                raise forms.ValidationError(str(actions.AlreadyAnswered.message))
        return answer


@admin.register(Feedback)
class FeedbackAdmin(ModelAdmin):
    """Feedback: what waits comes first."""

    form = FeedbackForm
    list_display = ("shown_status", "kind", "to", "excerpt", "from_whom", "owner", "created_at")
    list_display_links = ("excerpt",)
    list_filter = ("status", "kind", "to", "source", "owner")
    list_filter_submit = False
    list_select_related = ("owner", "author")
    search_fields = ("text", "name", "email", "answer")
    date_hierarchy = "created_at"
    actions = ("take", "close")
    readonly_fields = (
        "shown_status", "kind", "to", "source", "from_whom", "text", "reasons", "about_title",
        "about_path", "created_at", "answered_at", "answered_by",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": (("shown_status", "kind", "to", "source"), "text", "reasons", ("about_title", "about_path"), ("from_whom", "created_at"))}),
        (_("What we do with it"), {"fields": ("owner", "answer", "is_closed", ("answered_at", "answered_by"))}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        """Keep what this person may review; what waits first, the oldest of it on top."""
        waits = Case(
            When(status=Status.NEW, then=0),
            When(status=Status.IN_PROGRESS, then=1),
            default=2,
            output_field=IntegerField(),
        )
        visible = Feedback.objects.visible_to(signed_in(request))
        return visible.annotate(waits=waits).order_by("waits", "-created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Feedback is given on the pages, not here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never: a complaint about somebody must not vanish."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Feedback | None = None) -> bool:
        """Only what this person may see at all."""
        allowed = super().has_change_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        return Feedback.objects.visible_to(signed_in(request)).filter(pk=obj.pk).exists()

    def has_view_permission(self, request: HttpRequest, obj: Feedback | None = None) -> bool:
        """Only what this person may see at all."""
        if obj is None:
            return super().has_view_permission(request)
        return Feedback.objects.visible_to(signed_in(request)).filter(pk=obj.pk).exists()

    def save_model(self, request: HttpRequest, obj: Feedback, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        """Hand over, answer or close through the actions."""
        actor, stored = signed_in(request), Feedback.objects.get(pk=obj.pk)
        data = form.cleaned_data
        try:
            if "owner" in form.changed_data:
                actions.hand_over(feedback=stored, owner=data["owner"], actor=actor)
            if data["answer"] and data["answer"] != stored.answer:
                actions.answer(feedback=stored, actor=actor, text=data["answer"], at=timezone.now())
                messages.success(
                    request, _("The answer is on its way to %(email)s.") % {"email": stored.email}
                )
            elif data["is_closed"]:
                actions.close(feedback=stored, actor=actor)
        except Refused as refusal:
            messages.error(request, str(refusal.message))

    @display(
        description=_("status"),
        label={status: label for status, label in LABELS.items()},
        ordering="waits",
    )
    def shown_status(self, obj: Feedback) -> tuple[str, str]:
        """Show the status as a coloured word."""
        return obj.status, obj.get_status_display()

    @display(description=_("text"))
    def excerpt(self, obj: Feedback) -> str:
        """Show how it begins."""
        return obj.text if len(obj.text) <= 90 else obj.text[:90].rsplit(" ", 1)[0] + "…"

    @display(description=_("from"))
    def from_whom(self, obj: Feedback) -> str:
        """Show who said it, as far as they wanted us to know."""
        if not obj.name and not obj.email:
            return str(_("without a name"))
        return f"{obj.name} {obj.email}".strip()

    @admin.action(description=_("Take: I look into it"))
    def take(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> None:
        """Make the reviewer the owner."""
        for feedback in queryset:
            actions.take(feedback=feedback, actor=signed_in(request))

    @admin.action(description=_("Close without an answer"))
    def close(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> None:
        """Close what needs no answer."""
        for feedback in queryset:
            actions.close(feedback=feedback, actor=signed_in(request))
