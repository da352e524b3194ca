"""A letter read: who wrote what to whom, with its files; *pure*, and it never fails on damage.

What is broken is read as far as it goes; what cannot be read is kept as a file.
"""

import binascii
import email
import email.message
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote_to_bytes

from tickets.channels.email import charsets, headers, markup
from tickets.channels.email.headers import Fields, Mailbox

LEAST_TEXT = 20  # characters; a shorter plain part beside HTML only says "see the HTML"
LONGEST_TEXT = 1_000_000
SHOWN_SUBJECT = 998  # RFC 5322, 2.1.1
ENCLOSED = "message/rfc822"
META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
PARAMETER = re.compile(
    rb";\s*([\w-]+)(\*?\d*\*?)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)", re.IGNORECASE
)
UUENCODED = {"x-uuencode", "uuencode", "uue", "x-uue"}
Part = email.message.Message


@dataclass(frozen=True)
class File:
    """A file in a letter."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    disposition: str = ""

    @property
    def is_inline(self) -> bool:
        """Whether it is a picture that stands in the text."""
        return bool(self.content_id) and self.content_type.startswith("image/")


@dataclass(frozen=True)
class Letter:
    """A letter as it was read."""

    subject: str
    senders: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]
    date: datetime | None
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    plain: str
    html: str
    charset: str
    files: tuple[File, ...]
    fields: Fields = field(repr=False)

    @property
    def text(self) -> str:
        """What the letter says: its plain text, or its HTML where that says more."""
        if len(self.plain.strip()) < LEAST_TEXT and self.html:
            return markup.to_text(self.html) or self.plain
        return self.plain or self._enclosed()

    def _enclosed(self) -> str:
        """What the first letter within says, where this one says nothing of its own."""
        inner = next((one for one in self.files if one.content_type == ENCLOSED), None)
        enclosed = read(inner.content) if inner else None
        return (enclosed.plain or markup.to_text(enclosed.html)) if enclosed else ""


@dataclass
class _Found:
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    charset: str = ""
    forced: str = ""  # the charset that a person asked for, whatever the letter says


def read(raw: bytes, *, charset: str = "") -> Letter:
    """Read a letter; whoever calls has asked caps.exceeded before.

    With `charset` its text is read in that one, as a person tries who sees that it came out wrong.
    """
    fields = Fields(raw)
    found = _Found(forced=charsets.known(charset))
    for part in _parts(email.message_from_bytes(raw, policy=email.policy.compat32)):
        _take(part, found)
    ids = headers.message_ids(fields.first("message-id"))
    return Letter(
        subject=fields.text("subject")[:SHOWN_SUBJECT],
        senders=_named(fields, "from"),
        to=_named(fields, "to"),
        cc=_named(fields, "cc"),
        reply_to=_named(fields, "reply-to"),
        date=headers.date(fields.first("date")),
        message_id=ids[0] if ids else "",
        in_reply_to=tuple(headers.message_ids(fields.first("in-reply-to"))),
        references=tuple(headers.message_ids(fields.first("references"))),
        plain="\n".join(found.plain)[:LONGEST_TEXT],
        html="\n".join(found.html)[:LONGEST_TEXT],
        charset=found.charset,
        files=tuple(found.files),
        fields=fields,
    )


def _named(fields: Fields, name: str) -> tuple[Mailbox, ...]:
    return tuple(box for value in fields.all(name) for box in headers.mailboxes(value))


def _parts(whole: Part) -> Iterator[Part]:
    """Give the leaves in their order; a letter within a letter is one leaf."""
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        if part.is_multipart() and not part.get_content_type().startswith("message/"):
            inner = part.get_payload()
            waiting.extend(reversed([one for one in inner if isinstance(one, Part)]))
        else:
            yield part


def _take(part: Part, found: _Found) -> None:
    kind, name = part.get_content_type(), file_name(part)
    disposition = _header(part, "content-disposition").split(b";")[0].strip().lower()
    # Where nothing parts a letter of several parts, what stands there is text for all we know.
    is_whole = kind.startswith("multipart/")
    is_text = kind in {"text/plain", "text/html"} and disposition != b"attachment" and not name
    if is_whole or (is_text and not part.is_multipart()):
        words, charset = _words(part, found.forced)
        (found.html if kind == "text/html" else found.plain).append(words)
        found.charset = found.charset or charset
        return
    content = _content(part)
    if not content and not name:
        return
    found.files.append(
        File(
            name=name,
            content_type=kind,
            content=content,
            content_id=headers.decode(_header(part, "content-id")).strip(" <>"),
            disposition=disposition.decode("latin-1"),
        )
    )


def _words(part: Part, forced: str) -> tuple[str, str]:
    content = _content(part)
    if forced:
        return _lines(content.decode(forced, "replace")), forced
    label = headers.decode(_parameter(part, "content-type", b"charset"))
    if not charsets.known(label) and (meta := META.search(content[:4000])):
        label = meta[1].decode("ascii")
    text, charset = charsets.decode(content, label)
    return _lines(text), charset


def _lines(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _content(part: Part) -> bytes:
    if part.is_multipart():  # a letter within a letter
        inner = part.get_payload()
        return b"".join(one.as_bytes() for one in inner if isinstance(one, Part))
    encoding = (
        _header(part, "content-transfer-encoding").decode("latin-1").split(";")[0].strip().lower()
    )
    if encoding in UUENCODED:
        return _uudecoded(_bytes(str(part.get_payload())))
    if encoding.split("-")[0].strip() == "quoted":
        part.replace_header("content-transfer-encoding", "quoted-printable")
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _uudecoded(content: bytes) -> bytes:
    lines = iter(content.splitlines())
    for line in lines:
        if line.startswith(b"begin "):
            break
    read = b""
    for line in lines:
        if line.strip() in {b"end", b"`", b""}:
            break
        try:
            read += binascii.a2b_uu(line)
        except binascii.Error:
            # Some programs write too many filling signs: the length stands first in the line.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            read += binascii.a2b_uu(line[:length])
    return read


def _header(part: Part, name: str) -> bytes:
    """Give a field of a part as its bytes; unlike the standard library's own way, whatever they are."""
    value = next((value for found, value in part.raw_items() if found.lower() == name), "")
    return _bytes(str(value))


