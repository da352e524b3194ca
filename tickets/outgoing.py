"""What stands around a letter that leaves: where answers and failures go, what it answers, its files.

Asked by portal.delivery at the moment a letter leaves. The words of letters are in templates/letters/,
who gets which in notices.py.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from portal import files
from portal.delivery import manners
from portal.delivery.envelope import Envelope, File
from portal.delivery.models import Delivery
from tickets import mail_routes
from tickets.models import Attachment, DeadAddress, IncomingLetter

MB = 1024 * 1024
MOST_INSIDE = 10 * MB  # of files in one letter; base64 and our own words stay far below 25 MB
MOST_NAMED = 20  # ids in References: the root, and the latest
DEAD = "dead address"


def envelope_of(delivery: Delivery) -> Envelope:
    """Give what stands around a letter: of tickets and of everything else."""
    manner = manners.of(delivery.letter)
    number = delivery.context.get("number")
    headers = {"X-Portal-Loop": mail_routes.loop_mark()} if manner.submitted else {}
    answers_to = mail_routes.to_ticket(number) if number and manner.is_answerable else ""
    if answers_to:
        headers["Reply-To"] = answers_to
    if number:
        headers |= _thread(delivery, number)
    return Envelope(
        # A failure comes back to the letter that did not arrive.
        sender=mail_routes.to_delivery(delivery.pk) if delivery.pk else "",
        headers=headers,
        values={"can_answer": bool(answers_to)},
        files=_files(delivery),
    )


def why_not(delivery: Delivery) -> str:
    """Say that an address is dead: nothing but codes goes there (design/security.md, 2.5)."""
    if manners.of(delivery.letter).is_code:
        return ""
    dead = DeadAddress.objects.filter(address=delivery.recipient.lower()).first()
    return f"{DEAD}: {dead.status} {dead.said}".strip(": ") if dead else ""


# What it answers.


def _thread(delivery: Delivery, number: int) -> dict[str, str]:
    """Name what a letter answers: the reader's own letters, and ours to them about this ticket.

    All hang on one root, which was never sent: it holds them together where a mail program shortens
    the chain, or our rows are forgotten.
    """
    root = mail_routes.message_id(number, f"r{_conversation(delivery)}")
    theirs, ours = _letters_from(delivery, number), _letters_to(delivery)
    chain = [told for _at, told in sorted([*theirs, *ours])]
    last = theirs[-1][1] if theirs else chain[-1] if chain else root
    named = [root, *_latest(chain, last)]
    return {"In-Reply-To": last, "References": " ".join(named)}


def _latest(chain: list[str], last: str) -> list[str]:
    """Keep the latest ids; the one that is answered stands at the end (RFC 5322, 3.6.4)."""
    others = [told for told in chain if told != last][-(MOST_NAMED - 2) :]
    return [*others, last] if chain else []


def _conversation(delivery: Delivery) -> str:
    """Name the ticket's conversation with one reader: by the key that keeps its letters in order."""
    return "p" + delivery.dedupe_key.rpartition(":")[2] if delivery.dedupe_key else "p"


def _letters_from(delivery: Delivery, number: int) -> list[tuple[Any, str]]:
    """Give when the reader wrote to this ticket, and the ids of these letters."""
    came = IncomingLetter.objects.filter(
        sender=delivery.recipient.lower(),
        ticket__number=number,
        message__isnull=False,
        received_at__lte=delivery.created_at,
    ).exclude(internet_message_id="")
    return list(came.order_by("received_at").values_list("received_at", "internet_message_id"))


def _letters_to(delivery: Delivery) -> list[tuple[Any, str]]:
    """Give when we wrote to this reader about the ticket before, and the ids of these letters."""
    about = ":".join(delivery.dedupe_key.split(":")[:2]) + ":"
    if not about.startswith("ticket:"):
        return []
    earlier = Delivery.objects.filter(
        dedupe_key__startswith=about, recipient=delivery.recipient, pk__lt=delivery.pk or 0
    )
    found = earlier.order_by("-pk").values_list("created_at", "message_id")[:MOST_NAMED]
    return list(found)[::-1]


# Its files.


def _files(delivery: Delivery) -> list[File]:
    """Give the files of the message in a letter: inside when they are small and the reader is known."""
    said = delivery.context.get("said")
    if not said:
        return []
    found = list(Attachment.objects.filter(message_id=said).order_by("created_at", "id"))
    is_inside = bool(found) and _fit(found) and _is_verified(delivery.recipient)
    return [_file(one, is_inside=is_inside) for one in found]


def _fit(found: Sequence[Attachment]) -> bool:
    are_there = all(files.path_of(one.pk).exists() for one in found)
    return are_there and sum(one.size for one in found) <= MOST_INSIDE


def _is_verified(address: str) -> bool:
    """Whether this address was proven to belong to its account."""
    proven = User.objects.filter(
        email=address, is_active=True, emailaddress__email=address, emailaddress__verified=True
    )
    return proven.exists()


def _file(one: Attachment, *, is_inside: bool) -> File:
    return File(
        name=one.name,
        content_type=one.content_type,
        size=one.size,
        url=settings.SITE_URL + reverse("attachment", args=[one.pk]),
        path=files.path_of(one.pk),
        is_inside=is_inside,
    )
