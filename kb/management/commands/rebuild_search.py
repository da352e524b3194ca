"""`manage.py rebuild_search`: indexes every published article anew."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from kb import indexing


class Command(BaseCommand):
    """Needed after a change of the indexing rules; otherwise the index keeps itself."""

    help = "Index every published article anew."

    def handle(self, **_options: Any) -> None:
        """Rebuild in one transaction: readers find everything meanwhile."""
        with transaction.atomic():
            count = indexing.rebuild()
        self.stdout.write(f"{count} articles indexed")
