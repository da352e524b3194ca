"""Letters for tests: built, signed with keys made on the spot, and a DNS that knows only them."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tickets.channels.email.authenticity import LookedUpInVain

AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
ANNA = "anna@hotel.example"
SUPPORT = "support@portal.example"
BODY = "Не открывается календарь цен."
SIGNED = (b"from", b"to", b"subject", b"date", b"message-id")


@cache
def key(name: str = "hotel", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make a key once a name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private(name: str = "hotel", bits: int = 2048) -> bytes:
    """Give a key as signers read it."""
    return key(name, bits).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def record(name: str = "hotel", bits: int = 2048) -> bytes:
    """Give the record that publishes a key."""
    public = (
        key(name, bits)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return b"v=DKIM1; k=rsa; p=" + b64encode(public)


class Dns:
    """A name server that knows what it was told; `broken` names get no answer at all."""

    def __init__(self, records: Mapping[str, bytes], broken: frozenset[str] = frozenset()) -> None:
        self.records, self.broken = dict(records), broken

    def __call__(self, name: str) -> bytes | None:
        if name in self.broken:
            raise LookedUpInVain(name)
        return self.records.get(name)


def dns(**more: bytes) -> Dns:
    """Publish the keys and policies of the invented domains."""
    return Dns(
        {
            "s1._domainkey.hotel.example": record(),
            "_dmarc.hotel.example": b"v=DMARC1; p=reject",
            "s1._domainkey.mail.hotel.example": record(),
            "s1._domainkey.evil.example": record("evil"),
            "_dmarc.evil.example": b"v=DMARC1; p=none",
            "s1._domainkey.quiet.example": record("quiet"),
            "s1._domainkey.strict.example": record("strict"),
            "s1._domainkey.mail.strict.example": record("strict"),
            "_dmarc.strict.example": b"v=DMARC1; p=reject; adkim=s",
            "weak._domainkey.hotel.example": record("weak", 1024),
            "gone._domainkey.hotel.example": b"v=DKIM1; k=rsa; p=",
            **{name.replace("__", "."): value for name, value in more.items()},
        }
    )


def letter(
    body: str = BODY,
    *,
    sender: str = f"Anna <{ANNA}>",
    to: str = SUPPORT,
    subject: str = "Календарь",
    at: datetime = AT,
    message_id: str = "<one@hotel.example>",
    above: tuple[str, ...] = (),
    more: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> bytes:
    """Build a letter; `above` stands on top, `more` below the usual fields."""
    encoded = b64encode(subject.encode()).decode()
    fields = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: =?utf-8?b?{encoded}?=",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {message_id}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    kept = [one for one in fields if one.partition(":")[0].lower() not in without]
    lines = [*above, *kept, *more, "", *body.splitlines()]
    return "\r\n".join(lines).encode() + b"\r\n"


def sign(
    raw: bytes,
    *,
    domain: str = "hotel.example",
    selector: str = "s1",
    name: str = "hotel",
    bits: int = 2048,
    fields: tuple[bytes, ...] = SIGNED,
    length: bool = False,
) -> bytes:
    """Put a signature on top."""
    signature = dkim.sign(
        raw,
        selector.encode(),
        domain.encode(),
        private(name, bits),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(fields),
        length=length,
    )
    return signature + raw
