"""Articles in and out, in the admin: send a file, see what would come of it, start; export all."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.requests import signed_in
from kb import actions
from kb.models import Article, ImportFile
from kb.porting import uploads
from kb.porting.readers import FORMATS
from kb.porting.shape import MOST_TOLD, Report, report_of
from portal.http import page
from portal.jobs.models import Job
from portal.refusals import Refused

View = Callable[..., HttpResponseBase]
MOST_LISTED = 10


class ImportForm(forms.Form):
    """What to import, and how."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,  # the action says what is wrong, in words
        widget=forms.FileInput({"accept": ",".join(uploads.ENDINGS) + ",.gz"}),
        help_text=gettext_lazy("A zip of a folder, or one file, up to 150 MB."),
    )
    format = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=FORMATS, widget=UnfoldAdminSelectWidget
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=[("ru", gettext_lazy("Russian")), ("en", gettext_lazy("English"))],
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("Of articles that do not say it themselves."),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("Published articles"),
        choices=[
            ("published", gettext_lazy("are published here too")),
            ("draft", gettext_lazy("become drafts")),
        ],
        widget=UnfoldAdminSelectWidget,
    )


def urls() -> list[Any]:
    """Give the addresses."""
    return [
        path("in-and-out/", _by_editors(index), name="kb_article_porting"),
        path("in-and-out/export/", _by_editors(export), name="kb_article_export"),
        path("in-and-out/<uuid:number>/", _by_editors(file), name="kb_article_import"),
        path("in-and-out/<uuid:number>/start/", _by_editors(start), name="kb_article_import_start"),
    ]


def _by_editors(view: View) -> View:
    """Open a page to editors, within the doors of the admin."""

    @wraps(view)
    def guarded(request: HttpRequest, **values: Any) -> HttpResponseBase:
        if not actions.can_publish(signed_in(request)):
            raise PermissionDenied
        return view(request, **values)

    return admin.site.admin_view(guarded)


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Take a file, or show the form with what came before."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            kept = uploads.keep(
                upload=given["file"],
                format=given["format"],
                language=given["language"],
                is_published=given["state"] == "published",
                actor=signed_in(request),
                at=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(
                refusal.field if refusal.field in form.fields else None, str(refusal.message)
            )
        else:
            return redirect("admin:kb_article_import", kept.pk)
    exported = _jobs(request, uploads.EXPORT).first()
    context = {
        "form": form,
        "files": ImportFile.objects.select_related("uploaded_by").order_by("-created_at")[
            :MOST_LISTED
        ],
        "job": exported,
        "address": request.path,
        "is_export": True,
    }
    whole = {**_context(request, _("Articles in and out")), **context}
    status = 422 if form.errors and request.method == "POST" else 200
    return page(request, "admin/kb/porting.html", "admin/kb/_job.html", whole, status)


@require_safe
def file(request: HttpRequest, number: UUID) -> HttpResponse:
    """Show how far a file is, and what came of it or would."""
    row = get_object_or_404(ImportFile.objects.select_related("uploaded_by"), pk=number)
    wanted = {"params__file": str(row.pk)}
    job = (
        Job.objects.filter(kind__in=[uploads.IMPORT, uploads.TRIAL], **wanted)
        .order_by("-pk")
        .first()
    )
    report = report_of(job.note["report"]) if job and job.note.get("report") else None
    context = {
        "file": row,
        "job": job,
        "address": request.path,
        "is_here": uploads.path_of(row).is_file(),
        "report": report,
        "figures": _figures(report) if report else (),
        "lists": _lists(report) if report else (),
        "is_dry": job is not None and job.kind == uploads.TRIAL,
    }
    whole = {**_context(request, row.name), **context}
    return page(request, "admin/kb/import.html", "admin/kb/_import.html", whole)


@require_POST
def start(request: HttpRequest, number: UUID) -> HttpResponse:
    """Import a file, or look once more what that would do."""
    row = get_object_or_404(ImportFile, pk=number)
    begin = uploads.look if request.POST.get("do") == "look" else uploads.start
    try:
        begin(file=row, actor=signed_in(request), at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("admin:kb_article_import", row.pk)


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Write all articles into an archive."""
    uploads.export(actor=signed_in(request), at=timezone.now())
    return redirect("admin:kb_article_porting")


def _jobs(request: HttpRequest, *kinds: str) -> Any:
    found = Job.objects.filter(kind__in=kinds, requested_by=signed_in(request))
    return found.order_by("-pk")


def _figures(report: Report) -> list[tuple[str | Promise, int]]:
    """Give the figures of a report in words, without those that say nothing."""
    known = [
        (_("new articles"), report.created),
        (_("changed articles"), report.updated),
        (_("articles as they were"), report.unchanged),
        (_("not taken"), report.refused),
        (_("new sections"), report.sections),
        (_("pictures taken"), report.pictures),
        (_("pictures not taken"), report.missing),
        (_("links led anew"), report.links),
        (_("links that lead nowhere"), report.broken),
        (_("votes “it helped”"), report.helpful),
        (_("votes “it did not help”"), report.unhelpful),
    ]
    return [pair for pair in known if pair[1] or pair[0] == known[0][0]]


def _lists(report: Report) -> list[dict[str, Any]]:
    """Give what a report names one by one."""
    known = [
        (_("Not taken, and why"), report.refused, report.skipped),
        (_("Sections that stand elsewhere"), report.misplaced, report.moved),
        (_("Pictures that are not taken"), report.missing, report.lost_pictures),
        (_("Links that lead nowhere"), report.broken, report.lost_links),
        (_("New articles"), report.created, report.made),
        (_("Changed articles"), report.updated, report.changed),
    ]
    return [
        {"title": title, "count": count, "rows": rows, "most": MOST_TOLD, "is_open": place == 0}
        for place, (title, count, rows) in enumerate(known)
        if count
    ]


def _context(request: HttpRequest, title: str) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, "opts": Article._meta}
