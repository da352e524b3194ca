"""The neutral shape of what any source holds, and the report of what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from portal import html

MOST_TOLD = 200  # lines of a report that are kept of each kind; all are counted


class BadRow(Exception):
    """Something that cannot become an article; its words say why."""


@dataclass(frozen=True)
class Bad:
    """A place of the source that was refused, and why."""

    place: str
    why: str


@dataclass(frozen=True)
class Shelf:
    """A section of a source; `key` is its own name there, `parent` the key of the one it stands in."""

    key: str
    title: str
    parent: str = ""
    slug: str = ""  # empty: made from the title
    title_en: str = ""
    description: str = ""
    description_en: str = ""
    icon: str = "file"
    order: int = 100  # imported shelves stand behind those that people arranged
    old_slugs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()  # under which links of the source know it


@dataclass(frozen=True)
class OwnPicture:
    """A picture that this portal drew once and has exported: its files are taken as they are."""

    id: str
    name: str
    alt: str
    width: int
    height: int
    files: Mapping[int, str]  # width -> name in the source


@dataclass(frozen=True)
class Piece:
    """One article of a source, in one language."""

    key: str
    title: str
    body: str
    markup: str = "markdown"  # "plain": Markdown in which HTML is shown as typed; "html"
    place: str = ""  # the path from which its relative links count
    section: str = ""  # the key of a shelf
    summary: str = ""
    access: str = "public"
    language: str = ""  # empty: that of the import
    status: str = "published"
    kind: str = "article"
    slug: str = ""  # empty: made from the place or the title
    slug_from: str = ""  # what to make it from
    old_slugs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()  # under which links of the source know it
    translation_of: str = ""  # a key or a slug
    related: tuple[str, ...] = ()
    pictures: tuple[OwnPicture, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)  # number of a picture -> name of a file
    short_code: str = ""
    owner: str = ""
    needs_change: str = ""
    checked_on: date | None = None
    review_by: date | None = None
    number: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None
    revised_at: datetime | None = None  # when these words were saved
    published_at: datetime | None = None
    helpful: int | None = None
    unhelpful: int | None = None


Row = Piece | Shelf | Bad


@dataclass
class Report:
    """What came of an import, or would come of it."""

    is_dry: bool = False
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    sections: int = 0
    pictures: int = 0
    missing: int = 0  # pictures
    links: int = 0
    broken: int = 0  # links
    misplaced: int = 0  # sections that cannot stand where the source says
    helpful: int = 0
    unhelpful: int = 0
    total: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)  # key, title
    changed: list[tuple[str, str]] = field(default_factory=list)
    lost_pictures: list[tuple[str, str]] = field(default_factory=list)  # article, picture: why
    lost_links: list[tuple[str, str]] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)  # section, why

    @property
    def seen(self) -> int:
        """How many rows were looked at."""
        return self.created + self.updated + self.unchanged + self.refused

    def refuse(self, place: str, why: str) -> None:
        """Count something that is not taken, and say why."""
        self.refused += 1
        _keep(self.skipped, place, why)

    def misplace(self, key: str, why: str) -> None:
        """Count a section that stands elsewhere than the source says, and say why."""
        self.misplaced += 1
        _keep(self.moved, key, why)

    def lose_picture(self, key: str, what: str) -> None:
        """Count a picture that is not there or not taken."""
        self.missing += 1
        _keep(self.lost_pictures, key, what)

    def lose_link(self, key: str, address: str) -> None:
        """Count a link that leads nowhere."""
        self.broken += 1
        _keep(self.lost_links, key, address)

    def make(self, key: str, title: str) -> None:
        """Count a new article."""
        self.created += 1
        _keep(self.made, key, title)

    def change(self, key: str, title: str) -> None:
        """Count a changed article."""
        self.updated += 1
        _keep(self.changed, key, title)

    def as_json(self) -> dict[str, Any]:
        """Give it for keeping."""
        return asdict(self)


def report_of(kept: Mapping[str, Any]) -> Report:
    """Read a report that was kept."""
    told: dict[str, Any] = {
        name: [tuple(pair) for pair in value] if isinstance(value, list) else value
        for name, value in kept.items()
        if name in Report.__dataclass_fields__
    }
    return Report(**told)


def _keep(lines: list[tuple[str, str]], place: str, words: str) -> None:
    if len(lines) < MOST_TOLD:
        lines.append((html.without_control(place)[:300], html.without_control(words)[:500]))
