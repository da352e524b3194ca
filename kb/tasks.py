"""The jobs of the knowledge base."""

from celery import shared_task
from django.utils import timezone

from kb import actions
from portal.delivery import heartbeats


@shared_task
def publish_due() -> None:
    """Let readers see what was scheduled for now."""
    at = timezone.now()
    actions.publish_due(at=at)
    heartbeats.beat("publish-articles", at=at)
