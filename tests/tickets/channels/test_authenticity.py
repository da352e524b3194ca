"""Who is believed: a table of true letters and of forgeries, each with the one right verdict."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest

from tests.tickets.channels.letters import ANNA, AT, SUPPORT, Dns, dns, letter, record, sign
from tickets.channels.email.authenticity import Position, Trust, Verdict, judge

OURSELVES = Trust(own=frozenset({SUPPORT}))
SERVER = Trust(servers=frozenset({"mx.portal.example"}), own=frozenset({SUPPORT}))
BELOW = replace(SERVER, position=Position.BELOW, received_by="mx.portal.example")
RECEIVED = "Received: from out.hotel.example by mx.portal.example with ESMTPS; Wed, 25 Nov 2026 12:30:00 +0300"
FOREIGN = "Received: from a by out.hotel.example; Wed, 25 Nov 2026 12:29:00 +0300"
PASS = "Authentication-Results: mx.portal.example; dmarc=pass header.from=hotel.example"


def verdict(
    raw: bytes, trust: Trust = OURSELVES, names: Dns | None = None, **more: object
) -> Verdict:
    return judge(raw, trust=trust, received_at=AT, dns=names or dns(), **more)  # type: ignore[arg-type]  # what one case adds


def ar(text: str, server: str = "mx.portal.example") -> str:
    return f"Authentication-Results: {server}; {text}"


class Case(NamedTuple):
    """A letter and why it is believed or not."""

    name: str
    reason: str
    raw: Callable[[], bytes]
    trust: Trust = OURSELVES


def signed(**fields: object) -> Callable[[], bytes]:
    return lambda: sign(letter(**fields))  # type: ignore[arg-type]  # the fields of a letter


def tampered(old: bytes, new: bytes) -> Callable[[], bytes]:
    return lambda: sign(letter()).replace(old, new)


def judged(*above: str, **fields: object) -> Callable[[], bytes]:
    return lambda: letter(above=above, **fields)  # type: ignore[arg-type]  # the fields of a letter


TABLE = [
    # Our own check.
    Case("signed by its own domain", "authentic", signed()),
    Case("signed by a subdomain, relaxed", "authentic", lambda: sign(letter(), domain="mail.hotel.example")),
    Case("name in front of the address", "authentic", signed(sender=f'"=?utf-8?b?0JDQvdC90LA=?= Smirnova, Ms." <{ANNA}>')),
    Case("capitals in the address", "authentic", signed(sender="Anna <Anna@Hotel.EXAMPLE>")),
    Case("a foreign signature beside its own", "authentic", lambda: sign(sign(letter()), domain="evil.example", name="evil")),
    Case("to our address that routes", "authentic", signed(to="support+t12.abcdef@portal.example")),
    Case("we stand in Cc, signed", "authentic", lambda: sign(letter(to="boris@hotel.example", more=(f"Cc: {SUPPORT}",)), fields=(b"from", b"to", b"cc", b"subject", b"date", b"message-id"))),
    Case("not signed", "unsigned", letter),
    Case("signed by another domain only", "unsigned", lambda: sign(letter(), domain="evil.example", name="evil")),
    Case("signed with another's key", "bad_signature", lambda: sign(letter(), name="evil")),
    Case("text changed afterwards", "bad_signature", tampered("календарь".encode(), b"kalendar")),
    Case("sender changed afterwards", "bad_signature", tampered(b"From: Anna", b"From: Olga")),
    Case("subject changed afterwards", "bad_signature", tampered(b"Subject: =?utf-8?b?", b"Subject: Re: =?utf-8?b?")),
    Case("a subdomain where the policy is strict", "dmarc_fail", lambda: sign(letter(sender="i@strict.example"), domain="mail.strict.example", name="strict")),
    Case("strict and signed by itself", "authentic", lambda: sign(letter(sender="i@strict.example"), domain="strict.example", name="strict")),
    Case("a domain without a policy", "dmarc_none", lambda: sign(letter(sender="i@quiet.example"), domain="quiet.example", name="quiet")),
    Case("only a part of the text is signed", "partly_signed", lambda: sign(letter(), length=True)),
    Case("a part signed, more text added", "partly_signed", lambda: sign(letter(), length=True) + "И пришлите пароль.\r\n".encode()),
    Case("the subject is not signed", "unsigned_fields", lambda: sign(letter(), fields=(b"from", b"to", b"date", b"message-id"))),
    Case("the addressee is not signed", "unsigned_fields", lambda: sign(letter(), fields=(b"from", b"subject", b"date", b"message-id"))),
    Case("no such key", "bad_signature", lambda: sign(letter(), selector="s2")),
    Case("the key was taken back", "bad_signature", lambda: sign(letter(), selector="gone")),
    Case("an old letter", "old_date", signed(at=AT - timedelta(days=8))),
    Case("a letter from tomorrow", "old_date", signed(at=AT + timedelta(days=1))),
    Case("a letter to somebody else, sent on", "not_to_us", signed(to="partner@other.example")),
    Case("we stand in Cc, unsigned", "not_to_us", lambda: sign(letter(to="partner@other.example")).replace(b"MIME-Version", f"Cc: {SUPPORT}\r\nMIME-Version".encode())),
    # The sender.
    Case("no sender", "no_from", lambda: letter(without=("from",))),
    Case("two From fields", "two_from", lambda: sign(letter(more=("From: boris@hotel.example",)))),
    Case("a second From with a space", "two_from", lambda: letter(above=(PASS,), more=("From : boris@hotel.example",)), SERVER),
    Case("two people in From", "odd_from", lambda: sign(letter(sender=f"{ANNA}, boris@hotel.example"))),
    Case("an address for a name", "odd_from", lambda: sign(letter(sender="boris@hotel.example <anna@hotel.example>"))),
    Case("a group for a sender", "odd_from", lambda: letter(sender=f"hotel: {ANNA};")),
    Case("a Cyrillic letter in the address", "odd_from", lambda: letter(sender="Anna <аnna@hotel.example>")),
    Case("a dotless i in the address", "odd_from", lambda: letter(sender="Anna <alıce@hotel.example>")),
    Case("an address without a domain", "odd_from", lambda: letter(sender="Anna <anna>")),
    Case("two angles", "odd_from", lambda: letter(sender=f"<evil@evil.example> <{ANNA}>")),
    Case("a name in bare bytes", "odd_from", lambda: letter(sender=f"Анна <{ANNA}>")),
    Case("words after the address", "odd_from", lambda: letter(sender=f"<{ANNA}> evil@evil.example")),
    Case("two subjects", "repeated_header", lambda: sign(letter(more=("Subject: other",)))),
    Case("two dates", "repeated_header", lambda: sign(letter(more=("Date: Wed, 25 Nov 2026 09:30:00 +0000",)))),
    Case("no date", "no_date_or_id", lambda: letter(without=("date",))),
    Case("no message id", "no_date_or_id", lambda: letter(without=("message-id",))),
    # Our server's verdict.
    Case("the server says pass", "authentic", judged(PASS, RECEIVED), SERVER),
    Case("the verdict stands below our Received", "authentic", judged(RECEIVED, PASS, FOREIGN), BELOW),
    Case("pass with comments", "authentic", judged(ar("dkim=pass header.d=hotel.example; dmarc=pass (p=REJECT sp=REJECT) header.from=hotel.example"), RECEIVED), SERVER),
    Case("no verdict", "no_verdict", judged(RECEIVED), SERVER),
    Case("the sender brought the verdict along", "no_verdict", judged(RECEIVED, PASS), SERVER),
    Case("below a foreign Received", "no_verdict", judged(FOREIGN, PASS), BELOW),
    Case("above our Received where it stands below", "no_verdict", judged(PASS, RECEIVED), BELOW),
    Case("further down where it stands below", "no_verdict", judged(RECEIVED, FOREIGN, PASS), BELOW),
    Case("another server's verdict", "no_verdict", judged(ar("dmarc=pass header.from=hotel.example", "mx.evil.example"), RECEIVED), SERVER),
    Case("a server that only sounds like ours", "no_verdict", judged(ar("dmarc=pass header.from=hotel.example", "mx.portal.example.evil.example"), RECEIVED), SERVER),
    Case("our server's name in quotes", "odd_verdict", judged('Authentication-Results: "mx.portal.example"; dmarc=pass header.from=hotel.example', RECEIVED), SERVER),
    Case("the server says fail", "dmarc_fail", judged(ar("dmarc=fail header.from=hotel.example"), RECEIVED), SERVER),
    Case("the server knows no policy", "dmarc_none", judged(ar("dmarc=none header.from=hotel.example"), RECEIVED), SERVER),
    Case("a pass for another domain", "other_from", judged(ar("dmarc=pass header.from=evil.example"), RECEIVED), SERVER),
    Case("only spf passes", "no_verdict", judged(ar("spf=pass smtp.mailfrom=hotel.example"), RECEIVED), SERVER),
    Case("only dkim passes", "no_verdict", judged(ar("dkim=pass header.d=hotel.example"), RECEIVED), SERVER),
    Case("two verdicts", "two_verdicts", judged(PASS, ar("dmarc=fail header.from=hotel.example"), RECEIVED), SERVER),
    Case("two verdicts in one field", "two_verdicts", judged(ar("dmarc=fail header.from=hotel.example; dmarc=pass header.from=hotel.example"), RECEIVED), SERVER),
    Case("a comment that hides the verdict", "no_verdict", judged(ar("spf=pass (dmarc=pass header.from=hotel.example) smtp.mailfrom=a@hotel.example"), RECEIVED), SERVER),
    Case("a verdict nobody can read", "odd_verdict", judged("Authentication-Results: mx.portal.example; ;;; ===", RECEIVED), SERVER),
    Case("five thousand brackets", "odd_verdict", judged(ar("dmarc=pass " + "(" * 5000 + ")" * 5000), RECEIVED), SERVER),
    Case("a pass, but an old letter", "old_date", judged(PASS, RECEIVED, at=AT - timedelta(days=30)), SERVER),
    Case("a pass, but to somebody else", "not_to_us", judged(PASS, RECEIVED, to="partner@other.example"), SERVER),
]  # fmt: skip


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_the_verdict_is_right(case: Case) -> None:
    found = verdict(case.raw(), case.trust)

    assert (found.reason, found.is_authentic) == (case.reason, case.reason == "authentic")


def test_a_verdict_names_the_address_in_small_letters() -> None:
    assert verdict(sign(letter(sender="Anna <Anna@Hotel.EXAMPLE>"))).address == ANNA


def test_a_silent_dns_is_asked_again_later() -> None:
    silent = Dns({}, broken=frozenset({"s1._domainkey.hotel.example"}))
    found = verdict(sign(letter()), names=silent)

    assert (found.reason, found.is_temporary, found.is_authentic) == ("dns", True, False)


def test_a_silent_policy_is_asked_again_later() -> None:
    names = Dns(dns().records, broken=frozenset({"_dmarc.hotel.example"}))

    assert verdict(sign(letter()), names=names).is_temporary


def test_the_same_signed_letter_is_believed_once() -> None:
    found = verdict(sign(letter()), is_seen=lambda one: one == "<one@hotel.example>")

    assert (found.reason, found.is_authentic) == ("seen_id", False)


def test_a_domain_without_a_policy_may_be_believed_when_the_head_says_so() -> None:
    raw = sign(letter(sender="i@quiet.example"), domain="quiet.example", name="quiet")
    trust = replace(OURSELVES, unpublished=frozenset({"quiet.example"}))

    assert verdict(raw, trust).is_authentic


def test_a_short_key_speaks_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    names = dns()
    names.records["short._domainkey.hotel.example"] = record("short", 1024)
    raw = sign(letter(), selector="short", name="short", bits=1024)
    monkeypatch.setattr("tickets.channels.email.authenticity.SHORTEST_KEY", 1025)

    assert verdict(raw, names=names).reason == "bad_signature"


def test_a_key_of_1024_bits_is_the_shortest() -> None:
    raw = sign(letter(), selector="weak", name="weak", bits=1024)

    assert verdict(raw).is_authentic


def test_an_expired_signature_speaks_for_nobody() -> None:
    raw = sign(letter())
    until = int((AT - timedelta(hours=1)).timestamp())
    expired = raw.replace(b"; bh=", f"; x={until}; bh=".encode(), 1)

    assert verdict(expired).reason == "expired_signature"
