"""Folders of Markdown with front matter; also what this portal itself exports.

Front matter as Jekyll, Hugo and others write it (https://jekyllrb.com/docs/front-matter/,
https://gohugo.io/content-management/front-matter/): a block of YAML between two lines of ---.
`aliases` and `redirect_from` are old addresses there. HTML within Markdown is HTML
(https://spec.commonmark.org/0.31.2/#html-blocks), sanitised like any other.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import yaml
from django.utils.translation import gettext as _

from kb.models import ArticleStatus, Kind
from kb.porting import fields
from kb.porting.boxes import Box
from kb.porting.readers import rows
from kb.porting.shape import BadRow, OwnPicture, Piece, Row, Shelf

ENDINGS = (".md", ".markdown")
SECTION = "_section.yaml"  # beside the articles of a section: what it is called, where it stands
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LONGEST_FRONT = 200_000  # characters
FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
OURS = re.compile(r"^/kb/([-\w]{1,200})/?$", re.ASCII)
MOST_PICTURES = 500


def fits(box: Box) -> bool:
    """Whether there is a file of Markdown."""
    return any(name.lower().endswith(ENDINGS) for name in box.names)


def read(box: Box) -> Iterator[Row]:
    """Give sections by their folders, then articles."""
    told: dict[str, Any] = {}
    for name in box.names:
        if posixpath.basename(name) == SECTION:
            for row in rows.guarded(name, lambda name=name: _section(box, name)):  # type: ignore[misc]
                told[posixpath.dirname(name)] = row
                yield row
    for name in box.names:
        if name.lower().endswith(ENDINGS):
            for row in rows.guarded(name, lambda name=name: _article(box, name)):  # type: ignore[misc]
                if isinstance(row, Piece):
                    yield from rows.shelves_of(row.section, told)
                yield row


def _section(box: Box, name: str) -> Shelf:
    given = yaml.safe_load(rows.text_in(box, name)[:LONGEST_FRONT])
    if not isinstance(given, dict):
        raise BadRow(_("no names and values"))
    folder = posixpath.dirname(name)
    title = _named(given, "title")
    described = _named(given, "description")
    return Shelf(
        key=folder,
        title=rows.line(title["ru"] or title["en"] or posixpath.basename(folder))[:120],
        title_en=rows.line(title["en"])[:120],
        parent=posixpath.dirname(folder),
        slug=fields.slug(given, "slug")[:120],
        description=described["ru"][:300],
        description_en=described["en"][:300],
        icon=(fields.slug(given, "icon") or "file")[:30],
        order=min(fields.number(given, "order", 100), 32_000),
        old_slugs=_old(fields.words(given, "old_slugs")),
        addresses=(folder,),
    )


def _named(given: Mapping[str, Any], name: str) -> dict[str, str]:
    """Read a text, or one for each language."""
    value = given.get(name)
    if isinstance(value, dict):
        return {code: fields.text(value, code) for code in fields.LANGUAGES}
    return {"ru": fields.text(given, name), "en": ""}


def _article(box: Box, name: str) -> Piece:
    given, body = front_of(rows.text_in(box, name))
    title, body = rows.titled(fields.text(given, "title"), body, name)
    section = fields.text(given, "section")
    return Piece(
        key=fields.text(given, "source") or name,
        place=name,
        title=title,
        body=body,
        markup="html" if fields.text(given, "markup") == "html" else "markdown",
        section=section.strip("/") or posixpath.dirname(name),
        summary=fields.text(given, "summary", "short", "description"),
        language=fields.language(fields.text(given, "language", "lang")),
        status=status(given),
        kind=fields.one_of(given, "kind", tuple(Kind.values), Kind.ARTICLE),
        slug_from=name,
        old_slugs=_old(fields.words(given, "old_slugs", "aliases", "redirect_from")),
        pictures=_pictures(given, name),
        **facts(given),
        **votes(given),
    )


def front_of(text: str) -> tuple[dict[str, Any], str]:
    """Give the front matter and the rest. Raises BadRow."""
    found = FRONT.match(text)
    if found is None:
        return {}, text
    if len(found[1]) > LONGEST_FRONT:
        raise BadRow(_("the front matter is too long"))
    given = yaml.load(found[1], Loader=LOADER)  # noqa: S506 (a safe one, in C where there is one)
    if not isinstance(given, dict | None):
        raise BadRow(_("no names and values"))
    return given or {}, text[found.end() :]


def facts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read what front matter says beside the words. Raises BadRow."""
    return {
        "slug": fields.slug(given, "slug"),
        "access": fields.access(given),
        "tags": fields.tags(given, "tags"),
        "translation_of": fields.text(given, "translation_of"),
        "related": fields.words(given, "related"),
        "owner": fields.text(given, "owner"),
        "needs_change": fields.text(given, "needs_change"),
        "short_code": fields.slug(given, "short_link")[:12],
        "checked_on": fields.day(given, "checked_on"),
        "review_by": fields.day(given, "review_by"),
        "number": max(fields.number(given, "revision", 1), 1),
        "created_at": fields.moment(given, "created_at"),
        "updated_at": fields.moment(given, "updated_at"),
        "published_at": fields.moment(given, "published_at"),
        "revised_at": fields.moment(given, "revised_at"),
    }


def status(given: Mapping[str, Any]) -> str:
    """Read whether readers see it. Raises BadRow."""
    if given.get("draft") is True:
        return ArticleStatus.DRAFT
    return fields.one_of(given, "status", tuple(ArticleStatus.values), ArticleStatus.PUBLISHED)


def votes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read how many said yes and no. Raises BadRow."""
    counts = given.get("votes")
    if counts is None:
        return {}
    if not isinstance(counts, dict):
        raise BadRow(_("%(field)s is not a text") % {"field": "votes"})
    return {
        "helpful": fields.number(counts, "helpful"),
        "unhelpful": fields.number(counts, "unhelpful"),
    }


def _old(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the addresses that lie under ours: a bare one, or /kb/…/ of any site."""
    return tuple(
        slug
        for one in addresses
        for slug in ((one,) if fields.SLUG.fullmatch(one) else under_ours(one))
    )


def under_ours(address: str) -> tuple[str, ...]:
    """Give the slug of an address that lies under ours, whatever the site."""
    try:
        match = OURS.match(urlsplit(address).path)
    except ValueError:
        return ()
    return (match[1],) if match else ()


def _pictures(given: Mapping[str, Any], name: str) -> tuple[OwnPicture, ...]:
    value = given.get("pictures")
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_PICTURES:
        raise BadRow(_("%(field)s is not a list of texts") % {"field": "pictures"})
    return tuple(_picture(one, name) for one in value)


def _picture(given: object, name: str) -> OwnPicture:
    if not isinstance(given, dict):
        raise BadRow(_("no names and values"))
    number, folder = str(UUID(fields.text(given, "id"))), fields.text(given, "folder")
    base = posixpath.normpath(posixpath.join(posixpath.dirname(name), folder))
    widths = [fields.number({"widths": one}, "widths") for one in fields.words(given, "widths")]
    return OwnPicture(
        id=number,
        name=fields.text(given, "name")[:120] or "picture.webp",
        alt=fields.text(given, "alt")[:300],
        width=fields.number(given, "width"),
        height=fields.number(given, "height"),
        files={width: f"{base}/{width}.webp" for width in widths},
    )
