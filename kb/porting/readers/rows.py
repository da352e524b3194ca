"""What readers share: a bad place never ends an import."""

import dataclasses
import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from kb import slugs
from kb.porting.boxes import Box
from kb.porting.charsets import text_of
from kb.porting.shape import Bad, BadRow, Piece, Row, Shelf
from portal import html

LONGEST_MARKDOWN = 1_000_000  # characters; a long article has 50,000
LONGEST_KEY = 300
LONGEST_TITLE = 250
HEADING = re.compile(r"^\s*#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
# What marks a page may carry: [text](…), {#id}, *, `.
ANCHOR = re.compile(r"\s*\{#[^}]*\}\s*$")


def guarded(place: str, read: Callable[[], Row | None]) -> Iterator[Row]:
    """Give what is read at a place, or the place with the reason why not."""
    try:
        row = tidied(read())
        if isinstance(row, Piece):
            check(row)
    except RecursionError:
        yield Bad(place, _("nested too deeply"))
    except (BadRow, ValueError, yaml.YAMLError, OSError) as error:
        yield Bad(place, first_line(str(error)) or _("cannot be read"))
    else:
        if row is not None:
            yield row


def tidied(row: Row | None) -> Row | None:
    """Drop characters that no text has, wherever they stand."""
    if not isinstance(row, Piece | Shelf):
        return row
    values = {one.name: getattr(row, one.name) for one in dataclasses.fields(row)}
    cleaned = {name: _cleaned(value) for name, value in values.items()}
    changed = {name: value for name, value in cleaned.items() if value is not values[name]}
    return dataclasses.replace(row, **changed) if changed else row


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return html.without_control(value) if html.CONTROL.search(value) else value
    if isinstance(value, tuple) and any(isinstance(one, str) for one in value):
        return tuple(_cleaned(one) for one in value)
    return value


def first_line(words: str) -> str:
    """Give what an error says, in one line."""
    return " ".join(words.split())[:300]


def check(piece: Piece) -> None:
    """Refuse what no article can be. Raises BadRow."""
    if len(piece.key) > LONGEST_KEY:
        raise BadRow(_("the path is longer than 300 characters"))
    if len(piece.body) > LONGEST_MARKDOWN:
        raise BadRow(_("longer than a million characters"))
    if not piece.title:
        raise BadRow(_("no title"))


def text_in(box: Box, name: str) -> str:
    """Give a file as a text. Raises BadRow."""
    return text_of(box.read(name), _("neither UTF-8, UTF-16 nor an old Russian encoding"))


def titled(title: str, body: str, place: str) -> tuple[str, str]:
    """Find the title: given, the first heading, or the name of the file; and the body without it."""
    first = HEADING.search(body)
    name = posixpath.basename(place_of(place)).strip("_").replace("_", " ").replace("-", " ")
    title = title or (_plain(first[1]) if first else "") or name.strip().capitalize()
    if first and not body[: first.start()].strip() and _plain(first[1]) == title:
        body = body[first.end() :]
    return line(title), body


def line(words: str) -> str:
    """Give a title in one line, no longer than titles may be."""
    return " ".join(html.without_control(words).split())[:LONGEST_TITLE]


def place_of(key: str) -> str:
    """Give a file's place without its ending: a/b.md, a/b/b.md and a/b/index.md are a/b."""
    parts = re.sub(r"\.(?:md|markdown|html?)$", "", key.removeprefix("docs/")).split("/")
    if len(parts) > 1 and (parts[-1] == parts[-2] or parts[-1] in {"index", "README", "_index"}):
        parts.pop()
    return "/".join(parts)


def shelves_of(folder: str, told: dict[str, Any] | None = None) -> Iterator[Shelf]:
    """Give a section for a folder and for those around it that were not told of before."""
    told = {} if told is None else told
    parts = [part for part in folder.strip("/").split("/") if part]
    for depth in range(1, len(parts) + 1):
        key = "/".join(parts[:depth])
        if key not in told:
            told[key] = True
            parent = "/".join(parts[: depth - 1])
            title = line(parts[depth - 1])[:120]
            # A folder is the section that has its name as address, if there is one.
            slug = "-".join(slugs.of(part) for part in parts[:depth])[:120]
            yield Shelf(key, title, parent=parent, slug=slug, addresses=(key,))


def _plain(markdown: str) -> str:
    return ANCHOR.sub("", markdown.replace("*", "").replace("`", "")).strip()
