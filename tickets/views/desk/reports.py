"""Reports for the head of support: figures of a period, drawn and told apart; each leads to its tickets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from portal.jobs import actions as jobs
from portal.refusals import Refused
from portal.support.schedule import ground
from portal.templatetags.moments import today
from tickets import charts, drilling, exports, reports
from tickets import figures_in_words as words
from tickets.models import Category, Metric
from tickets.reports import Day, Line, Period, Report

View = Callable[..., HttpResponse]
USUAL = "30"
LENGTHS = {"7": 7, "30": 30, "90": 90}
CHOICES: tuple[tuple[str, str | Promise], ...] = (
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("month", _("This month")),
    ("last_month", _("Last month")),
    ("dates", _("From – to")),
)
COMPARED: tuple[tuple[str, str | Promise], ...] = (
    ("before", _("with the period before")),
    ("year", _("with the same days a year ago")),
)
MOST_BARS = 92  # beyond that, weeks are drawn instead of days
WEEK = 7


@dataclass(frozen=True)
class Asked:
    """Which period, and with which it is compared; what makes no sense is as good as not asked."""

    choice: str
    compare: str
    period: Period
    compared: Period

    @property
    def address(self) -> str:
        """The days, as the links to tickets and the export name them."""
        return urlencode({"from": self.period.first, "to": self.period.last})


@dataclass(frozen=True)
class Plot:
    """A drawing with what it is called and the days at its ends."""

    drawing: charts.Drawing
    dates: tuple[date, date, date]


def heads_only(view: View) -> View:
    """Let in whoever answers for support."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = signed_in(request)
        if not (user.works_desk and user.has_perm("accounts.head_support")):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@heads_only
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show the figures of a period."""
    asked = _asked(request.GET, timezone.now().astimezone(ground().zone).date())
    counted_at = reports.counted_at()
    context = {
        "asked": asked,
        "choices": CHOICES,
        "compared": COMPARED,
        "board": _board(asked, reports.newest(), counted_at, get_language(), today()),
    }
    return render(request, "tickets/desk/reports.html", context)


# Some hundred numbers are written in words; they stand until the figures are counted again.
@lru_cache(maxsize=128)
def _board(
    asked: Asked, newest: int, counted_at: datetime | None, _language: str | None, _day: date
) -> SafeString:
    found = reports.report(asked.period, asked.compared, newest)
    days = _grouped(found.days)
    context = {
        "asked": asked,
        "report": found,
        "everything": found.everything,
        "kpis": words.kpis(found),
        "by_priority": [
            line for line in words.named("priority", found.by["priority"]) if line.answers.promised
        ],
        "people": found.by["person"],
        "tables": _tables(found),
        "organizations": found.by["organization"],
        "days": days,
        "plots": _plots(days, asked.period),
        "counted_at": counted_at,
    }
    return render_to_string("tickets/desk/_report.html", context)


@heads_only
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the tickets behind a figure."""
    wish = drilling.read(request.GET)
    if wish is None:
        return redirect("desk:reports")
    context = {"wish": wish, "page": drilling.page(wish)}
    return render(request, "tickets/desk/report_tickets.html", context)


@heads_only
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Begin to write a file of what a report counts, and show how far it is."""
    try:
        params = exports.check(request.POST)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("desk:reports")
    job = jobs.enqueue(
        kind=exports.KIND, params=params, actor=signed_in(request), at=timezone.now()
    )
    return redirect(job)


def _asked(data: Mapping[str, str], today: date) -> Asked:
    choice, compare = data.get("period", USUAL), data.get("compare", "before")
    period = _period(choice, data, today)
    if period is None:
        choice = USUAL
        period = Period(today - timedelta(days=LENGTHS[USUAL] - 1), today)
    return Asked(choice, compare, period, _compared(choice, compare, period))


def _period(choice: str, data: Mapping[str, str], today: date) -> Period | None:
    if choice in LENGTHS:
        return Period(today - timedelta(days=LENGTHS[choice] - 1), today)
    first_of_month = today.replace(day=1)
    if choice == "month":
        return Period(first_of_month, today)
    if choice == "last_month":
        last = first_of_month - timedelta(days=1)
        return Period(last.replace(day=1), last)
    return drilling.between(data) if choice == "dates" else None


def _compared(choice: str, compare: str, period: Period) -> Period:
    if compare == "year":
        year = timedelta(days=364)  # the same weekdays
        return Period(period.first - year, period.last - year)
    eve = period.first - timedelta(days=1)
    if choice == "last_month":
        return Period(eve.replace(day=1), eve)
    return Period(eve - timedelta(days=period.days - 1), eve)


def _grouped(days: list[Day] | Any) -> list[Day]:
    """Give days, or weeks where there would be too many of them."""
    if len(days) <= MOST_BARS:
        return list(days)
    return [_week(days[place : place + WEEK]) for place in range(0, len(days), WEEK)]


def _week(days: list[Day]) -> Day:
    line, filed = Line(""), dict[str, int]()
    for day in days:
        for metric, tally in day.everything.metrics.items():
            line.metrics.setdefault(metric, reports.Tally()).add(tally)
        for category, count in day.filed_by_category.items():
            filed[category] = filed.get(category, 0) + count
    last = days[-1].everything.metrics.get(Metric.BACKLOG)
    if last:
        line.metrics[Metric.BACKLOG] = last
    return Day(days[0].on, line, filed)


def _plots(days: list[Day], period: Period) -> dict[str, Plot]:
    dates = (period.first, period.first + timedelta(days=period.days // 2), period.last)
    firsts = [day.everything.first for day in days]
    shares = [tally.nine_of_ten for tally in firsts]
    drawn = {
        "filed": charts.bars([_stack(day) for day in days], ("c1", "c4", "c3")),
        "first": charts.curves([("c2 dash", shares), ("c1", [one.median for one in firsts])]),
        "backlog": charts.curves([("c1", [day.backlog for day in days])]),
    }
    return {name: Plot(drawing, dates) for name, drawing in drawn.items()}


def _stack(day: Day) -> tuple[int, int, int]:
    filed = day.filed_by_category
    incidents = filed.get(Category.INCIDENT.value, 0)
    questions = filed.get(Category.INFORMATION_REQUEST.value, 0)
    return incidents, questions, sum(filed.values()) - incidents - questions


def _tables(found: Report) -> list[tuple[str, str | Promise, list[Line]]]:
    titles = (
        ("category", pgettext_lazy("reports", "By category")),
        ("channel", pgettext_lazy("reports", "By channel")),
    )
    return [(code, title, words.named(code, found.by[code])) for code, title in titles]
