"""Articles: where authors write and editors publish; every change goes through an action."""

import json
from collections.abc import Callable
from typing import Any

from ckeditor.widgets import CKEditorWidget
from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import Side, User
from accounts.requests import signed_in
from kb import actions, slugs
from kb.admin import pages, porting
from kb.admin.care import CaredList, WaitingFilter, reasons
from kb.models import Article, ArticleStatus, Kind, Revision, Significance
from portal.refusals import Refused

WORDS = ("title", "summary", "body", "comment", "significance")
VOTES_FOR = "current_revision__votes"


class ArticleForm(forms.ModelForm):
    """An article together with its newest words."""

    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=250, widget=UnfoldAdminTextInputWidget
    )
    summary = forms.CharField(
        label=gettext_lazy("In short"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text=gettext_lazy("One or two sentences; they stand below the title and in lists."),
    )
    body = forms.CharField(label=gettext_lazy("Text"), widget=CKEditorWidget("kb"))
    comment = forms.CharField(
        label=gettext_lazy("What changed"),
        max_length=300,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    significance = forms.ChoiceField(
        label=gettext_lazy("How much it changes"),
        choices=Significance.choices,
        initial=Significance.SMALL,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("After a slip of the pen readers see no new date."),
    )
    based_on = forms.IntegerField(required=False, widget=forms.HiddenInput)
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy(
            "Words between commas. The same word is one tag, however it is written."
        ),
    )

    class Meta:
        model = Article
        fields = (
            "kind",
            "section",
            "slug",
            "language",
            "translation_of",
            "access",
            "tags",
            "related",
            "owner",
            "checked_on",
            "review_by",
            "needs_change",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        self.initial["tags"] = ", ".join(self.instance.tags)
        self.fields["tags"].widget.attrs["data-tags"] = json.dumps(actions.known_tags())
        self.fields["kind"].required = False
        owner: Any = self.fields["owner"]
        owner.queryset = owner.queryset.filter(
            Q(role__side=Side.STAFF, is_active=True) | Q(pk=self.instance.owner_id)
        ).order_by("full_name")
        self.fields["slug"].help_text = _(
            "Left empty, it is made from the title. An address it had leads to the new one."
        )
        self.meanwhile: Revision | None = None  # what somebody saved while this form was open
        self.newest = (
            self.instance.revisions.order_by("-number").first() if self.instance.pk else None
        )
        if self.newest:
            self.initial.setdefault("based_on", self.newest.number)
            for name in WORDS[:3]:
                self.initial.setdefault(name, getattr(self.newest, name))

    def clean_tags(self) -> list[str]:
        """Read the words between commas."""
        return actions.tags_of(self.cleaned_data["tags"])

    def clean(self) -> dict[str, Any]:
        """Refuse as the action would, beside the field."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        given["kind"] = given.get("kind") or Kind.ARTICLE
        given["significance"] = given.get("significance") or Significance.SMALL
        based_on = given.get("based_on")
        if based_on is not None and self.newest and self.newest.number > based_on:
            self._saved_meanwhile(self.newest)
        if not given.get("slug"):
            given["slug"] = _free_slug(given.get("title", ""))
        self._refuse_as(lambda: actions.check_address(given["slug"]), "slug")
        if {"title", "body"} <= given.keys():
            self._refuse_as(lambda: _check_words(given["title"], given["body"]), "body")
        return given

    def _refuse_as(self, check: Callable[[], None], field: str) -> None:
        try:
            check()
        except Refused as refusal:
            self.add_error(field, str(refusal.message))

    def _saved_meanwhile(self, newest: Revision) -> None:
        """Stop words that were written beside those of somebody else; the next saving wins."""
        self.meanwhile = newest
        who = newest.author.full_name if newest.author else _("An import")
        words = _(
            "%(who)s saved revision %(number)d while you were writing. What you typed stands below;"
            " compare it with theirs, then save once more."
        )
        self.add_error("body", words % {"who": who, "number": newest.number})
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["based_on"] = str(newest.number)
        self.data = data


def _has_waiting(row: Article) -> bool:
    """Whether words newer than those shown wait for an editor; needs the admin's queryset."""
    newest, current = getattr(row, "newest", None), row.current_revision
    return bool(newest and current and newest > current.number)


def _told_of_waiting(person: User) -> str:
    if actions.can_publish(person):
        return _("Readers do not see this yet: words before it wait. “Save and publish” shows all.")
    return _("The new words wait for somebody who may publish.")


def _check_words(title: str, body: str) -> None:
    actions.check_words(title=title, body=body)
    actions.check_pictures(body)


def _free_slug(title: str) -> str:
    wanted = slugs.of(title)
    alike = Article.objects.filter(slug__startswith=wanted).values_list("slug", flat=True)
    return slugs.free(wanted, set(alike))


class RevisionInline(TabularInline):
    """What was saved when and by whom; nothing here can be changed."""

    model = Revision
    fk_name = "article"
    fields = readonly_fields = (
        "number",
        "title",
        "author",
        "comment",
        "significance",
        "created_at",
    )
    ordering = ("-number",)
    extra = 0
    per_page = 10
    can_delete = False
    verbose_name_plural = gettext_lazy("revisions")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revisions come from saving the article."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was saved stays as it was."""
        return False


@admin.register(Article)
class ArticleAdmin(ModelAdmin):
    """Saving is a new revision; publishing needs a permission of its own."""

    class Media:
        css = {"all": ["css/editor.css"]}
        js = ["js/article_editor.js", "js/tags.js"]

    form = ArticleForm
    change_form_outer_before_template = "admin/kb/article_state.html"
    inlines = (RevisionInline,)
    list_display = (
        "shown_title",
        "section",
        "language",
        "access",
        "shown_status",
        "owner",
        "care",
        "helped",
    )
    list_filter = (
        WaitingFilter,
        "status",
        "kind",
        "language",
        "access",
        "section",
        ("owner", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("section", "current_revision", "owner")
    actions = ("still_true",)
    search_fields = ("current_revision__title", "slug")
    autocomplete_fields = ("translation_of", "related")
    readonly_fields = ("shown_status", "helped", "reasons", "updated_at")
    ordering = ("-updated_at",)
    actions_submit_line = ("submit", "publish", "unpublish")
    actions_list = ("in_and_out",)
    fieldsets = (
        (None, {"fields": ("title", "summary", "body", ("comment", "significance"), "based_on")}),
        (
            gettext_lazy("Where it stands"),
            {
                "fields": (
                    ("section", "slug"),
                    ("kind", "access"),
                    ("language", "translation_of"),
                    ("owner", "tags"),
                    "related",
                )
            },
        ),
        (
            gettext_lazy("Is it still true"),
            {"fields": (("checked_on", "review_by"), "needs_change")},
        ),
        (
            gettext_lazy("How it does"),
            {"fields": (("shown_status", "updated_at"), ("helped", "reasons"))},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        """Count votes and revisions along, so that a list asks once."""
        found: QuerySet[Article] = super().get_queryset(request)
        return found.annotate(
            newest=Max("revisions__number"),
            yes=Count(VOTES_FOR, filter=Q(current_revision__votes__is_helpful=True), distinct=True),
            no=Count(VOTES_FOR, filter=Q(current_revision__votes__is_helpful=False), distinct=True),
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CaredList]:
        """Know of each row what is wrong with it."""
        return CaredList

    @display(description=gettext_lazy("look after it"), ordering="review_by")
    def care(self, row: Article) -> str:
        """Say why somebody should look at it; nothing when nobody needs to."""
        return " · ".join(reasons(row))

    @admin.action(description=gettext_lazy("Still true, checked today"), permissions=["change"])
    def still_true(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Say of the chosen articles that they are still true."""
        chosen = Article.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        count = actions.confirm_all(
            articles=chosen.order_by("pk"),
            actor=signed_in(request),
            on=timezone.localdate(),
            at=timezone.now(),
        )
        told = ngettext(
            "%(count)d article checked today.", "%(count)d articles checked today.", count
        )
        self.message_user(request, told % {"count": count})

    @display(description=gettext_lazy("title"), ordering="current_revision__title")
    def shown_title(self, row: Article) -> str:
        """Name the article by its words."""
        return str(row)

    @display(description=gettext_lazy("status"), ordering="status")
    def shown_status(self, row: Article) -> str:
        """Say whether readers see it, and whether newer words wait."""
        status = row.get_status_display()
        if row.submitted_revision_id:
            return _("%(status)s, waits for a review") % {"status": status}
        if row.scheduled_at:
            return _("%(status)s, comes out at its hour") % {"status": status}
        if _has_waiting(row):
            return _("%(status)s, newer words wait") % {"status": status}
        return status

    @display(description=gettext_lazy("helped: yes / no"))
    def helped(self, row: Article) -> str:
        """Sum up the votes on the words of today."""
        return f"{getattr(row, 'yes', 0)} / {getattr(row, 'no', 0)}"

    @display(description=gettext_lazy("why not"))
    def reasons(self, row: Article) -> str:
        """Count the reasons readers gave."""
        votes = row.current_revision.votes.all() if row.current_revision else []
        given = [reason for vote in votes for reason in vote.reasons]
        words = dict(actions.REASON_WORDS)
        return (
            ", ".join(f"{words[code]}: {given.count(code)}" for code in words if code in given)
            or "—"
        )

    def save_model(
        self,
        request: HttpRequest,
        obj: Article,
        form: ArticleForm,
        change: bool,
    ) -> None:
        """Keep the article and its words; then the button that was pressed, if any."""
        actions.keep(article=obj)
        words = {name: form.cleaned_data[name] for name in WORDS}
        words["based_on"] = form.cleaned_data.get("based_on")
        at = timezone.now()
        if obj.checked_on and "checked_on" in form.changed_data and not obj.review_by:
            obj.review_by = actions.next_review(obj.checked_on)
            actions.keep(article=obj)
        revision = actions.save(article=obj, author=signed_in(request), at=at, **words)
        obj.refresh_from_db(fields=["current_revision", "status", "updated_at"])
        if obj.current_revision_id != revision.pk:
            self.message_user(request, _told_of_waiting(signed_in(request)))
        for pressed in self.get_actions_submit_line(request, obj.pk):
            if pressed.action_name in request.POST:
                pressed.method(request, obj)

    def save_related(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        change: bool,
    ) -> None:
        """Keep the related articles by their action."""
        related = form.cleaned_data.pop("related", ())
        super().save_related(request, form, formsets, change)
        actions.relate(article=form.instance, others=list(related))

    @action(
        description=gettext_lazy("Save and submit for review"), attrs={"name": "kb_article_submit"}
    )
    def submit(self, request: HttpRequest, obj: Article) -> None:
        """Let somebody else read it."""
        self._try(
            request,
            lambda: actions.submit(article=obj, actor=signed_in(request), at=timezone.now()),
            _("It waits for a review now."),
        )

    @action(
        description=gettext_lazy("Save and publish"),
        permissions=["publish"],
        attrs={"name": "kb_article_publish"},
    )
    def publish(self, request: HttpRequest, obj: Article) -> None:
        """Let readers find it."""
        self._try(
            request,
            lambda: actions.publish(article=obj, actor=signed_in(request), at=timezone.now()),
            _("Readers see it now."),
        )

    @action(
        description=gettext_lazy("Save and take back"),
        permissions=["publish"],
        attrs={"name": "kb_article_unpublish"},
    )
    def unpublish(self, request: HttpRequest, obj: Article) -> None:
        """Take it back to a draft."""
        self._try(
            request,
            lambda: actions.unpublish(article=obj, actor=signed_in(request), at=timezone.now()),
            _("It is a draft again."),
        )

    @action(description=gettext_lazy("In and out"), permissions=["publish"], url_path="porting")
    def in_and_out(self, request: HttpRequest) -> HttpResponse:
        """Lead to where articles are imported and exported."""
        return redirect("admin:kb_article_porting")

    def _try(self, request: HttpRequest, act: Any, done: str) -> None:
        try:
            act()
        except Refused as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            self.message_user(request, done)

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer what makes sense: publish drafts and waiting words, take back what readers see."""
        offered: list[Any] = super().get_actions_submit_line(request, object_id)
        rows = self.get_queryset(request).select_related("current_revision")
        row = rows.filter(pk=pages.number_of(str(object_id))).first()
        if row is None:
            return []
        is_published = row.status == ArticleStatus.PUBLISHED
        is_here = row.status != ArticleStatus.ARCHIVED
        is_new = is_here and (not is_published or _has_waiting(row))
        useful = {
            "submit": is_new and not row.submitted_revision_id,
            "publish": is_new,
            "unpublish": is_published,
        }
        return [one for one in offered if useful[one.path]]

    def has_publish_permission(self, request: HttpRequest, _object_id: Any = None) -> bool:
        """Whether this person may publish."""
        return actions.can_publish(signed_in(request))

    def get_urls(self) -> list[Any]:
        """Add the pages around an article: review, differences, preview, pictures, what is typed."""
        return [*pages.urls(), *porting.urls(), *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show who is at it, what waits and what happened above the form."""
        around = pages.around(request, object_id) if object_id else {}
        with transaction.atomic():
            if request.method == "POST" and object_id:
                # Race: two who save at once take turns, so that the second one's form meets the
                # words of the first and shows the difference.
                number = pages.number_of(object_id)
                Article.objects.select_for_update().filter(pk=number).first()
            return super().changeform_view(
                request, object_id, form_url, {**(extra_context or {}), **around}
            )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Show what somebody saved meanwhile beside what was typed, where that stopped a saving."""
        form = context["adminform"].form
        if getattr(form, "meanwhile", None):
            context["meanwhile"] = pages.compared_with_typed(form.meanwhile, form.data)
        return super().render_change_form(request, context, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing that was written is lost: an article is archived instead."""
        return False
