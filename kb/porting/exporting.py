"""Writes the whole knowledge base as Markdown with pictures into a zip, from which it can be read back.

A folder a section with _section.yaml, a file an article, pictures/<number>/<width>.webp. What waits
for a review or its hour is not in it: of a published article its published words are written, of
others the newest. Names of owners are written, their e-mails never.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from django.db.models import Count, Q

from kb.models import Article, ArticleStatus, Kind, OldAddress, Picture, Revision, Section, Vote
from kb.porting import bodies
from kb.porting.marking import as_markdown
from kb.porting.shape import Report
from portal import files, html

BATCH = 200
VERSION = 1
INNER = re.compile(r"^/kb/([-\w]{1,200})/(#.*)?$")
PICTURE = re.compile(r"^/kb/pictures/([0-9a-f-]{36})/(\d{2,5})\.webp$")
render = partial(html.from_markdown, has_html=True)


def export_to(target: Path, *, at: datetime) -> Iterator[Report]:
    """Write the archive, and say after every batch how far it is."""
    report = Report(total=Article.objects.count())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        writer = _Writer(archive, at, report)
        writer.begin()
        for batch in _batches():
            writer.write(batch)
            yield report
        yield report


def _batches() -> Iterator[list[Article]]:
    """Give the articles by their number, a batch at a time."""
    last = 0
    rows = Article.objects.select_related(
        "current_revision", "owner", "translation_of", "intake"
    ).order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].pk


class _Writer:
    """Writes one archive."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime, report: Report) -> None:
        self.archive, self.at, self.report = archive, at, report
        self.sections = Section.objects.in_bulk()
        rows = Article.objects.values_list("slug", "section")
        folders = {pk: self._folder(one) for pk, one in self.sections.items()}
        self.places = {slug: f"{folders[section]}/{slug}.md" for slug, section in rows}

    def begin(self) -> None:
        """Write what the archive is, and the sections."""
        told = {"format": "kb-markdown", "version": VERSION, "exported_at": self.at}
        self._put("export.yaml", _yaml({**told, "articles": self.report.total}))
        old = _grouped(
            OldAddress.objects.filter(section__isnull=False).values_list("section", "slug")
        )
        for pk, section in self.sections.items():
            place = posixpath.join(self._folder(section), "_section.yaml")
            self._put(place, _yaml(_section(section, old.get(pk, []))))
        self.report.sections = len(self.sections)

    def write(self, articles: Sequence[Article]) -> None:
        """Write a batch of articles and their pictures."""
        around = _Around(articles)
        for article in articles:
            words = around.words.get(article.pk)
            if words is None:
                self.report.refuse(article.slug, "")  # nothing was ever written in it
                continue
            place = self.places[article.slug]
            body = bodies.led(words.body, partial(self._link, place), partial(self._image, place))
            text = as_markdown(body, render)
            front = _front(article, words, around, place)
            if not text:  # not even HTML within Markdown holds it
                front["markup"], text = "html", body + "\n"
            self._put(place, f"---\n{_yaml(front)}---\n\n{text}")
            self.report.make(article.slug, words.title)
            for picture in around.pictures.get(article.pk, ()):
                self._picture(picture)

    def _put(self, name: str, text: str) -> None:
        moment = self.at.timetuple()[:6]
        info = zipfile.ZipInfo(name, date_time=moment)
        info.compress_type = zipfile.ZIP_DEFLATED
        self.archive.writestr(info, text.encode("utf-8"))

    def _folder(self, section: Section) -> str:
        parts = [section.slug]
        above = section.parent_id
        while above is not None and len(parts) < len(self.sections):
            parts.append(self.sections[above].slug)
            above = self.sections[above].parent_id
        return "/".join(reversed(parts))

    def _link(self, place: str, href: str) -> str:
        """Lead a link to another article to its file."""
        found = INNER.match(href)
        target = self.places.get(found[1]) if found else None
        if found is None or target is None:
            return href
        self.report.links += 1
        return _relative(target, place) + (found[2] or "")

    def _image(self, place: str, attributes: Mapping[str, str]) -> Mapping[str, str]:
        found = PICTURE.match(attributes.get("src", ""))
        if found is None:
            return attributes
        return {**attributes, "src": _relative(f"pictures/{found[1]}/{found[2]}.webp", place)}

    def _picture(self, picture: Picture) -> None:
        for width in picture.widths:
            source = files.path_of(picture.pk)
            source = source.with_name(f"{source.name}.{width}.webp")
            if not source.is_file():
                self.report.lose_picture(picture.name, str(picture.pk))
                return
        for width in picture.widths:
            source = files.path_of(picture.pk)
            source = source.with_name(f"{source.name}.{width}.webp")
            self.archive.write(source, f"pictures/{picture.pk}/{width}.webp", zipfile.ZIP_STORED)
        self.report.pictures += 1


