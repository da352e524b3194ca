"""Keeps a letter before anything else: its bytes on disk, a row in the database, then it is ours.

Only when both are there may the mailbox mark it as seen, or the mail server be told that we have it
(design/security.md, 2.1 and 2.2).
"""

import hashlib
import os
import re
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from portal.delivery.bell import ring_after_commit
from tickets.channels.email.headers import Fields
from tickets.models import IncomingLetter, Mailbox

TAKE = "tickets.tasks.take_letters"
# Why there may be no more than a letter's head.
ONLY_HEAD = frozenset({"too_large", "not_given"})
ALIKE = ("from", "to", "cc", "date", "message-id", "subject")


def keep(
    raw: bytes,
    *,
    mailbox: Mailbox,
    received_at: datetime,
    uid: int | None = None,
    uidvalidity: int = 0,
    envelope_from: str | None = None,
    only_head: str = "",
    size: int | None = None,
    rings: bool = True,
) -> IncomingLetter:
    """Store a letter; the same one of the same mailbox gives the row that is there already.

    `only_head` is the reason why there is no more than its head, `size` then what it would have.
    """
    digest = hashlib.sha256(raw).hexdigest()
    if (there := _there(mailbox, uidvalidity, uid)) is not None:
        return there
    letter = IncomingLetter(
        id=uuid4(),
        mailbox=mailbox,
        uidvalidity=uidvalidity,
        uid=uid,
        digest=digest,
        canonical=canonical(raw),
        size=len(raw) if size is None else size,
        reason=only_head,
        envelope_from=envelope_from,
        received_at=received_at,
        next_at=received_at,
    )
    write(letter.id, raw)
    try:
        with transaction.atomic():
            letter.save(force_insert=True)
            if rings:
                ring_after_commit(TAKE)
    except IntegrityError:
        # Race: two who fetch the same mailbox at once; the other one has it.
        path_of(letter.id).unlink(missing_ok=True)
        there = _there(mailbox, uidvalidity, uid)
        if there is None:
            raise
        return there
    return letter


def _there(mailbox: Mailbox, uidvalidity: int, uid: int | None) -> IncomingLetter | None:
    if uid is None:
        return None
    return IncomingLetter.objects.filter(mailbox=mailbox, uidvalidity=uidvalidity, uid=uid).first()


def canonical(raw: bytes) -> str:
    """Give a hash of what every copy of a letter has alike, whatever road it took."""
    fields = Fields(raw)
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[1:] or [b""]
    digest = hashlib.sha256()
    for name in ALIKE:
        digest.update(name.encode() + b"\0" + b"\0".join(fields.all(name)) + b"\1")
    digest.update(body[0].replace(b"\r\n", b"\n").rstrip())
    return digest.hexdigest()


def write(id: UUID, raw: bytes) -> None:  # noqa: A002
    """Put the bytes on disk so that a cut of power does not take them."""
    place = path_of(id)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = place.with_suffix(".part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(place)
    _sync(place.parent)


def _sync(folder: Path) -> None:
    """Make the name of the file as lasting as its bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def path_of(id: UUID) -> Path:  # noqa: A002
    """Name the place of a letter's bytes."""
    return Path(settings.MAIL_ROOT) / str(id)[:2] / f"{id}.eml"
