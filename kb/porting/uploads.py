"""Files that editors send to be imported: checked, kept until they are taken in, or for a week."""

from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb import actions
from kb.models import ImportFile
from kb.porting import boxes
from kb.porting.readers import reader_of
from portal import files
from portal.jobs import actions as jobs
from portal.jobs.models import Job
from portal.refusals import NotAllowed, Refused

IMPORT, TRIAL, EXPORT = "kb-import", "kb-trial", "kb-export"
ENDINGS = (
    ".zip", ".jsonl", ".jsonl.gz", ".ndjson", ".json", ".xml", ".html", ".htm", ".md", ".markdown",
)  # fmt: skip
KEEP = timedelta(days=7)


class NotSent(Refused):
    """A form without a file, or with one of no bytes."""

    code = "not_sent"
    status = 400
    field = "file"
    message = _("Choose a file that is not empty.")


class NotThisKind(Refused):
    """A file of a kind that holds no articles."""

    code = "not_this_kind"
    status = 415
    field = "file"
    message = _("Send a zip, JSON lines, JSON, XML, HTML or Markdown.")


class FileTooLarge(Refused):
    """More than a request may carry."""

    code = "file_too_large"
    status = 413
    field = "file"
    message = _("The file is larger than 150 MB. Let an administrator import it on the server.")


class FileGone(Refused):
    """Files are kept for a week, and until they are imported."""

    code = "file_gone"
    status = 410
    message = _("This file is not kept any more. Send it again.")


def keep(
    *,
    upload: files.Upload | None,
    format: str,  # noqa: A002 (the word that editors read)
    language: str,
    is_published: bool,
    actor: User,
    at: datetime,
) -> ImportFile:
    """Keep a file to be imported, and look at it as a job first.

    Raises NotAllowed, NotSent, NotThisKind, FileTooLarge, and what opening a source raises.
    """
    _allow(actor)
    if upload is None or not upload.size:
        raise NotSent
    name = files.clean_name(upload.name or "")
    if not name.lower().endswith(ENDINGS):
        raise NotThisKind
    if upload.size > files.MOST_BYTES:
        raise FileTooLarge
    forget_old(at=at)
    row = ImportFile(
        name=name,
        size=upload.size,
        format=format,
        language=language,
        is_published=is_published,
        uploaded_by=actor,
        created_at=at,
    )
    with files.writing(row.pk) as place:
        with place.open("wb") as stream:
            for chunk in upload.chunks():
                stream.write(chunk)
        with closing(boxes.open_box(place, name)) as box:
            reader_of(box, format)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            look(file=row, actor=actor, at=at)
    except BaseException:
        files.forget(row.pk)
        raise
    return row


def look(*, file: ImportFile, actor: User, at: datetime) -> Job:
    """Find out as a job what an import would do. Raises NotAllowed, FileGone."""
    return _begin(TRIAL, file, actor, at)


def start(*, file: ImportFile, actor: User, at: datetime) -> Job:
    """Import a file as a job. Raises NotAllowed, FileGone."""
    return _begin(IMPORT, file, actor, at)


def _begin(kind: str, file: ImportFile, actor: User, at: datetime) -> Job:
    _allow(actor)
    if not path_of(file).is_file():
        raise FileGone
    return jobs.enqueue(kind=kind, params={"file": str(file.pk)}, actor=actor, at=at)


def export(*, actor: User, at: datetime) -> Job:
    """Write all articles into an archive as a job. Raises NotAllowed."""
    _allow(actor)
    return jobs.enqueue(kind=EXPORT, params={}, actor=actor, at=at)


def forget(*, file: ImportFile) -> None:
    """Delete the bytes of a file; what it was stays known."""
    files.forget(file.pk)


def forget_old(*, at: datetime) -> None:
    """Delete files that nobody came back to."""
    old = ImportFile.objects.filter(created_at__lt=at - KEEP)
    for row in old:
        with suppress(OSError):
            files.forget(row.pk)
    old.delete()


def path_of(file: ImportFile) -> Path:
    """Give where the bytes of a file lie."""
    return files.path_of(file.pk)


def _allow(actor: User) -> None:
    if not actions.can_publish(actor):
        raise NotAllowed
