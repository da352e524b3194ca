"""`manage.py check_catalogues`: fails when a text has no Russian or no English."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import catalogues


class Command(BaseCommand):
    """Proves that both catalogues are complete and compiled."""

    help = "Fail when a text of code or templates is missing from a catalogue."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """List every problem; end with an error when there is one."""
        found = list(catalogues.problems())
        for problem in found:
            self.stderr.write(problem)
        if found:
            raise CommandError(f"{len(found)} problems in the catalogues; run `make messages`.")
        self.stdout.write("Both catalogues are complete.")
