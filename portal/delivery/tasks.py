"""The jobs of the outbox."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from portal.delivery import heartbeats, outbox, sending
from portal.delivery.bell import ring
from portal.delivery.models import Delivery, State

KEEP = timedelta(days=90)


@shared_task
def drain() -> None:
    """Send what waits; when there is more than one run holds, ring again."""
    if sending.drain() and outbox.is_waiting():
        ring()


@shared_task
def sweep() -> None:
    """Send what the bell missed, and say that the outbox is looked after."""
    outbox.give_up_lost()
    outbox.forget_secrets()
    drain()
    heartbeats.beat("outbox", at=timezone.now())


@shared_task
def forget_old() -> None:
    """Delete deliveries that left long ago."""
    at = timezone.now()
    Delivery.objects.filter(
        state__in=[State.SENT, State.EXPIRED, State.REFUSED], created_at__lt=at - KEEP
    ).delete()
    heartbeats.beat("forget-old-deliveries", at=at)
