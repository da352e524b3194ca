"""Takes articles in from Markdown files or JSON lines; running it again changes only what changed."""

import gzip
import json
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import frontmatter
import yaml
from django.db import DatabaseError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from kb import actions, slugs
from kb.models import Access, Article, Section
from portal import html
from portal.refusals import Refused

BATCH = 50
MARK = "import"  # the comment of revisions made here; anything else was edited by people
LONGEST_MARKDOWN = 1_000_000  # characters
LONGEST_KEY = 300
HEADING = re.compile(r"^\s*#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
FOREIGN = re.compile(r"^(?:https?:|mailto:|tel:)", re.IGNORECASE)
SITE = ("/kb/", "/cabinet/", "/about-support/", "/feedback/", "/to/")

Tell = Callable[[int], object]


class BadRow(Exception):
    """A row that cannot become an article; its words say why."""


@dataclass(frozen=True)
class Source:
    """One article as it lies in a file."""

    key: str
    title: str
    body: str
    section: str = ""
    summary: str = ""
    access: str = Access.PUBLIC
    language: str = ""
    checked_on: date | None = None
    tags: tuple[str, ...] = ()


@dataclass
class Report:
    """What came of an import."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """How many rows were looked at."""
        return self.created + self.updated + self.unchanged + len(self.skipped)


def import_from(
    source: Path,
    *,
    at: datetime,
    is_published: bool = True,
    language: str = "ru",
    limit: int | None = None,
    tell: Tell = lambda _count: None,
) -> Report:
    """Take every article of a folder or file in; bad rows are reported, never fatal."""
    report = Report()
    addresses = _Addresses(_keys(source, limit))
    importer = _Importer(addresses, report, at=at, is_published=is_published, language=language)
    rows = islice(_read(source), limit)
    while batch := list(islice(rows, BATCH)):
        importer.take(batch)
        tell(report.seen)
    return report


def _keys(source: Path, limit: int | None) -> list[str]:
    return [row.key for row in islice(_read(source), limit) if isinstance(row, Source)]


class _Importer:
    """Turns rows into articles, a batch a transaction, a row a savepoint."""

    def __init__(
        self,
        addresses: "_Addresses",
        report: Report,
        *,
        at: datetime,
        is_published: bool,
        language: str,
    ) -> None:
        self.addresses, self.report, self.at = addresses, report, at
        self.is_published, self.language = is_published, language
        self.sections: dict[str, Section] = {}

    def take(self, rows: "list[Source | tuple[str, str]]") -> None:
        """Write a batch and index it at once."""
        with transaction.atomic():
            made = [article for row in rows if (article := self._one(row))]
            if self.is_published:
                actions.publish_imported(articles=made, at=self.at)

    def _one(self, row: "Source | tuple[str, str]") -> Article | None:
        if not isinstance(row, Source):
            self.report.skipped.append(row)
            return None
        try:
            with transaction.atomic():
                return self._write(row)
        except (BadRow, Refused, DatabaseError) as error:
            why = str(error.message) if isinstance(error, Refused) else str(error).strip()
            self.report.skipped.append((row.key, why))
            return None

    def _write(self, row: Source) -> Article | None:
        article = self._article(row)
        before = article.current_revision
        if before and before.comment != MARK:
            raise BadRow(_("edited here since the last import"))
        revision = actions.save(
            article=article,
            title=row.title,
            summary=row.summary,
            body=self._body(row),
            author=None,
            comment=MARK,
            at=self.at,
        )
        if before == revision:
            self.report.unchanged += 1
            return None
        article.current_revision = revision
        if before:
            self.report.updated += 1
            return None
        self.report.created += 1
        return article

    def _article(self, row: Source) -> Article:
        found: Article | None = (
            Article.objects.select_related("current_revision").filter(source_key=row.key).first()
        )
        return found or self._new(row)

    def _new(self, row: Source) -> Article:
        return Article.objects.create(
            source_key=row.key,
            slug=self.addresses.slug(row.key),
            section=self._section(row.section),
            language=row.language or self.language,
            access=row.access,
            tags=list(row.tags),
            checked_on=row.checked_on,
            created_at=self.at,
        )

    def _section(self, name: str) -> Section:
        if name.endswith(".md"):  # a file outside of any section
            name = posixpath.dirname(name)
        slug = slugify(name.replace("/", "-"))[:120] or "other"
        if slug not in self.sections:
            title = name.strip("/")[:120] or _("Other")
            # Order matters: imported shelves stand behind those that people arranged.
            shelf = {"title_ru": title, "order": 100}
            self.sections[slug], _made = Section.objects.get_or_create(slug=slug, defaults=shelf)
        return self.sections[slug]

    def _body(self, row: Source) -> str:
        body = html.from_markdown(row.body, lambda href: self.addresses.find(href, row.key))
        return body if html.plain(body) else f"<p>{html.plain(row.summary or row.title)}</p>"


class _Addresses:
    """Where each article of an import will be read, and where the links between them lead."""

    def __init__(self, keys: list[str]) -> None:
        rows = Article.objects.values_list("source_key", "slug")
        kept = {key: slug for key, slug in rows if key}
        taken = {*slugs.RESERVED, *(slug for _key, slug in rows)}
        self.slugs: dict[str, str] = {}
        for key in keys:
            slug = kept.get(key) or _free(key, taken)
            taken.add(slug)
            self.slugs[key] = slug
        self.places = {_place(key): slug for key, slug in (kept | self.slugs).items()}

    def slug(self, key: str) -> str:
        """Give the address of an article."""
        return self.slugs[key]

    def find(self, href: str, key: str) -> str:
        """Give where a link of this article leads now, or nothing when it leads nowhere."""
        if FOREIGN.match(href) or href.startswith(SITE):
            return href
        path = href.partition("#")[0].partition("?")[0]
        if not path:
            return ""
        for start in (posixpath.dirname(key), _place(key), posixpath.dirname(_place(key))):
            place = path.lstrip("/") if path.startswith("/") else posixpath.join(start, path)
            if slug := self.places.get(_place(posixpath.normpath(place))):
                return f"/kb/{slug}/"
        return ""


def _place(key: str) -> str:
    """Give a file's place without its ending: a/b.md, a/b/b.md and a/b/index.md are a/b."""
    parts = re.sub(r"\.(?:md|markdown|html)$", "", key.removeprefix("docs/")).split("/")
    if len(parts) > 1 and (parts[-1] == parts[-2] or parts[-1] in {"index", "README"}):
        parts.pop()
    return "/".join(parts)


def _free(key: str, taken: set[str]) -> str:
    """Make an address from the end of a path, longer when it is taken already."""
    parts = [slugs.of(part) for part in _place(key).split("/") if part] or ["article"]
    for count in range(1, len(parts) + 1):
        slug = "-".join(parts[-count:])[:190]
        if slug not in taken:
            return slug
    return slugs.free(slug, taken)


def _read(source: Path) -> Iterator[Source | tuple[str, str]]:
    """Give the rows of a folder of Markdown or of a file of JSON lines; bad ones with a reason."""
    if source.is_dir():
        for path in sorted(source.rglob("*.md")):
            yield _guarded(path.relative_to(source).as_posix(), path, _from_file)
        return
    with gzip.open(source, "rb") if source.suffix == ".gz" else source.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _guarded(_("line %(number)d") % {"number": number}, line, _from_line)


def _guarded(name: str, raw: Any, read: Callable[[str, Any], Source]) -> Source | tuple[str, str]:
    try:
        row = read(name, raw)
    except (BadRow, ValueError, yaml.YAMLError, OSError) as error:
        return name, str(error)
    if len(row.key) > LONGEST_KEY:
        return name, _("the path is longer than 300 characters")
    if len(row.body) > LONGEST_MARKDOWN:
        return row.key, _("longer than a million characters")
    return row


def _from_line(_name: str, line: bytes) -> Source:
    row = json.loads(line)
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or not row["path"]:
        raise BadRow(_("no path"))
    text = {key: row.get(key) or "" for key in ("title", "short", "section", "markdown")}
    for key, value in text.items():
        if not isinstance(value, str):
            raise BadRow(_("%(field)s is not a text") % {"field": key})
    key = html.without_control(row["path"])
    return _source(key, text["markdown"], text["title"], text["short"], section=text["section"])


def _from_file(name: str, path: Path) -> Source:
    post = frontmatter.loads(path.read_text(encoding="utf-8"))
    given: dict[str, Any] = post.metadata
    checked_on, access = given.get("checked_on"), str(given.get("access") or Access.PUBLIC)
    if access not in Access.values:
        raise BadRow(_("unknown access: %(access)s") % {"access": access})
    return _source(
        name,
        post.content,
        str(given.get("title") or ""),
        str(given.get("summary") or given.get("short") or ""),
        section=str(given.get("section") or posixpath.dirname(name)),
        access=access,
        language=_language(str(given.get("language") or "")),
        checked_on=checked_on if isinstance(checked_on, date) else None,
        tags=_tags(given.get("tags")),
    )


def _tags(given: Any) -> tuple[str, ...]:
    found = given if isinstance(given, list) else str(given or "").split(",")
    return tuple(tag for one in found if (tag := slugs.tag(str(one))))


def _language(code: str) -> str:
    if code not in {"", "ru", "en"}:
        raise BadRow(_("unknown language: %(language)s") % {"language": code})
    return code


def _source(key: str, body: str, title: str, summary: str, **fields: Any) -> Source:
    """Put a row together; without a title the first heading is one, else the name of the file."""
    first = HEADING.search(body)
    name = posixpath.basename(_place(key)).strip("_").replace("_", " ").replace("-", " ")
    title = title or (_words(first[1]) if first else "") or name.capitalize()
    if first and not body[: first.start()].strip() and _words(first[1]) == title:
        body = body[first.end() :]
    return Source(key, title[:250], body, summary=summary, **fields)


def _words(markdown: str) -> str:
    return re.sub(r"\s*\{#[^}]*\}\s*$", "", markdown.replace("*", "").replace("`", "")).strip()
