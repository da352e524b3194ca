"""Taking articles in from elsewhere: a batch at once, with a constant number of queries.

What is taken is remembered, so that a later import knows what people changed here since.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User
from kb import indexing
from kb.actions.access import can_publish
from kb.actions.record import put_before_readers, take_from_readers
from kb.models import (
    Article,
    ArticleEvent,
    ArticleStatus,
    Intake,
    OldAddress,
    Picture,
    Revision,
    Section,
    SectionIntake,
)
from portal import files
from portal.refusals import NotAllowed

MARK = "import"  # the comment of revisions made here; anything else was edited by people
FIELDS = (
    "section", "kind", "language", "access", "status", "current_revision", "owner", "tags",
    "checked_on", "review_by", "needs_change", "published_at", "updated_at",
)  # fmt: skip
# One statement for a batch: what Django makes of it takes longer than all else together.
SHOW = """
update kb_article a set current_revision_id = n.revision, status = n.status
from unnest(%s::bigint[], %s::bigint[], %s::text[]) as n(id, revision, status) where a.id = n.id
"""
OF_SOURCE = ("revision", "place", "helpful", "unhelpful", "taken_at")


@dataclass(frozen=True)
class NewPicture:
    """A picture that was checked and drawn, and waits for its article."""

    id: UUID
    widths: files.Widths
    alt: str
    source_key: str


@dataclass
class Taken:
    """One article as it is to be: new or changed."""

    article: Article
    revision: Revision | None  # new words; None: they stay as they are
    place: dict[str, Any]
    helpful: int = 0
    unhelpful: int = 0
    pictures: Sequence[NewPicture] = ()
    old_slugs: Sequence[str] = ()
    was_published: bool = False
    is_new: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_new = self.article.pk is None


@transaction.atomic
def take_in(*, taken: Sequence[Taken], actor: User | None, at: datetime) -> None:
    """Write a batch of articles from elsewhere. Raises NotAllowed.

    Without an actor it is whoever holds the server's shell. The articles must be locked, or new.
    """
    _allow(actor)
    status = {id(one): one.article.status for one in taken}
    new = [one.article for one in taken if one.is_new]
    for article in new:  # published only once there are words
        article.status = ArticleStatus.DRAFT
    Article.objects.bulk_create(new)
    _write_words(taken)
    for one in taken:
        one.article.status = status[id(one)]
    _show_words(taken)
    Article.objects.bulk_update([one.article for one in taken if not one.is_new], FIELDS)
    _write_pictures(taken, actor, at)
    _remember(taken, actor, at)
    shown = [one.article for one in taken if one.article.status == ArticleStatus.PUBLISHED]
    hidden = [
        one.article
        for one in taken
        if one.was_published and one.article.status != ArticleStatus.PUBLISHED
    ]
    if hidden:
        take_from_readers(hidden)
    if shown:
        put_before_readers(shown)


def _allow(actor: User | None) -> None:
    if actor is not None and not can_publish(actor):
        raise NotAllowed


def _write_words(taken: Sequence[Taken]) -> None:
    revisions = []
    for one in taken:
        if one.revision is not None:
            one.revision.article = one.article
            revisions.append(one.revision)
    Revision.objects.bulk_create(revisions)
    for one in taken:
        one.article.current_revision = one.revision or one.article.current_revision


def _show_words(taken: Sequence[Taken]) -> None:
    new = [one.article for one in taken if one.is_new]
    values = [
        [getattr(one, name) for one in new] for name in ("pk", "current_revision_id", "status")
    ]
    with connection.cursor() as cursor:
        cursor.execute(SHOW, values)


def _write_pictures(taken: Sequence[Taken], actor: User | None, at: datetime) -> None:
    """Keep the pictures; their files are gone again when the batch is not written after all."""
    kept: list[NewPicture] = []
    try:
        for one in taken:
            for new in one.pictures:
                kept.append(new)
                for width, content in new.widths.contents.items():
                    files.keep_bytes(new.id, content, suffix=f".{width}.webp")
        Picture.objects.bulk_create(
            Picture(
                id=new.id,
                article=one.article,
                name=new.widths.name,
                alt=new.alt[:300],
                width=new.widths.width,
                height=new.widths.height,
                widths=sorted(new.widths.contents),
                uploaded_by=actor,
                source_key=new.source_key,
                created_at=at,
            )
            for one in taken
            for new in one.pictures
        )
    except BaseException:
        _forget(kept)
        raise


def _forget(pictures: Sequence[NewPicture]) -> None:
    """Delete the files of pictures that were not taken after all."""
    for new in pictures:
        for width in new.widths.contents:
            files.forget_bytes(new.id, suffix=f".{width}.webp")


def _remember(taken: Sequence[Taken], actor: User | None, at: datetime) -> None:
    Intake.objects.bulk_create(
        [
            Intake(
                article=one.article,
                revision=one.article.current_revision,
                place=one.place,
                helpful=one.helpful,
                unhelpful=one.unhelpful,
                taken_at=at,
            )
            for one in taken
        ],
        update_conflicts=True,
        unique_fields=["article"],
        update_fields=OF_SOURCE,
    )
    OldAddress.objects.bulk_create(
        [OldAddress(slug=slug, article=one.article) for one in taken for slug in one.old_slugs],
        ignore_conflicts=True,
    )
    ArticleEvent.objects.bulk_create(
        ArticleEvent(
            article=one.article,
            revision=one.article.current_revision,
            code="imported",
            actor=actor,
            at=at,
        )
        for one in taken
    )


@transaction.atomic
def take_sections(
    *, sections: Sequence[tuple[Section, str, Sequence[str]]], actor: User | None
) -> None:
    """Make sections of another source, those above first: each with its key there and old addresses.

    Raises NotAllowed.
    """
    _allow(actor)
    Section.objects.bulk_create([one for one, _key, _old in sections if one.pk is None])
    SectionIntake.objects.bulk_create(
        [SectionIntake(source_key=key, section=one) for one, key, _old in sections],
        ignore_conflicts=True,
    )
    OldAddress.objects.bulk_create(
        [OldAddress(slug=slug, section=one) for one, _key, old in sections for slug in old],
        ignore_conflicts=True,
    )


@transaction.atomic
def tie(
    *,
    translations: Sequence[tuple[int, int]],
    related: Sequence[tuple[int, int]],
    actor: User | None,
) -> None:
    """Say which articles are translations of which, and which stand below each other.

    Raises NotAllowed.
    """
    _allow(actor)
    rows = Article.objects.in_bulk([pk for pk, _original in translations])
    changed = [rows[pk] for pk, original in translations if pk in rows and pk != original]
    originals = dict(translations)
    for article in changed:
        article.translation_of_id = originals[article.pk]
    Article.objects.bulk_update(changed, ["translation_of"])
    through = Article.related.through
    both = {pair for one, other in related for pair in ((one, other), (other, one)) if one != other}
    through.objects.bulk_create(
        [through(from_article_id=one, to_article_id=other) for one, other in sorted(both)],
        ignore_conflicts=True,
    )
    indexing.touch()
