"""How far a job is, its file, and the buttons that stop it or let it go on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import signed_in
from portal import files
from portal.http import page
from portal.jobs import actions
from portal.jobs.kinds import kind_of
from portal.jobs.models import Job, JobState
from portal.jobs.running import KEEP_FILE
from portal.refusals import Refused

MOST_LISTED = 50


@login_required
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the latest jobs that this person may see."""
    user = signed_in(request)
    if not user.works_desk:
        raise PermissionDenied
    rows = Job.objects.visible_to(user).select_related("requested_by").order_by("-id")
    context = {"rows": [(row, kind_of(row)) for row in rows[:MOST_LISTED]]}
    return render(request, "jobs/list.html", context)


@login_required
@require_safe
def job(request: HttpRequest, key: UUID) -> HttpResponse:
    """Show how far a job is."""
    found = _shown(request, key)
    context = {
        "job": found,
        "kind": kind_of(found),
        "can_stop": found.is_unfinished,
        "can_resume": found.state in {JobState.STOPPED, JobState.FAILED},
        "kept_until": found.finished_at + KEEP_FILE if found.finished_at else None,
    }
    return page(request, "jobs/job.html", "jobs/_progress.html", context)


@login_required
@require_safe
def download(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """Give the file that a job has written, as long as it is kept."""
    found = _shown(request, key)
    if found.state != JobState.DONE or not found.file_name:
        raise Http404
    if found.finished_at and found.finished_at + KEEP_FILE < timezone.now():
        raise Http404
    return files.serve(id=found.key, name=found.file_name, content_type=found.file_type)


@login_required
@require_POST
def stop(request: HttpRequest, key: UUID) -> HttpResponse:
    """Stop a job."""
    return _done(request, key, actions.stop, at=timezone.now())


@login_required
@require_POST
def resume(request: HttpRequest, key: UUID) -> HttpResponse:
    """Let a job go on."""
    return _done(request, key, actions.resume)


def _done(request: HttpRequest, key: UUID, act: Callable[..., Job], **values: Any) -> HttpResponse:
    found = _shown(request, key)
    try:
        act(job=found, actor=signed_in(request), **values)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect(found)


def _shown(request: HttpRequest, key: UUID) -> Job:
    """Give the job as far as this person may see it, or 404."""
    visible = Job.objects.visible_to(signed_in(request)).select_related("requested_by")
    return get_object_or_404(visible, key=key)
