"""What becomes of each article of a source: new, changed, the same, or not taken and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from kb import actions
from kb.models import Article, ArticleStatus, Intake, Picture, Revision, new_short_code
from kb.porting import bodies, markup
from kb.porting.addresses import Addresses
from kb.porting.pictures import Pictures, Shown
from kb.porting.shape import BadRow, Piece, Report
from kb.porting.shelves import Shelves
from portal import html

LONGEST_SUMMARY, LONGEST_NOTE = 500, 500


@dataclass(frozen=True)
class Known:
    """What stands here already of an article that a source brings."""

    article: Article
    newest: Revision | None
    intake: Intake | None
    pictures: Mapping[str, Picture]

    @property
    def is_edited_here(self) -> bool:
        """Whether somebody wrote since an import last took it, or wrote it here at all."""
        if self.newest is None:
            return False
        if self.intake is not None:
            return self.newest.pk != self.intake.revision_id
        return self.newest.comment != actions.MARK or self.newest.author_id is not None


@dataclass(frozen=True)
class Words:
    """The words of an article as they would stand here."""

    title: str
    summary: str
    body: str

    def are(self, revision: Revision | None) -> bool:
        """Whether these are the words of a revision."""
        return (
            revision is not None
            and (revision.title, revision.summary) == (self.title, self.summary)
            and markup.is_same(revision.body, self.body)
        )


@dataclass(frozen=True)
class Rules:
    """How an import was asked for."""

    language: str
    is_published: bool
    at: datetime


class Decider:
    """Makes what will be written of the rows of a source; writes nothing itself."""

    def __init__(
        self,
        rules: Rules,
        addresses: Addresses,
        shelves: Shelves,
        pictures: Pictures,
        report: Report,
    ) -> None:
        self.rules, self.addresses, self.shelves = rules, addresses, shelves
        self.pictures, self.report = pictures, report
        self.owners: dict[str, int] | None = None
        self.codes: set[str] = set()

    def decide(self, piece: Piece, known: Known | None) -> actions.Taken | None:
        """Give what to write, or nothing when all is as it was. Raises BadRow."""
        if known is not None and known.article.source_key not in (None, piece.key):
            raise BadRow(_("this address belongs to another imported article"))
        shown = Shown(known.pictures if known else {})
        words = self._words(piece, shown)
        place = self._place(piece)
        if known is None:
            return self._new(piece, words, place, shown)
        return self._changed(piece, known, words, place, shown)

    def _words(self, piece: Piece, shown: Shown) -> Words:
        self.pictures.take_own(piece, shown, self.report)
        body = bodies.led(
            bodies.rendered(piece.body, piece.markup),
            lambda href: self._link(href, piece),
            lambda attributes: self.pictures.place(attributes, piece, shown, self.report),
        )
        summary = html.without_control(piece.summary).strip()[:LONGEST_SUMMARY]
        if not html.plain(body):
            body = f"<p>{escape(summary or piece.title)}</p>{body}"
        return Words(piece.title, summary, html.clean(body))

    def _link(self, href: str, piece: Piece) -> str:
        found = self.addresses.find(href, piece)
        if not found:
            self.report.lose_link(piece.key, href)
        elif found != href:
            self.report.links += 1
        return found

    def _place(self, piece: Piece) -> dict[str, Any]:
        status = piece.status
        if not self.rules.is_published and status == ArticleStatus.PUBLISHED:
            status = ArticleStatus.DRAFT
        return {
            "section": self.shelves.of(piece.section).slug,
            "access": piece.access,
            "language": piece.language or self.rules.language,
            "kind": piece.kind,
            "status": status,
            "tags": list(piece.tags),
            "checked_on": _written(piece.checked_on),
            "review_by": _written(piece.review_by),
            "owner": piece.owner,
        }

    def _new(
        self, piece: Piece, words: Words, place: dict[str, Any], shown: Shown
    ) -> actions.Taken:
        at = self.rules.at
        article = Article(
            source_key=piece.key,
            slug=self.addresses.slugs[piece.key],
            short_code=self._code(piece.short_code),
            needs_change=_noted(piece.needs_change, shown),
            created_at=piece.created_at or at,
            updated_at=piece.updated_at or at,
        )
        self._stand(article, place, piece)
        self._count(piece, shown)
        return actions.Taken(
            article=article,
            revision=self._revision(
                words, piece.number, piece.revised_at or piece.updated_at or at
            ),
            place=place,
            helpful=piece.helpful or 0,
            unhelpful=piece.unhelpful or 0,
            pictures=list(shown.new.values()),
            old_slugs=[one for one in piece.old_slugs if one not in self.addresses.taken],
        )

    def _changed(
        self, piece: Piece, known: Known, words: Words, place: dict[str, Any], shown: Shown
    ) -> actions.Taken | None:
        is_other = not words.are(known.newest)
        if is_other and known.is_edited_here:
            if known.intake is None or not words.are(known.intake.revision):
                raise BadRow(_("edited here since the last import"))
            is_other = False  # the source says what it said: what was written here stands
        moved = self._moved(known, place)
        votes = (piece.helpful or 0, piece.unhelpful or 0)
        has_votes = known.intake is not None and votes != (
            known.intake.helpful,
            known.intake.unhelpful,
        )
        is_adopted = known.intake is None and known.is_edited_here
        if not is_other and not moved and (not has_votes or piece.helpful is None):
            if is_adopted and shown.new:
                raise BadRow(_("written here, with other pictures"))
            return None
        return self._rewritten(piece, known, words if is_other else None, place, moved, shown)

    def _moved(self, known: Known, place: dict[str, Any]) -> dict[str, Any]:
        """Give what the source says otherwise than before, beside the words. Raises BadRow."""
        now = _place_of(known.article)
        if known.intake is None and known.is_edited_here:
            taken = {**now, "owner": place["owner"]}
            if any(place[name] != taken[name] for name in place):
                raise BadRow(_("written here, and not like this"))
            return {}
        taken = known.intake.place if known.intake else {**now, "owner": place["owner"]}
        moved = {name: value for name, value in place.items() if value != taken.get(name)}
        for name, value in moved.items():
            if name != "owner" and now[name] not in (taken.get(name), value):
                raise BadRow(
                    _("edited here since the last import: %(field)s") % {"field": _(NAMES[name])}
                )
        return moved

    def _rewritten(
        self,
        piece: Piece,
        known: Known,
        words: Words | None,
        place: dict[str, Any],
        moved: dict[str, Any],
        shown: Shown,
    ) -> actions.Taken:
        article, revision = known.article, None
        was_published = article.status == ArticleStatus.PUBLISHED
        self._stand(article, {**_place_of(article), "owner": None, **moved}, piece)
        if words is not None:
            number = known.newest.number + 1 if known.newest else 1
            revision = self._revision(words, number, self.rules.at)
            article.updated_at = piece.updated_at or self.rules.at
            self._count(piece, shown)
        counts = known.intake or Intake()
        return actions.Taken(
            article=article,
            revision=revision,
            place=place,
            helpful=counts.helpful if piece.helpful is None else piece.helpful,
            unhelpful=counts.unhelpful if piece.unhelpful is None else piece.unhelpful,
            pictures=list(shown.new.values()) if words is not None else (),
            was_published=was_published,
        )

    def _stand(self, article: Article, place: dict[str, Any], piece: Piece) -> None:
        """Let an article stand where the source says."""
        article.section = self.shelves.by_slug[place["section"]]
        article.access, article.language = place["access"], place["language"]
        article.kind, article.tags = place["kind"], place["tags"]
        article.checked_on = (
            date.fromisoformat(place["checked_on"]) if place["checked_on"] else None
        )
        article.review_by = date.fromisoformat(place["review_by"]) if place["review_by"] else None
        if place["owner"]:
            article.owner_id = self._owner(place["owner"])
        article.status = place["status"]
        if article.status == ArticleStatus.PUBLISHED and article.published_at is None:
            article.published_at = piece.published_at or piece.created_at or self.rules.at
        elif article.published_at is None:
            article.published_at = piece.published_at

    def _owner(self, name: str) -> int | None:
        """Find who looks after it, if one of the staff and one alone has this name."""
        if self.owners is None:
            rows = list(
                User.objects.filter(is_active=True, role__side="staff").values_list(
                    "full_name", "pk"
                )
            )
            names = [full_name for full_name, _pk in rows]
            self.owners = {one: pk for one, pk in rows if names.count(one) == 1}
        return self.owners.get(name)

    def _revision(self, words: Words, number: int, at: datetime) -> Revision:
        return Revision(
            number=number,
            title=words.title,
            summary=words.summary,
            body=words.body,
            plain=html.lines(words.body),
            comment=actions.MARK,
            created_at=at,
        )

    def _count(self, piece: Piece, shown: Shown) -> None:
        self.report.pictures += len(shown.new)
        self.report.helpful += piece.helpful or 0
        self.report.unhelpful += piece.unhelpful or 0

    def _code(self, wanted: str) -> str:
        """Give the short link that it had, where nobody has it here."""
        if not wanted or wanted in self.codes:
            return new_short_code()
        if Article.objects.filter(short_code=wanted).exists():
            return new_short_code()
        self.codes.add(wanted)
        return wanted


NAMES = {
    "section": "section",
    "access": "who reads it",
    "language": "language",
    "kind": "kind",
    "status": "status",
    "tags": "tags",
    "checked_on": "checked on",
    "review_by": "look at it again by",
}


def _place_of(article: Article) -> dict[str, Any]:
    return {
        "section": article.section.slug,
        "access": article.access,
        "language": article.language,
        "kind": article.kind,
        "status": article.status,
        "tags": list(article.tags),
        "checked_on": _written(article.checked_on),
        "review_by": _written(article.review_by),
    }


def _written(day: date | None) -> str:
    return day.isoformat() if day else ""


def _noted(note: str, shown: Shown) -> str:
    """Ask for what the source does not say: what its pictures show."""
    asked = _("Say what the pictures show: some have no words.") if shown.without_words else ""
    return " ".join(one for one in (note, asked) if one)[:LONGEST_NOTE]


def known_of(pieces: Sequence[Piece], addresses: Addresses, *, is_dry: bool) -> dict[str, Known]:
    """Give what stands here of these articles, by their keys; locked, unless nothing is written."""
    rows = Article.objects.select_related("section", "current_revision")
    if not is_dry:
        rows = rows.select_for_update(of=("self",))
    keys = [piece.key for piece in pieces]
    slugs = {piece.slug: piece.key for piece in pieces if piece.slug}
    here = {str(one.source_key): one for one in rows.filter(source_key__in=keys)}
    wanted = [slug for slug, key in slugs.items() if key not in here and slug in addresses.there]
    for article in rows.filter(slug__in=wanted) if wanted else ():
        here[slugs[article.slug]] = article
    numbers = [article.pk for article in here.values()]
    newest = {
        one.article_id: one
        for one in Revision.objects.filter(article__in=numbers)
        .order_by("article_id", "-number")
        .distinct("article_id")
    }
    intakes = Intake.objects.select_related("revision").in_bulk(numbers)
    pictures: dict[int, dict[str, Picture]] = {}
    for picture in Picture.objects.filter(article__in=numbers):
        pictures.setdefault(picture.article_id, {})[picture.source_key or str(picture.pk)] = picture
    return {
        key: Known(one, newest.get(one.pk), intakes.get(one.pk), pictures.get(one.pk, {}))
        for key, one in here.items()
    }
