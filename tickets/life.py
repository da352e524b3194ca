"""What happens to waiting tickets by itself: reminded of, closed as announced, gone on with.

Letters keep to support hours: nobody is woken by a reminder. Critical and high incidents go on at
the first minute of the agreed date, since their work counts every hour (docs/sla.md, rule 12).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.support.schedule import current_schedule
from tickets import actions, policy
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet
from tickets.watch import URGENT

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Lived:
    """What one run did: how many tickets were gone on with, closed, reminded of."""

    came_back: int
    closed: int
    reminded: int


def live(*, at: datetime) -> Lived:
    """Do what is due: first what goes on, then what ends, then what is reminded of."""
    schedule = current_schedule()
    agreed = Ticket.objects.agreed_for(schedule.day_of(at))
    if not schedule.is_open(at):
        return Lived(_each(agreed.filter(URGENT), actions.come_back, at), 0, 0)
    silent = Ticket.objects.silent_since(at - timedelta(days=policy.current().remind_days))
    return Lived(
        _each(agreed, actions.come_back, at),
        _each(Ticket.objects.to_close_at(at), actions.close_by_silence, at),
        _each(silent, actions.remind, at),
    )


def _each(found: TicketQuerySet, act: Callable[..., bool], at: datetime) -> int:
    """Do it to each in a transaction of its own; what is left over waits for the next run."""
    numbers = found.order_by("status_since", "id").values_list("id", flat=True)[:MOST_AT_ONCE]
    return sum(act(ticket_id=number, at=at) for number in list(numbers))
