"""Renders a delivery as a letter: subject, text and HTML from templates/letters/."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.dateparse import parse_date, parse_datetime

from portal.delivery import envelope, inlining, secrets, unsubscribing
from portal.delivery.envelope import Envelope
from portal.delivery.models import Delivery

SECRETS = ("code", "url")
HIDDEN = "••••••"
# What mail programs put before a subject, and the tag that we put behind it.
BEFORE = re.compile(
    r"^(?:\s*(?:re|aw|sv|fwd?|отв|ответ|пересл)(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE
)
BLANKS = re.compile(r"\n{3,}")
BEHIND = re.compile(r"(?:\s*\[#\d+\])+\s*$")


@dataclass(frozen=True)
class Letter:
    """A letter as it leaves."""

    subject: str
    text: str
    html: str


def render(delivery: Delivery, *, with_secret: bool, around: Envelope | None = None) -> Letter:
    """Render in the language of the delivery. Without its secret, dots stand in its place."""
    around = around or envelope.of(delivery)
    with translation.override(delivery.language):
        context = _values(delivery, around, with_secret=with_secret)
        # What people wrote must not break the line of a header.
        subject = " ".join(_plain(f"letters/{delivery.letter}.subject.txt", context).split())
        text = BLANKS.sub("\n\n", _plain(f"letters/{delivery.letter}.txt", context).strip()) + "\n"
        page = {**context, "letter_subject": subject}
        html = render_to_string(f"letters/{delivery.letter}.html", page)
        return Letter(subject, text, inlining.inlined(html))


def bare(subject: str) -> str:
    """Give a subject without what mail programs and we put around it, so that a thread keeps one."""
    return BEHIND.sub("", BEFORE.sub("", subject)).strip() or subject.strip()


def _values(delivery: Delivery, around: Envelope, *, with_secret: bool) -> dict[str, Any]:
    if with_secret:
        secret = secrets.unseal(delivery.secret)
    else:
        # Only what carries a secret has an end.
        secret = dict.fromkeys(SECRETS, HIDDEN) if delivery.expires_at else {}
    return {
        "expires_at": delivery.expires_at,
        **_moments(delivery.context),
        **secret,
        "bare_subject": bare(str(delivery.context.get("subject", ""))),
        **around.values,
        "files": around.files,
        # Whoever holds the link ends letters: like a secret, it is for the reader alone.
        "unsubscribe_url": unsubscribing.address_of(delivery) if with_secret else "",
        "site_url": settings.SITE_URL,
        "language": delivery.language,
    }


def _plain(name: str, context: dict[str, Any]) -> str:
    """Render plain text, in which nothing needs escaping."""
    template = Engine.get_default().get_template(name)
    return template.render(Context(context, autoescape=False))


def _moments(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the ISO times and dates of a row back, by the names that end in `_at` and `_on`."""
    return {
        name: _moment(name, value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _moment(name: str, text: str) -> datetime | date | str:
    if name.endswith("_at"):
        return parse_datetime(text) or text
    return (parse_date(text) or text) if name.endswith("_on") else text
