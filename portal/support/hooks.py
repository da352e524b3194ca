"""What apps above tell this one when they start: who counts by the hours, and which limits there are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

# Called in the transaction of the change, with its moment.
on_hours_changed: list[Callable[[datetime], object]] = []


def tell_hours_changed(at: datetime) -> None:
    """Let everybody who counts by the hours count anew."""
    for listener in on_hours_changed:
        listener(at)


@dataclass(frozen=True)
class Limit:
    """How long something may take: a code, its words, and the minutes."""

    code: str
    name: str
    minutes: int


# Each gives the limits in force at a moment, for the trial of hours in the admin.
limits: list[Callable[[datetime], Iterable[Limit]]] = []


def limits_at(at: datetime) -> list[Limit]:
    """Give the limits that apps above have, in their order."""
    return [limit for give in limits for limit in give(at)]
