"""`manage.py receive_mail support@…`: take a letter from standard input, as a mail server's pipe hands it over.

Ends with 0 only when the letter is stored; 75 (EX_TEMPFAIL) lets the mail server try again.
"""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from tickets.channels.email import store
from tickets.models import Mailbox

TRY_AGAIN = 75  # sysexits.h: EX_TEMPFAIL
NO_SUCH_BOX = 67  # sysexits.h: EX_NOUSER
LARGEST = 40 * 1024 * 1024  # bytes; the rest of a letter is told apart when it is read


class Command(BaseCommand):
    """Store one letter."""

    help = "Store a letter from standard input; ends with 0 only when it is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the mailbox, and the sender of the envelope where it is known."""
        parser.add_argument("mailbox")
        parser.add_argument("--sender", default=None, help="envelope sender; <> for a bounce")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Keep what comes in."""
        raw = sys.stdin.buffer.read(LARGEST)
        sender = options["sender"]
        try:
            mailbox = _mailbox(options["mailbox"])
            if mailbox is None:
                self.stderr.write(f"no mailbox {options['mailbox']}")
                sys.exit(NO_SUCH_BOX)
            store.keep(
                raw,
                mailbox=mailbox,
                received_at=timezone.now(),
                envelope_from=None if sender is None else sender.strip("<>"),
            )
        except (DatabaseError, OSError) as error:
            self.stderr.write(f"not stored: {type(error).__name__}{os.linesep}")
            sys.exit(TRY_AGAIN)


def _mailbox(address: str) -> Mailbox | None:
    """Give the mailbox of an address, the part after "+" that routes an answer left out."""
    name, _at, domain = address.lower().rpartition("@")
    plain = f"{name.partition('+')[0]}@{domain}"
    rows = Mailbox.objects.filter(is_active=True)
    return rows.filter(address__iexact=address).first() or rows.filter(address=plain).first()
