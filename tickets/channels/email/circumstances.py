"""What the database knows of a letter and its sender before anything becomes of it: one question."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from tickets.models import IncomingLetter, LetterState

LATELY = timedelta(minutes=10)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
COPIES_WITHIN = timedelta(days=30)
DECIDED = (LetterState.DONE, LetterState.QUARANTINED, LetterState.DISCARDED, LetterState.FAILED)

# Counted up to the letter itself: what came behind it must not hold it back when it is read late.
ASK = """
select
    exists (select from tickets_incomingletter
        where canonical = %(canonical)s and received_at between %(copied)s and %(at)s
            and id <> %(id)s and state <> 'duplicate'
            and (received_at < %(at)s or id < %(id)s or state = any(%(decided)s))),
    exists (select from delivery_delivery
        where message_id = %(message_id)s),
    exists (select from tickets_incomingletter
        where internet_message_id = %(message_id)s and internet_message_id <> ''
            and id <> %(id)s and state <> 'duplicate'),
    exists (select from tickets_incomingletter
        where sender = %(sender)s and received_at > %(day)s and received_at <= %(at)s
            and id <> %(id)s and text = %(text)s and text <> '' and state <> 'duplicate'),
    exists (select from tickets_deadaddress where address = %(sender)s),
    (select count(*) from tickets_incomingletter
        where sender = %(sender)s and received_at > %(lately)s and received_at <= %(at)s
            and state <> 'duplicate'),
    (select count(*) from tickets_ticket t join accounts_user u on u.id = t.requester_id
        where u.email = %(sender)s and t.channel = 'email' and t.received_at > %(hour)s),
    (select count(*) from delivery_delivery
        where letter = 'ticket_received' and recipient = %(sender)s and created_at > %(hour)s),
    (select count(*) from delivery_delivery
        where letter = 'ticket_received' and recipient = %(sender)s and created_at > %(day)s)
"""


@dataclass(frozen=True)
class Circumstances:
    """What is known of a letter that has been read."""

    is_copy: bool  # it came before: to another of our addresses, or once more to this one
    is_our_own: bool  # its Message-ID is that of a letter that we sent
    is_seen: bool  # another letter came with its Message-ID
    is_repeated: (
        bool  # it sent the same words within a day, as machines do that say not what they are
    )
    is_dead: bool  # mail servers told us that nobody is there
    letters: int  # of this sender in the last ten minutes, itself among them
    tickets: int  # filed by mail by this sender in the hour before it
    receipts_an_hour: int
    receipts_a_day: int


def of(letter: IncomingLetter) -> Circumstances:
    """Ask all of it at once."""
    at = letter.received_at
    values: dict[str, Any] = {
        "id": letter.pk,
        "canonical": letter.canonical,
        # A mailbox that numbers its letters anew brings them with the times they had.
        "decided": [state.value for state in DECIDED],
        "message_id": letter.internet_message_id,
        "sender": letter.sender,
        "text": letter.text.strip() and letter.text,
        "at": at,
        "lately": at - LATELY,
        "hour": at - AN_HOUR,
        "day": at - A_DAY,
        "copied": at - COPIES_WITHIN,
    }
    with connection.cursor() as cursor:
        cursor.execute(ASK, values)
        row = cursor.fetchone()
    return Circumstances(*row)
