"""A mailbox on an IMAP server: what is new there, its letters, and marks on those that lie here.

Knows the network and no database. Whatever goes wrong is one `Stopped` with a code that has words
for the head of support (tickets.models.Trouble); what a server says, and the password, never get into
an error. Letters are asked for with BODY.PEEK, so that one stays unread until it is kept (RFC 3501).
"""

import imaplib
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from imap_tools import (
    AND,
    BaseMailBox,
    ImapToolsError,
    MailboxFolderSelectError,
    MailboxLoginError,
)
from imap_tools.utils import encode_folder

from tickets.channels.email import caps
from tickets.models import Security, Trouble

SILENCE = 30.0  # seconds without an answer, after which a server counts as dead
LARGEST_LITERAL = caps.LARGEST + 1024 * 1024  # bytes; what a server claims beyond is not read
SIZED_AT_ONCE = 200
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
UID = re.compile(rb"\bUID (\d+)")
CAME = re.compile(rb'INTERNALDATE "([^"]{20,40})"')
EMPTY = re.compile(rb'BODY\[(?:HEADER)?\](?:<0>)? (?:""|NIL)', re.IGNORECASE)


# Order matters: some of these are kinds of others.
FAULTS: tuple[tuple[type[Exception], Trouble], ...] = (
    (socket.gaierror, Trouble.NO_NAME),
    (UnicodeError, Trouble.NO_NAME),
    (ssl.SSLCertVerificationError, Trouble.CERTIFICATE),
    (ssl.SSLError, Trouble.TLS),
    (TimeoutError, Trouble.SILENT),
    (ConnectionRefusedError, Trouble.REFUSED),
    (imaplib.IMAP4.error, Trouble.NOT_IMAP),
)


class Stopped(Exception):
    """A mailbox cannot be read on; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class NotGiven(Exception):
    """The server does not give out this one letter."""


@dataclass(frozen=True)
class Account:
    """Where letters lie and who we are there."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"


@dataclass(frozen=True)
class Envelope:
    """What the server tells of a letter before it is fetched."""

    size: int  # bytes, as the server counts them
    came_at: datetime | None


class _Bounded(imaplib.IMAP4):
    """Never reads more in one piece than a letter may take, whatever a server claims."""

    def read(self, size: int) -> bytes:
        """Read so many bytes."""
        if size > LARGEST_LITERAL:
            raise self.abort("too much at once")
        return super().read(size)


class _Protected(_Bounded, imaplib.IMAP4_SSL):
    """The same over TLS from the start."""


class _Box(BaseMailBox):
    """imap_tools' mailbox around a connection that stands already."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._ready = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._ready


class Session:
    """An open mailbox with its folder chosen."""

    def __init__(self, box: BaseMailBox, folder: str) -> None:
        self.box, self.client = box, box.client
        self.capabilities = self._capabilities()
        with _told(otherwise=Trouble.FOLDER):
            try:
                box.folder.set(folder)
            except imaplib.IMAP4.readonly:
                # It lets itself be read and not be marked: letters come all the same.
                box.folder.set(folder, readonly=True)
        self.uidvalidity = self._number("UIDVALIDITY")
        self.next_uid = self._number("UIDNEXT") or max(self.above(0), default=0) + 1
        self.letters = self._number("EXISTS")

    def _capabilities(self) -> frozenset[str]:
        # Asked anew: what a server can do it says in full only once it knows who asks.
        with _told():
            _status, data = self.client.capability()
        return frozenset(b" ".join(data).decode("ascii", "replace").upper().split())

    def _number(self, name: str) -> int:
        found = self.client.response(name)[1]
        value = found[-1] if found else None
        return int(value) if value and value.isdigit() else 0

    @property
    def can_push(self) -> bool:
        """Whether the server tells of letters by itself (RFC 2177)."""
        return "IDLE" in self.capabilities

    def above(self, uid: int) -> list[int]:
        """Give the numbers above one, in order."""
        # "n:*" always names the last letter, even when its number is smaller than n.
        return [one for one in self._search(f"UID {uid + 1}:*") if one > uid]

    def since(self, day: date, *, is_unread: bool = False) -> list[int]:
        """Give the numbers of what came on a day or later."""
        return self._search(str(AND(date_gte=day, seen=False) if is_unread else AND(date_gte=day)))

    def still_there(self, uids: Iterable[int]) -> set[int]:
        """Give those of the numbers that the folder still has."""
        named = ",".join(map(str, uids))
        return set(self._search(f"UID {named}")) if named else set()

    def _search(self, asked: str) -> list[int]:
        with _told():
            return sorted(int(one) for one in self.box.uids(asked, charset=None))

    def envelopes(self, uids: list[int]) -> dict[int, Envelope]:
        """Ask for sizes and times; a number that is gone has none."""
        found: dict[int, Envelope] = {}
        for start in range(0, len(uids), SIZED_AT_ONCE):
            named = ",".join(map(str, uids[start : start + SIZED_AT_ONCE]))
            for line in self._fetch(named, "(UID RFC822.SIZE INTERNALDATE)"):
                if isinstance(line, bytes) and (uid := UID.search(line)):
                    size = SIZE.search(line)
                    found[int(uid[1])] = Envelope(int(size[1]) if size else 0, _came(line))
        return found

    def letter(self, uid: int) -> bytes:
        """Fetch a whole letter, at most a byte more than one may have. Raises NotGiven."""
        # The size a server told may be wrong: never more than this is asked for.
        return self._part(uid, f"(BODY.PEEK[]<0.{caps.LARGEST + 1}>)")

    def headers(self, uid: int) -> bytes:
        """Fetch the head of a letter only. Raises NotGiven."""
        return self._part(uid, f"(BODY.PEEK[HEADER]<0.{caps.LONGEST_HEADERS}>)")

    def _part(self, uid: int, part: str) -> bytes:
        try:
            answer = self._fetch(str(uid), part)
        except Stopped as stopped:
            if stopped.trouble == Trouble.ANSWERED_NO:
                raise NotGiven from None
            raise
        for piece in answer:
            if isinstance(piece, tuple) and b"BODY[" in piece[0].upper():
                return bytes(piece[1])
        if any(isinstance(piece, bytes) and EMPTY.search(piece) for piece in answer):
            return b""
        raise NotGiven

    def _fetch(self, uids: str, parts: str) -> list[Any]:
        with _told():
            status, data = self.client.uid("FETCH", uids, parts)
            if status != "OK":
                raise Stopped(Trouble.ANSWERED_NO)
            return list(data)

    def mark_read(self, uids: list[int]) -> None:
        """Mark letters as read. imap_tools' own way would also expunge what somebody deleted."""
        with _told():
            self._done(self.client.uid("STORE", _named(uids), "+FLAGS.SILENT", r"(\Seen)"))

    def move(self, uids: list[int], folder: str) -> bool:
        """Move letters; False where the server cannot move without deleting (RFC 6851)."""
        if "MOVE" not in self.capabilities:
            return False
        with _told():
            if not self.box.folder.exists(folder):
                self.box.folder.create(folder)
            self._done(self.client.uid("MOVE", _named(uids), encode_folder(folder)))  # type: ignore[arg-type]  # bytes are quoted already
        return True

    @staticmethod
    def _done(answer: tuple[str, Any]) -> None:
        if answer[0] != "OK":
            raise Stopped(Trouble.ANSWERED_NO)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait until the server tells of something, or the time is over."""
        until = time.monotonic() + seconds
        with _told():
            self.box.idle.start()  # type: ignore[no-untyped-call]  # the library's
            # In small steps, so that whoever ends us need not wait.
            while not stop.is_set() and time.monotonic() < until:
                if self.box.idle.poll(timeout=1):
                    break
            self.box.idle.stop()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Say good-bye, and go whatever the answer is."""
        with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
            self.box.logout()
        _cut(self.client)


