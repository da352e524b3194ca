"""Exports of Zendesk Guide: the answers of its Help Center API, saved page by page or object by object.

Formats (names of fields are theirs):
https://developer.zendesk.com/api-reference/help_center/help-center-api/articles — `vote_sum` is yes
minus no, `vote_count` yes plus no; `draft`, `position`, `label_names`, `user_segment_id` (null: for
everybody), `locale`, `source_locale`, `html_url`;
…/translations — `source_id`, `source_type`, `locale`, `title`, `body`, `draft`;
…/user_segments — `user_type` is signed_in_users or staff, further lists narrow it;
…/article_attachments — `id`, `article_id`, `file_name`, `content_url`, `inline`.
Comments, subscriptions and authors are left out.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kb.models import Access, ArticleStatus
from kb.porting import fields
from kb.porting.boxes import Box
from kb.porting.readers import dumps, rows
from kb.porting.shape import BadRow, Piece, Row, Shelf

KINDS = {
    **{name: name.rstrip("s") + "s" for name in ("article", "articles", "section", "sections")},
    "category": "categories",
    "categories": "categories",
    "translation": "translations",
    "translations": "translations",
    "user_segment": "segments",
    "user_segments": "segments",
    "article_attachment": "attachments",
    "article_attachments": "attachments",
}
GUESS = {
    "articles": ("section_id", "title"),
    "translations": ("source_id", "locale"),
    "sections": ("category_id", "name"),
    "segments": ("user_type",),
    "attachments": ("article_id", "file_name"),
    "categories": ("name", "source_locale"),
}
LINKS = (
    (re.compile(r"/hc/(?:[\w-]+/)?articles/(\d+)"), "zendesk/article"),
    (re.compile(r"/hc/(?:[\w-]+/)?sections/(\d+)"), "zendesk/section"),
    (re.compile(r"/hc/(?:[\w-]+/)?categories/(\d+)"), "zendesk/category"),
)
MARKS = ('"vote_sum"', '"label_names"', '"user_segment_id"', '"source_locale"')
NARROWING = ("tags", "or_tags", "organization_ids", "group_ids", "added_user_ids")
Found = Mapping[str, list[dumps.Object]]


def fits(box: Box) -> bool:
    """Whether there are articles with the fields of Zendesk."""
    return any(mark in head for head in dumps.heads(box, ".json") for mark in MARKS)


def read(box: Box) -> Iterator[Row]:
    """Give categories and sections as sections, then each article in each of its languages."""
    found, bad = dumps.collect(box, KINDS, GUESS)
    yield from bad
    for kind in ("categories", "sections"):
        for versions in _by_id(found[kind]).values():
            yield from rows.guarded(
                f"{kind} {versions[0].get('id')}",
                lambda kind=kind, versions=versions: _shelf(kind, versions, found),  # type: ignore[misc]
            )
    segments = {one.get("id"): one for one in found["segments"]}
    images = _images(found["attachments"])
    texts = _texts(found["translations"])
    for versions in _by_id(found["articles"]).values():
        for article in _in_languages(versions, texts):
            place = f"articles {article.get('id')}"
            yield from rows.guarded(
                place,
                lambda article=article: _article(article, segments, images),  # type: ignore[misc]
            )


def _by_id(objects: list[dumps.Object]) -> dict[str, list[dumps.Object]]:
    """Put the versions of one thing together; a dump holds one a language."""
    found: dict[str, list[dumps.Object]] = defaultdict(list)
    for one in objects:
        found[str(one.get("id"))[:40]].append(one)
    return found


def _texts(translations: list[dumps.Object]) -> dict[str, list[dumps.Object]]:
    found: dict[str, list[dumps.Object]] = defaultdict(list)
    for one in translations:
        if str(one.get("source_type", "article"))[:40].lower() == "article":
            found[str(one.get("source_id"))[:40]].append(one)
    return found


def _in_languages(
    versions: list[dumps.Object], texts: Mapping[str, list[dumps.Object]]
) -> Iterator[dumps.Object]:
    """Give an article once a language: the versions of a dump, then translations beside them."""
    told = set()
    inner = [one for version in versions for one in _list(version.get("translations"))]
    others = [*inner, *texts.get(str(versions[0].get("id"))[:40], ())]
    translated = [
        {**versions[0], "vote_sum": 0, "vote_count": 0, "html_url": None, **_words_of(one)}
        for one in others
    ]
    for one in (*versions, *translated):
        code = str(one.get("locale"))[:20]
        if code not in told:
            told.add(code)
            yield one


def _words_of(translation: dumps.Object) -> dumps.Object:
    names = ("title", "body", "locale", "draft", "created_at", "updated_at")
    return {name: translation[name] for name in names if name in translation}


def _list(value: object) -> list[dumps.Object]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _shelf(kind: str, versions: list[dumps.Object], found: Found) -> Shelf:
    one, name = versions[0], "category" if kind == "categories" else "section"
    number = fields.text(one, "id")
    texts = {_short(one): one for one in reversed([*versions, *_named(name, number, found)])}
    russian, english = texts.get("ru", one), texts.get("en")
    parent = fields.text(one, "parent_section_id")
    category = fields.text(one, "category_id")
    title = rows.line(fields.text(russian, "name", "title"))[:120]
    if not number or not title:
        raise BadRow(_("no title"))
    return Shelf(
        key=f"zendesk/{name}/{number}",
        title=title,
        title_en=rows.line(fields.text(english, "name", "title"))[:120] if english else "",
        description=fields.text(russian, "description")[:300],
        description_en=fields.text(english, "description")[:300] if english else "",
        parent=(
            f"zendesk/section/{parent}"
            if parent
            else f"zendesk/category/{category}" * bool(category)
        ),
        order=min(100 + fields.number(one, "position"), 32_000),
        addresses=(f"zendesk/{name}/{number}",),
    )


def _named(name: str, number: str, found: Found) -> list[dumps.Object]:
    return [
        {**one, "name": one.get("title"), "description": one.get("body")}
        for one in found["translations"]
        if str(one.get("source_type"))[:40].lower() == name
        and str(one.get("source_id"))[:40] == number
    ]


def _short(one: dumps.Object) -> str:
    return str(one.get("locale"))[:2].lower()


def _images(attachments: list[dumps.Object]) -> dict[str, str]:
    return {
        str(one.get("id"))[:40]: str(one.get("file_name"))[:300]
        for one in attachments
        if isinstance(one.get("id"), int)
    }


def _article(
    one: dumps.Object, segments: Mapping[Any, dumps.Object], images: Mapping[str, str]
) -> Piece:
    number = fields.text(one, "id")
    if not number.isdigit():
        raise BadRow(_("no id"))
    language = fields.language(fields.text(one, "locale"))
    original = fields.text(one, "source_locale").replace("_", "-").partition("-")[0].lower()
    access, note = _access(one, segments)
    title = rows.line(fields.text(one, "title", "name"))
    is_draft = one.get("draft") is True
    return Piece(
        key=f"zendesk/article/{number}" + f"/{language}" * bool(language),
        title=title,
        body=fields.text(one, "body"),
        markup="html",
        section=f"zendesk/section/{fields.text(one, 'section_id')}",
        access=access,
        needs_change=note,
        language=language,
        status=ArticleStatus.DRAFT if is_draft else ArticleStatus.PUBLISHED,
        slug_from=title,
        tags=fields.tags(one, "label_names"),
        addresses=(f"zendesk/article/{number}",),
        translation_of=(
            f"zendesk/article/{number}/{original}"
            if original in fields.LANGUAGES and language and original != language
            else ""
        ),
        images=images,
        created_at=fields.moment(one, "created_at"),
        updated_at=fields.moment(one, "edited_at") or fields.moment(one, "updated_at"),
        **_votes(one),
    )


def _access(one: dumps.Object, segments: Mapping[Any, dumps.Object]) -> tuple[str, str]:
    """Say who reads it; whom we cannot tell apart reads less rather than more."""
    numbers = [one.get("user_segment_id"), *(one.get("user_segment_ids") or [])]
    given = [number for number in numbers if number is not None]
    if not given:
        return Access.PUBLIC, ""
    known = [segments[number] for number in given if number in segments]
    if not known:
        return Access.CUSTOMERS, ""
    if all(segment.get("user_type") == "staff" for segment in known):
        return Access.STAFF, ""
    if any(not any(segment.get(name) for name in NARROWING) for segment in known):
        return Access.CUSTOMERS, ""
    return Access.STAFF, _("In the source only some customers read this. Say who may read it here.")


def _votes(one: dumps.Object) -> dict[str, Any]:
    total = fields.number(one, "vote_count")
    value = one.get("vote_sum") or 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRow(_("%(field)s is not a whole number") % {"field": "vote_sum"})
    more = max(-total, min(value, total))
    return {"helpful": (total + more) // 2, "unhelpful": total - (total + more) // 2}
