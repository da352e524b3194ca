"""Our hours against the vectors of other libraries for business time.

The vectors are collected elsewhere and never kept in this repository: SHARED_DATA says where, or
they lie beside the project.
"""

import json
import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.hours import Day, Interval, Schedule, Version

SHARED = Path(os.environ.get("SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
OTHERS = SHARED / "sla" / "business_time_vectors.json"
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def others() -> list[Any]:
    if not OTHERS.is_file():
        pytest.skip(f"no vectors of other libraries: SHARED_DATA holds no {OTHERS.name}")
    return list(json.loads(OTHERS.read_text(encoding="utf-8")))


def minutes_of(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def ranges(pairs: list[list[str]]) -> Day:
    return tuple(Interval(minutes_of(opens), minutes_of(closes)) for opens, closes in pairs)


def without(day: Day, breaks: Day) -> Day:
    """Cut breaks out of a day: our calendar says them as the hours of that date."""
    for pause in breaks:
        sides = [
            (side_opens, side_closes)
            for one in day
            for side_opens, side_closes in (
                (one.opens, min(one.closes, pause.opens)),
                (max(one.opens, pause.closes), one.closes),
            )
        ]
        day = tuple(Interval(opens, closes) for opens, closes in sides if opens < closes)
    return day


def calendar_of(rows: dict[str, Any]) -> Schedule:
    """Say a foreign calendar in our rows: over the week go other hours, breaks, then holidays."""
    week = tuple(ranges(rows["hours"].get(name, [])) for name in NAMES)
    exceptions = {date.fromisoformat(on): ranges(day) for on, day in rows["overrides"].items()}
    for on, pauses in rows["breaks"].items():
        day = date.fromisoformat(on)
        exceptions[day] = without(exceptions.get(day, week[day.weekday()]), ranges(pauses))
    exceptions |= {date.fromisoformat(on): () for on in rows["holidays"]}
    return Schedule(rows["tz"], [Version(date(2000, 1, 1), week)], exceptions)


def first_open(calendar: Schedule, at: datetime) -> datetime | None:
    return at if calendar.is_open(at) else calendar.opens_next(at)


def adds(calendar: Schedule, vector: dict[str, Any]) -> bool:
    """Adding nothing is the start itself here (rule 1) and the next open moment there."""
    start, expected = (datetime.fromisoformat(vector[name]) for name in ("start", "expected"))
    if not vector["seconds"]:
        return calendar.add(start, timedelta(0)) == start and (
            first_open(calendar, start) == expected
        )
    return calendar.add(start, timedelta(seconds=vector["seconds"])) == expected


def subtracts(calendar: Schedule, vector: dict[str, Any]) -> bool:
    """Nothing here counts backwards; the answer is the latest moment that far from the end."""
    end, expected = (datetime.fromisoformat(vector[name]) for name in ("start", "expected"))
    working, tick = timedelta(seconds=vector["seconds"]), timedelta(microseconds=1)
    if not working:  # there: the last open moment before
        return calendar.between(expected, end) == working and calendar.is_open(expected - tick)
    return calendar.between(expected, end) == working > calendar.between(expected + tick, end)


def measures(calendar: Schedule, vector: dict[str, Any]) -> bool:
    start, end = (datetime.fromisoformat(vector[name]) for name in ("start", "end"))
    return calendar.between(start, end).total_seconds() == float(vector["expected"])


def opens(calendar: Schedule, vector: dict[str, Any]) -> bool:
    at, expected = (datetime.fromisoformat(vector[name]) for name in ("at", "expected"))
    return first_open(calendar, at) == expected


def tells(calendar: Schedule, vector: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(vector["at"])
    return calendar.is_open(at) is vector["expected"]


CHECKS: dict[str, Callable[[Schedule, dict[str, Any]], bool]] = {
    "add": adds,
    "sub": subtracts,
    "between": measures,
    "next_open": opens,
    "is_open": tells,
}


def test_the_vectors_of_other_libraries_agree(record_property: Callable[[str, str], None]) -> None:
    vectors = others()
    wrong = [
        one["id"] for one in vectors if not CHECKS[one["op"]](calendar_of(one["calendar"]), one)
    ]
    record_property("vectors", f"{len(vectors) - len(wrong)} of {len(vectors)} agree")
    assert vectors
    assert wrong == []
