"""Which formats can be read, and how each is known by what a source holds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from re import Pattern

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kb.porting.boxes import Box
from kb.porting.readers import freshdesk, jsonlines, markdown, pages, zendesk
from kb.porting.shape import Row
from portal.refusals import Refused


class UnknownFormat(Refused):
    """Nothing in the source looks like a format that can be read."""

    code = "unknown_format"
    status = 400
    field = "format"
    message = _(
        "Nothing here looks like articles: Markdown or HTML files, JSON lines, or an export of"
        " Zendesk Guide or Freshdesk. Choose the format, or look into the file."
    )


@dataclass(frozen=True)
class Reader:
    """One format."""

    code: str
    title: str | Promise
    read: Callable[[Box], Iterator[Row]]
    fits: Callable[[Box], bool]
    # Addresses of the source that mean an article or a section: a pattern and what it is known by.
    links: Sequence[tuple[Pattern[str], str]] = ()


# Order matters: the first that fits is taken, the most special first.
READERS: tuple[Reader, ...] = (
    Reader("zendesk", "Zendesk Guide", zendesk.read, zendesk.fits, zendesk.LINKS),
    Reader("freshdesk", "Freshdesk", freshdesk.read, freshdesk.fits, freshdesk.LINKS),
    Reader("jsonl", _("JSON lines"), jsonlines.read, jsonlines.fits),
    Reader("markdown", _("Markdown files"), markdown.read, markdown.fits),
    Reader("html", _("HTML files"), pages.read, pages.fits),
)
FORMATS: tuple[tuple[str, str | Promise], ...] = (
    ("auto", _("by what it holds")),
    *((one.code, one.title) for one in READERS),
)


def reader_of(box: Box, code: str = "auto") -> Reader:
    """Give the reader of a format, or of whatever a source looks like. Raises UnknownFormat."""
    for one in READERS:
        if one.code == code or (code == "auto" and one.fits(box)):
            return one
    raise UnknownFormat
