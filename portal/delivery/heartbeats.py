"""Heartbeats of background jobs: silence is the alarm."""

from datetime import datetime

from portal.delivery.models import Heartbeat


def beat(job: str, *, at: datetime) -> None:
    """Note that a job ran to its end."""
    Heartbeat.objects.update_or_create(job=job, defaults={"beat_at": at})
