"""`manage.py rebuild_reports`: adds up the figures of all days anew."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tickets import figures


class Command(BaseCommand):
    """Needed after tickets were written past the portal; otherwise the figures keep themselves."""

    help = "Add up the figures of reports of all days anew."

    def handle(self, **_options: Any) -> None:
        """Count month by month."""
        days = figures.rebuild(at=timezone.now())
        self.stdout.write(f"{days} days counted")
