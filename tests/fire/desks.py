"""`python -m tests.fire.desks prepare|write`: the database and the busy colleague of two hundred desks.

`prepare TICKETS DESKS` migrates and fills the database that DATABASE_URL names; its last line is JSON:
the sessions of so many desks, and numbers of open tickets. `write PER_SECOND` answers and judges
tickets until its input ends, and says how many.
"""

import json
import os
import random
import sys
import threading
import time
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from portal.refusals import Refused
from tests.bench import seed
from tickets import actions, search
from tickets.models import Ticket

MOST_WRITTEN = 2000


def prepare(tickets: int, desks: int) -> None:
    """Fill the database, and sign the desks in."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    made = seed.people(100)
    seed.tickets(tickets, made)
    search.index_at_once()
    staff = list(User.objects.desk().filter(role__code="specialist"))
    sessions = [seed.session_of(staff[number % len(staff)]) for number in range(desks)]
    numbers = Ticket.objects.open().order_by("-id").values_list("number", flat=True)[:desks]
    print(json.dumps({"sessions": sessions, "numbers": list(numbers)}))


def write(per_second: float) -> None:
    """Answer and judge open tickets, some each second, until the input ends."""
    stop, luck, done = threading.Event(), random.Random(5), 0
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    actor = User.objects.get(pk=User.objects.desk().filter(role__code="specialist").first().pk)
    found = list(Ticket.objects.open().order_by("-id")[:MOST_WRITTEN])
    began = time.monotonic()
    while not stop.wait(max(0, began + done / per_second - time.monotonic())):
        _act(luck.choice(found), actor, luck)
        done += 1
    print(done)


def _act(ticket: Ticket, actor: User, luck: random.Random) -> None:
    at = timezone.now()
    try:
        if luck.random() < 0.5:
            actions.reply(ticket=ticket, author=actor, text="Проверьте", form_key=uuid4(), at=at)
        else:
            priority = luck.choice(("low", "medium"))
            category = Ticket.objects.get(pk=ticket.pk).category
            actions.triage(ticket=ticket, actor=actor, category=category, priority=priority, at=at)
    except Refused:
        pass  # closed meanwhile, or so already


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(int(sys.argv[2]), int(sys.argv[3]))
    else:
        write(float(sys.argv[2]))
