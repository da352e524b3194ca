"""Opens a kept letter once more: its words, its files, and what its fields say of who wrote it.

Words and files are taken apart in a process that may be killed, as when the letter came; the fields
are only looked at.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from portal import files
from portal.refusals import Refused
from tickets.channels.email import authenticity, caps, store, worker
from tickets.channels.email.authenticity import Position, Trust
from tickets.channels.email.headers import Fields, decode
from tickets.channels.email.reader import Killed, Reader
from tickets.models import IncomingLetter

SECONDS = 25.0
HEAD = 2 * caps.LONGEST_HEADERS  # bytes: where the fields of any letter end that is looked at
LONGEST_SHOWN = 1000  # characters of a field
# What Russian letters come in, and what their programs confuse it with.
CHARSETS = ("utf-8", "cp1251", "koi8-r", "cp866", "iso-8859-5", "mac-cyrillic", "cp1252", "utf-16")


class NotReadable(Refused):
    """Nothing can be taken out of this letter by us."""

    code = "not_readable"
    message = _("This letter cannot be taken apart here. Its original can be downloaded.")


@dataclass(frozen=True)
class Signature:
    """A DKIM signature, as its own tags tell."""

    domain: str
    selector: str
    signed: str
    is_aligned: bool


@dataclass(frozen=True)
class Result:
    """A verdict of a mail server, and whether it stands where only ours writes."""

    text: str
    is_used: bool


@dataclass(frozen=True)
class Facts:
    """What the fields of a letter say; nothing of it is believed by being shown."""

    fields: tuple[tuple[str, str], ...]
    signatures: tuple[Signature, ...]
    results: tuple[Result, ...]


@contextmanager
def opened(letter: IncomingLetter, *, charset: str = "") -> Iterator[dict[str, Any]]:
    """Take a letter apart; its files lie there until the block ends. Raises NotReadable."""
    place = store.path_of(letter.pk)
    if not place.exists():
        raise NotReadable
    with tempfile.TemporaryDirectory(prefix="letter-") as folder:
        reader = Reader()
        try:
            told = reader.ask(_question(place, folder, charset), seconds=SECONDS)
        except Killed as error:
            raise NotReadable from error
        finally:
            reader.close()
        if told["reason"]:
            raise NotReadable
        yield told


def _question(place: Path, folder: str, charset: str) -> dict[str, Any]:
    return {
        "path": str(place),
        "folder": folder,
        "charset": charset,
        "only_words": True,
        "most_files": files.MOST_FILES,
        "envelope_from": None,
        "own": [],
        "mark": "",
    }


def text_in(letter: IncomingLetter, charset: str) -> str:
    """Give the words of a letter as they read in another charset. Raises NotReadable."""
    with opened(letter, charset=charset) as told:
        return str(told["text"])


def file_of(letter: IncomingLetter, place: int) -> tuple[str, IO[bytes]]:
    """Give a file of a letter by its place: its name, and its bytes to be read. Raises NotReadable."""
    with opened(letter) as told:
        if not 0 <= place < len(told["files"]):
            raise NotReadable
        one = told["files"][place]
        # Open bytes can be read after their name is gone.
        return files.clean_name(one["name"]), Path(one["path"]).open("rb")


def heads(letter: IncomingLetter) -> dict[str, Any]:
    """Give whom the letter names and answers, as intake reads it; nothing where it is gone."""
    return worker.heads(Fields(_head(letter)))


def facts(letter: IncomingLetter) -> Facts:
    """Give what the fields say of who wrote it."""
    fields = Fields(_head(letter))
    domain = letter.sender.rpartition("@")[2]
    return Facts(_told(letter, fields), _signatures(fields, domain), _results(letter, fields))


def _head(letter: IncomingLetter) -> bytes:
    place = store.path_of(letter.pk)
    if not place.exists():
        return b""
    with place.open("rb") as file:
        return file.read(HEAD)


SHOWN = ("From", "Sender", "Reply-To", "To", "Cc", "Date", "Message-ID", "Return-Path")


def _told(letter: IncomingLetter, fields: Fields) -> tuple[tuple[str, str], ...]:
    told = [
        (name, decode(value[: caps.LONGEST_HEADER])[:LONGEST_SHOWN])
        for name in SHOWN
        for value in fields.all(name)[:5]
    ]
    if letter.envelope_from is not None:
        told.append(("MAIL FROM", letter.envelope_from or "<>"))
    return tuple(told)


def _signatures(fields: Fields, domain: str) -> tuple[Signature, ...]:
    found = []
    for value in fields.all("dkim-signature")[: authenticity.MOST_SIGNATURES]:
        tags = {
            name.lower(): told.strip()[:LONGEST_SHOWN]
            for name, told in authenticity.TAG.findall(value.decode("latin-1"))
        }
        signer = tags.get("d", "").lower().rstrip(".")
        is_aligned = bool(domain) and authenticity.is_aligned(signer, domain)
        found.append(Signature(signer, tags.get("s", ""), tags.get("h", ""), is_aligned))
    return tuple(found)


def _results(letter: IncomingLetter, fields: Fields) -> tuple[Result, ...]:
    mailbox = letter.mailbox
    trust = Trust(
        servers=frozenset(server.lower() for server in mailbox.verdict_servers),
        position=Position(mailbox.verdict_place),
        received_by=mailbox.verdict_received_by,
    )
    used = authenticity.verdicts(fields, trust) if trust.servers else []
    return tuple(
        Result(decode(value[: caps.LONGEST_HEADER])[:LONGEST_SHOWN], value in used)
        for value in fields.all("authentication-results")[:5]
    )
