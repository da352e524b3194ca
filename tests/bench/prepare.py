"""`python -m tests.bench.prepare TICKETS ARTICLES`: migrate and fill a database for measuring.

Prints, last, the sessions of a customer and of a specialist, and the number of a ticket of theirs.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command

from tests.bench import seed
from tickets.models import Ticket


def main(tickets: int, articles: int) -> None:
    """Fill the database that DATABASE_URL names."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    made = seed.people(max(5, min(500, tickets // 50)))
    seed.articles(articles)
    seed.tickets(tickets, made)
    manager = made["manager0"]
    number = Ticket.objects.visible_to(manager).order_by("id").values_list("number", flat=True)[0]
    print(seed.session_of(manager), seed.session_of(made["sergey"]), number)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