class _Around:
    """What a batch of articles needs beside its own rows, read at once."""

    def __init__(self, articles: Sequence[Article]) -> None:
        numbers = [one.pk for one in articles]
        self.words = _words(articles)
        self.pictures = _grouped(
            (one.article_id, one)
            for one in Picture.objects.filter(article__in=numbers).order_by("created_at", "pk")
        )
        old = OldAddress.objects.filter(article__in=numbers).order_by("pk")
        self.old = _grouped(old.values_list("article", "slug"))
        related = Article.related.through.objects.filter(from_article__in=numbers)
        self.related = _grouped(related.values_list("from_article", "to_article__slug"))
        votes = Vote.objects.filter(revision__article__in=numbers).values("revision__article")
        self.votes = {
            row["revision__article"]: (row["yes"], row["no"])
            for row in votes.annotate(
                yes=Count("pk", filter=Q(is_helpful=True)),
                no=Count("pk", filter=Q(is_helpful=False)),
            ).order_by()
        }


def _words(articles: Sequence[Article]) -> dict[int, Revision]:
    """Give what readers see of published articles, and the newest words of others."""
    shown = {
        one.pk: one.current_revision
        for one in articles
        if one.status == ArticleStatus.PUBLISHED and one.current_revision
    }
    others = [one.pk for one in articles if one.pk not in shown]
    newest = (
        Revision.objects.filter(article__in=others)
        .order_by("article_id", "-number")
        .distinct("article_id")
    )
    return {**shown, **{one.article_id: one for one in newest}}


def _grouped(pairs: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _front(article: Article, words: Revision, around: _Around, place: str) -> dict[str, Any]:
    """Give all that is to be known of an article beside its words; what is empty is left out."""
    yes, no = around.votes.get(article.pk, (0, 0))
    intake = getattr(article, "intake", None)
    if intake is not None:
        yes, no = yes + intake.helpful, no + intake.unhelpful
    front = {
        "title": words.title,
        "summary": words.summary,
        "slug": article.slug,
        "old_slugs": around.old.get(article.pk),
        "short_link": article.short_code,
        "language": article.language,
        "translation_of": article.translation_of.slug if article.translation_of else "",
        "access": article.access,
        "status": article.status,
        "kind": article.kind if article.kind != Kind.ARTICLE else "",
        "tags": article.tags,
        "related": sorted(around.related.get(article.pk, [])),
        "owner": article.owner.full_name if article.owner else "",
        "checked_on": article.checked_on,
        "review_by": article.review_by,
        "needs_change": article.needs_change,
        "created_at": article.created_at,
        "updated_at": article.updated_at,
        "published_at": article.published_at,
        "revision": words.number,
        "revised_at": words.created_at,
        "votes": {"helpful": yes, "unhelpful": no} if yes or no else None,
        "source": article.source_key if article.source_key != place else "",
        "pictures": [_told(one, place) for one in around.pictures.get(article.pk, ())],
    }
    return {name: value for name, value in front.items() if value}


def _told(picture: Picture, place: str) -> dict[str, Any]:
    return {
        "id": str(picture.pk),
        "folder": _relative(f"pictures/{picture.pk}", place),
        "name": picture.name,
        "alt": picture.alt,
        "width": picture.width,
        "height": picture.height,
        "widths": picture.widths,
    }


def _section(section: Section, old: Sequence[str]) -> dict[str, Any]:
    return {
        "title": {"ru": section.title_ru, "en": section.title_en},
        "description": {"ru": section.description_ru, "en": section.description_en},
        "slug": section.slug,
        "icon": section.icon,
        "order": section.order,
        **({"old_slugs": list(old)} if old else {}),
    }


def _relative(target: str, place: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(place) or ".")


def _yaml(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), allow_unicode=True, sort_keys=False, width=1000)
