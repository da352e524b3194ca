"""What readers teach: the page for editors that says what to write and what to mend."""

import csv
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import ModelAdmin

from accounts.requests import signed_in
from kb import actions, learning
from kb.audience import Audience
from kb.models import AskedQuestion, QuestionState
from portal.refusals import Refused

PERIODS: tuple[tuple[str, int, str | Promise], ...] = (
    ("7", 7, gettext_lazy("7 days")),
    ("30", 30, gettext_lazy("30 days")),
    ("90", 90, gettext_lazy("90 days")),
    ("365", 365, gettext_lazy("A year")),
)
USUAL = "30"
COLUMNS = (
    gettext_lazy("Question"),
    gettext_lazy("Asked"),
    gettext_lazy("Found nothing"),
    pgettext_lazy("searches", "Opened"),
    gettext_lazy("Last asked"),
    gettext_lazy("What became of it"),
)
MOST_IN_FILE = 1000
AUDIENCES = {
    Audience.EVERYBODY: gettext_lazy("not signed in"),
    Audience.CUSTOMERS: gettext_lazy("customers"),
    Audience.STAFF: gettext_lazy("staff"),
}
# What a program for tables takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@admin.register(AskedQuestion)
class LearningAdmin(ModelAdmin):
    """One page instead of lists of rows: nothing here is edited by hand."""

    def get_urls(self) -> list[Any]:
        """Give the page, its file and the marks."""
        view = self.admin_site.admin_view
        return [
            path("", view(_for_authors(overview)), name="kb_askedquestion_changelist"),
            path("file/", view(_for_authors(as_file)), name="kb_askedquestion_file"),
            path("mark/", view(_for_authors(mark)), name="kb_askedquestion_mark"),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Authors and editors."""
        return _may_learn(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it in the menu to those who may open it."""
        return _may_learn(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Readers ask; nobody adds a question."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was asked stays as it was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It is forgotten after a year."""
        return False


def _may_learn(request: HttpRequest) -> bool:
    person = signed_in(request)
    return actions.can_write(person) or actions.can_publish(person)


def _for_authors(view: Any) -> Any:
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not _may_learn(request):
            raise PermissionDenied
        answer: HttpResponse = view(request)
        return answer

    return guarded


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show what to write, what to mend, and what helps most."""
    code, days = _days(request)
    found, opened = learning.nothing_found(days), learning.nothing_opened(days)
    context = {
        **admin.site.each_context(request),
        "title": _("What readers teach"),
        "opts": AskedQuestion._meta,
        "periods": [(value, name) for value, _length, name in PERIODS],
        "period": code,
        "days": days,
        "to_write": [
            ("nothing", _("Found nothing"), _drawn(found)),
            ("unopened", _("Found something, opened nothing"), _drawn(opened)),
        ],
        "marked": _drawn(learning.marked(days)),
        "helped": learning.help_given(days),
        "fewest": learning.FEWEST_VOTES,
    }
    return render(request, "admin/kb/learning.html", context)


@require_safe
def as_file(request: HttpRequest) -> HttpResponse:
    """Give the questions as a file for tables."""
    _code, days = _days(request)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"questions-{days.first:%Y-%m-%d}-{days.last:%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.write("\ufeff")  # by which Excel knows UTF-8
    rows = csv.writer(answer, delimiter=";")
    rows.writerow([str(column) for column in COLUMNS])
    for give in (learning.nothing_found, learning.nothing_opened, learning.marked):
        rows.writerows(_as_row(question) for question in give(days, MOST_IN_FILE))
    return answer


def _as_row(question: learning.Question) -> list[Any]:
    text = question.text
    return [
        f"'{text}" if text.startswith(FORMULA) else text,
        question.times,
        question.nothing,
        question.opened,
        question.last_on.isoformat(),
        str(QuestionState(question.state).label) if question.state else "",
    ]


@require_POST
def mark(request: HttpRequest) -> HttpResponse:
    """Say that a question is dealt with, or that it is not."""
    said = request.POST
    try:
        actions.mark_question(
            stems=said.get("stems", ""),
            state=said.get("state", ""),
            actor=signed_in(request),
            at=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    page, here = reverse("admin:kb_askedquestion_changelist"), request.POST.get("next", "")
    is_ours = here.startswith(page) and url_has_allowed_host_and_scheme(here, allowed_hosts=None)
    return redirect(here if is_ours else page)


def _days(request: HttpRequest) -> tuple[str, learning.Days]:
    lengths = {code: length for code, length, _name in PERIODS}
    asked = request.GET.get("period", "")
    code = asked if asked in lengths else USUAL
    last = timezone.localdate()
    return code, learning.Days(last - timedelta(days=lengths[code] - 1), last)


def _drawn(questions: list[learning.Question]) -> list[dict[str, Any]]:
    """Give questions with the address of a draft that begins with them, and who asked in words."""
    add = reverse("admin:kb_article_add")
    return [
        {
            "asked": one,
            "write": f"{add}?{urlencode({'title': _as_title(one.text), 'language': one.languages[0]})}",
            "who": AUDIENCES[Audience(one.widest)],
            "state": QuestionState(one.state).label if one.state else "",
            "more": one.of - len(questions),
        }
        for one in questions
    ]


def _as_title(text: str) -> str:
    return text[:1].upper() + text[1:]
