"""What a mail server tells of a letter that did not arrive (RFC 3464); *pure*."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import Message

from tickets.channels.email.headers import Fields, message_ids

STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
ADDRESS = re.compile(r"(?:^|;)\s*<?([^\s<>;]+@[^\s<>;]+)>?\s*$")


@dataclass(frozen=True)
class Report:
    """What became of a letter to one address."""

    address: str
    is_permanent: bool
    status: str
    said: str


def reports(raw: bytes) -> list[Report]:
    """Give what is told of each address; nothing where no part says it in the form of the standard."""
    found = []
    for part in _parts(raw, "message/delivery-status"):
        for block in re.split(rb"\r?\n[ \t]*\r?\n", part):
            report = _report(Fields(block))
            if report:
                found.append(report)
    return found


def original_ids(raw: bytes) -> list[str]:
    """Give the message ids of the letters that are sent back."""
    found = []
    for kind in ("text/rfc822-headers", "message/rfc822"):
        for part in _parts(raw, kind):
            found += message_ids(Fields(part.lstrip(b"\r\n")).first("message-id"))
    return found


def _parts(raw: bytes, kind: str) -> list[bytes]:
    whole = email.message_from_bytes(raw, policy=email.policy.compat32)
    found = []
    for part in whole.walk():
        if part.get_content_type() != kind:
            continue
        inner = part.get_payload()
        if isinstance(inner, list):
            found.append(b"\n".join(one.as_bytes() for one in inner if isinstance(one, Message)))
        else:
            content = part.get_payload(decode=True)
            found.append(content if isinstance(content, bytes) else b"")
    return found


def _report(fields: Fields) -> Report | None:
    named = fields.text("final-recipient") or fields.text("original-recipient")
    address = ADDRESS.search(named)
    action = fields.text("action").lower()
    if not address or not action:
        return None
    status = fields.text("status")
    is_permanent = action == "failed" and not status.startswith("4")
    return Report(address[1].lower(), is_permanent, status, fields.text("diagnostic-code")[:500])
