"""`manage.py fetch_mail`: looks after all mailboxes, a thread for each, until it is ended.

`--once` asks each mailbox once and ends. Several such processes are harmless: each mailbox is held
by one of them. Without this process the schedule asks every few minutes.
"""

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from tickets.channels.email import fetching
from tickets.models import Mailbox

log = logging.getLogger("tickets.mail")
LOOK_EVERY = 5.0  # seconds until a mailbox that was added or changed is noticed
HELD_ELSEWHERE = 15.0  # seconds until we ask again whether another process still holds a mailbox
SHORTEST_REST = 1.0  # seconds between two sessions
GOODBYE = 2.0  # seconds for the threads to end; what is cut off is fetched the next time


class Command(BaseCommand):
    """Fetches letters."""

    help = "Fetch letters from all mailboxes as they come, until it is ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Allow to ask once only."""
        parser.add_argument("--once", action="store_true", help="ask each mailbox once, then end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        if options["once"]:
            for mailbox in fetching.waiting():
                fetching.poll(mailbox)
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_signal: stop.set())
        run(stop)


def run(stop: threading.Event) -> None:
    """Keep a thread for each mailbox in use."""
    threads: dict[int, threading.Thread] = {}
    while not stop.is_set():
        try:
            wanted = [one.pk for one in fetching.waiting()]
        except DatabaseError:
            connection.close()
            wanted = []
        for pk in wanted:
            if pk not in threads or not threads[pk].is_alive():
                threads[pk] = threading.Thread(target=_keep_fetching, args=(pk, stop), daemon=True)
                threads[pk].start()
        stop.wait(LOOK_EVERY)
    for thread in threads.values():
        thread.join(GOODBYE)


def _keep_fetching(pk: int, stop: threading.Event) -> None:
    """Look after one mailbox until it is no longer used; whatever breaks is tried again later."""
    while not stop.is_set():
        rest = HELD_ELSEWHERE
        try:
            mailbox = Mailbox.objects.filter(pk=pk, is_active=True).exclude(host="").first()
            if mailbox is None:
                break
            if fetching.look_after(mailbox, stop):
                mailbox.refresh_from_db(fields=["failures"])
                rest = max(SHORTEST_REST, fetching.pause(mailbox.failures).total_seconds())
        except DatabaseError:
            connection.close()
        except Exception:
            log.exception("a mailbox is not read", extra={"mailbox": pk})
        stop.wait(rest)
    connection.close()
