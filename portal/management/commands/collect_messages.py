"""`manage.py collect_messages`: bring the catalogues up to date and compile them."""

from typing import Any

from django.core.management.base import BaseCommand

from portal import catalogues


class Command(BaseCommand):
    """Collects texts, keeps translations, compiles."""

    help = "Collect texts of code and templates into locale/ and compile the catalogues."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Collect, then say what still wants a translation."""
        catalogues.collect()
        for problem in catalogues.problems():
            self.stdout.write(problem)
