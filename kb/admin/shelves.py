"""Sections, synonyms and stop words."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from kb import actions
from kb.models import Section, StopWord, Synonyms
from portal.refusals import Refused


class SectionForm(forms.ModelForm):
    """A section in its place."""

    class Meta:
        model = Section
        fields = (
            "parent",
            "title_ru",
            "title_en",
            "slug",
            "icon",
            "description_ru",
            "description_en",
            "order",
        )

    def clean(self) -> dict[str, Any]:
        """Refuse as the action would, beside the field."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        place = Section(pk=self.instance.pk, parent=given.get("parent"))
        try:
            actions.check_place(place)
        except Refused as refusal:
            self.add_error("parent", str(refusal.message))
        return given


@admin.register(Section)
class SectionAdmin(ModelAdmin):
    """The shelves, in their order."""

    form = SectionForm
    list_display = ("title_ru", "title_en", "parent", "order", "article_count")
    list_select_related = ("parent",)
    autocomplete_fields = ("parent",)
    search_fields = ("title_ru", "title_en", "slug")
    prepopulated_fields = {"slug": ("title_en",)}
    ordering = ("order", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Section]:
        """Count the articles along."""
        found: QuerySet[Section] = super().get_queryset(request)
        return found.annotate(count=Count("articles"))

    @display(description=gettext_lazy("articles"), ordering="count")
    def article_count(self, row: Section) -> int:
        """Say how many articles stand here, drafts included."""
        return int(getattr(row, "count", 0))

    def save_model(self, request: HttpRequest, obj: Section, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        """Keep it by its action, which renews the lists."""
        actions.keep_section(section=obj)


class SynonymsForm(forms.ModelForm):
    """Words that mean the same, one a line."""

    words = forms.CharField(
        label=gettext_lazy("Words"),
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
        help_text=gettext_lazy(
            "One a line, several words in a line are one name: «личный кабинет»."
        ),
    )

    class Meta:
        model = Synonyms
        fields = ("words", "is_one_way")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["words"] = "\n".join(self.instance.words)

    def clean_words(self) -> list[str]:
        """Read the lines. Raises ValidationError."""
        try:
            return actions.synonyms_of(self.cleaned_data["words"])
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.message)) from refusal


@admin.register(Synonyms)
class SynonymsAdmin(ModelAdmin):
    """What means the same to search."""

    form = SynonymsForm
    list_display = ("shown", "is_one_way")
    ordering = ("words",)

    @display(description=gettext_lazy("words"))
    def shown(self, row: Synonyms) -> str:
        """Show the words of a row."""
        return str(row)

    def save_model(self, request: HttpRequest, obj: Synonyms, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        """Keep it by its action, which renews what was found."""
        actions.keep_synonyms(synonyms=obj)

    def delete_model(self, request: HttpRequest, obj: Synonyms) -> None:  # noqa: ARG002
        """Forget it by its action."""
        actions.forget_taught(row=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Synonyms]) -> None:  # noqa: ARG002
        """Forget several."""
        for row in queryset:
            actions.forget_taught(row=row)


@admin.register(StopWord)
class StopWordAdmin(ModelAdmin):
    """What says nothing to search."""

    list_display = ("word",)
    ordering = ("word",)

    def save_model(self, request: HttpRequest, obj: StopWord, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        """Keep it by its action, which renews what was found."""
        actions.keep_stop_word(word=obj)

    def delete_model(self, request: HttpRequest, obj: StopWord) -> None:  # noqa: ARG002
        """Forget it by its action."""
        actions.forget_taught(row=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[StopWord]) -> None:  # noqa: ARG002
        """Forget several."""
        for row in queryset:
            actions.forget_taught(row=row)