def _bytes(value: str) -> bytes:
    return (
        value.encode("ascii", "surrogateescape")
        if value.isascii()
        else value.encode("utf-8", "surrogateescape")
    )


def file_name(part: Part) -> str:
    """Give the name a part carries, decoded by either of the two ways programs know."""
    for header, parameter in (("content-disposition", b"filename"), ("content-type", b"name")):
        if value := _parameter(part, header, parameter):
            return headers.decode(value)
    return ""


def _parameter(part: Part, header: str, wanted: bytes) -> bytes:
    """Give a parameter: plain, in pieces, or percent-encoded with its charset (RFC 2231)."""
    pieces: dict[int, tuple[bool, bytes]] = {}
    for name, star, value in PARAMETER.findall(
        headers.FOLD.sub(b" ", _header(part, header))[: 16 * 1024]
    ):
        if name.lower() == wanted:
            number = int(star.strip(b"*") or 0)
            pieces.setdefault(number, (star.endswith(b"*"), _unquoted(value.strip())))
    if not pieces:
        return b""
    return _joined([pieces[number] for number in sorted(pieces)])


def _unquoted(value: bytes) -> bytes:
    if len(value) > 1 and value.startswith(b'"') and value.endswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", value[1:-1])
    return value


def _joined(pieces: list[tuple[bool, bytes]]) -> bytes:
    if not any(is_encoded for is_encoded, _value in pieces):
        return b"".join(value for _is_encoded, value in pieces)
    label = b""
    if pieces[0][0] and pieces[0][1].count(b"'") >= 2:  # noqa: PLR2004 (charset'language'value)
        label, _language, first = pieces[0][1].split(b"'", 2)
        pieces = [(True, first), *pieces[1:]]
    content = b"".join(
        unquote_to_bytes(value) if is_encoded else value for is_encoded, value in pieces
    )
    return charsets.decode(content, label.decode("latin-1"))[0].encode()
