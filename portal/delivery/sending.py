"""Sends what waits in the outbox, one delivery at a time, outside any transaction."""

import logging
import time

from portal.delivery import envelope, outbox, unsubscribing
from portal.delivery.models import Delivery, State
from portal.delivery.transports import TRANSPORTS, TransportError, one_line

log = logging.getLogger("portal.delivery")
MOST_AT_ONCE = 200
# One run ends well before the limits of a task: this, and the time-out of the last letter.
LONGEST_RUN = 20.0  # seconds


def drain(limit: int = MOST_AT_ONCE) -> int:
    """Send up to so many deliveries for a while; answers how many were taken."""
    taken, ends = 0, time.monotonic() + LONGEST_RUN
    with one_line():
        while taken < limit and time.monotonic() < ends and deliver_one():
            taken += 1
    return taken


def deliver_one() -> Delivery | None:
    """Take the next delivery and send it; None when nothing is due."""
    delivery = outbox.claim()
    if delivery is not None and delivery.state != State.EXPIRED:
        deliver(delivery)
    return delivery


def deliver(delivery: Delivery) -> None:
    """Send one claimed delivery and note how it went."""
    try:
        if why := unsubscribing.why_not(delivery) or envelope.why_not(delivery):
            outbox.refuse(delivery, why=why)
            return
        TRANSPORTS[delivery.transport](delivery)
    except TransportError as error:
        outbox.mark_failed(delivery, error=str(error), is_permanent=error.is_permanent)
    # A letter that cannot be rendered must neither stop those behind it nor be lost: a later
    # version of the portal may be able to.
    except Exception as error:  # noqa: BLE001
        told = type(error).__name__  # its message and trace may hold an address or a code
        log.error("delivery failed", extra={"delivery": delivery.pk, "error": told})  # noqa: TRY400
        outbox.mark_failed(delivery, error=told, is_permanent=False)
    else:
        outbox.mark_sent(delivery)
