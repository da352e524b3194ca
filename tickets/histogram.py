"""Lengths of time counted in buckets that grow by a tenth: medians of any period by adding up. *Pure.*

A bucket holds the lengths from 1.1^n to 1.1^(n+1) seconds and answers with its geometric middle, so
a percentile is wrong by the root of 1.1 at most: 4.9 percent. What is shorter than a second counts
as one.
"""

import math
from collections.abc import Iterable, Mapping

GROWTH = 1.1
# Shown beside medians: how far off they may be, in percent.
MOST_ERROR = 5


def bucket_of(seconds: float) -> int:
    """Give the bucket of a length; figures.py does the same in SQL."""
    return int(math.log(max(seconds, 1.0)) / math.log(GROWTH))


def length_of(bucket: int) -> float:
    """Give the length for which a bucket stands, in seconds."""
    return float(GROWTH ** (bucket + 0.5))


def add(into: dict[int, int], buckets: Iterable[int], counts: Iterable[int]) -> None:
    """Add a histogram to another."""
    for bucket, count in zip(buckets, counts, strict=True):
        into[bucket] = into.get(bucket, 0) + count


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """Give the length that this share of all does not exceed, in seconds; None when there are none."""
    wanted = share * sum(histogram.values())
    seen = 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= wanted:
            return length_of(bucket)
    return None
