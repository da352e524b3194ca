"""Sections, synonyms and stop words."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from kb import actions, slugs
from kb.models import Section, StopWord, Synonyms
from portal.refusals import Refused

# Of the symbols of the site, those that can stand for a subject.
ICONS = {
    "file": pgettext_lazy("icon", "sheet"),
    "start": pgettext_lazy("icon", "start"),
    "bed": pgettext_lazy("icon", "bed"),
    "cal": pgettext_lazy("icon", "calendar"),
    "tag": pgettext_lazy("icon", "price tag"),
    "card": pgettext_lazy("icon", "bank card"),
    "nodes": pgettext_lazy("icon", "links between systems"),
    "globe": pgettext_lazy("icon", "globe"),
    "cursor": pgettext_lazy("icon", "pointer"),
    "chart": pgettext_lazy("icon", "chart"),
    "gear": pgettext_lazy("icon", "gear"),
    "sliders": pgettext_lazy("icon", "sliders"),
    "shield": pgettext_lazy("icon", "shield"),
    "keys": pgettext_lazy("icon", "keyboard"),
    "users": pgettext_lazy("icon", "people"),
    "chat": pgettext_lazy("icon", "conversation"),
    "mail": pgettext_lazy("icon", "letter"),
    "phone": pgettext_lazy("icon", "telephone"),
    "image": pgettext_lazy("icon", "picture"),
    "code": pgettext_lazy("icon", "code"),
    "bulb": pgettext_lazy("icon", "light bulb"),
    "bolt": pgettext_lazy("icon", "lightning"),
    "wrench": pgettext_lazy("icon", "wrench"),
    "star": pgettext_lazy("icon", "star"),
    "ask": pgettext_lazy("icon", "question mark"),
}


class SectionForm(forms.ModelForm):
    """A section in its place."""

    icon = forms.ChoiceField(
        label=gettext_lazy("Icon"), choices=ICONS, initial="file", widget=UnfoldAdminSelectWidget
    )

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.icon not in ICONS:  # of an import; it stays what it is
            icon: Any = self.fields["icon"]
            icon.choices = [(self.instance.icon, self.instance.icon), *ICONS.items()]
        self.fields["slug"].required = False
        self.fields["slug"].help_text = _(
            "Left empty, it is made from the title. An address it had leads to the new one."
        )

    def clean(self) -> dict[str, Any]:
        """Refuse as the action would, beside the field."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not given.get("slug") and "slug" not in self.errors:
            wanted = slugs.of(given.get("title_ru", ""))
            alike = Section.objects.filter(slug__startswith=wanted).values_list("slug", flat=True)
            given["slug"] = slugs.free(wanted, set(alike))
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

    def save_model(self, request: HttpRequest, obj: Section, form: Any, change: bool) -> None:
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

    def save_model(self, request: HttpRequest, obj: Synonyms, form: Any, change: bool) -> None:
        """Keep it by its action, which renews what was found."""
        actions.keep_synonyms(synonyms=obj)

    def delete_model(self, request: HttpRequest, obj: Synonyms) -> None:
        """Forget it by its action."""
        actions.forget_taught(row=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Synonyms]) -> None:
        """Forget several."""
        for row in queryset:
            actions.forget_taught(row=row)


@admin.register(StopWord)
class StopWordAdmin(ModelAdmin):
    """What says nothing to search."""

    list_display = ("word",)
    ordering = ("word",)

    def save_model(self, request: HttpRequest, obj: StopWord, form: Any, change: bool) -> None:
        """Keep it by its action, which renews what was found."""
        actions.keep_stop_word(word=obj)

    def delete_model(self, request: HttpRequest, obj: StopWord) -> None:
        """Forget it by its action."""
        actions.forget_taught(row=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[StopWord]) -> None:
        """Forget several."""
        for row in queryset:
            actions.forget_taught(row=row)
