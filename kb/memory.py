"""What many pages show, remembered in this process until something that readers see changes."""

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

REMEMBERED_FOR = 60  # seconds: reads are counted all the time and change what is popular
MOST_REMEMBERED = 2000

T = TypeVar("T")
_remembered: dict[Hashable, tuple[float, Any]] = {}


def forget() -> None:
    """Forget everything, as tests need between two moments."""
    _remembered.clear()


def version() -> UUID | None:
    """Give what changes whenever readers would see something else."""
    # Every page asks this, and composing the query would take longer than its answer.
    with connection.cursor() as cursor:
        cursor.execute("select version from kb_searchstatistics where id = 1")
        row: tuple[UUID] | None = cursor.fetchone()
    return row[0] if row else None


def remember(key: Hashable, make: Callable[[], T]) -> T:
    """Give what was made last under this key; made anew a minute later, and after every change."""
    present = version()
    found = _remembered.get((key, present))
    if found and found[0] > time.monotonic():
        kept: T = found[1]
        return kept
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    made = make()
    _remembered[key, present] = (time.monotonic() + REMEMBERED_FOR, made)
    return made
