"""The app itself; it counts deadlines anew when hours change, addresses letters, and knows its kinds of jobs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal import exchange
from portal.delivery import envelope
from portal.jobs import kinds
from portal.support import hooks


class TicketsConfig(AppConfig):
    """Its name and its place."""

    name = "tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        """Listen to changes of hours; models must be ready for that, hence not at the top."""
        from tickets import clock, exports, offered, outgoing, rescheduling  # noqa: PLC0415

        hooks.on_hours_changed.append(rescheduling.hours_changed)
        hooks.limits.append(clock.limits)
        exchange.give_tickets(offered)
        envelope.addressing.append(outgoing.envelope_of)
        envelope.refusing.append(outgoing.why_not)
        kinds.register(rescheduling.RESCHEDULE)
        kinds.register(exports.EXPORT)
