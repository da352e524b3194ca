"""Imports and exports as jobs: batch by batch, with their report so far."""

from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kb.models import ImportFile
from kb.porting import uploads
from kb.porting.exporting import export_to
from kb.porting.importing import Run, Wish
from kb.porting.shape import report_of
from portal import files
from portal.jobs.kinds import Kind, Progress
from portal.jobs.models import Job

NOTE = "kb/jobs/import.html"


def work(job: Job, *, is_dry: bool) -> Iterator[Progress]:
    """Take a file in, or look what that would do; goes on where it was cut off."""
    if job.cursor.get("is_done"):  # cut off after its last batch
        return
    file = ImportFile.objects.filter(pk=job.params["file"]).first()
    if file is None or not uploads.path_of(file).is_file():
        raise uploads.FileGone
    wish = Wish(
        uploads.path_of(file),
        job.created_at,
        name=file.name,
        format=file.format,
        language=file.language,
        is_published=file.is_published,
        is_dry=is_dry,
        actor=job.requested_by,
    )
    told, after = job.note.get("report"), job.cursor.get("after", 0)
    run = Run(wish, report_of(told) if told else None, after)
    for report in run.steps():
        total = max(report.total, run.after)
        cursor = {"after": run.after, "is_done": run.is_done}
        if run.is_done and not is_dry:
            uploads.forget(file=file)
        yield Progress(run.after, total, cursor, {"report": report.as_json()})


def write(job: Job) -> Iterator[Progress]:
    """Write all articles into the file of a job."""
    with files.writing(job.key) as place:
        for report in export_to(place, at=job.created_at):
            yield Progress(report.seen, report.total, {}, {"report": report.as_json()})
    name = gettext("knowledge-base")
    job.file_name = f"{name}-{job.created_at:%Y-%m-%d}.zip"
    job.file_type = "application/zip"


IMPORT = Kind(
    uploads.IMPORT, _("Import of articles"), partial(work, is_dry=False), NOTE, is_resumable=True
)
TRIAL = Kind(
    uploads.TRIAL,
    _("What an import would do"),
    partial(work, is_dry=True),
    NOTE,
    is_resumable=True,
)
EXPORT = Kind(uploads.EXPORT, _("All articles in an archive"), write, NOTE)
