"""Who wants to know that hours have changed; apps above register themselves when they start."""

from collections.abc import Callable
from datetime import datetime

# Called in the transaction of the change, with its moment.
on_hours_changed: list[Callable[[datetime], object]] = []


def tell_hours_changed(at: datetime) -> None:
    """Let everybody who counts by the hours count anew."""
    for listener in on_hours_changed:
        listener(at)
