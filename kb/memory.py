"""What many pages show, remembered in this process until something that readers see changes."""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

REMEMBERED_FOR = 60  # seconds: reads are counted all the time and change what is popular
MOST_REMEMBERED = 2000

T = TypeVar("T")
_pinned: ContextVar[tuple[UUID | None] | None] = ContextVar("pinned", default=None)
_remembered: dict[Hashable, tuple[float, Any]] = {}


def forget() -> None:
    """Forget everything, as tests need between two moments."""
    _remembered.clear()


@contextmanager
def at_one_version() -> Iterator[None]:
    """Ask for the version once: a page is made of what holds at its beginning."""
    token = _pinned.set((_version(),))
    try:
        yield
    finally:
        _pinned.reset(token)


def version() -> UUID | None:
    """Give what changes whenever readers would see something else."""
    pinned = _pinned.get()
    return pinned[0] if pinned else _version()


def _version() -> UUID | None:
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
