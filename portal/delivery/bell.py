"""Rings a worker after commit: best effort, bounded in time, never a reason to fail.

What the bell misses the sweep finds (tasks.sweep): the row is the record of work.
"""

import logging
import time
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction

DRAIN = "portal.delivery.tasks.drain"
log = logging.getLogger("portal.delivery")
REST = 30.0  # seconds without ringing after the broker did not answer
# The monotonic second until which the broker is left alone, in this process.
_quiet_until = [0.0]


def ring_after_commit(task: str = DRAIN, **values: int) -> None:
    """Ask a worker to do a task, usually to look at the outbox, once this transaction is committed."""
    if not settings.TESTING:
        transaction.on_commit(partial(ring, task, **values), robust=True)


def ring(task: str = DRAIN, **values: int) -> None:
    """Ask a worker to do a task now."""
    if time.monotonic() < _quiet_until[0]:
        return
    try:
        current_app.send_task(task, kwargs=values, ignore_result=True, expires=10)
    # Whatever a transport raises (each has its own errors), the caller's work is done already.
    except Exception as error:  # noqa: BLE001
        _quiet_until[0] = time.monotonic() + REST
        log.warning(
            "the broker did not answer; the sweep will deliver",
            extra={"error": type(error).__name__},
        )
