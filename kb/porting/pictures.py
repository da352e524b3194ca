"""Pictures of an import: found in the source, checked and drawn as every upload; never fetched."""

import hashlib
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _

from kb.actions import PICTURE_WIDTHS, NewPicture
from kb.models import Picture
from kb.porting.boxes import Box, beside
from kb.porting.shape import BadRow, OwnPicture, Piece, Report
from portal import files

NUMBERED = re.compile(r"(?:article_attachments|attachments/production|attachments)/(\d{3,20})")
NUMBER = re.compile(r"(?:^|/)(\d{3,20})(?=[/_.\-]|$)")
OURS = re.compile(r"^/kb/pictures/([0-9a-f-]{36})/\d{2,5}\.webp$")
LONGEST_KEY = 500
ONE_PIXEL = (1,)  # wide: all that a dry run draws, which is enough to know that it can be read


@dataclass
class Shown:
    """What the pictures of one article come to."""

    kept: Mapping[str, Picture]  # by where they came from
    new: dict[str, NewPicture] = field(default_factory=dict)
    without_words: int = 0


class Pictures:
    """Finds pictures by what bodies call them."""

    def __init__(self, box: Box, *, is_dry: bool) -> None:
        self.box, self.widths = box, ONE_PIXEL if is_dry else PICTURE_WIDTHS
        self.names = frozenset(box.names)
        self.by_number: dict[str, str] = {}
        self.by_base: dict[str, list[str]] = defaultdict(list)
        for name in box.names:
            self.by_base[posixpath.basename(name).lower()].append(name)
            if found := NUMBER.search(name):
                self.by_number.setdefault(found[1], name)
        self.own: dict[str, tuple[str, int]] = {}  # name of a file -> our number, width
        self.numbers: dict[str, str] = {}  # number in an export -> the one it gets here
        self.there: dict[str, int] = {}  # our number -> article that has it

    def know(
        self, pieces: Iterable[tuple[str, Sequence[OwnPicture]]], homes: dict[str, int]
    ) -> None:
        """Learn which pictures are ours: they keep their number, unless another's has it here.

        `homes` says which article a key of the source means here, where there is one already.
        """
        listed = [(key, one) for key, some in pieces for one in some]
        rows = Picture.objects.filter(pk__in=[one.id for _key, one in listed])
        self.there = {str(pk): article for pk, article in rows.values_list("pk", "article_id")}
        for key, one in listed:
            home = self.there.get(one.id)
            is_free = home is None or home == homes.get(key)
            number = one.id if is_free else str(uuid5(NAMESPACE_URL, f"{key}#{one.id}"))
            self.numbers[one.id] = number
            for width, name in one.files.items():
                self.own[name] = (number, width)

    def take_own(self, piece: Piece, shown: Shown, report: Report) -> None:
        """Take the pictures that this portal drew once as they are."""
        known = {str(picture.pk) for picture in shown.kept.values()}
        for one in piece.pictures:
            number = self.numbers[one.id]
            if number in known:
                continue
            try:
                widths = self._own(one)
            except (BadRow, files.FileRefused) as error:
                report.lose_picture(piece.key, f"{one.name}: {error}")
                continue
            shown.new[number] = NewPicture(UUID(number), widths, one.alt or piece.title, "")

    def _own(self, one: OwnPicture) -> files.Widths:
        if not one.files or any(name not in self.names for name in one.files.values()):
            raise BadRow(_("is not in the source"))
        contents = {width: self.box.read(name) for width, name in one.files.items()}
        for width, content in contents.items():
            if not files.is_drawn_here(one.name, content, width):
                raise BadRow(_("was changed since it was exported"))
        return files.Widths(one.name, one.width, one.height, contents)

    def place(
        self, attributes: Mapping[str, str], piece: Piece, shown: Shown, report: Report
    ) -> dict[str, str]:
        """Give a picture of a body its address here; none when it cannot be shown."""
        source = attributes.get("src", "")
        if OURS.match(source):
            return dict(attributes)
        name = self._find(source, piece)
        if name in self.own:
            number, width = self.own[name]
            return {**attributes, "src": f"/kb/pictures/{number}/{width}.webp"}
        words = attributes.get("alt", "").strip() or attributes.get("title", "").strip()
        try:
            address = self._taken(name, words or piece.title, shown)
        except (BadRow, files.FileRefused) as error:
            report.lose_picture(piece.key, f"{source[:200] or words or '—'}: {error}")
            return {}
        shown.without_words += not words
        return {"alt": words or piece.title, "src": address}

    def _taken(self, name: str, words: str, shown: Shown) -> str:
        if not name:
            raise BadRow(_("is not in the source"))
        content = self.box.read(name)
        digest = hashlib.sha256(content).hexdigest()[:16]
        key = f"{name[-LONGEST_KEY + 17 :]}#{digest}"
        if (kept := shown.kept.get(key)) is not None:
            return f"/kb/pictures/{kept.pk}/{kept.widths[-1]}.webp"
        if key not in shown.new:
            upload = SimpleUploadedFile(posixpath.basename(name), content)
            widths = files.in_widths(upload, self.widths)
            if widths is None:
                raise BadRow(_("is no picture"))
            shown.new[key] = NewPicture(uuid4(), widths, words, key)
        new = shown.new[key]
        return f"/kb/pictures/{new.id}/{min(max(PICTURE_WIDTHS), new.widths.width)}.webp"

    def _find(self, source: str, piece: Piece) -> str:
        """Give the file that an address means: beside the article, by its number, or by its name."""
        try:
            path = str(unquote(urlsplit(source).path))
        except ValueError:
            return ""
        if not path:
            return ""
        inner = path.lstrip("/")
        for name in (beside(piece.place or piece.key, inner), inner):
            if name in self.names:
                return name
        if found := NUMBERED.search(path):
            number = str(found[1])
            return self.by_number.get(number) or self._alone(piece.images.get(number, ""))
        return self._alone(posixpath.basename(path))

    def _alone(self, base: str) -> str:
        """Give the one file of this name, wherever it lies."""
        found = self.by_base.get(base.lower(), [])
        return found[0] if len(found) == 1 else ""
