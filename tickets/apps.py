"""The app itself; it counts deadlines anew when hours change."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.support import hooks


class TicketsConfig(AppConfig):
    """Its name and its place."""

    name = "tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        """Listen to changes of hours; models must be ready for that, hence not at the top."""
        from tickets import clock  # noqa: PLC0415

        hooks.on_hours_changed.append(clock.reschedule_open)
