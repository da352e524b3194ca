"""Writes what reports count into a file, CSV or Excel, as a job: what clocks froze, row by row."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import xlsxwriter
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from portal import files
from portal.jobs.kinds import Kind, Progress
from portal.jobs.models import Job
from portal.refusals import Refused
from portal.support.schedule import ground
from tickets import drilling
from tickets.models import Category, ChannelCode, Clock, ClockKind, Outcome, Priority

KIND = "export"
BATCH = 2000
MOST_ROWS = {"csv": 5_000_000, "xlsx": 1_000_000}  # Excel itself ends at 1,048,576
TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What a program for tables takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell: TypeAlias = str | int | float | datetime | None


class NothingToExport(Refused):
    """A file without a row says nothing."""

    code = "nothing_to_export"
    message = _("In these days there is nothing to write into a file. Choose others.")


class TooMuchToExport(Refused):
    """More rows than the format takes."""

    code = "too_much_to_export"
    message = _("Excel takes no more than a million rows. Choose fewer days, or CSV.")


class UnknownExport(Refused):
    """The form names no format or no days."""

    code = "unknown_export"
    status = 400
    message = _("Choose the days and the format once more.")


@dataclass(frozen=True)
class Column:
    """One column: its heading, and where it comes from."""

    title: str | Promise
    field: str
    choices: Mapping[str, str | Promise] | None = None
    width: int = 16


COLUMNS = (
    Column(_("Ticket"), "ticket__number", width=10),
    Column(pgettext_lazy("export", "What was waited for"), "kind", dict(ClockKind.choices)),
    Column(pgettext_lazy("export", "Category"), "category", dict(Category.choices), 22),
    Column(pgettext_lazy("export", "Priority"), "priority", dict(Priority.choices), 14),
    Column(pgettext_lazy("export", "Organization"), "organization__name", width=30),
    Column(pgettext_lazy("export", "Channel"), "channel", dict(ChannelCode.choices), 12),
    Column(pgettext_lazy("export", "Begun"), "started_at"),
    Column(pgettext_lazy("export", "Due"), "due_at"),
    Column(pgettext_lazy("export", "Ended"), "stopped_at"),
    Column(pgettext_lazy("export", "By"), "stopped_by__full_name", width=24),
    Column(pgettext_lazy("export", "Outcome"), "outcome", dict(Outcome.choices), 18),
    Column(pgettext_lazy("export", "Limit, minutes"), "target_minutes"),
    Column(pgettext_lazy("export", "Took, minutes"), "elapsed_seconds"),
    Column(pgettext_lazy("export", "In time"), "was_late", width=10),
    Column(pgettext_lazy("export", "Hours in force since"), "calendar"),
)


class Sheet(Protocol):
    """What rows are written to."""

    def put(self, cells: Sequence[Cell]) -> None:
        """Write one row."""


class CsvSheet:
    """Text with semicolons and a mark at its start, by which Excel knows UTF-8."""

    def __init__(self, stream: Any) -> None:
        stream.write("\ufeff")
        self._writer = csv.writer(stream, delimiter=";")

    def put(self, cells: Sequence[Cell]) -> None:
        """Write one row; nothing in it becomes a formula."""
        self._writer.writerow([_as_text(cell) for cell in cells])


class ExcelSheet:
    """One sheet of a workbook, written row by row, so that memory does not grow with it."""

    def __init__(self, book: Any) -> None:
        self._sheet = book.add_worksheet()
        self._moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        self._row = 0
        for place, column in enumerate(COLUMNS):
            self._sheet.set_column(place, place, column.width)
        self._sheet.freeze_panes(1, 0)

    def put(self, cells: Sequence[Cell]) -> None:
        """Write one row; text stays text whatever it begins with."""
        for place, cell in enumerate(cells):
            if isinstance(cell, str):
                self._sheet.write_string(self._row, place, cell)
            elif isinstance(cell, datetime):
                self._sheet.write_datetime(self._row, place, cell, self._moment)
            elif cell is not None:
                self._sheet.write_number(self._row, place, cell)
        self._row += 1


def check(data: Mapping[str, str]) -> dict[str, str]:
    """Read a wish for a file. Raises UnknownExport, NothingToExport, TooMuchToExport."""
    form = data.get("format", "")
    wish = drilling.read({"metric": "all", **{name: data[name] for name in data if data[name]}})
    if form not in TYPES or wish is None or not wish.exports:
        raise UnknownExport
    found = drilling.clocks(wish).order_by()
    if not found.exists():
        raise NothingToExport
    if found[: MOST_ROWS[form] + 1].count() > MOST_ROWS[form]:
        raise TooMuchToExport
    return {
        "format": form,
        "metric": wish.metric,
        "from": str(wish.period.first),
        "to": str(wish.period.last),
        "dimension": wish.dimension,
        "value": wish.value,
        "only": wish.only,
    }


def work(job: Job) -> Iterator[Progress]:
    """Write the file of a job, and say after every batch how far it is."""
    wish, form = drilling.read(job.params), job.params["format"]
    if wish is None:
        raise UnknownExport
    found = drilling.clocks(wish)
    total, done = found.order_by().count(), 0
    if not total:
        raise NothingToExport
    zone = ground().zone
    with files.writing(job.key) as place, _sheet(place, form) as sheet:
        sheet.put([str(column.title) for column in COLUMNS])
        for batch in _batches(found):
            for row in batch:
                sheet.put(_cells(row, zone))
            done += len(batch)
            yield Progress(done, max(total, done))
    job.file_name = f"{gettext('tickets')}-{wish.period.first}-{wish.period.last}.{form}"
    job.file_type = TYPES[form]


EXPORT = Kind(KIND, _("A file for tables"), work)


@contextmanager
def _sheet(place: Path, form: str) -> Iterator[Sheet]:
    if form == "csv":
        with place.open("w", encoding="utf-8", newline="") as stream:
            yield CsvSheet(stream)
    else:
        with xlsxwriter.Workbook(str(place), {"constant_memory": True}) as book:
            yield ExcelSheet(book)


def _batches(found: QuerySet[Clock]) -> Iterator[list[tuple[Any, ...]]]:
    """Read the rows by their end, a batch at a time, each from where the last one ended."""
    ordered = found.order_by("stopped_at", "pk")
    rows = ordered.values_list("pk", "stopped_at", *(column.field for column in COLUMNS))
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        number, at = batch[-1][:2]
        later = rows.filter(stopped_at__gte=at).filter(Q(stopped_at__gt=at) | Q(pk__gt=number))
        batch = list(later[:BATCH])


def _cells(row: Sequence[Any], zone: Any) -> list[Cell]:
    """Turn what a clock froze into words and figures; moments stand in the zone of the hours."""
    return [
        _cell(column, value, zone)
        for column, value in zip(COLUMNS, islice(row, 2, None), strict=True)
    ]


def _cell(column: Column, value: Any, zone: Any) -> Cell:
    if column.field == "was_late":
        return (
            ""
            if value is None
            else pgettext("export", "no")
            if value
            else pgettext("export", "yes")
        )
    if column.field == "elapsed_seconds":
        return None if value is None else round(value / 60, 1)
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None)
    if column.choices is not None:
        return str(column.choices.get(value, "")) if value else ""
    return "" if value is None else value


def _as_text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    return "" if cell is None else str(cell)
