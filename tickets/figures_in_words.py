"""Figures as the head of support reads them: «97,4 %», «на 6 минут быстрее»."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from portal.templatetags.moments import NBSP, short_span
from tickets import drilling
from tickets.reports import Line, Report

NONE = "—"
Read = Callable[[Line], float | None]
Write = Callable[[float], str]


@dataclass(frozen=True)
class Kpi:
    """One figure with its change, and the list that it leads to."""

    title: str | Promise
    value: str
    change: str
    trend: str  # up: better, dn: worse
    metric: str


@dataclass(frozen=True)
class Shape:
    """How one figure is read, written and compared."""

    title: str | Promise
    metric: str
    read: Read
    write: Write
    compare: Callable[[float, float], str]
    better: int  # 1: more is better; -1: less is; 0: neither


def percent(share: float) -> str:
    """Write a share."""
    return f"{number_format(share, 1)}{NBSP}%"


def score(mean: float) -> str:
    """Write a mean of scores."""
    return number_format(mean, 1)


def count(number: float) -> str:
    """Write a number of tickets."""
    return number_format(int(number), 0, force_grouping=True)


def _points(now: float, before: float) -> str:
    points = {"points": number_format(abs(now - before), 1)}
    if now > before:
        return _("%(points)s points higher") % points
    return _("%(points)s points lower") % points


def _speed(now: float, before: float) -> str:
    span = {"span": short_span(abs(now - before))}
    return _("slower by %(span)s") % span if now > before else _("faster by %(span)s") % span


def _share(now: float, before: float) -> str:
    if not before:
        return _("none before")
    change = {"percent": count(round(100 * abs(now - before) / before))}
    return _("%(percent)s%% more") % change if now > before else _("%(percent)s%% fewer") % change


def _tenths(now: float, before: float) -> str:
    tenths = {"points": number_format(abs(now - before), 1)}
    return _("%(points)s higher") % tenths if now > before else _("%(points)s lower") % tenths


SHAPES = (
    Shape(
        pgettext_lazy("reports", "Answered in time"),
        *("answers", lambda line: line.answers.share, percent, _points, 1),
    ),
    Shape(
        pgettext_lazy("reports", "First answer, median"),
        *("first", lambda line: line.first.median, short_span, _speed, -1),
    ),
    Shape(
        pgettext_lazy("reports", "First answer, nine of ten"),
        *("first", lambda line: line.first.nine_of_ten, short_span, _speed, -1),
    ),
    Shape(
        pgettext_lazy("reports", "Tickets filed"),
        *("filed", lambda line: line.filed.total, count, _share, 0),
    ),
    Shape(
        pgettext_lazy("reports", "Taken up again"),
        *("reopened", lambda line: line.reopen_share, percent, _points, -1),
    ),
    Shape(
        pgettext_lazy("reports", "Rating"),
        *("rated", lambda line: line.rated.mean, score, _tenths, 1),
    ),
    Shape(
        pgettext_lazy("reports", "Urgent solved the same day"),
        *("work", lambda line: line.work.share, percent, _points, 1),
    ),
    Shape(
        pgettext_lazy("reports", "Solution, median"),
        *("work", lambda line: line.solved.median, short_span, _speed, -1),
    ),
    Shape(
        pgettext_lazy("reports", "Solution, nine of ten"),
        *("work", lambda line: line.solved.nine_of_ten, short_span, _speed, -1),
    ),
    Shape(
        pgettext_lazy("reports", "Solved"),
        *("work", lambda line: line.solved.total, count, _share, 0),
    ),
    Shape(
        pgettext_lazy("reports", "News of development in time"),
        *("update", lambda line: line.updates.share, percent, _points, 1),
    ),
    Shape(
        pgettext_lazy("reports", "Rated four or five"),
        *("rated", lambda line: line.rated.share, percent, _points, 1),
    ),
)


def kpis(report: Report) -> list[Kpi]:
    """Write the figures of everything, each with its change."""
    return [_kpi(shape, report.everything, report.before) for shape in SHAPES]


def named(dimension: str, lines: Iterable[Line]) -> list[Line]:
    """Give lines the names of their codes in the reader's language."""
    names: Mapping[str, str | Promise] = drilling.CODES.get(dimension, {})
    return [
        Line(line.value, str(names.get(line.value, "")) or line.name, line.metrics)
        for line in lines
    ]


def _kpi(shape: Shape, line: Line, earlier: Line) -> Kpi:
    now, before = shape.read(line), shape.read(earlier)
    value = NONE if now is None else shape.write(now)
    if now is None or before is None:
        return Kpi(shape.title, value, _("nothing to compare with"), "", shape.metric)
    if shape.write(now) == shape.write(before):
        return Kpi(shape.title, value, pgettext("reports", "no change"), "", shape.metric)
    is_better = (now > before) == (shape.better > 0)
    trend = "" if not shape.better else "up" if is_better else "dn"
    return Kpi(shape.title, value, shape.compare(now, before), trend, shape.metric)
