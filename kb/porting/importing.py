"""Takes a source in, batch by batch; run again it changes only what changed.

A source is read twice: first what each article is called and where it will stand, so that links can
be led anew; then the words. A dry run decides all the same and writes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from kb import actions
from kb.models import Article, Intake
from kb.porting import boxes
from kb.porting.addresses import Addresses
from kb.porting.deciding import Decider, Known, Rules, known_of
from kb.porting.pictures import Pictures
from kb.porting.readers import reader_of
from kb.porting.readers.rows import first_line
from kb.porting.shape import Bad, BadRow, Piece, Report, Shelf, report_of
from kb.porting.shelves import Shelves
from portal.refusals import Refused

BATCH = 100
PICTURES = 30  # in a batch: some seconds, in which a worker gives no sign of life
Tell = Callable[[int], object]


@dataclass(frozen=True)
class Wish:
    """What to import, and how."""

    source: Path
    at: datetime
    name: str = ""  # of the source, where its place does not say it
    format: str = "auto"
    language: str = "ru"
    is_published: bool = True
    is_dry: bool = False
    limit: int | None = None
    actor: User | None = None


def import_from(
    source: Path,
    *,
    at: datetime,
    format: str = "auto",  # noqa: A002 (the word that editors read)
    is_published: bool = True,
    is_dry: bool = False,
    language: str = "ru",
    limit: int | None = None,
    actor: User | None = None,
    tell: Tell = lambda _count: None,
) -> Report:
    """Take every article of a folder, archive or file in; bad rows are reported, never fatal.

    Raises boxes.NoSource, BrokenArchive, ArchiveTooLarge, readers.UnknownFormat, NotAllowed.
    """
    wish = Wish(
        source,
        at,
        format=format,
        language=language,
        is_published=is_published,
        is_dry=is_dry,
        limit=limit,
        actor=actor,
    )
    run = Run(wish)
    for report in run.steps():
        tell(report.seen)
    return run.report


class Run:
    """One import, from its first row to the last, or on from where it was cut off."""

    def __init__(self, wish: Wish, report: Report | None = None, after: int = 0) -> None:
        self.wish, self.after = wish, after
        self.report = report or Report(is_dry=wish.is_dry)
        self.box = boxes.open_box(wish.source, wish.name)
        try:
            self.reader = reader_of(self.box, wish.format)
        except BaseException:
            self.box.close()
            raise
        self.doubles: set[int] = set()
        self.is_done = False
        self.ties: list[Piece] = []

    def steps(self) -> Iterator[Report]:
        """Write a batch each time it is asked, and give the report so far."""
        with closing(self.box):
            # What was told before it was cut off is not told again.
            self._survey(self.report if not self.after else Report())
            rows = islice(self._rows(), self.after, None)
            while batch := list(_batch(rows)):
                self._take(batch)
                self.after += len(batch)
                yield self.report
            if not self.wish.is_dry:
                self._tie()
                actions.settle_search()
            self.is_done = True
            yield self.report

    def _rows(self) -> Iterator[tuple[int, Piece | Bad]]:
        """Give the articles and bad rows, each with its place in the order."""
        found = (row for row in self.reader.read(self.box) if not isinstance(row, Shelf))
        return islice(enumerate(found), self.wish.limit)

    def _survey(self, told: Report) -> None:
        """Read what articles and sections are called, and decide where they stand."""
        self.addresses, shelves = Addresses(self.reader.links), list[Shelf]()
        named = list(self._named(shelves, told))
        for bad in self.box.refused:
            told.refuse(bad.place, bad.why)
        self.report.total = told.total + len(self.box.refused)
        self.shelves = Shelves(shelves, told)
        if {piece.section for piece in named} - self.shelves.found.keys():
            self.shelves.other()
        self.pictures = Pictures(self.box, is_dry=self.wish.is_dry)
        pictures = [(piece.key, piece.pictures) for piece in named]
        self.pictures.know(pictures, _homes(self.addresses))
        for known, key in ((known, one.key) for one in shelves for known in one.addresses):
            self.addresses.sections[known] = self.shelves.of(key).slug
        self.ties = [one for one in named if one.translation_of or one.related]
        told.sections += sum(1 for _section, key, _old in self.shelves.made if key)
        rules = Rules(self.wish.language, self.wish.is_published, self.wish.at)
        self.decider = Decider(rules, self.addresses, self.shelves, self.pictures, self.report)
        if not self.wish.is_dry:
            self.shelves.write(self.wish.actor)

    def _named(self, shelves: list[Shelf], told: Report) -> Iterator[Piece]:
        """Give the articles that have an address of their own, without their words."""
        for place, row in self._surveyed(shelves):
            told.total = place + 1
            if isinstance(row, Piece):
                if self.addresses.claim(row):
                    yield _light(row)
                else:
                    self.doubles.add(place)

    def _surveyed(self, shelves: list[Shelf]) -> Iterator[tuple[int, Piece | Bad]]:
        place = 0
        for row in self.reader.read(self.box):
            if isinstance(row, Shelf):
                shelves.append(row)
                continue
            if self.wish.limit is not None and place >= self.wish.limit:
                return
            yield place, row
            place += 1

    def _take(self, batch: Sequence[tuple[int, Piece | Bad]]) -> None:
        """Take a batch in at one go; when the database refuses it, one by one."""
        if self._attempt(batch) is None:
            return
        for place, row in batch:
            if (error := self._attempt([(place, row)])) is not None:
                self.report.refuse(row.key if isinstance(row, Piece) else row.place, error)

    def _attempt(self, batch: Sequence[tuple[int, Piece | Bad]]) -> str | None:
        """Write all of a batch, or nothing of it and count nothing; then says why."""
        before = report_of(self.report.as_json())
        try:
            with transaction.atomic():
                self._write(batch)
        except DatabaseError as error:
            vars(self.report).update(vars(before))
            return first_line(str(error))
        return None

    def _write(self, batch: Sequence[tuple[int, Piece | Bad]]) -> None:
        pieces = [row for _place, row in batch if isinstance(row, Piece)]
        known = known_of(pieces, self.addresses, is_dry=self.wish.is_dry)
        taken = [
            one for place, row in batch if (one := self._decided(place, row, known)) is not None
        ]
        if taken and not self.wish.is_dry:
            actions.take_in(taken=taken, actor=self.wish.actor, at=self.wish.at)

    def _decided(
        self, place: int, row: Piece | Bad, known: dict[str, Known]
    ) -> actions.Taken | None:
        if isinstance(row, Bad):
            self.report.refuse(row.place, row.why)
            return None
        if place in self.doubles:
            self.report.refuse(row.key, _("another article of this source has the same address"))
            return None
        try:
            taken = self.decider.decide(row, known.get(row.key))
        except (BadRow, Refused) as error:
            self.report.refuse(row.key, str(error).strip())
            return None
        if taken is None:
            self.report.unchanged += 1
        elif taken.is_new:
            self.report.make(row.key, row.title)
        else:
            self.report.change(row.key, row.title)
        return taken

    def _tie(self) -> None:
        """Tie translations and related articles together, of those that this import wrote."""
        slugs = {self.addresses.resolve(one.key) for one in self.ties}
        named = {name for one in self.ties for name in (one.translation_of, *one.related) if name}
        slugs |= {self.addresses.resolve(name) for name in named}
        numbers = dict(Article.objects.filter(slug__in=slugs).values_list("slug", "pk"))
        fresh = set(
            Intake.objects.filter(article__in=numbers.values(), taken_at=self.wish.at).values_list(
                "article_id", flat=True
            )
        )
        translations, related = [], []
        for one in self.ties:
            pk = numbers.get(self.addresses.resolve(one.key))
            if pk is None or pk not in fresh:
                continue
            if (original := numbers.get(self.addresses.resolve(one.translation_of))) is not None:
                translations.append((pk, original))
            others = (numbers.get(self.addresses.resolve(name)) for name in one.related)
            related += [(pk, other) for other in others if other is not None]
        if translations or related:
            actions.tie(translations=translations, related=related, actor=self.wish.actor)


def _batch(rows: Iterator[tuple[int, Piece | Bad]]) -> Iterator[tuple[int, Piece | Bad]]:
    """Give the rows of a batch: fewer where there are pictures, which take long to draw."""
    pictures = 0
    for count, (place, row) in enumerate(rows, 1):
        yield place, row
        if isinstance(row, Piece):
            pictures += row.body.count("![") + row.body.count("<img") + len(row.pictures)
        if count >= BATCH or pictures >= PICTURES:
            return


def _light(piece: Piece) -> Piece:
    """Keep of an article what is asked before its words are."""
    return Piece(
        key=piece.key,
        title="",
        body="",
        section=piece.section,
        pictures=piece.pictures,
        translation_of=piece.translation_of,
        related=piece.related,
    )


def _homes(addresses: Addresses) -> dict[str, int]:
    """Say which article of ours a key means, where there is one."""
    return {
        key: addresses.there[slug]
        for key, slug in addresses.slugs.items()
        if slug in addresses.there
    }
