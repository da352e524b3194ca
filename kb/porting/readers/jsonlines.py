"""JSON lines (https://jsonlines.org/): an object a line, packed by gzip or not.

path, title, short, section and markdown (HTML in it is shown as typed) or html; and whatever front
matter may say: slug, language, access, tags, status, checked_on, votes…
"""

import json
import posixpath
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from kb.porting import fields
from kb.porting.boxes import Box
from kb.porting.charsets import text_of
from kb.porting.readers import markdown, rows
from kb.porting.shape import BadRow, Piece, Row
from portal import html

ENDINGS = (".jsonl", ".jsonl.gz", ".ndjson")


def fits(box: Box) -> bool:
    """Whether there is a file of JSON lines."""
    return any(name.lower().endswith(ENDINGS) for name in box.names)


def read(box: Box) -> Iterator[Row]:
    """Give the articles line by line, and their sections before them."""
    told: dict[str, Any] = {}
    for name in box.names:
        if not (name.lower().endswith(ENDINGS) or box.is_single):
            continue
        for number, line in enumerate(box.lines(name), 1):
            if not line.strip():
                continue
            place = _("line %(number)d") % {"number": number}
            for row in rows.guarded(place, lambda line=line: _article(line)):  # type: ignore[misc]
                if isinstance(row, Piece):
                    yield from rows.shelves_of(row.section, told)
                yield row


def _article(line: bytes) -> Piece:
    row = json.loads(text_of(line, _("neither UTF-8, UTF-16 nor an old Russian encoding")))
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or not row["path"]:
        raise BadRow(_("no path"))
    for name in ("title", "short", "section", "markdown", "html"):
        if not isinstance(row.get(name) or "", str):
            raise BadRow(_("%(field)s is not a text") % {"field": name})
    key = html.without_control(row["path"])
    given_title = " ".join((row.get("title") or "").split())
    title, body = rows.titled(given_title, row.get("markdown") or "", key)
    section = str(row.get("section") or "").strip("/")
    is_html = not row.get("markdown") and bool(row.get("html"))
    return Piece(
        key=key,
        place=key,
        title=title,
        body=str(row["html"]) if is_html else body,
        markup="html" if is_html else "plain",
        # A file outside of any section.
        section=posixpath.dirname(section) if section.endswith(".md") else section,
        summary=fields.text(row, "summary", "short"),
        language=fields.language(fields.text(row, "language")),
        status=markdown.status(row),
        slug_from=key,
        **markdown.facts(row),
        **markdown.votes(row),
    )
