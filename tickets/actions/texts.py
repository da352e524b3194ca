"""What people type: cleaned of what no text has, never empty, never endless."""

from django.utils.translation import gettext_lazy as _

from portal import html
from portal.refusals import Refused

LONGEST_TEXT = 50_000
LONGEST_SUBJECT = 200


class NothingSaid(Refused):
    """A message needs words."""

    code = "nothing_said"
    status = 400
    field = "text"
    message = _("Write a few words, please.")


class TooLong(Refused):
    """A text is longer than we keep."""

    code = "too_long"
    status = 400
    field = "text"
    message = _("This is longer than 50,000 characters. Send the rest as a file.")


class NoSubject(Refused):
    """A ticket needs a subject that fits on a line."""

    code = "no_subject"
    status = 400
    field = "subject"
    message = _("Name the matter in a few words, up to 200 characters.")


def text_of(text: str) -> str:
    """Give the text as it is kept. Raises NothingSaid, TooLong."""
    cleaned = html.without_control(text).strip()
    if not cleaned:
        raise NothingSaid
    if len(cleaned) > LONGEST_TEXT:
        raise TooLong
    return cleaned


def subject_of(text: str) -> str:
    """Give the subject as it is kept. Raises NoSubject."""
    cleaned = " ".join(html.without_control(text).split())
    if not cleaned or len(cleaned) > LONGEST_SUBJECT:
        raise NoSubject
    return cleaned
