"""Which kinds of work there are; apps above register theirs when they start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise

if TYPE_CHECKING:
    from portal.jobs.models import Job


@dataclass(frozen=True)
class Progress:
    """How far a job is after a batch, and where it would go on."""

    done: int
    total: int
    cursor: dict[str, Any] = field(default_factory=dict)
    note: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    `work` does a batch each time it is asked for the next progress; the batch and the progress are
    committed together. One that `is_resumable` goes on from the cursor of its job.
    """

    code: str
    title: str | Promise
    work: Callable[[Job], Iterator[Progress]]
    # Words about its note; gets `job`. Empty: nothing to say.
    template: str = ""
    is_resumable: bool = False


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind of work known."""
    _KINDS[kind.code] = kind


def kind_of(job: Job) -> Kind | None:
    """Give the kind of a job; None when the app that knew it is gone."""
    return _KINDS.get(job.kind)
