"""Letters that wait for a person, as the tests of the desk need them."""

from datetime import datetime
from itertools import count
from typing import Any

from tests.tickets.channels.letters import letter as written
from tickets.channels.email import store
from tickets.models import IncomingLetter, Mailbox

SUPPORT = "support@portal.example"
_numbers = count(1)


def waiting(received_at: datetime, *, raw: bytes = b"", **facts: Any) -> IncomingLetter:
    """Keep a letter that could not be believed: in anna's name, unless told otherwise."""
    mailbox, _made = Mailbox.objects.get_or_create(address=SUPPORT)
    number = next(_numbers)
    given = {
        "state": "quarantined",
        "reason": "unsigned",
        "verdict": "unsigned",
        "is_authentic": False,
        "sender_name": "Анна Лебедева",
        "sender": "anna@verf.example",
        "subject": f"Календарь {number}",
        "text": "Не открывается календарь цен.",
        **facts,
    }
    kept = store.keep(
        raw
        or written(
            given["text"],
            sender=f"Anna <{given['sender']}>",
            to=SUPPORT,
            subject=given["subject"],
            at=received_at,
            message_id=f"<{number}@verf.example>",
        ),
        mailbox=mailbox,
        received_at=received_at,
    )
    IncomingLetter.objects.filter(pk=kept.pk).update(**given)
    kept.refresh_from_db()
    return kept


WITH_FILE = (
    "From: Anna <anna@verf.example>\r\nTo: support@portal.example\r\nSubject: x\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nСмотрите файл.\r\n"
    '--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename="../счёт.html"\r\n\r\n'
    "<script>alert(1)</script>\r\n--b--\r\n"
).encode()
