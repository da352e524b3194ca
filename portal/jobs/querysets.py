"""Who may see which job, and which of them somebody should take up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import User
    from portal.jobs.models import Job  # noqa: F401 (named in a string below)

# A worker gives a sign of life after every batch; one that is silent for so long is gone.
LEASE = timedelta(seconds=90)


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs."""

    def visible_to(self, user: User) -> JobQuerySet:
        """Keep what this person asked for; the heads of support see all."""
        if not user.is_active:
            return self.none()
        return self if user.has_perm("accounts.head_support") else self.filter(requested_by=user)

    def unfinished(self) -> JobQuerySet:
        """Keep what waits or is at work."""
        return self.filter(state__in=["queued", "running"])

    def free(self, at: datetime) -> JobQuerySet:
        """Keep what nobody works at: it waits, or its worker gave no sign of life."""
        return self.filter(Q(state="queued") | Q(state="running", heartbeat_at__lt=at - LEASE))
