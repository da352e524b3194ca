"""`manage.py load_demo`: believable people, articles, tickets and feedback."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from portal.demo import load


class Command(BaseCommand):
    """Fills an empty portal; refuses where there are people already, and in production."""

    help = "Write the demo into an empty database."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write the demo, or say why not."""
        if settings.PRODUCTION:
            raise CommandError("The demo has known passwords: never in production.")
        if User.objects.exists():
            raise CommandError("There are people already; the demo is for an empty database.")
        load.load(at=timezone.now(), tell=self.stdout.write)
