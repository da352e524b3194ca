"""Whether a letter is from whom it says: every condition or none; *pure*, the DNS is handed in.

The rules and what was measured for each: design/security.md, 2.6. Whatever cannot be understood is
not believed. Two ways: our own mail server's verdict (RFC 8601), or our own check of the signatures
(RFC 6376) and of the domain's policy (RFC 7489).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import authres
import dkim
from publicsuffix2 import PublicSuffixList

from tickets.channels.email.headers import (
    ADDRESS,
    Fields,
    date,
    mailboxes,
    message_ids,
    strict_address,
)

OLDEST = timedelta(days=7)
NEWEST = timedelta(hours=1)  # clocks that run ahead
SHORTEST_KEY = 1024  # bits
MOST_SIGNATURES = 5  # of the domain that are tried; a letter has one or two
MOST_NESTED = 20  # brackets in a verdict; more is an attack on whoever parses it
SIGNED = frozenset({"from", "subject", "date", "to", "message-id"})
TAG = re.compile(r"(?:^|;)\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)

# Gives the text record of a name, or None where there is none. Raises LookedUpInVain.
Dns = Callable[[str], bytes | None]


class LookedUpInVain(Exception):
    """The DNS did not answer: nothing is known, which is not the same as nothing being there."""


class Position(Enum):
    """Where our mail server writes its verdict."""

    ABOVE = "above"  # above the first Received field
    BELOW = "below"  # directly below the Received field of our server


@dataclass(frozen=True)
class Trust:
    """How a mailbox is believed: by its server's verdicts, or by our own check."""

    servers: frozenset[str] = frozenset()  # exact authserv-ids; none: we check ourselves
    position: Position = Position.ABOVE
    received_by: str = ""  # the host that our server names after "by"
    own: frozenset[str] = frozenset()  # addresses that are ours
    unpublished: frozenset[str] = (
        frozenset()
    )  # domains without a policy that are believed when signed


@dataclass(frozen=True)
class Verdict:
    """Whether a letter is believed, and in which words that is told."""

    address: str
    is_authentic: bool
    reason: str  # a code; its words stand in templates/tickets/mail/reasons/
    is_temporary: bool = False  # asked again later
    detail: str = ""


def judge(
    raw: bytes,
    *,
    trust: Trust,
    received_at: datetime,
    dns: Dns,
    is_seen: Callable[[str], bool] = lambda _message_id: False,
) -> Verdict:
    """Say whether a letter was written by the address in its From field."""
    fields = Fields(raw)
    address, reason = _sender(fields)
    if reason:
        return Verdict(address, is_authentic=False, reason=reason)
    if trust.servers:
        reason, detail, signed = _by_server(fields, address, trust), "", SIGNED
    else:
        try:
            reason, detail, signed = _by_signature(raw, fields, address, trust, received_at, dns)
        except LookedUpInVain as error:
            return Verdict(address, False, "dns", is_temporary=True, detail=str(error))  # noqa: FBT003
    reason = reason or _replayed(fields, signed, trust, received_at, is_seen)
    return Verdict(address, is_authentic=not reason, reason=reason or "authentic", detail=detail)


def _sender(fields: Fields) -> tuple[str, str]:
    """Give the one address of From, or why there is none beyond doubt."""
    found = fields.all("from")
    if len(found) != 1:
        return "", "no_from" if not found else "two_from"
    address = strict_address(found[0])
    if not address:
        return "", "odd_from"
    if fields.repeated():
        return address, "repeated_header"
    if not fields.first("date") or not fields.first("message-id"):
        return address, "no_date_or_id"
    return address, ""


# Our own server's verdict.


def _by_server(fields: Fields, address: str, trust: Trust) -> str:
    """Say why our server's verdict does not speak for this sender, or nothing when it does."""
    results = []
    for value in verdicts(fields, trust):
        if (parsed := _parsed(value)) is None:
            return "odd_verdict"
        if str(parsed.authserv_id).lower() in trust.servers:
            results += [one for one in parsed.results if one.method.lower() == "dmarc"]
    if len(results) != 1:
        return "no_verdict" if not results else "two_verdicts"
    told = {
        prop.name: str(prop.value).lower().rstrip(".")
        for prop in results[0].properties
        if prop.type == "header"
    }
    if results[0].result.lower() != "pass":
        return f"dmarc_{'fail' if results[0].result.lower() == 'fail' else 'none'}"
    return (
        ""
        if told.get("from", "").rpartition("@")[2] == address.rpartition("@")[2]
        else "other_from"
    )


def verdicts(fields: Fields, trust: Trust) -> list[bytes]:
    """Give the verdicts that stand where only our own server writes."""
    names = [name for name, _value in fields.raw]
    if trust.position is Position.ABOVE:
        end = names.index("received") if "received" in names else 0
        return [value for name, value in fields.raw[:end] if name == "authentication-results"]
    ours = next((place for place, (name, value) in enumerate(fields.raw) if name == "received"), -1)
    if ours < 0 or not _is_received_by(fields.raw[ours][1], trust.received_by):
        return []
    found = []
    for name, value in fields.raw[ours + 1 :]:
        if name != "authentication-results":
            break
        found.append(value)
    return found


def _is_received_by(value: bytes, host: str) -> bool:
    found = re.search(rb"\bby\s+([\w.-]+)", value)
    return bool(host and found and found[1].decode("latin-1").lower() == host.lower())


