"""Files before and when their message is sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal import files
from portal.refusals import Refused
from tickets.models import Attachment, Message

UNSENT_FOR = timedelta(hours=24)
DAY = timedelta(hours=24)
MOST_AT_ONCE = 1000
MOST_PER_DAY = 1024 * files.MB  # of one person


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


class TooMuchToday(files.FileRefused):
    """One person may send so much in a day and no more."""

    code = "too_much_today"
    status = 413
    message = _("More than 1 GB of files came from you today. Send the rest tomorrow, please.")


def keep_upload(*, person: User, upload: files.Upload, at: datetime) -> Attachment:
    """Take a file in before its form is accepted, so that a mistake elsewhere does not lose it.

    Raises portal.files.FileRefused, TooMuchToday.
    """
    if _sent_since(person, at - DAY) + (upload.size or 0) > MOST_PER_DAY:
        raise TooMuchToday
    accepted = files.accept(upload)
    try:
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
    except BaseException:
        files.forget(accepted.id)
        raise


def _sent_since(person: User, start: datetime) -> int:
    sent = Attachment.objects.filter(uploaded_by=person, created_at__gt=start)
    return int(sent.aggregate(total=Sum("size"))["total"] or 0)


def attach(*, message: Message, author: User, ids: Sequence[UUID]) -> None:
    """Bind unsent files of the author to a message. Raises UnknownFile, TooManyFiles."""
    wanted = set(ids)
    if not wanted:
        return
    if len(wanted) > files.MOST_FILES:
        raise TooManyFiles
    unsent = Attachment.objects.select_for_update().filter(
        id__in=wanted, message__isnull=True, uploaded_by=author
    )
    found = list(unsent.order_by("id"))
    if len(found) != len(wanted):
        raise UnknownFile
    if sum(one.size for one in found) > files.MOST_BYTES:
        raise TooManyFiles
    Attachment.objects.filter(id__in=wanted).update(message=message)


@transaction.atomic
def forget_unsent(*, at: datetime) -> int:
    """Delete files whose form was never sent; answers how many."""
    old = Attachment.objects.filter(message__isnull=True, created_at__lt=at - UNSENT_FOR)
    # Race: a form that is being sent just now holds its files; those are left to it.
    ids = list(old.select_for_update(skip_locked=True).values_list("id", flat=True)[:MOST_AT_ONCE])
    Attachment.objects.filter(id__in=ids).delete()
    transaction.on_commit(partial(_forget_bytes, ids))
    return len(ids)


def _forget_bytes(ids: Sequence[UUID]) -> None:
    for one in ids:
        files.forget(one)
