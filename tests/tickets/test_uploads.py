"""Files on their way into a message, and out of it again."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import User
from portal import files
from tickets import actions, tasks
from tickets.actions import uploads
from tickets.models import Attachment, Ticket

File = Callable[..., Ticket]
SignIn = Callable[[User | None], Client]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    """A place for files of this test alone."""
    settings.ATTACHMENT_ROOT = tmp_path
    return tmp_path


def picture(name: str = "Снимок.png") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue())


def keep(person: User, at: datetime) -> Attachment:
    return actions.keep_upload(person=person, upload=picture(), at=at)


def test_a_file_waits_for_its_form_and_then_belongs_to_the_message(
    file: File, anna: User, at: datetime
) -> None:
    kept = keep(anna, at)
    assert (kept.message, kept.has_preview, kept.name) == (None, True, "Снимок.png")
    ticket = file(attachments=[kept.id])
    assert ticket.messages.get().attachments.get() == kept


def test_a_file_of_somebody_else_is_refused_and_nothing_is_filed(
    file: File, boris: User, at: datetime
) -> None:
    theirs = keep(boris, at)
    with pytest.raises(uploads.UnknownFile) as refused:
        file(attachments=[theirs.id])
    assert refused.value.field == "files"
    theirs.refresh_from_db()
    assert theirs.message is None
    assert not Ticket.objects.exists()


def test_a_file_belongs_to_one_message_only(file: File, anna: User, at: datetime) -> None:
    kept = keep(anna, at)
    file(attachments=[kept.id])
    with pytest.raises(uploads.UnknownFile):
        file(attachments=[kept.id])


def rows(person: User, at: datetime, count: int, size: int) -> list[Attachment]:
    return Attachment.objects.bulk_create(
        Attachment(
            uploaded_by=person, name="a.mp4", content_type="video/mp4", size=size,
            sha256="0" * 64, created_at=at,
        )
        for _number in range(count)
    )  # fmt: skip


def test_a_message_takes_ten_files_and_no_more(file: File, anna: User, at: datetime) -> None:
    ids = [one.id for one in rows(anna, at, 11, 1)]
    with pytest.raises(uploads.TooManyFiles):
        file(attachments=ids)
    assert file(attachments=ids[:10]).messages.get().attachments.count() == 10


def test_a_message_takes_a_hundred_and_fifty_megabytes_and_no_more(
    file: File, anna: User, at: datetime
) -> None:
    first, second, small = (
        *rows(anna, at, 2, 75 * files.MB),
        *rows(anna, at, 1, 1),
    )
    with pytest.raises(uploads.TooManyFiles):
        file(attachments=[first.id, second.id, small.id])
    assert file(attachments=[first.id, second.id])


def test_one_person_sends_a_gigabyte_a_day_at_most(
    anna: User, boris: User, at: datetime, root: Path
) -> None:
    rows(anna, at, 1, uploads.MOST_PER_DAY)
    with pytest.raises(uploads.TooMuchToday):
        keep(anna, at + timedelta(hours=1))
    assert not any(root.iterdir())
    assert keep(boris, at)
    assert keep(anna, at + timedelta(hours=25))


def test_a_refused_file_leaves_no_row(anna: User, at: datetime) -> None:
    with pytest.raises(files.FileRefused):
        actions.keep_upload(person=anna, upload=SimpleUploadedFile("a.svg", b"<svg/>"), at=at)
    assert not Attachment.objects.exists()


def test_files_that_were_never_sent_are_forgotten_after_a_day(
    file: File, anna: User, at: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    old, sent, young = keep(anna, at), keep(anna, at), keep(anna, at + timedelta(hours=2))
    file(attachments=[sent.id])
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.forget_unsent(at=at + timedelta(hours=25)) == 1
    assert set(Attachment.objects.all()) == {sent, young}
    assert not files.path_of(old.id).exists()
    assert files.path_of(sent.id).exists()


def test_the_task_forgets_too(anna: User, django_capture_on_commit_callbacks: Any) -> None:
    keep(anna, timezone.now() - timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.forget_unsent_files()
    assert not Attachment.objects.exists()


def read(response: Any) -> bytes:
    """Read an answer to its end, as a browser does."""
    return b"".join(response.streaming_content)


def address(attachment: Attachment, tail: str = "") -> str:
    return f"/attachments/{attachment.id}/{tail}"


@pytest.mark.parametrize("reader", ["anna", "boris", "sergey", "maxim"])
def test_whoever_reads_the_message_gets_the_file_as_a_download(
    file: File, anna: User, reader: str, at: datetime, sign_in: SignIn,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    kept = keep(anna, at)
    person = request.getfixturevalue(reader)
    file(attachments=[kept.id])
    response = sign_in(person).get(address(kept))
    assert read(response).startswith(b"\x89PNG")
    assert response.headers["Content-Disposition"].startswith("attachment; ")
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, no-store"
    shown = sign_in(person).get(address(kept, "preview/"))
    assert shown.headers["Content-Disposition"].startswith("inline; ")
    assert read(shown).startswith(b"\x89PNG")


@pytest.mark.parametrize("outsider", ["vera", "elena", "daria"])
@pytest.mark.parametrize("tail", ["", "preview/"])
def test_for_outsiders_there_is_no_such_file(
    file: File, anna: User, outsider: str, tail: str, at: datetime, sign_in: SignIn,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    kept = keep(anna, at)
    file(attachments=[kept.id])
    person = request.getfixturevalue(outsider)
    assert sign_in(person).get(address(kept, tail)).status_code == 404


def test_strangers_are_asked_to_sign_in(anna: User, at: datetime, sign_in: SignIn) -> None:
    assert sign_in(None).get(address(keep(anna, at))).status_code == 302


def test_files_of_notes_do_not_exist_for_customers(
    ticket: Ticket, anna: User, sergey: User, at: datetime, sign_in: SignIn
) -> None:
    kept = keep(sergey, at)
    actions.note(
        ticket=ticket, author=sergey, text="Внутри", attachments=[kept.id], form_key=uuid4(), at=at
    )
    assert sign_in(anna).get(address(kept)).status_code == 404
    response = sign_in(sergey).get(address(kept))
    assert len(read(response)) == kept.size


def test_an_unsent_file_is_shown_to_its_owner_alone(
    anna: User, boris: User, sergey: User, at: datetime, sign_in: SignIn
) -> None:
    kept = keep(anna, at)
    own = sign_in(anna).get(address(kept, "preview/"))
    assert read(own).startswith(b"\x89PNG")
    assert sign_in(boris).get(address(kept)).status_code == 404
    assert sign_in(sergey).get(address(kept)).status_code == 404


def test_an_unknown_id_and_a_file_without_preview_are_not_found(
    anna: User, at: datetime, sign_in: SignIn
) -> None:
    client = sign_in(anna)
    text = actions.keep_upload(person=anna, upload=SimpleUploadedFile("a.txt", b"text"), at=at)
    assert client.get(f"/attachments/{uuid4()}/").status_code == 404
    assert client.get(address(text, "preview/")).status_code == 404
    assert client.post(address(text)).status_code == 405