def _parsed(value: bytes) -> Any:
    if value.count(b"(") > MOST_NESTED or b'"' in value.split(b";")[0]:
        return None
    try:
        return authres.AuthenticationResultsHeader.parse_value(value.decode("ascii"))
    except Exception:  # noqa: BLE001 (whatever the library cannot read is not believed)
        return None


# Our own check.


def _by_signature(
    raw: bytes, fields: Fields, address: str, trust: Trust, at: datetime, dns: Dns
) -> tuple[str, str, frozenset[str]]:
    """Say why no signature speaks for this sender; with the fields that the one that does has signed."""
    domain = address.rpartition("@")[2]
    reason, detail = "unsigned", ""
    aligned = 0
    for number, value in enumerate(fields.all("dkim-signature")):
        tags = {name.lower(): told.strip() for name, told in TAG.findall(value.decode("latin-1"))}
        signer = tags.get("d", "").lower().rstrip(".")
        if not is_aligned(signer, domain):
            continue
        aligned += 1
        if aligned > MOST_SIGNATURES:
            return "too_many_signatures", signer, frozenset()
        reason, detail = _unsound(tags, at), signer
        if reason:
            continue
        if not _verifies(raw, number, dns):
            reason = "bad_signature"
            continue
        reason = _policy(domain, signer, trust, dns)
        return reason, signer, frozenset(_signed(tags))
    return reason, detail, frozenset()


def is_aligned(signer: str, domain: str) -> bool:
    """Whether a signature is of the domain that the sender names, or of one with the same owner."""
    return bool(signer) and organizational(signer) == organizational(domain)


@lru_cache(maxsize=1024)
def organizational(domain: str) -> str:
    """Give the domain that somebody registered: a label more than the public suffix (RFC 7489, 3.2).

    The suffixes are those that authheaders brings. Its own function takes an unknown top-level
    domain for one that somebody registered, so that all of its domains would be one; and reads the
    list anew each time, which takes 35 ms.
    """
    suffix = _suffixes().get_tld(domain, strict=True) or domain.rpartition(".")[2]
    if domain == suffix:
        return domain
    return f"{domain.removesuffix(suffix).rstrip('.').rpartition('.')[2]}.{suffix}"


@cache
def _suffixes() -> Any:
    with (resources.files("authheaders") / "public_suffix_list.txt").open(encoding="utf-8") as file:
        return PublicSuffixList(file)


def _signed(tags: dict[str, str]) -> list[str]:
    return [name.strip().lower() for name in tags.get("h", "").split(":")]


def _unsound(tags: dict[str, str], at: datetime) -> str:
    """Say what makes a signature worthless whatever its mathematics say."""
    if "l" in tags:
        return "partly_signed"
    if not set(_signed(tags)) >= SIGNED:
        return "unsigned_fields"
    until = tags.get("x", "")
    if until and (not until.isdigit() or int(until) < at.timestamp()):
        return "expired_signature"
    return ""


def _verifies(raw: bytes, number: int, dns: Dns) -> bool:
    def found(name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG001 (the library's own shape)
        return dns(name.decode("latin-1").rstrip("."))

    try:
        return bool(dkim.DKIM(raw, minkey=SHORTEST_KEY).verify(number, dnsfunc=found))
    except LookedUpInVain:
        raise
    except Exception:  # noqa: BLE001 (whatever the library cannot read is not believed)
        return False


def _policy(domain: str, signer: str, trust: Trust, dns: Dns) -> str:
    """Ask the sender's domain what it makes of this signature (RFC 7489, 6.6.3)."""
    tags = _published(domain, dns)
    if tags is None and organizational(domain) != domain:
        tags = _published(organizational(domain), dns)
    if tags is None:
        return "" if domain in trust.unpublished else "dmarc_none"
    is_strict = tags.get("adkim", "r").lower() == "s"
    return "dmarc_fail" if is_strict and signer != domain else ""


def _published(domain: str, dns: Dns) -> dict[str, str] | None:
    """Give the policy a domain publishes; one that cannot be read is none."""
    record = dns(f"_dmarc.{domain}") or b""
    told = record.decode("latin-1").strip()
    tags = {name.lower(): value.strip() for name, value in TAG.findall(told)}
    return tags if told.startswith("v=DMARC1") and "p" in tags else None


def _replayed(
    fields: Fields,
    signed: Sequence[str] | frozenset[str],
    trust: Trust,
    at: datetime,
    is_seen: Callable[[str], bool],
) -> str:
    """Say why a true letter may still be an old one, or one to somebody else, sent once more."""
    written = date(fields.first("date"))
    if written is None or not at - OLDEST <= written <= at + NEWEST:
        return "old_date"
    if any(is_seen(one) for one in message_ids(fields.first("message-id"))):
        return "seen_id"
    named = [
        box.address.lower()
        for name in ("to", "cc")
        if name in signed or name == "to"
        for box in mailboxes(fields.first(name))
    ]
    is_ours = any(_without_token(one) in trust.own for one in named if ADDRESS.fullmatch(one))
    return "" if is_ours else "not_to_us"


def _without_token(address: str) -> str:
    """Give our address without the part after "+" that routes an answer."""
    name, _at, domain = address.rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"