@contextmanager
def opened(account: Account, *, timeout: float = SILENCE) -> Iterator[Session]:
    """Open a mailbox and close it again. Raises Stopped."""
    client = _connected(account, timeout)
    try:
        _signed_in(client, account)
        session = Session(_Box(client), account.folder)
    except BaseException:
        _cut(client)
        raise
    try:
        yield session
    finally:
        session.close()


def _connected(account: Account, timeout: float) -> imaplib.IMAP4:
    """Reach the server and be sure that it is the one. Raises Stopped."""
    try:
        if account.security == Security.TLS:
            context = ssl.create_default_context()
            return _Protected(account.host, account.port, ssl_context=context, timeout=timeout)
        client: imaplib.IMAP4 = _Bounded(account.host, account.port, timeout=timeout)
    except (OSError, UnicodeError, imaplib.IMAP4.error) as error:
        raise Stopped(_trouble_of(error)) from None
    try:
        _guard(client, account)
    except (OSError, imaplib.IMAP4.error) as error:
        _cut(client)
        trouble = _trouble_of(error)
        # A server that does not know STARTTLS answers, but not with protection.
        raise Stopped(Trouble.TLS if trouble == Trouble.NOT_IMAP else trouble) from None
    except Stopped:
        _cut(client)
        raise
    return client


def _cut(client: imaplib.IMAP4) -> None:
    with suppress(OSError):
        client.shutdown()


def _trouble_of(error: Exception) -> Trouble:
    return next((told for kind, told in FAULTS if isinstance(error, kind)), Trouble.UNREACHABLE)


def _guard(client: imaplib.IMAP4, account: Account) -> None:
    """Protect a connection that begins in the clear, or make sure that it stays in our own net."""
    if account.security == Security.STARTTLS:
        client.starttls(ssl.create_default_context())
    elif not ipaddress.ip_address(client.sock.getpeername()[0]).is_private:
        raise Stopped(Trouble.UNPROTECTED)


def _signed_in(client: imaplib.IMAP4, account: Account) -> None:
    """Sign in. Raises Stopped, without a word of what was sent."""
    box = _Box(client)
    try:
        if (account.user + account.password).isascii():
            box.login(account.user, account.password, initial_folder=None)
        else:
            box.login_utf8(account.user, account.password, initial_folder=None)
    except TimeoutError:
        raise Stopped(Trouble.SILENT) from None
    except imaplib.IMAP4.abort:
        raise Stopped(Trouble.DROPPED) from None
    except (MailboxLoginError, imaplib.IMAP4.error):
        raise Stopped(Trouble.LOGIN) from None
    except OSError:
        raise Stopped(Trouble.DROPPED) from None


@contextmanager
def _told(otherwise: Trouble = Trouble.ANSWERED_NO) -> Iterator[None]:
    """Give every fault of the network its one name."""
    try:
        yield
    except TimeoutError:
        raise Stopped(Trouble.SILENT) from None
    except (imaplib.IMAP4.abort, OSError):
        raise Stopped(Trouble.DROPPED) from None
    except MailboxFolderSelectError:
        raise Stopped(Trouble.FOLDER) from None
    except (imaplib.IMAP4.error, ImapToolsError, ValueError):
        raise Stopped(otherwise) from None


def _named(uids: list[int]) -> str:
    return ",".join(map(str, uids))


def _came(line: bytes) -> datetime | None:
    found = CAME.search(line)
    try:
        return (
            datetime.strptime(found[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z") if found else None
        )
    except ValueError:
        return None
