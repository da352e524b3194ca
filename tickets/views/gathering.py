"""Reads lists of several tables in one round: what a page shows of a ticket takes one, not ten."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from tickets.querysets import filled

# A list of rows is empty, never null. Times come as texts in ISO form.
ROWS = "(select coalesce(json_agg(r), '[]') from ({rows}) r)"

# A statement with the values that stand in its places, marks among them.
Composed = tuple[str, tuple[Any, ...]]


def compose_lists(lists: Mapping[str, Composed]) -> Composed:
    """Put queries, each of which has its columns under names of their own, into one statement."""
    rows = (ROWS.format(rows=sql) for sql, _values in lists.values())
    # Shorter: the driver takes long statements apart anew each time.
    statement = " ".join(f"select {', '.join(rows)}".split())
    return statement, tuple(value for _sql, values in lists.values() for value in values)


def read_lists(
    names: Mapping[str, Any], composed: Composed, places: Mapping[Hashable, Any]
) -> dict[str, list[tuple[Any, ...]]]:
    """Read the lists of a composed statement, under their names; `places` fills its marks."""
    sql, values = composed
    with connection.cursor() as cursor:
        cursor.execute(sql, filled(values, places))
        lists = cursor.fetchone()
    return {
        name: [tuple(row.values()) for row in rows] for name, rows in zip(names, lists, strict=True)
    }


def moment(text: str | None) -> datetime | None:
    """Read a time of such a list."""
    return datetime.fromisoformat(text) if text else None
