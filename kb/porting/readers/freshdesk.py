"""Exports of Freshdesk Solutions: its XML dump, and the answers of its API.

The dump (Solutions.xml): solution-category > solution-folder > solution-article with title,
description (HTML), desc-un-html (the same as text), status, thumbs-up, thumbs-down, tags.
The API (https://developers.freshdesk.com/api/#solutions): categories, folders (`visibility`,
`parent_folder_id`), articles (`description`, `status`, `folder_id`, `tags`, `thumbs_up`,
`thumbs_down`, `seo_data`). Visibility: 1 all users, 2 logged in, 3 agents, 4 selected companies,
5 bots, 6 and 7 segments of contacts and companies; status: 1 draft, 2 published.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _

from kb.models import Access, ArticleStatus
from kb.porting import fields
from kb.porting.boxes import Box
from kb.porting.readers import dumps, rows
from kb.porting.shape import Bad, BadRow, Piece, Row, Shelf

KINDS = {
    "category": "categories",
    "categories": "categories",
    "folder": "folders",
    "folders": "folders",
    "article": "articles",
    "articles": "articles",
}
GUESS = {
    "articles": ("title", "folder_id"),
    "folders": ("name", "visibility"),
    "categories": ("name", "id"),
}
LINKS = (
    (re.compile(r"/solutions?/articles/(\d+)"), "freshdesk/article"),
    (re.compile(r"/solutions?/folders/(\d+)"), "freshdesk/folder"),
    (re.compile(r"/solutions?/(?:categories/)?(\d+)(?:/|$)"), "freshdesk/category"),
)
VISIBILITY = {1: Access.PUBLIC, 2: Access.CUSTOMERS}
SOME_CUSTOMERS = {4, 6, 7}
PUBLISHED = 2
DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
ENCODING = re.compile(r"^\s*<\?xml[^>]*\?>")


def fits(box: Box) -> bool:
    """Whether there is a dump of solutions, or articles with the fields of Freshdesk."""
    if any("<solution-" in head for head in dumps.heads(box, ".xml")):
        return True
    marks = ('"thumbs_up"', '"folder_id"', '"desc_un_html"')
    return any(mark in head for head in dumps.heads(box, ".json") for mark in marks)


def read(box: Box) -> Iterator[Row]:
    """Give categories and folders as sections, then the articles."""
    found, bad = dumps.collect(box, KINDS, GUESS)
    for name in box.names:
        if name.lower().endswith(".xml"):
            bad += _from_xml(box, name, found)
    yield from bad
    _unfold(found)
    for kind in ("categories", "folders"):
        for one in found[kind]:
            place = f"{kind} {str(one.get('id'))[:40]}"
            yield from rows.guarded(place, lambda kind=kind, one=one: _shelf(kind, one))  # type: ignore[misc]
    folders = {str(one.get("id"))[:40]: one for one in found["folders"]}
    for one in found["articles"]:
        place = f"articles {str(one.get('id'))[:40]}"
        yield from rows.guarded(place, lambda one=one: _article(one, folders))  # type: ignore[misc]


def _unfold(found: dict[str, list[dumps.Object]]) -> None:
    """Take folders out of categories and articles out of folders, where a dump holds them within."""
    for outer, inner, name in (
        ("categories", "folders", "category_id"),
        ("folders", "articles", "folder_id"),
    ):
        for one in found[outer]:
            for within in one.get(inner) or []:
                if isinstance(within, dict):
                    whole = within.get(inner[:-1], within)
                    if isinstance(whole, dict):
                        found[inner].append({name: one.get("id"), **whole})


def _from_xml(box: Box, name: str, found: dict[str, list[dumps.Object]]) -> list[Bad]:
    try:
        root = _parsed(rows.text_in(box, name))
    except (BadRow, ET.ParseError, ValueError) as error:
        return [Bad(name, rows.first_line(str(error)))]
    for category in root.iter("solution-category"):
        one = _values(category)
        found["categories"].append(one)
        for folder in category.iter("solution-folder"):
            shelf = {"category_id": one.get("id"), **_values(folder)}
            found["folders"].append(shelf)
            for article in folder.iter("solution-article"):
                found["articles"].append({"folder_id": shelf.get("id"), **_values(article)})
    return []


def _parsed(text: str) -> ET.Element:
    if DECLARATION.search(text):
        raise BadRow(_("declares what it may not: such files can grow without end"))
    return ET.fromstring(ENCODING.sub("", text))  # noqa: S314 (no DTD, see above)


def _values(element: ET.Element) -> dumps.Object:
    """Give the plain values of an element; tags stand in a list of their own."""
    values: dumps.Object = {
        child.tag.replace("-", "_"): child.text or "" for child in element if not len(child)
    }
    tags = [name.text or "" for name in element.findall("tags/tag/name")]
    return {**values, "tags": tags or values.get("tags") or []}


def _shelf(kind: str, one: dumps.Object) -> Shelf:
    number, title = fields.text(one, "id"), rows.line(fields.text(one, "name"))[:120]
    if not number or not title:
        raise BadRow(_("no title"))
    name = "category" if kind == "categories" else "folder"
    parent, category = fields.text(one, "parent_folder_id"), fields.text(one, "category_id")
    around = f"freshdesk/folder/{parent}" if parent else f"freshdesk/category/{category}"
    return Shelf(
        key=f"freshdesk/{name}/{number}",
        title=title,
        description=fields.text(one, "description")[:300],
        parent=around if parent or (category and name == "folder") else "",
        order=min(100 + fields.number(one, "position"), 32_000),
        addresses=(f"freshdesk/{name}/{number}",),
    )


def _article(one: dumps.Object, folders: Mapping[str, dumps.Object]) -> Piece:
    number = fields.text(one, "id")
    if not number.isdigit():
        raise BadRow(_("no id"))
    folder = fields.text(one, "folder_id")
    access, note = _access(folders.get(folder, {}))
    title = rows.line(fields.text(one, "title"))
    is_published = fields.number(one, "status", PUBLISHED) == PUBLISHED
    return Piece(
        key=f"freshdesk/article/{number}",
        title=title,
        body=fields.text(one, "description") or _as_html(fields.text(one, "desc_un_html")),
        markup="html",
        section=f"freshdesk/folder/{folder}" * bool(folder),
        summary=_summary(one),
        access=access,
        needs_change=note,
        status=ArticleStatus.PUBLISHED if is_published else ArticleStatus.DRAFT,
        slug_from=title,
        tags=fields.tags(one, "tags"),
        addresses=(f"freshdesk/article/{number}",),
        images=_images(one.get("attachments")),
        created_at=fields.moment(one, "created_at"),
        updated_at=fields.moment(one, "updated_at") or fields.moment(one, "modified_at"),
        helpful=fields.number(one, "thumbs_up"),
        unhelpful=fields.number(one, "thumbs_down"),
    )


def _as_html(text: str) -> str:
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text))
    return "".join(f"<p>{escape(block)}</p>" for block in blocks if block)


def _summary(one: dumps.Object) -> str:
    told = one.get("seo_data")
    return fields.text(told, "meta_description") if isinstance(told, dict) else ""


def _images(attachments: Any) -> dict[str, str]:
    given = attachments if isinstance(attachments, list) else []
    return {
        str(one.get("id"))[:40]: str(one.get("name"))[:300]
        for one in given
        if isinstance(one, dict) and isinstance(one.get("id"), int)
    }


def _access(folder: dumps.Object) -> tuple[str, str]:
    """Say who reads it; whom we cannot tell apart reads less rather than more."""
    visibility = fields.number(folder, "visibility", 1)
    note = _("In the source only some customers read this. Say who may read it here.")
    return (
        VISIBILITY.get(visibility, Access.STAFF),
        note if visibility in SOME_CUSTOMERS else "",
    )
