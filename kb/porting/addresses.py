"""Where each article of an import will be read, and where the links between them lead."""

import posixpath
import re
from collections.abc import Sequence
from re import Pattern
from urllib.parse import unquote

from kb import slugs
from kb.models import Article
from kb.porting.readers.rows import place_of
from kb.porting.shape import Piece

FOREIGN = re.compile(r"^(?:https?:|mailto:|tel:)", re.IGNORECASE)
SITE = ("/kb/", "/cabinet/", "/about-support/", "/feedback/", "/to/")
OUR_ANCHOR = "#h-"  # headings of our pages have such anchors; those of others lead nowhere here
LONGEST = 190


class Addresses:
    """Knows the slugs of an import, those that were there before, and what links mean by them."""

    def __init__(self, links: Sequence[tuple[Pattern[str], str]] = ()) -> None:
        rows = Article.objects.values_list("source_key", "slug", "pk", "language")
        self.patterns = links
        self.kept = {key: slug for key, slug, _pk, _language in rows if key}
        self.there = {slug: pk for _key, slug, pk, _language in rows}
        self.taken = {*slugs.RESERVED, *self.there}
        self.slugs: dict[str, str] = {}  # key of the source -> slug
        self.places = {place_of(key): slug for key, slug in self.kept.items()}
        self.sections: dict[str, str] = {}  # what a section is known by -> its slug
        self.given: set[str] = set()
        self.claimed: dict[str, str] = {}  # a slug that a source asks for -> by which key

    def claim(self, piece: Piece) -> bool:
        """Give an article its slug; False when another of the same source has asked for it before."""
        if piece.key in self.slugs:
            return False
        if piece.slug and self.claimed.setdefault(piece.slug, piece.key) != piece.key:
            return False
        asked = piece.slug if piece.slug not in slugs.RESERVED else ""
        slug = self.kept.get(piece.key) or asked or self._free(piece)
        if slug in self.given:
            return False
        self.given.add(slug)
        self.slugs[piece.key] = slug
        self.taken.add(slug)
        for known in (piece.key, *piece.addresses):
            self.places.setdefault(place_of(known), slug)
            if piece.language:
                self.places[f"{known}/{piece.language}"] = slug
        if piece.place:
            self.places[place_of(piece.place)] = slug
        return True

    def _free(self, piece: Piece) -> str:
        """Make an address from the end of a path or a title, longer when it is taken already."""
        source = place_of(piece.slug_from or piece.key)
        parts = [slugs.of(part) for part in source.split("/") if part] or ["article"]
        for count in range(1, len(parts) + 1):
            slug = "-".join(parts[-count:])[:LONGEST]
            if slug not in self.taken:
                return slug
        return slugs.free(parts[-1][:LONGEST], self.taken)

    def find(self, href: str, piece: Piece) -> str:
        """Give where a link of this article leads now, or nothing when it leads nowhere."""
        address, sharp, anchor = href.partition("#")
        anchor = f"{sharp}{anchor}"
        ours = anchor if anchor.startswith(OUR_ANCHOR) else ""
        if not address:
            return ours
        if known := self._known(address, piece.language):
            return known + ours
        if FOREIGN.match(href) or href.startswith(SITE):
            return href
        path = unquote(address.partition("?")[0])
        slug = self._beside(path, piece.place or piece.key) if path else ""
        return f"/kb/{slug}/{ours}" if slug else ""

    def _known(self, address: str, language: str) -> str:
        """Give our address for one of the source's own, such as /hc/ru/articles/12-title."""
        for pattern, known_by in self.patterns:
            if found := pattern.search(address):
                name = f"{known_by}/{found[1]}"
                if slug := self.places.get(f"{name}/{language}") or self.places.get(name):
                    return f"/kb/{slug}/"
                if section := self.sections.get(name):
                    return f"/kb/sections/{section}/"
        return ""

    def _beside(self, path: str, place: str) -> str:
        for start in (
            posixpath.dirname(place),
            place_of(place),
            posixpath.dirname(place_of(place)),
        ):
            wanted = path.lstrip("/") if path.startswith("/") else posixpath.join(start, path)
            if slug := self.places.get(place_of(posixpath.normpath(wanted))):
                return slug
        return ""

    def resolve(self, name: str) -> str:
        """Give the slug of an article that is named by its key or by its slug."""
        return self.slugs.get(name) or self.kept.get(name) or name
