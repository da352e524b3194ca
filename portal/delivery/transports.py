"""Ways out: one function per transport, one exception that says whether to try again."""

import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import utf8_charset_qp

from portal.delivery import envelope, letters, manners, unsubscribing
from portal.delivery.envelope import Envelope, File
from portal.delivery.models import Delivery

Send = Callable[[Delivery], None]
PERMANENT = 500  # SMTP answers from here on are final (RFC 5321, 4.2.1)
CLOSING, FINE = 421, 250


class TransportError(Exception):
    """It did not leave; `is_permanent` says that another attempt would not help."""

    def __init__(self, message: str, *, is_permanent: bool) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


def send_mail(delivery: Delivery) -> None:
    """Send by SMTP, or as a file when no server is set. Raises TransportError."""
    message = compose(delivery)
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        write_file(delivery, message)
        return
    try:
        message.connection = _line()
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        raise TransportError(f"refused: {codes}", is_permanent=min(codes) >= PERMANENT) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        final = error.smtp_code >= PERMANENT
        if error.smtp_code == CLOSING:
            _hang_up()
        raise TransportError(f"SMTP {error.smtp_code}", is_permanent=final) from error
    except smtplib.SMTPResponseException as error:
        # The server refuses us (a greeting, a password), not this letter: that can be mended.
        _hang_up()
        raise TransportError(f"SMTP {error.smtp_code}", is_permanent=False) from error
    except (smtplib.SMTPException, OSError) as error:
        _hang_up()
        raise TransportError(type(error).__name__, is_permanent=False) from error


# The connection that letters of one run share, in this thread.
_held = threading.local()


@contextmanager
def one_line() -> Iterator[None]:
    """Let the letters that are sent within share one connection to the mail server."""
    _held.is_shared = True
    try:
        yield
    finally:
        _held.is_shared = False
        _hang_up()


def _line() -> Any:
    """Give the connection, opened anew when the server has hung up; none outside of a run."""
    if not getattr(_held, "is_shared", False):
        return None
    line = getattr(_held, "line", None)
    if line is not None and not _answers(line):
        _hang_up()
        line = None
    if line is None:
        line = get_connection()
        line.open()
        _held.line = line
    return line


def _answers(line: Any) -> bool:
    server = getattr(line, "connection", None)
    if server is None:
        return True  # no server at all: letters of tests
    try:
        return bool(server.noop()[0] == FINE)
    except (smtplib.SMTPException, OSError):
        return False


def _hang_up() -> None:
    line, _held.line = getattr(_held, "line", None), None
    if line is None:
        return
    try:
        line.close()
    except (smtplib.SMTPException, OSError):
        # It is of no use any more, whatever it says; what was sent is sent.
        line.connection = None


def compose(delivery: Delivery) -> EmailMultiAlternatives:
    """Make the message; its Message-ID was fixed when the delivery was written."""
    around = envelope.of(delivery)
    letter = letters.render(delivery, with_secret=True, around=around)
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=around.sender or settings.DEFAULT_FROM_EMAIL,
        to=[delivery.recipient],
        headers={**_headers(delivery, around), **delivery.headers},
    )
    # Every server on the way takes it, and no line of it is too long (RFC 5321, 4.5.3.1.6).
    message.encoding = utf8_charset_qp
    message.attach_alternative(letter.html, "text/html")
    for file in around.files:
        if file.is_inside:
            _put_in(message, file)
    return message


def _put_in(message: EmailMultiAlternatives, file: File) -> None:
    # A letter within a letter would be taken apart by Django; as bytes it stays what it was.
    kind = "application/octet-stream" if file.content_type.startswith("message/") else ""
    message.attach(file.name, file.path.read_bytes(), kind or file.content_type)


def _headers(delivery: Delivery, around: Envelope) -> dict[str, str]:
    told = {
        "From": settings.DEFAULT_FROM_EMAIL,
        "Message-ID": delivery.message_id,
        "Date": formatdate(delivery.created_at.timestamp()),
        **around.headers,
    }
    if submitted := manners.of(delivery.letter).submitted:
        # RFC 3834: robots must not answer us.
        told |= {"Auto-Submitted": submitted, "X-Auto-Response-Suppress": "All"}
    if address := unsubscribing.address_of(delivery):
        told["List-Unsubscribe"] = f"<{address}>"
        told["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return told


def write_file(delivery: Delivery, message: EmailMultiAlternatives) -> None:
    """Write the letter where it can be read: one file a delivery, its number first."""
    path = file_of(delivery)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(message.message().as_bytes())
    draft.rename(path)


def file_of(delivery: Delivery) -> Path:
    """Name the file of a letter in demo mode."""
    return Path(settings.LETTERS_FOLDER) / f"{delivery.pk:06d}-{delivery.letter}.eml"


TRANSPORTS: dict[str, Send] = {"email": send_mail}
