"""`manage.py drain_outbox`: send what waits, without Celery."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.delivery import sending


class Command(BaseCommand):
    """Empties the outbox once; a timer may call it when the broker is down."""

    help = "Send every delivery that is due."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Send until nothing is due, and say how much it was."""
        total = 0
        while taken := sending.drain():
            total += taken
        self.stdout.write(f"{total} deliveries")
