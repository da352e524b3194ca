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


@shared_task
def forget_questions() -> None:
    """Forget what readers asked more than a year ago."""
    at = timezone.now()
    actions.forget_questions(on=timezone.localdate(at))
    heartbeats.beat("forget-questions", at=at)
