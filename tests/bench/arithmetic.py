"""`python -m tests.bench.arithmetic OPEN`: the cost of deadlines, one and all of them anew."""

import os
import random
import sys
import time
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ["STATEMENT_TIMEOUT"] = "0"
django.setup()

from django.core.management import call_command
from django.utils import timezone

from portal.support.models import HoursException
from portal.support.schedule import current_schedule, forget
from tests.bench import seed
from tickets.models import Clock

# Counting anew is a job of its own where it has been built.
RESCHEDULING = import_module(
    "tickets.rescheduling" if find_spec("tickets.rescheduling") else "tickets.clock"
)
DISTANCES = {
    "30 minutes": timedelta(minutes=30),
    "3 hours": timedelta(hours=3),
    "60 days of work": timedelta(days=60),
    "3 years of work": timedelta(days=3 * 365),
}
GOAL, LONGEST = 25, 60  # microseconds a deadline, seconds per 100,000 tickets
TIMES = 20_000


def main(count: int) -> None:
    """Fill the database that DATABASE_URL names with open tickets, and print."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    _deadlines()
    _recomputation(count)


def _deadlines() -> None:
    schedule, luck, now = current_schedule(), random.Random(3), timezone.now()
    moments = [now + timedelta(minutes=luck.randrange(500_000)) for _time in range(TIMES)]
    print(f"\nOne deadline, microseconds (goal: at most {GOAL}, whatever its distance)")
    for name, length in DISTANCES.items():
        for moment in moments[:500]:
            schedule.add(moment, length)
        started = time.perf_counter()
        for moment in moments:
            schedule.add(moment, length)
        taken = (time.perf_counter() - started) / TIMES * 1e6
        print(f"| {name:<16} | {taken:6.1f} | {'ok' if taken <= GOAL else 'OVER'} |")


def _recomputation(count: int) -> None:
    seed.tickets(count, seed.people(max(5, min(500, count // 50))), open_share=1)
    waiting = Clock.objects.responses().running().count()
    print(f"\n{count} open tickets are computed anew; in {waiting} a customer waits for words")
    _timed("nothing moves", count)
    # Danger: not the action, which refuses to change the past; here every deadline has to move.
    today = timezone.localdate()
    HoursException.objects.bulk_create(
        HoursException(on=today + timedelta(days=day), hours="", name_ru="Замер")
        for day in range(-10, 10)
    )
    forget()
    _timed("20 days became holidays", count)


def _timed(name: str, count: int) -> None:
    started = time.perf_counter()
    moved = RESCHEDULING.reschedule_open(timezone.now())
    taken = time.perf_counter() - started
    goal = "ok" if taken <= LONGEST * max(count, 1) / 100_000 else "OVER"
    print(f"| {name:<30} | {taken:6.1f} s | {moved} moved | {goal} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
