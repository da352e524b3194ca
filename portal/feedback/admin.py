"""Where the head of support reviews feedback: filters, owner, an answer that is really sent."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, Count, IntegerField, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from accounts.requests import signed_in
from portal import html
from portal.feedback import actions
from portal.feedback.models import Feedback, Status, To
from portal.refusals import Refused

LABELS = {
    Status.NEW: "warning",
    Status.IN_PROGRESS: "info",
    Status.ANSWERED: "success",
    Status.CLOSED: "default",
}
# What readers tick under an article; the codes are those of kb.actions, which stands above.
REASONS = {
    "unclear": _("unclear"),
    "outdated": _("out of date"),
    "missing": _("something is missing"),
    "wrong": _("wrong"),
}
EXCERPT = 90  # characters of a text in the list
SAID = (
    _("What was said"),
    {
        "fields": (
            "words",
            ("kind", "to"),
            ("status", "source"),
            ("about", "shown_reasons"),
            ("from_whom", "created_at"),
        )
    },
)
TO_DO = (_("What we do with it"), {"fields": ("owner", "answer", "is_closed")})
DONE = (
    _("What we did with it"),
    {"fields": ("owner", "sent_answer", ("answered_by", "answered_at"), "is_closed")},
)


class ReviewForm(forms.ModelForm):
    """What a reviewer decides: owner, answer, closed."""

    answer = forms.CharField(
        label=_("Answer"),
        required=False,
        max_length=actions.LONGEST,
        help_text=_("It is sent to the author by e-mail as soon as you save."),
        widget=UnfoldAdminTextareaWidget({"rows": 8}),
    )
    is_closed = forms.BooleanField(
        label=_("Close, nothing more to do"),
        required=False,
        help_text=_("Nothing is sent."),
        widget=UnfoldBooleanSwitchWidget,
    )

    class Meta:
        model = Feedback
        fields = ("owner", "answer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields.get("owner")
        if isinstance(owner, forms.ModelChoiceField):
            owner.queryset = actions.reviewers(self.instance)
        if not self.instance.email:
            self.fields["answer"].help_text = actions.NoAddress.message

    def clean_answer(self) -> str:
        """Refuse an answer that could not be sent, where it was written."""
        answer = str(self.cleaned_data.get("answer", "")).strip()
        if answer and not self.instance.email:
            raise forms.ValidationError(str(actions.NoAddress.message))
        if answer and self.instance.answered_at:
            raise forms.ValidationError(str(actions.AlreadyAnswered.message))
        return answer


@admin.register(Feedback)
class FeedbackAdmin(ModelAdmin):
    """Feedback: what waits comes first."""

    form = ReviewForm
    list_display = ("shown_status", "kind", "to", "excerpt", "from_whom", "owner", "created_at")
    list_display_links = ("excerpt",)
    list_filter = ("status", "kind", "to", "source", ("owner", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("owner", "author")
    list_before_template = "feedback/admin_waiting.html"
    search_fields = ("text", "name", "email", "answer")
    date_hierarchy = "created_at"
    actions = ("take", "close")
    readonly_fields = (
        "status", "kind", "to", "source", "words", "shown_reasons", "about", "from_whom",
        "created_at", "sent_answer", "answered_at", "answered_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        """Keep what this person may review; what waits first, then the latest."""
        waits = Case(
            When(status=Status.NEW, then=0),
            When(status=Status.IN_PROGRESS, then=1),
            default=2,
            output_field=IntegerField(),
        )
        visible = Feedback.objects.visible_to(signed_in(request))
        return visible.annotate(waits=waits).order_by("waits", "-created_at")

    def get_fieldsets(self, request: HttpRequest, obj: Feedback | None = None) -> Any:
        """Offer to answer, or show what was answered."""
        return (SAID, DONE if obj and obj.answered_at else TO_DO)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under the counts of what waits."""
        counts = self.get_queryset(request).aggregate(
            new=Count("pk", filter=Q(status=Status.NEW)),
            in_progress=Count("pk", filter=Q(status=Status.IN_PROGRESS)),
            to_head=Count("pk", filter=Q(status__in=[Status.NEW, Status.IN_PROGRESS], to=To.HEAD)),
        )
        context = {**(extra_context or {}), "counts": counts}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Feedback is given on the pages, not here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a complaint about somebody must not vanish."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Feedback | None = None) -> bool:
        """Only what this person may see at all."""
        return bool(super().has_change_permission(request, obj)) and _may_see(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Feedback | None = None) -> bool:
        """Only what this person may see at all."""
        return bool(super().has_view_permission(request, obj)) and _may_see(request, obj)

    def save_model(self, request: HttpRequest, obj: Feedback, form: Any, change: bool) -> None:
        """Hand over, answer or close through the actions."""
        actor, data = signed_in(request), form.cleaned_data
        try:
            if "owner" in form.changed_data:
                actions.hand_over(feedback=obj, owner=data["owner"], actor=actor)
            if data["answer"]:
                actions.answer(feedback=obj, actor=actor, text=data["answer"], at=timezone.now())
                told = _("The answer is on its way to %(email)s.") % {"email": obj.email}
                messages.success(request, told)
            elif data["is_closed"]:
                actions.close(feedback=obj, actor=actor)
        except Refused as refusal:
            messages.error(request, str(refusal.message))

    @display(description=_("status"), label=LABELS, ordering="waits")
    def shown_status(self, obj: Feedback) -> tuple[str, str]:
        """Show the status as a coloured word."""
        return obj.status, obj.get_status_display()

    @display(description=_("text"))
    def excerpt(self, obj: Feedback) -> str:
        """Show how it begins."""
        return Truncator(obj.text).chars(EXCERPT)

    @display(description=_("text"))
    def words(self, obj: Feedback) -> SafeString:
        """Show all of it, as it was typed."""
        return html.typed(obj.text)

    @display(description=_("answer that was sent"))
    def sent_answer(self, obj: Feedback) -> SafeString:
        """Show the answer, as it was typed."""
        return html.typed(obj.answer)

    @display(description=_("reasons"), empty_value="—")
    def shown_reasons(self, obj: Feedback) -> str:
        """Show the ticked reasons in words."""
        return ", ".join(str(REASONS.get(reason, reason)) for reason in obj.reasons)

    @display(description=_("about the page"), empty_value="—")
    def about(self, obj: Feedback) -> str:
        """Link to the page that it is about."""
        if not obj.about_path:
            return obj.about_title
        title = obj.about_title or obj.about_path
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
            obj.about_path,
            title,
        )

    @display(description=_("from"))
    def from_whom(self, obj: Feedback) -> str:
        """Show who said it, as far as they wanted us to know."""
        return ", ".join(filter(None, (obj.name, obj.email))) or str(_("without a name"))

    @admin.action(description=_("Take: I look into it"))
    def take(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> None:
        """Make the reviewer the owner."""
        self._each(request, queryset, actions.take, str(_("Taken")))

    @admin.action(description=_("Close, nothing more to do"))
    def close(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> None:
        """Close what needs no answer."""
        self._each(request, queryset, actions.close, str(_("Closed")))

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Feedback],
        act: Callable[..., Feedback],
        word: str,
    ) -> None:
        for feedback in queryset:
            try:
                act(feedback=feedback, actor=signed_in(request))
            except Refused as refusal:
                messages.error(request, f"{feedback}: {refusal.message}")
            else:
                self.log_change(request, feedback, word)
                messages.success(request, f"{word}: {feedback}")


def _may_see(request: HttpRequest, obj: Feedback | None) -> bool:
    visible = Feedback.objects.visible_to(signed_in(request))
    return obj is None or visible.filter(pk=obj.pk).exists()
