"""Addresses and ids that lead an answer to its ticket, and a failure to its letter. They route, and never authorise.

`support+t1042.<mac>@…` names a ticket, `support+b77.<mac>@…` a delivery, and so does the Message-ID
`<t1042.<nonce>.<mac>@…>` of every letter about a ticket, whose rows are forgotten after 90 days; the
mac keeps strangers from writing such addresses themselves (design/security.md, 2.3). Who may write
is asked of the sender's account, whatever address they use.
"""

import base64
import hmac
import re
import secrets
from hashlib import sha256
from uuid import UUID

from django.conf import settings

from portal.delivery import outbox
from portal.support.schedule import ground
from tickets.models import Mailbox

SIGNS = 16  # of base32: 80 bits
TOKEN = re.compile(r"^[^@+]+\+([tb])(\d{1,18})\.([a-z2-7]{16})@", re.IGNORECASE)

ID = re.compile(r"^<t(\d{1,18})\.(\w{1,40})\.([a-z2-7]{16})@", re.IGNORECASE)

# The mailboxes as this process read them last, by the version that every change of settings renews.
_mailboxes: dict[UUID, dict[int, Mailbox]] = {}


def mailboxes() -> dict[int, Mailbox]:
    """Give all mailboxes with their settings; how far they were read, these rows do not know."""
    version = ground().brand.version
    if version not in _mailboxes:
        read = {one.pk: one for one in Mailbox.objects.order_by("id")}
        _mailboxes.clear()
        _mailboxes[version] = read
    return _mailboxes[version]


def answers_to() -> str:
    """Give the address of the first mailbox in use, or nothing when nobody receives."""
    return next((one.address for one in mailboxes().values() if one.is_active), "")


def to_ticket(number: int) -> str:
    """Give the address that leads to a ticket, or nothing when nobody receives."""
    return _with_token("t", number)


def to_delivery(number: int) -> str:
    """Give the address to which mail servers tell that this delivery did not arrive."""
    return _with_token("b", number)


def _with_token(kind: str, number: int) -> str:
    address = answers_to()
    if not address:
        return ""
    name, _at, domain = address.rpartition("@")
    return f"{name}+{kind}{number}.{_mac(kind, number)}@{domain}"


def named(address: str, kind: str) -> int | None:
    """Give the number of the ticket ("t") or delivery ("b") an address leads to; none if it is not ours."""
    found = TOKEN.match(address)
    if not found or found[1].lower() != kind:
        return None
    number = int(found[2])
    return number if hmac.compare_digest(found[3].lower(), _mac(kind, number)) else None


def message_id(number: int, nonce: str = "") -> str:
    """Make a Message-ID that names a ticket; without a nonce no other is like it.

    It fits on one line with its name: some programs do not find it on the next.
    """
    nonce = nonce or secrets.token_hex(6)
    return f"<t{number}.{nonce}.{_mac_of_id(number, nonce)}@{outbox.domain()}>"


def named_by_id(message_id: str) -> int | None:
    """Give the number of the ticket that one of our Message-IDs names; none if it is not ours."""
    found = ID.match(message_id)
    if not found:
        return None
    number, nonce = int(found[1]), found[2].lower()
    return number if hmac.compare_digest(found[3].lower(), _mac_of_id(number, nonce)) else None


def loop_mark() -> str:
    """Give the sign our letters carry, by which we know them when they come back."""
    return _mac("loop", 0)


def _mac_of_id(number: int, nonce: str) -> str:
    return _mac(f"id.{nonce}", number)


def _mac(kind: str, number: int) -> str:
    key = sha256(b"mail-routes:" + settings.SECRET_KEY.encode()).digest()
    made = hmac.new(key, f"{kind}:{number}".encode(), sha256).digest()
    return base64.b32encode(made).decode().lower()[:SIGNS]
