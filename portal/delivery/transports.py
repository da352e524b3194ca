"""Ways out: one function per transport, one exception that says whether to try again."""

import smtplib
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from portal.delivery import letters
from portal.delivery.models import Delivery

Send = Callable[[Delivery], None]
PERMANENT = 500  # SMTP answers from here on are final (RFC 5321, 4.2.1)


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
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        raise TransportError(f"refused: {codes}", is_permanent=min(codes) >= PERMANENT) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        final = error.smtp_code >= PERMANENT
        raise TransportError(f"SMTP {error.smtp_code}", is_permanent=final) from error
    except smtplib.SMTPResponseException as error:
        # The server refuses us (a greeting, a password), not this letter: that can be mended.
        raise TransportError(f"SMTP {error.smtp_code}", is_permanent=False) from error
    except (smtplib.SMTPException, OSError) as error:
        raise TransportError(type(error).__name__, is_permanent=False) from error


def compose(delivery: Delivery) -> EmailMultiAlternatives:
    """Make the message; its Message-ID was fixed when the delivery was written."""
    letter = letters.render(delivery, with_secret=True)
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        to=[delivery.recipient],
        headers={**_headers(delivery), **delivery.headers},
    )
    message.attach_alternative(letter.html, "text/html")
    return message


def _headers(delivery: Delivery) -> dict[str, str]:
    thread = {}
    if delivery.ordering_key:
        # All letters of one conversation answer the same message, which was never sent.
        domain = delivery.message_id.rpartition("@")[2]
        root = f"<{delivery.ordering_key.replace(':', '.')}@{domain}"
        thread = {"In-Reply-To": root, "References": root}
    return {
        "Message-ID": delivery.message_id,
        "Date": formatdate(delivery.created_at.timestamp()),
        # RFC 3834: robots must not answer us.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        **thread,
    }


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
