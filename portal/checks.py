"""Refuses a half-configured production, with a list of what is missing."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

MODES = ("demo", "production", "test")
SHORTEST_KEY = 50


@register()
def check_installation(**_options: Any) -> list[CheckMessage]:
    """List everything that a production installation lacks, all at once."""
    if settings.MODE not in MODES:
        return [
            Error(f"PORTAL_MODE is {settings.MODE!r}; it must be one of {MODES}.", id="portal.E001")
        ]
    if not settings.PRODUCTION:
        return []
    return [
        Error(f"Production is not configured: {reason}", id="portal.E002") for reason in lacking()
    ]


def lacking() -> Iterator[str]:
    """Name each variable of the environment that production needs and has not got."""
    if len(settings.SECRET_KEY) < SHORTEST_KEY:
        yield f"SECRET_KEY needs at least {SHORTEST_KEY} random characters."
    if not settings.SITE_URL.startswith("https://"):
        yield "SITE_URL needs the https:// address of the portal."
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS needs the host names of the portal, without a star."
    if not settings.GIVEN["DATABASE_URL"]:
        yield "DATABASE_URL needs a PostgreSQL server (the embedded one is for trying out)."
    if not settings.GIVEN["EMAIL_URL"]:
        yield "EMAIL_URL needs an SMTP server, say smtp+tls://user:password@host:587."
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        yield "CELERY_BROKER_URL needs a Redis or RabbitMQ server."
