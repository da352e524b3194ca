"""The rota of duty, read: who is called now, in which order, and when nobody would be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from tickets.models import DutyShift, Rank
from tickets.querysets import sees_all

HEADS = 3  # the step that follows both ranks
AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class Gap:
    """A stretch in which nobody is called first."""

    starts_at: datetime
    ends_at: datetime


def on_duty(*, at: datetime) -> dict[int, User]:
    """Give who is on duty, by the order in which they are called; who has left the desk is nobody."""
    running = DutyShift.objects.filter(starts_at__lte=at, ends_at__gt=at)
    shifts = running.select_related("person__role").order_by()
    return {one.rank: one.person for one in shifts if sees_all(one.person)}


def steps(first: int, *, at: datetime) -> Iterator[tuple[int, list[User]]]:
    """Name, from a step of an alert on, whom each calls: the first, the second, the heads of support."""
    if first < HEADS:
        ranks = on_duty(at=at)
        for rank in range(first, HEADS):
            yield rank, [ranks[rank]] if rank in ranks else []
    yield HEADS, list(User.objects.heads().select_related("role").order_by("pk"))


def shifts(*, at: datetime, ahead: timedelta = AHEAD) -> list[DutyShift]:
    """Give the shifts that run now or begin soon, in the order in which they begin."""
    found = DutyShift.objects.filter(ends_at__gt=at, starts_at__lt=at + ahead)
    return list(found.select_related("person").order_by("starts_at", "rank"))


def gaps(found: Iterable[DutyShift], *, at: datetime, ahead: timedelta = AHEAD) -> list[Gap]:
    """Name the stretches to come in which nobody is called first."""
    free, reached, end = [], at, at + ahead
    firsts = (one for one in found if one.rank == Rank.FIRST and one.ends_at > at)
    for shift in sorted(firsts, key=lambda one: one.starts_at):
        if shift.starts_at > reached:
            free.append(Gap(reached, min(shift.starts_at, end)))
        reached = max(reached, shift.ends_at)
    if reached < end:
        free.append(Gap(reached, end))
    return free
