"""Files before and when their message is sent."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal import files
from portal.refusals import Refused
from tickets.models import Attachment, Message

UNSENT_FOR = timedelta(hours=24)


class UnknownFile(Refused):
    """A file that is not the writer's own unsent one cannot be attached."""

    code = "unknown_file"
    field = "files"
    message = _("One of the files is no longer there. Attach it again, please.")


class TooManyFiles(Refused):
    """A message carries a limited number and weight of files."""

    code = "too_many_files"
    field = "files"
    message = _("A message takes up to 10 files and 150 MB together. Send the rest in another one.")


@transaction.atomic
def keep_upload(*, person: User, upload: UploadedFile, at: datetime) -> Attachment:
    """Take a file in before its form is accepted, so that a mistake elsewhere does not lose it.

    Raises portal.files.FileRefused.
    """
    accepted = files.accept(upload, uuid.uuid4())
    return Attachment.objects.create(
        id=accepted.id,
        uploaded_by=person,
        name=accepted.name,
        content_type=accepted.content_type,
        size=accepted.size,
        sha256=accepted.sha256,
        has_preview=accepted.has_preview,
        width=accepted.width,
        height=accepted.height,
        created_at=at,
    )


def attach(*, message: Message, author: User, ids: Sequence[UUID]) -> None:
    """Bind unsent files of the author to a message. Raises UnknownFile, TooManyFiles."""
    wanted = set(ids)
    if not wanted:
        return
    unsent = Attachment.objects.select_for_update().filter(
        id__in=wanted, message__isnull=True, uploaded_by=author
    )
    found = list(unsent)
    if len(found) != len(wanted):
        raise UnknownFile
    if len(found) > files.MOST_FILES or sum(one.size for one in found) > files.MOST_BYTES:
        raise TooManyFiles
    Attachment.objects.filter(id__in=wanted).update(message=message)


def forget_unsent(*, at: datetime) -> int:
    """Delete files whose form was never sent; answers how many."""
    old = Attachment.objects.filter(message__isnull=True, created_at__lt=at - UNSENT_FOR)
    ids = list(old.values_list("id", flat=True))
    for number in ids:
        files.forget(number)
    Attachment.objects.filter(id__in=ids, message__isnull=True).delete()
    return len(ids)
