"""Forgets letters that became nothing: their words, names and bytes; what they were is kept as figures."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from tickets.channels.email import store
from tickets.models import IncomingLetter, LetterState

KEPT_FOR = timedelta(days=180)  # docs/email.md
MOST_AT_ONCE = 1000
GONE: dict[str, Any] = {
    "sender_name": "",
    "sender": "",
    "subject": "",
    "internet_message_id": "",
    "text": "",
    "names": [],
    "sizes": [],
    "detail": "",
    "envelope_from": None,
    "person": None,
}


def forget(*, at: datetime) -> int:
    """Forget every letter that is in no ticket and older than 180 days; answers how many."""
    forgotten = 0
    while some := _forget_some(at):
        forgotten += some
    return forgotten


@transaction.atomic
def _forget_some(at: datetime) -> int:
    old = IncomingLetter.objects.became_nothing().filter(
        forgotten_at=None, received_at__lt=at - KEPT_FOR
    )
    # Race: a letter that somebody works on just now is left for the next night.
    held = old.select_for_update(skip_locked=True).order_by("received_at")
    ids = list(held.values_list("pk", flat=True)[:MOST_AT_ONCE])
    # Order matters: bytes first. Where it ends in between, the rows are found again and lose theirs.
    for one in ids:
        store.path_of(one).unlink(missing_ok=True)
    letters = IncomingLetter.objects.filter(pk__in=ids)
    letters.waiting().update(state=LetterState.DISCARDED)
    letters.update(forgotten_at=at, **GONE)
    return len(ids)
