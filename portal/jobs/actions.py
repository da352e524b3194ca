"""What may be done to a job: ask for it, stop it, let it go on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.delivery.bell import ring_after_commit
from portal.jobs.models import Job, JobState
from portal.refusals import NotAllowed, Refused

RUN = "portal.jobs.tasks.run"


class NotRunning(Refused):
    """What has ended cannot be stopped."""

    code = "not_running"
    message = _("This job has ended already.")


class NotStopped(Refused):
    """Only what was cut short can go on."""

    code = "not_stopped"
    message = _("Only a job that was stopped or failed can go on.")


@transaction.atomic
def enqueue(*, kind: str, params: Mapping[str, Any], actor: User | None, at: datetime) -> Job:
    """Write down a piece of work and ring a worker; the very same one that waits is not doubled."""
    same = Job.objects.unfinished().filter(kind=kind, params=dict(params), requested_by=actor)
    job = same.first()
    if job is None:
        job = Job.objects.create(
            kind=kind,
            params=dict(params),
            requested_by=actor,
            language=get_language() or "ru",
            created_at=at,
        )
    ring_after_commit(RUN, number=job.pk)
    return job


@transaction.atomic
def stop(*, job: Job, actor: User, at: datetime) -> Job:
    """Stop a job after its present batch; what is done stays. Raises NotAllowed, NotRunning."""
    job = _lock(job, actor)
    if not job.is_unfinished:
        raise NotRunning
    job.state, job.finished_at, job.owner = JobState.STOPPED, at, ""
    job.save(update_fields=["state", "finished_at", "owner"])
    return job


@transaction.atomic
def resume(*, job: Job, actor: User) -> Job:
    """Let a job go on that was stopped or failed. Raises NotAllowed, NotStopped."""
    job = _lock(job, actor)
    if job.state not in {JobState.STOPPED, JobState.FAILED}:
        raise NotStopped
    job.state, job.finished_at, job.attempts, job.error = JobState.QUEUED, None, 0, ""
    job.save(update_fields=["state", "finished_at", "attempts", "error"])
    ring_after_commit(RUN, number=job.pk)
    return job


def supersede(*, kind: str, at: datetime) -> int:
    """Stop all jobs of a kind that have not ended: another does what they would do."""
    return (
        Job.objects.unfinished()
        .filter(kind=kind)
        .update(state=JobState.STOPPED, finished_at=at, owner="")
    )


def _lock(job: Job, actor: User) -> Job:
    if not Job.objects.visible_to(actor).filter(pk=job.pk).exists():
        raise NotAllowed
    return Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
