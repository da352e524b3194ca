"""`python -m tests.bench.prepare TICKETS ARTICLES`: migrate and fill a database for measuring.

Prints, last, a line of JSON: sessions, a token and numbers that the requests need.
"""

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["STATEMENT_TIMEOUT"] = "0"  # indexes of a million rows take longer than a page may
django.setup()

from django.core.management import call_command
from rest_framework.authtoken.models import Token

from tests.bench import seed


def main(tickets: int, articles: int) -> None:
    """Fill the database that DATABASE_URL names."""
    started = time.perf_counter()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    made = seed.people(max(5, min(2000, tickets // 50)))
    seed.articles(articles)
    taken = {"people and articles": time.perf_counter() - started, **seed.tickets(tickets, made)}
    manager, sergey = made["manager0"], made["sergey"]
    ticket = seed.long_conversation(manager, sergey)
    told = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in taken.items())
    print(f"Filled with {tickets} tickets in {sum(taken.values()):.0f} s: {told}", file=sys.stderr)
    found = {
        "customer": seed.session_of(manager),
        "specialist": seed.session_of(sergey),
        "head": seed.session_of(made["galina"]),
        "token": Token.objects.create(user=manager).key,
        "articles": articles,
        "number": ticket.number,
        "ticket": ticket.pk,
        "property": manager.organization.properties.get().pk if manager.organization else 0,
        "waiting": seed.waiting(made),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
