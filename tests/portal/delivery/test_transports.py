"""How letters leave: by SMTP with its refusals, or as files in demo mode."""

import smtplib
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from portal.delivery import outbox, sending, transports
from portal.delivery.models import Delivery, State

AT = "anna@verf.example"


@pytest.fixture
def written(db: None) -> Delivery:
    """A letter that is due."""
    outbox.write(
        letter="ticket_closed",
        recipient=AT,
        language="ru",
        context={"number": 7, "subject": "Шахматка", "name": "Анна", "url": "https://x.example"},
        dedupe_key="one",
        at=timezone.now(),
    )
    return Delivery.objects.get()


def test_a_letter_leaves_with_the_message_id_that_was_fixed_when_it_was_written(
    written: Delivery,
) -> None:
    assert sending.drain() == 1
    [message] = mail.outbox
    assert message.to == [AT]
    assert message.message()["Message-ID"] == written.message_id
    written.refresh_from_db()
    assert written.state == State.SENT
    assert written.sent_at


def test_a_letter_has_text_and_a_page(written: Delivery) -> None:
    sending.drain()
    message = mail.outbox[0].message()
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


REFUSALS = [
    (smtplib.SMTPRecipientsRefused({AT: (550, b"no such user")}), State.DEAD),
    (smtplib.SMTPRecipientsRefused({AT: (450, b"greylisted")}), State.PENDING),
    (smtplib.SMTPDataError(554, b"spam"), State.DEAD),
    (smtplib.SMTPDataError(451, b"later"), State.PENDING),
    (smtplib.SMTPSenderRefused(550, b"who are you", "x"), State.DEAD),
    (smtplib.SMTPAuthenticationError(535, b"bad password"), State.PENDING),
    (smtplib.SMTPConnectError(554, b"not now"), State.PENDING),
    (smtplib.SMTPServerDisconnected("gone"), State.PENDING),
    (ConnectionRefusedError("refused"), State.PENDING),
    (TimeoutError("too slow"), State.PENDING),
]


@pytest.mark.parametrize(("error", "state"), REFUSALS, ids=lambda value: repr(value)[:60])
def test_what_cannot_be_mended_is_given_up_and_the_rest_is_tried_again(
    error: Exception, state: str, written: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmailMultiAlternatives, "send", _raising(error))
    sending.drain()
    written.refresh_from_db()
    assert written.state == state
    assert written.last_error
    assert AT not in written.last_error


def _raising(error: Exception) -> Callable[..., int]:
    def send(*_args: Any, **_options: Any) -> int:
        raise error

    return send


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Letters land here, as in demo mode."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.LETTERS_FOLDER = tmp_path / "letters"
    return tmp_path / "letters"


def test_in_demo_mode_a_letter_lands_as_one_file(written: Delivery, folder: Path) -> None:
    sending.drain()
    [file] = folder.iterdir()
    assert file == transports.file_of(written)
    assert file.name == f"{written.pk:06d}-ticket_closed.eml"
    parsed = message_from_bytes(file.read_bytes(), policy=policy.default)
    body = parsed.get_body(("plain",))
    assert body
    assert "Шахматка" in body.get_content()
    assert not mail.outbox


def test_a_letter_sent_again_lands_in_the_same_file(written: Delivery, folder: Path) -> None:
    for _ in range(2):
        transports.send_mail(written)
    assert len(list(folder.iterdir())) == 1


def test_a_full_disk_is_tried_again(
    written: Delivery, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_bytes", _raising(OSError(28, "No space left on device")))
    sending.drain()
    written.refresh_from_db()
    assert written.state == State.PENDING
    assert not list(folder.iterdir())
