"""The jobs that run jobs."""

from celery import shared_task
from django.utils import timezone

from portal.delivery import heartbeats
from portal.delivery.bell import ring
from portal.jobs import running
from portal.jobs.actions import RUN


# Longer than other tasks: a file is written in one go. What goes on from a cursor yields long before.
@shared_task(time_limit=900, soft_time_limit=840)
def run(number: int) -> None:
    """Work at a job for a while, and ring again when there is more to do."""
    if running.run(number=number):
        ring(RUN, number=number)


@shared_task
def sweep() -> None:
    """Take up what waits or was cut off."""
    running.sweep()
    heartbeats.beat("jobs", at=timezone.now())


@shared_task
def forget_old() -> None:
    """Delete files that are a week old."""
    running.forget_old()
    heartbeats.beat("forget-old-jobs", at=timezone.now())
