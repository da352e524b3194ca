"""`manage.py rebuild_ticket_search`: indexes the words of all tickets anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tickets import search
from tickets.models import Ticket


class Command(BaseCommand):
    """Needed after names of people or hotels changed, or the rules of indexing did."""

    help = "Index the words of all tickets anew, in batches; stop it and go on with --after."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say where to go on."""
        parser.add_argument("--after", type=int, default=0, help="the last ticket that was done")

    def handle(self, *, after: int, **_options: Any) -> None:
        """Rebuild batch by batch, saying how far it is."""
        last = Ticket.objects.order_by("-id").values_list("id", flat=True).first() or 0

        def tell(done: int) -> None:
            self.stdout.write(f"{100 * done // max(last, 1)} %, up to ticket {done}")

        search.rebuild(after=after, tell=tell)
        self.stdout.write("Done.")
