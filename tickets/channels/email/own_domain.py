"""What our own domain publishes about its mail, and what is wrong with it; *pure*, the DNS is handed in.

SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489): without them others can write in our name, and
codes "from support" can be phished (design/security.md, 2.6). Each finding is a code; its words, with
what to do, stand in templates/tickets/mail/domain/.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

GOOD, WEAK, BAD, UNKNOWN = "good", "weak", "bad", "unknown"
SHORTEST_KEY = 2048  # bits
MOST_LOOKUPS = 10  # RFC 7208, 4.6.4
ASKS = re.compile(r"^[+?~-]?(?:include:|a(?:[:/]|$)|mx(?:[:/]|$)|ptr(?:[:]|$)|exists:)|^redirect=")
TAG = re.compile(r"(?:^|;)\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)

# Gives all text records of a name, none where there are none. Raises Unanswered.
Texts = Callable[[str], list[bytes]]


class Unanswered(Exception):
    """The name server did not answer."""


@dataclass(frozen=True)
class Finding:
    """What one of the three says of a domain."""

    subject: str  # spf, dkim, dmarc
    code: str
    level: str
    record: str = ""
    name: str = ""  # where the record stands, or should
    bits: int = 0

    @property
    def template(self) -> str:
        """Name the words of this finding."""
        return f"tickets/mail/domain/{self.subject}_{self.code}.html"


def check(domain: str, *, selector: str, texts: Texts) -> list[Finding]:
    """Judge the three records of a domain."""
    key = f"{selector}._domainkey.{domain}" if selector else ""
    return [
        _judged("spf", domain, texts, _spf),
        _judged("dkim", key, texts, _dkim) if key else Finding("dkim", "no_selector", UNKNOWN),
        _judged("dmarc", f"_dmarc.{domain}", texts, _dmarc),
    ]


def _judged(
    subject: str, name: str, texts: Texts, judge: Callable[[list[str]], tuple[str, str, str, int]]
) -> Finding:
    try:
        records = [one.decode("utf-8", "replace") for one in texts(name)]
    except Unanswered:
        return Finding(subject, "unanswered", UNKNOWN, name=name)
    code, level, record, bits = judge(records)
    return Finding(subject, code, level, record[:600], name, bits)


def _spf(records: list[str]) -> tuple[str, str, str, int]:
    found = [one for one in records if re.match(r"v=spf1(?:\s|$)", one, re.IGNORECASE)]
    if len(found) != 1:
        return ("missing" if not found else "several"), BAD, " | ".join(found), 0
    terms = found[0].lower().split()[1:]
    last = next((one for one in terms if one.lstrip("+-~?") == "all"), "")
    if sum(bool(ASKS.match(one)) for one in terms) > MOST_LOOKUPS:
        return "too_many_lookups", BAD, found[0], 0
    if not last and any(one.startswith("redirect=") for one in terms):
        return "redirected", GOOD, found[0], 0
    codes = {
        "-all": ("good", GOOD),
        "~all": ("soft", GOOD),
        "?all": ("neutral", WEAK),
        "": ("open_end", WEAK),
    }
    code, level = codes.get(last, ("everybody", BAD))
    return code, level, found[0], 0


def _dkim(records: list[str]) -> tuple[str, str, str, int]:
    found = [one for one in records if "p=" in one.replace(" ", "")]
    if len(found) != 1:
        return ("missing" if not found else "several"), BAD, " | ".join(found), 0
    tags = {name.lower(): re.sub(r"\s", "", value) for name, value in TAG.findall(found[0])}
    if not tags.get("p"):
        return "revoked", BAD, found[0], 0
    if "y" in tags.get("t", "").split(":"):
        return "testing", WEAK, found[0], 0
    if tags.get("k", "rsa") == "ed25519":
        return "good", GOOD, found[0], 256
    return _by_length(_bits(tags["p"]), found[0])


def _by_length(bits: int, record: str) -> tuple[str, str, str, int]:
    if not bits:
        return "unreadable", BAD, record, 0
    return ("good", GOOD, record, bits) if bits >= SHORTEST_KEY else ("short", WEAK, record, bits)


def _bits(published: str) -> int:
    """Give how long a published RSA key is, nothing where it is none."""
    try:
        key = load_der_public_key(base64.b64decode(published, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return 0
    return key.key_size if isinstance(key, RSAPublicKey) else 0


def _dmarc(records: list[str]) -> tuple[str, str, str, int]:
    found = [one for one in records if one.startswith("v=DMARC1")]
    if len(found) != 1:
        return ("missing" if not found else "several"), BAD, " | ".join(found), 0
    tags = {name.lower(): value.strip().lower() for name, value in TAG.findall(found[0])}
    codes = {"reject": ("good", GOOD), "quarantine": ("quarantine", GOOD), "none": ("none", WEAK)}
    code, level = codes.get(tags.get("p", ""), ("unreadable", BAD))
    if level == GOOD and tags.get("pct", "100") != "100":
        code, level = "partial", WEAK
    return code, level, found[0], 0
