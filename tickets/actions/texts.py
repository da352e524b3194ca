"""What people type: cleaned of what no text has, never empty, never endless."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from portal import html
from portal.refusals import Refused
from tickets import rules

LONGEST_TEXT = 50_000
LONGEST_SUBJECT = 200
LONGEST_DETAIL = 5_000
LONGEST_REMARK = 4_000


class TextRefused(Refused):
    """Something typed cannot be taken; `field` names where it was typed."""

    status = 400

    def __init__(self, field: str = "text") -> None:
        super().__init__()
        self.field = field


class NothingSaid(TextRefused):
    """A message needs words."""

    code = "nothing_said"
    message = _("Write a few words, please.")


class TooLong(TextRefused):
    """A text is longer than we keep."""

    code = "too_long"
    message = _("This is longer than 50,000 characters. Send the rest as a file.")


class NoSubject(TextRefused):
    """A ticket needs a subject that fits on a line."""

    code = "no_subject"
    message = _("Name the matter in a few words, up to 200 characters.")


class DetailTooLong(TextRefused):
    """One of the smaller fields holds more than it is for."""

    code = "too_long"
    message = _("This is longer than 5,000 characters. Put the rest into the description.")


class RemarkTooLong(TextRefused):
    """A remark beside a choice is a few words."""

    code = "too_long"
    message = _("This is longer than 4,000 characters. Shorten it a little, please.")


def text_of(text: str, *, field: str = "text") -> str:
    """Give the text as it is kept. Raises NothingSaid, TooLong."""
    cleaned = html.without_control(text).strip()
    if not cleaned:
        raise NothingSaid(field)
    if len(cleaned) > LONGEST_TEXT:
        raise TooLong(field)
    return cleaned


def subject_of(text: str) -> str:
    """Give the subject as it is kept. Raises NoSubject."""
    cleaned = " ".join(html.without_control(text).split())
    if not cleaned or len(cleaned) > LONGEST_SUBJECT:
        raise NoSubject("subject")
    return cleaned


def remark_of(text: str, *, field: str) -> str:
    """Give a remark, which may be left out, as it is kept. Raises RemarkTooLong."""
    cleaned = html.without_control(text).strip()
    if len(cleaned) > LONGEST_REMARK:
        raise RemarkTooLong(field)
    return cleaned


def details_of(category: str, details: Mapping[str, str]) -> dict[str, str]:
    """Give the fields that belong to the category and say something. Raises DetailTooLong."""
    known = rules.FIELDS[rules.Category(category)]
    cleaned = {name: html.without_control(str(details.get(name) or "")).strip() for name in known}
    for name, value in cleaned.items():
        if len(value) > LONGEST_DETAIL:
            raise DetailTooLong(name)
    return {name: value for name, value in cleaned.items() if value}
