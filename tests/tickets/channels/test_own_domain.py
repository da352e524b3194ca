"""What our own domain publishes, and which words the head of support reads about it."""

import pytest
from django.template.loader import render_to_string

from tests.tickets.channels.letters import record
from tickets.channels.email.own_domain import Unanswered, check

DOMAIN = "portal.example"


def texts(**records: list[bytes]):
    """Publish records under the short names spf, dkim and dmarc."""
    places = {
        DOMAIN: "spf",
        f"s1._domainkey.{DOMAIN}": "dkim",
        f"_dmarc.{DOMAIN}": "dmarc",
    }
    return lambda name: records.get(places[name], [])


def found(subject: str, *records: bytes) -> tuple[str, str]:
    findings = check(DOMAIN, selector="s1", texts=texts(**{subject: list(records)}))
    one = next(one for one in findings if one.subject == subject)
    return one.code, one.level


@pytest.mark.parametrize(
    ("subject", "records", "code", "level"),
    [
        ("spf", [], "missing", "bad"),
        ("spf", [b"google-site-verification=1"], "missing", "bad"),
        ("spf", [b"v=spf1 mx -all", b"something else"], "good", "good"),
        ("spf", [b"v=spf1 include:_spf.mail.example ~all"], "soft", "good"),
        ("spf", [b"v=spf1 mx ?all"], "neutral", "weak"),
        ("spf", [b"v=spf1 mx"], "open_end", "weak"),
        ("spf", [b"v=spf1 +all"], "everybody", "bad"),
        ("spf", [b"v=spf1 all"], "everybody", "bad"),
        ("spf", [b"v=spf1 redirect=_spf.mail.example"], "redirected", "good"),
        ("spf", [b"v=spf1 -all", b"v=spf1 mx -all"], "several", "bad"),
        ("spf", [b"v=spf1 " + b"include:a.example " * 11 + b"-all"], "too_many_lookups", "bad"),
        ("spf", [b"v=spf10 -all"], "missing", "bad"),
        ("dkim", [], "missing", "bad"),
        ("dkim", [record("ours", 2048)], "good", "good"),
        ("dkim", [record("ours_short", 1024)], "short", "weak"),
        ("dkim", [b"v=DKIM1; p="], "revoked", "bad"),
        ("dkim", [b"v=DKIM1; p=AAAA!"], "unreadable", "bad"),
        ("dkim", [b"v=DKIM1; p=AAAA"], "unreadable", "bad"),
        ("dkim", [record("ours", 2048) + b"; t=y"], "testing", "weak"),
        ("dkim", [b"v=DKIM1; k=ed25519; p=AAAA"], "good", "good"),
        ("dkim", [record("ours"), record("ours", 2048)], "several", "bad"),
        ("dmarc", [], "missing", "bad"),
        ("dmarc", [b"v=DMARC1; p=reject; adkim=s"], "good", "good"),
        ("dmarc", [b"v=DMARC1; p=quarantine"], "quarantine", "good"),
        ("dmarc", [b"v=DMARC1; p=none; rua=mailto:a@portal.example"], "none", "weak"),
        ("dmarc", [b"v=DMARC1; p=reject; pct=20"], "partial", "weak"),
        ("dmarc", [b"v=DMARC1; sp=reject"], "unreadable", "bad"),
        ("dmarc", [b"v=DMARC1; p=none", b"v=DMARC1; p=reject"], "several", "bad"),
        ("dmarc", [b"v=spf1 -all"], "missing", "bad"),
    ],
)
def test_each_record_gets_its_verdict_and_words(
    subject: str, records: list[bytes], code: str, level: str
) -> None:
    assert found(subject, *records) == (code, level)
    findings = check(DOMAIN, selector="s1", texts=texts(**{subject: records}))
    for one in findings:
        assert len(render_to_string(one.template, {"finding": one})) > 40


def test_a_silent_name_server_says_nothing_about_the_domain() -> None:
    def silent(name: str) -> list[bytes]:
        raise Unanswered(name)

    findings = check(DOMAIN, selector="s1", texts=silent)
    assert [(one.code, one.level) for one in findings] == [("unanswered", "unknown")] * 3
    for one in findings:
        assert render_to_string(one.template, {"finding": one}).strip()


def test_without_a_selector_the_key_cannot_be_looked_up() -> None:
    key = check(DOMAIN, selector="", texts=texts())[1]
    assert (key.subject, key.code, key.level) == ("dkim", "no_selector", "unknown")
    assert render_to_string(key.template, {"finding": key}).strip()
