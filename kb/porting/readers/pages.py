"""Pages of HTML: a folder of them, or one. What stands in <main>, <article> or <body> is the article.

Where a page says what: https://html.spec.whatwg.org/multipage/semantics.html (title, meta, lang, link).
"""

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from kb.porting import fields
from kb.porting.boxes import Box
from kb.porting.readers import markdown, rows
from kb.porting.shape import Piece, Row
from portal import html

ENDINGS = (".html", ".htm", ".xhtml")
# What holds the article, the most exact first.
HOLDERS = tuple(
    (re.compile(rf"<{name}\b[^<>]{{0,2000}}>", re.IGNORECASE), f"</{name}>")
    for name in ("main", "article", "body")
)
# What stands around the words of pages.
AROUND = tuple(
    (re.compile(rf"<{name}\b", re.IGNORECASE), f"</{name}>")
    for name in ("script", "style", "nav", "header", "footer", "form", "noscript", "template")
)
FIRST = re.compile(r"\s*<h1\b[^<>]{0,500}>(.{0,2000}?)</h1>", re.IGNORECASE | re.DOTALL)
HEAD = 100_000  # characters


def fits(box: Box) -> bool:
    """Whether there is a page."""
    return any(name.lower().endswith(ENDINGS) for name in box.names)


def read(box: Box) -> Iterator[Row]:
    """Give the pages; their folders are sections."""
    told: dict[str, Any] = {}
    for name in box.names:
        if name.lower().endswith(ENDINGS):
            for row in rows.guarded(name, lambda name=name: _page(box, name)):  # type: ignore[misc]
                if isinstance(row, Piece):
                    yield from rows.shelves_of(row.section, told)
                yield row


class _Head(HTMLParser):
    """Collects what a page says of itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self._is_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what tags of the head carry."""
        given = {name: value or "" for name, value in attrs}
        self._is_title = tag == "title" and "title" not in self.said
        if tag == "html":
            self.said["language"] = given.get("lang", "")
        elif tag == "meta":
            self.said.setdefault(given.get("name", "").lower(), given.get("content", ""))
        elif tag == "link" and given.get("rel", "").lower() == "canonical":
            self.said["canonical"] = given.get("href", "")

    def handle_data(self, data: str) -> None:
        """Note the title."""
        if self._is_title:
            self.said["title"] = self.said.get("title", "") + data

    def handle_endtag(self, tag: str) -> None:
        """End the title."""
        self._is_title = self._is_title and tag != "title"


def _page(box: Box, name: str) -> Piece:
    text = rows.text_in(box, name)
    head = _Head()
    head.feed(text[:HEAD])
    body = _held(text)
    first = FIRST.match(body)
    heading = rows.line(html.plain(first[1])) if first else ""
    title = heading or rows.line(head.said.get("title", "")) or rows.titled("", "", name)[0]
    return Piece(
        key=name,
        place=name,
        title=title,
        body=body[first.end() :] if first else body,
        markup="html",
        section=posixpath.dirname(name),
        summary=head.said.get("description", ""),
        language=fields.language(head.said.get("language", "")),
        slug_from=name,
        old_slugs=markdown.under_ours(head.said.get("canonical", "")),
        tags=fields.tags(head.said, "keywords"),
    )


def _held(text: str) -> str:
    """Give the words of a page without what stands around them."""
    for opening, closing in HOLDERS:
        found = opening.search(text)
        end = text.lower().rfind(closing)
        if found:
            text = text[found.end() : end if end > found.end() else len(text)]
            break
    for opening, closing in AROUND:
        text = html.without(text, opening, closing)
    return text
