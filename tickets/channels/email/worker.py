"""The process that takes letters apart: it may be killed at any moment, and nothing is lost by that.

It is started as `python -m tickets.channels.email.worker`, knows neither Django nor the database, has
so much memory and no more, and answers one line of JSON for each line it is told. Files of a letter
are written into the folder it is given.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import dns.exception
import dns.resolver

from tickets.channels.email import authenticity, bounces, caps, headers, parse, reply, sorting
from tickets.channels.email.headers import Fields, Mailbox

MEMORY = 512 * 1024 * 1024  # bytes; a letter of 25 MB takes some 130
DNS_SECONDS = 5.0
LONGEST_TEXT = 50_000  # characters; a message of a ticket takes no more
SHOWN_NAMES = 50


def main() -> None:
    """Answer until nobody asks."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    look_up = _resolver()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = take_apart(asked, look_up)
        except MemoryError:
            told = {"reason": "too_much_memory"}
        except Exception as error:  # noqa: BLE001 (a letter that breaks the reader is told of, and kept)
            told = {"reason": "unreadable", "detail": type(error).__name__}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def take_apart(asked: dict[str, Any], look_up: authenticity.Dns) -> dict[str, Any]:
    """Read one letter, say what it is and whether its sender is believed."""
    raw = Path(asked["path"]).read_bytes()
    fields = Fields(raw)
    if reason := asked.get("only_head") or caps.exceeded(raw):
        return {"reason": reason, **heads(fields)}
    if asked.get("only_words"):
        return {"reason": "", **heads(fields), **_words(raw, asked)}
    sort = sorting.sort(
        fields,
        envelope_from=asked["envelope_from"],
        is_ours=lambda one: one.lower() in asked["own"] or one == asked["mark"],
    )
    told: dict[str, Any] = {
        "reason": "",
        "sort": sort.value,
        **heads(fields),
        **_words(raw, asked),
    }
    told["seems_automatic"] = sorting.seems_automatic(fields)
    if sort is sorting.Sort.BOUNCE:
        told["bounces"] = [asdict(one) for one in bounces.reports(raw)]
        told["originals"] = bounces.original_ids(raw)
    elif sort in {sorting.Sort.HUMAN, sorting.Sort.LIST}:
        told["verdict"] = asdict(_judged(raw, asked, look_up))
    return told


def heads(fields: Fields) -> dict[str, Any]:
    """Give what even a letter that is not taken apart tells of itself."""
    senders = [box for value in fields.all("from")[:2] for box in _boxes(value)]
    ids = headers.message_ids(fields.first("message-id"))
    return {
        "subject": fields.text("subject")[: parse.SHOWN_SUBJECT],
        "sender": asdict(senders[0]) if senders else {"name": "", "address": ""},
        "message_id": ids[0] if ids else "",
        "answers": [
            one
            for name in ("in-reply-to", "references")
            for one in headers.message_ids(fields.first(name))[-SHOWN_NAMES:]
        ],
        "recipients": [
            box.address
            for name in ("to", "cc", "delivered-to", "x-original-to")
            for value in fields.all(name)[:5]
            for box in _boxes(value)
        ],
        "cc": [box.address for value in fields.all("cc") for box in _boxes(value)],
    }


def _boxes(value: bytes) -> list[Mailbox]:
    return headers.mailboxes(value[: caps.LONGEST_HEADER])[:SHOWN_NAMES]


def _words(raw: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    letter = parse.read(raw, charset=asked.get("charset", ""))
    text = letter.text
    cut = reply.split(text)
    folder = Path(asked["folder"])
    files = []
    for number, file in enumerate(letter.files[: asked["most_files"]]):
        place = folder / str(number)
        place.write_bytes(file.content)
        files.append(
            {
                "name": file.name,
                "content_type": file.content_type,
                "content_id": file.content_id if file.is_inline else "",
                "size": len(file.content),
                "path": str(place),
            }
        )
    return {
        "text": text[:LONGEST_TEXT],
        "visible": cut.visible[:LONGEST_TEXT],
        "is_cut": cut.has_hidden,
        "charset": letter.charset,
        "has_html": bool(letter.html),
        "files": files,
        "files_left_out": max(0, len(letter.files) - asked["most_files"]),
    }


def _judged(raw: bytes, asked: dict[str, Any], look_up: authenticity.Dns) -> authenticity.Verdict:
    trust = authenticity.Trust(
        servers=frozenset(asked["servers"]),
        position=authenticity.Position(asked["position"]),
        received_by=asked["received_by"],
        own=frozenset(asked["own"]),
        unpublished=frozenset(asked["unpublished"]),
    )
    at = datetime.fromisoformat(asked["received_at"])
    return authenticity.judge(raw, trust=trust, received_at=at, dns=look_up)


def _resolver() -> authenticity.Dns:
    """Ask the name server of the machine, or the one that MAIL_DNS names as host:port."""
    told = os.environ.get("MAIL_DNS", "")
    resolver = dns.resolver.Resolver(configure=not told)
    if told:
        host, _colon, port = told.rpartition(":")
        resolver.nameservers, resolver.port = [host], int(port)
    resolver.lifetime = DNS_SECONDS
    resolver.cache = dns.resolver.LRUCache(5000)

    def look_up(name: str) -> bytes | None:
        try:
            answer = resolver.resolve(name, "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except dns.exception.DNSException as error:
            raise authenticity.LookedUpInVain(name) from error
        records = [b"".join(row.strings) for row in answer]
        if name.startswith("_dmarc."):
            records = [one for one in records if one.startswith(b"v=DMARC1")]
            # RFC 7489, 6.6.3: more than one policy is as good as none.
            return records[0] if len(records) == 1 else None
        return records[0] if records else None

    return look_up


if __name__ == "__main__":
    main()
