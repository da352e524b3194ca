"""Work that takes longer than a page may: one row is the record of it, from the wish to the end."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.jobs.querysets import JobQuerySet


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", _("waiting for its turn")
    RUNNING = "running", _("at work")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    STOPPED = "stopped", _("stopped")


class Job(models.Model):
    """One piece of work in the background: how far it is, and where it goes on when it is cut off."""

    # In its address, and the name of its file.
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.SlugField(_("kind"), max_length=30)  # a code of portal.jobs.kinds
    params = models.JSONField(_("values"), default=dict)
    state = models.CharField(
        _("state"), max_length=10, choices=JobState.choices, default=JobState.QUEUED
    )
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)
    # What it has found out so far, as values for the words of its kind.
    note = models.JSONField(_("note"), default=dict)
    # What stands in its way, in the language of whoever asked; for a failure, a code.
    error = models.TextField(_("error"), blank=True)
    file_name = models.CharField(_("file"), max_length=120, blank=True)
    file_type = models.CharField(_("type of the file"), max_length=120, blank=True)
    cursor = models.JSONField(default=dict, editable=False)
    # Who works at it now; a worker that was cut off and comes back finds another's token here.
    owner = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    language = models.CharField(_("language"), max_length=5, default="ru")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name=_("asked for by"),
    )
    created_at = models.DateTimeField(_("asked for at"))
    started_at = models.DateTimeField(_("begun at"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.CheckConstraint(
                name="jobs_that_ended_say_when",
                condition=Q(state__in=["queued", "running"]) | Q(finished_at__isnull=False),
            )
        ]
        indexes = [
            # Read by the sweep: what waits, what was cut off.
            models.Index(
                fields=["id"], name="job_unfinished", condition=Q(state__in=["queued", "running"])
            ),
            # Read by the sweep: whose file is old.
            models.Index(fields=["finished_at"], name="job_with_file", condition=~Q(file_name="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def get_absolute_url(self) -> str:
        """Give the address of the page that shows how far it is."""
        return reverse("jobs:job", args=[self.key])

    @property
    def is_unfinished(self) -> bool:
        """Whether it waits or is at work."""
        return self.state in {JobState.QUEUED, JobState.RUNNING}

    @property
    def percent(self) -> int:
        """How much of it is done, of a hundred."""
        if self.state == JobState.DONE:
            return 100
        return min(100, 100 * self.done // self.total) if self.total else 0
