"""Where articles stand: sections, addresses, neighbours, whether they are still true."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Func
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb import indexing, linking, slugs
from kb.actions.access import can_write
from kb.actions.record import locked, put_before_readers, record
from kb.models import Article, ArticleStatus, OldAddress, Section
from portal.refusals import NotAllowed, Refused

DEEPEST = 4  # sections within sections
MOST_TAGS, MOST_KNOWN = 20, 500


class SectionInItself(Refused):
    """A section cannot stand within itself."""

    code = "section_in_itself"
    status = 400
    field = "parent"
    message = _("A section cannot stand within itself or within one of its own.")


class TooDeep(Refused):
    """Readers lose their way in deeper shelves."""

    code = "too_deep"
    status = 400
    field = "parent"
    message = _("Sections may stand four deep, no deeper.")


class OwnAddress(Refused):
    """Some addresses are those of pages of our own."""

    code = "own_address"
    status = 400
    field = "slug"
    message = _("This address is a page of the knowledge base itself. Choose another one.")


class NothingSaid(Refused):
    """A flag says what is wrong."""

    code = "nothing_said"
    status = 400
    field = "needs_change"
    message = _("Say what should be changed.")


@transaction.atomic
def keep(*, article: Article) -> Article:
    """Keep where an article stands and who reads it; its words stay as they are.

    An address that it had leads to the new one. Raises OwnAddress.
    """
    check_address(article.slug)
    before = Article.objects.filter(pk=article.pk).values_list("slug", flat=True).first()
    article.save()
    OldAddress.objects.filter(slug=article.slug, article__isnull=False).delete()
    if before and before != article.slug:
        OldAddress.objects.create(slug=before, article=article)
        linking.follow(before, article)
    if article.status == ArticleStatus.PUBLISHED:
        put_before_readers([article])
    return article


def check_address(slug: str) -> None:
    """Refuse the address of a page of our own. Raises OwnAddress."""
    if slug in slugs.RESERVED:
        raise OwnAddress


@transaction.atomic
def relate(*, article: Article, others: Sequence[Article]) -> None:
    """Choose the articles that are shown below this one, and this one below them."""
    article.related.set([other for other in others if other.pk != article.pk])
    indexing.touch()


@transaction.atomic
def keep_section(*, section: Section) -> Section:
    """Keep a section; an address that it had leads to the new one. Raises SectionInItself, TooDeep."""
    check_place(section)
    before = Section.objects.filter(pk=section.pk).values_list("slug", flat=True).first()
    section.save()
    OldAddress.objects.filter(slug=section.slug, section__isnull=False).delete()
    if before and before != section.slug:
        OldAddress.objects.create(slug=before, section=section)
    indexing.touch()
    return section


def check_place(section: Section) -> None:
    """Refuse shelves that stand in a circle, or too deep. Raises SectionInItself, TooDeep."""
    # Race: two who move sections into each other at once; they take turns here.
    parents: dict[int, int | None] = dict(
        Section.objects.select_for_update().order_by("id").values_list("id", "parent_id")
    )
    above, depth = section.parent_id, 1
    while above is not None:
        if above == section.pk or depth > len(parents):
            raise SectionInItself
        above, depth = parents.get(above), depth + 1
    if depth + _height(section.pk, parents) > DEEPEST:
        raise TooDeep


def _height(pk: int | None, parents: dict[int, int | None]) -> int:
    """Give how many levels stand below a section."""
    below = [one for one, parent in parents.items() if pk is not None and parent == pk]
    return max((1 + _height(one, parents) for one in below), default=0)


# Whether it is still true.


@transaction.atomic
def confirm(*, article: Article, actor: User, on: date, at: datetime) -> Article:
    """Say that an article is still true: it is looked at again after a while. Raises NotAllowed."""
    if not can_write(actor):
        raise NotAllowed
    article = locked(article)
    article.checked_on, article.review_by = on, next_review(on)
    article.needs_change = ""
    article.save(update_fields=["checked_on", "review_by", "needs_change"])
    record(article, "confirmed", actor=actor, at=at)
    indexing.touch()
    return article


@transaction.atomic
def flag(*, article: Article, actor: User, comment: str, at: datetime) -> Article:
    """Say that an article needs a change: anybody of the staff may. Raises NotAllowed, NothingSaid."""
    if actor.is_customer or not actor.is_active:
        raise NotAllowed
    if not comment.strip():
        raise NothingSaid
    article = locked(article)
    article.needs_change = comment.strip()[:500]
    article.save(update_fields=["needs_change"])
    record(article, "flagged", actor=actor, at=at, comment=article.needs_change)
    return article


def due_on(article: Article) -> date | None:
    """Give the day by which an article is looked at again; ArticleQuerySet.stale counts alike."""
    if article.review_by or article.published_at is None:
        return article.review_by
    return next_review(timezone.localdate(article.published_at))


def next_review(on: date) -> date:
    """Give the day by which an article that was checked on a day is looked at again."""
    return on + timedelta(days=settings.KB_REVIEW_DAYS)


# Tags.


def tags_of(text: str) -> list[str]:
    """Read words between commas as tags, each once, written as others have written it already."""
    given = (slugs.tag(part) for part in text.split(","))
    known = {one.casefold(): one for one in known_tags()}
    wanted = {one.casefold(): one for one in given if one}
    return [known.get(folded, one) for folded, one in wanted.items()][:MOST_TAGS]


def known_tags() -> list[str]:
    """Give the tags that articles have, the most used first."""
    each = Article.objects.annotate(tag=Func(F("tags"), function="unnest")).values("tag")
    counted = each.annotate(count=Count("id")).order_by("-count", "tag")
    return list(counted.values_list("tag", flat=True)[:MOST_KNOWN])
