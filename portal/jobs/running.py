"""Runs a job batch by batch: claimed under a lease, committed as it goes, cut off and taken up again.

A batch and the progress that it made are one transaction, so a worker that is killed in between
leaves neither; whoever takes the job up again goes on from its cursor.
"""

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone, translation

from portal import files
from portal.delivery.bell import ring
from portal.delivery.models import new_token
from portal.jobs.actions import RUN
from portal.jobs.kinds import Progress, kind_of
from portal.jobs.models import Job, JobState
from portal.refusals import Refused

log = logging.getLogger("portal.jobs")
# Seconds after which a job lets others of the queue go first: letters must not wait for it.
SLICE = 10.0
MOST_ATTEMPTS = 5  # claims without a sign of progress in between
KEEP_FILE = timedelta(days=7)
KEEP_ROW = timedelta(days=90)


class Overtaken(Exception):
    """The job was stopped, or another worker holds it by now: this batch is taken back."""


def run(*, number: int, seconds: float = SLICE) -> bool:
    """Work at a job for a while; whether there is more to do. What nobody can claim is left."""
    job = claim(number)
    if job is None:
        return False
    try:
        return _work(job, seconds)
    except Overtaken:
        log.info("job was taken away", extra={"job": job.pk, "kind": job.kind})
    except Refused as refusal:
        _fail(job, str(refusal.message))
    # Whatever a kind of work raises, its row says that it failed and the queue goes on.
    except Exception:
        log.exception("job failed", extra={"job": job.pk, "kind": job.kind})
        _fail(job, "")
    return False


def claim(number: int) -> Job | None:
    """Take a job that nobody works at, by compare-and-set; None when somebody does, or it ended."""
    at, owner = timezone.now(), new_token()
    claimed = (
        Job.objects.free(at)
        .filter(pk=number)
        .update(
            state=JobState.RUNNING,
            owner=owner,
            heartbeat_at=at,
            started_at=Coalesce("started_at", at),
            attempts=F("attempts") + 1,
        )
    )
    return Job.objects.get(pk=number) if claimed else None


def sweep() -> int:
    """Ring for what waits or was cut off; give up what takes its worker down again and again."""
    at = timezone.now()
    lost = Job.objects.free(at).filter(attempts__gte=MOST_ATTEMPTS)
    lost.update(state=JobState.FAILED, finished_at=at, owner="")
    numbers = list(Job.objects.free(at).order_by("id").values_list("pk", flat=True)[:20])
    for number in numbers:
        ring(RUN, number=number)
    return len(numbers)


def forget_old() -> int:
    """Delete files that are a week old, and rows of jobs that ended long ago."""
    at = timezone.now()
    expired = Job.objects.exclude(file_name="").filter(finished_at__lt=at - KEEP_FILE)
    for job in expired:
        files.forget(job.key)
    count = expired.update(file_name="")
    Job.objects.filter(finished_at__lt=at - KEEP_ROW).delete()
    return count


def _work(job: Job, seconds: float) -> bool:
    kind = kind_of(job)
    if kind is None:
        raise LookupError(f"nobody knows the kind {job.kind}")
    until = time.monotonic() + seconds
    with translation.override(job.language):
        steps = kind.work(job)
        while _step(job, steps):
            if kind.is_resumable and time.monotonic() > until:
                return _lay_down(job)
    _end(job, JobState.DONE, file_name=job.file_name, file_type=job.file_type)
    return False


def _step(job: Job, steps: Iterator[Progress]) -> bool:
    """Do one batch together with its progress; False when there was none left."""
    with transaction.atomic():
        progress = next(steps, None)
        if progress is None:
            return False
        _keep(
            job,
            done=progress.done,
            total=progress.total,
            cursor=progress.cursor,
            note=progress.note,
            heartbeat_at=timezone.now(),
            attempts=0,
        )
    return True


def _lay_down(job: Job) -> bool:
    """Put a job back into the queue, to go on after what waits."""
    _keep(job, state=JobState.QUEUED, owner="")
    return True


def _end(job: Job, state: JobState, **values: str) -> None:
    _keep(job, state=state, finished_at=timezone.now(), owner="", **values)


def _fail(job: Job, error: str) -> None:
    with contextlib.suppress(Overtaken):
        _end(job, JobState.FAILED, error=error)


def _keep(job: Job, **values: object) -> None:
    """Write into the row as long as it is ours. Raises Overtaken."""
    held = Job.objects.filter(pk=job.pk, owner=job.owner, state=JobState.RUNNING)
    if not held.update(**values):
        raise Overtaken
    for name, value in values.items():
        if name != "owner":
            setattr(job, name, value)
