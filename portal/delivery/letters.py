"""Renders a delivery as a letter: subject, text and HTML from templates/letters/."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.dateparse import parse_datetime

from portal.delivery import secrets
from portal.delivery.models import Delivery


@dataclass(frozen=True)
class Letter:
    """A letter as it leaves."""

    subject: str
    text: str
    html: str


def render(delivery: Delivery, *, with_secret: bool) -> Letter:
    """Render in the language of the delivery. Without its secret, «••••» stands in its place."""
    hidden = (
        dict.fromkeys(("code", "url"), "••••") if delivery.secret or _was_secret(delivery) else {}
    )
    context = {
        **_moments(delivery.context),
        **(secrets.unseal(delivery.secret) if with_secret else hidden),
        "site_url": settings.SITE_URL,
        "language": delivery.language,
    }
    name = f"letters/{delivery.letter}"
    with translation.override(delivery.language):
        subject = " ".join(render_to_string(f"{name}.subject.txt", context).split())
        context["letter_subject"] = subject
        text = render_to_string(f"{name}.txt", context).strip() + "\n"
        return Letter(subject, text, render_to_string(f"{name}.html", context))


def _was_secret(delivery: Delivery) -> bool:
    return delivery.expires_at is not None


def _moments(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the ISO times of a row back into datetimes, by the names that end in `_at`."""
    return {
        name: _moment(value) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in values.items()
    }


def _moment(text: str) -> datetime | str:
    return parse_datetime(text) or text
