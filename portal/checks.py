"""Refuses a half-configured production, with a list of what is missing."""

import logging
from collections.abc import Iterator
from typing import Any

from celery.signals import beat_init, worker_init
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

log = logging.getLogger("portal.checks")
MODES = ("demo", "production", "test")
SHORTEST_KEY = 50
FEWEST_SIGNS = 5  # different ones in the key, as security.W009 counts


@register()
def check_installation(**_options: Any) -> list[CheckMessage]:
    """List everything that a production installation lacks, all at once."""
    return [Error(fault, id="portal.E001") for fault in faults()]


def refuse_half_configured() -> None:
    """Keep a web server from starting half-configured. Raises ImproperlyConfigured.

    Commands of manage.py run the check by themselves; servers run none.
    """
    if found := list(faults()):
        raise ImproperlyConfigured("\n- ".join(["The portal does not start like this:", *found]))


@worker_init.connect
@beat_init.connect
def refuse_half_configured_worker(**_sent: Any) -> None:
    """Keep Celery from starting half-configured; of its signals only an exit gets through."""
    try:
        refuse_half_configured()
    except ImproperlyConfigured as error:
        # Written to the log: beat has already turned the streams over to it.
        log.critical("%s", error)
        raise SystemExit(1) from error


def faults() -> Iterator[str]:
    """Name everything that is wrong with the environment of this process."""
    if settings.MODE not in MODES:
        yield f"PORTAL_MODE is {settings.MODE!r}; it must be one of {', '.join(MODES)}."
    if settings.PRODUCTION:
        yield from lacking()


def lacking() -> Iterator[str]:
    """Name each variable of the environment that production needs and has not got."""
    if len(settings.SECRET_KEY) < SHORTEST_KEY or len(set(settings.SECRET_KEY)) < FEWEST_SIGNS:
        yield f"SECRET_KEY needs at least {SHORTEST_KEY} random characters."
    if not settings.SITE_URL.startswith("https://"):
        yield "SITE_URL needs the https:// address of the portal."
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS needs the host names of the portal, without a star."
    if not settings.GIVEN["DATABASE_URL"]:
        yield "DATABASE_URL needs a PostgreSQL server (the embedded one is for trying out)."
    if not settings.GIVEN["EMAIL_URL"]:
        yield "EMAIL_URL needs an SMTP server, say smtp+tls://user:password@host:587."
    if settings.DEBUG:
        yield "DEBUG must be off: its error pages show the source and the environment."
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        yield "CELERY_BROKER_URL needs a Redis or RabbitMQ server."
