"""Fields of a letter: raw as they came, decoded for people, strict where somebody is believed; *pure*."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tickets.channels.email import charsets

WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
BETWEEN = re.compile(rb"(\?=)[ \t\r\n]+(?==\?)")
FOLD = re.compile(rb"(?:\r?\n[ \t]*)+")
NAME = re.compile(rb"^([!-9;-~]{1,100})[ \t]*:", re.MULTILINE)
MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# Strict: what may be compared with the address of an account (design/security.md, 2.6).
ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_SINGLE = """
from sender reply-to to cc bcc subject date message-id in-reply-to references content-type
content-transfer-encoding mime-version
"""
SINGLE = frozenset(_SINGLE.split())


@dataclass(frozen=True)
class Mailbox:
    """A name and an address, as a field names them."""

    name: str
    address: str


class Fields:
    """The fields of a letter in their order, each as its bytes."""

    def __init__(self, raw: bytes) -> None:
        block = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
        self.raw = list(_fields(block))

    def all(self, name: str) -> list[bytes]:
        """Give every value of a field, unfolded."""
        wanted = name.lower()
        return [value for found, value in self.raw if found == wanted]

    def first(self, name: str) -> bytes:
        """Give the first value of a field, or nothing."""
        return next(iter(self.all(name)), b"")

    def text(self, name: str) -> str:
        """Give the first value as people read it."""
        return decode(self.first(name))

    def repeated(self) -> list[str]:
        """Name the fields that stand more often than a letter may have them (RFC 5322, 3.6)."""
        names = [name for name, _value in self.raw if name in SINGLE]
        return sorted({name for name in names if names.count(name) > 1})


def _fields(block: bytes) -> Iterator[tuple[str, bytes]]:
    for field in re.split(rb"\r?\n(?![ \t])", block):
        name = NAME.match(field)
        if name:
            value = FOLD.sub(b" ", field[name.end() :]).strip()
            yield name[1].decode("ascii").lower(), value


def decode(value: bytes) -> str:
    """Give a field as words: encoded words decoded, bare bytes in whatever Russian they are."""
    joined = BETWEEN.sub(rb"\1", FOLD.sub(b" ", value))
    parts: list[tuple[bytes, str]] = []  # bytes and their charset; "" for what stood bare
    place = 0
    for found in WORD.finditer(joined):
        if found.start() > place:
            parts.append((joined[place : found.start()], ""))
        _append(parts, found)
        place = found.end()
    parts.append((joined[place:], ""))
    words = "".join(charsets.decode(content, label)[0] for content, label in parts if content)
    return CONTROL.sub("", words.replace("\t", " ")).strip()


def _append(parts: list[tuple[bytes, str]], found: "re.Match[bytes]") -> None:
    """Add an encoded word; one that begins amid a letter goes on the one before."""
    label = found[1].decode("ascii", "replace").split("*")[0].lower()
    content = _word(found[2], found[3])
    if content is None:
        parts.append((found[0], ""))
    elif parts and parts[-1][1] == label:
        parts[-1] = (parts[-1][0] + content, label)
    else:
        parts.append((content, label))


def _word(encoding: bytes, content: bytes) -> bytes | None:
    if encoding in b"qQ":
        return quopri.decodestring(content, header=True)
    try:
        return base64.b64decode(content + b"=" * (-len(content) % 4))
    except (binascii.Error, ValueError):
        return None


def mailboxes(value: bytes) -> list[Mailbox]:
    """Give who a field names; groups are opened, comments dropped."""
    found = []
    for part in _split(value):
        box = _mailbox(part)
        if box:
            found.append(box)
    return found


TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|\\.|<[^<>]*>?|[(),;:]|[^"\\<(),;:]+|.', re.DOTALL)


def _split(value: bytes) -> Iterator[bytes]:
    """Cut a list of addresses at the commas that stand outside quotes, comments and angles."""
    start = depth = 0
    for token in TOKEN.finditer(value):
        sign = token[0]
        if sign == b"(":
            depth += 1
        elif sign == b")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif sign in {b",", b";"}:
            yield value[start : token.start()]
            start = token.end()
        elif sign == b":" and b"@" not in value[start : token.start()]:
            start = token.end()  # the name of a group
    yield value[start:]


COMMENT = re.compile(rb"\((?:[^()\\]|\\.)*\)")
BARE = re.compile(rb"^(.*\S)\s+(\S+@\S+)$", re.DOTALL)
ANGLED = re.compile(rb"<([^<>]*)>?")


def _mailbox(part: bytes) -> Mailbox | None:
    part = part.strip()
    angled = list(ANGLED.finditer(part))
    if angled:
        last = angled[-1]
        name, address = part[: last.start()], last[1]
    else:
        comment = COMMENT.search(part)
        name, address = (comment[0][1:-1] if comment else b""), part
        if bare := BARE.search(_without_comments(part)):
            name, address = name or bare[1], bare[2]
    words = decode(name).strip()
    if words.startswith('"') and words.endswith('"') and len(words) > 1:
        words = re.sub(r"\\(.)", r"\1", words[1:-1])
    address = _without_comments(address).strip()
    if address.startswith(b"@"):  # the route of old: @relay:who@where
        address = address.rpartition(b":")[2]
    told = CONTROL.sub("", charsets.decode(address)[0]).replace(" ", "")
    return Mailbox(words.strip(), told) if told else None


def _without_comments(value: bytes) -> bytes:
    for _level in range(5):
        value, found = COMMENT.subn(b"", value)
        if not found:
            break
    return value


def strict_address(value: bytes) -> str:
    """Give the one address a From field names, in small letters, or nothing where it is not beyond doubt.

    One mailbox, no group, ASCII only, no second address outside of it.
    """
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return ""
    boxes = [one for one in _split(value) if one.strip()]
    if len(boxes) != 1 or text.count("<") > 1 or text.rstrip().endswith((":", ";")):
        return ""
    angled = ANGLED.search(value)
    bare = (angled[1] if angled else COMMENT.sub(b"", value)).decode("ascii").strip().lower()
    named = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", value[: angled.start()] if angled else b"")
    if b"@" in WORD.sub(b"", COMMENT.sub(b"", named)):
        return ""
    after = value[angled.end() :].strip() if angled else b""
    if after and not COMMENT.fullmatch(after):
        return ""
    return bare if ADDRESS.fullmatch(bare) else ""


def message_ids(value: bytes) -> list[str]:
    """Give the message ids in a field."""
    return MESSAGE_ID.findall(value.decode("latin-1"))


def date(value: bytes) -> datetime | None:
    """Give when a letter says that it was written; none where it says nothing that is a date."""
    try:
        found = parsedate_to_datetime(value.decode("ascii", "replace"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
