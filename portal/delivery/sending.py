"""Sends what waits in the outbox, one delivery at a time, outside any transaction."""

import logging

from django.utils import timezone

from portal.delivery import outbox
from portal.delivery.models import Delivery
from portal.delivery.transports import TRANSPORTS, TransportError

log = logging.getLogger("portal.delivery")
MOST_AT_ONCE = 200


def drain(limit: int = MOST_AT_ONCE) -> int:
    """Send up to so many deliveries; answers how many were taken."""
    for count in range(limit):
        delivery = outbox.claim()
        if delivery is None:
            return count
        deliver(delivery)
    return limit


def deliver(delivery: Delivery) -> None:
    """Send one claimed delivery and note how it went."""
    if delivery.expires_at and delivery.expires_at <= timezone.now():
        outbox.mark_expired(delivery)
        return
    try:
        TRANSPORTS[delivery.transport](delivery)
    except TransportError as error:
        outbox.mark_failed(delivery, error=str(error), is_permanent=error.is_permanent)
    else:
        outbox.mark_sent(delivery)
