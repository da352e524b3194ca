"""The jobs of the knowledge base."""

from celery import shared_task
from django.conf import settings
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
def check_links() -> None:
    """Ask whether what articles lead to is still there."""
    at = timezone.now()
    if settings.KB_CHECK_LINKS:
        actions.check_links(at=at)
    heartbeats.beat("article-links", at=at)


@shared_task
def remind_owners() -> None:
    """Tell the owners of articles what to look at this week."""
    at = timezone.now()
    actions.remind_owners(on=timezone.localdate(at), at=at)
    heartbeats.beat("article-owners", at=at)


@shared_task
def forget_questions() -> None:
    """Forget what readers asked more than a year ago."""
    at = timezone.now()
    actions.forget_questions(on=timezone.localdate(at))
    heartbeats.beat("forget-questions", at=at)


@shared_task(time_limit=900, soft_time_limit=840)
def settle_search() -> None:
    """Weigh all articles by the figures of today."""
    actions.settle_search()
    heartbeats.beat("settle-search", at=timezone.now())
