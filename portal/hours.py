"""When support is open. *Pure.*"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """Minutes from local midnight; a closing past 1440 crosses midnight."""

    opens: int
    closes: int
