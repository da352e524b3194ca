"""What can be done to articles: write, publish, take back, vote, read."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb import indexing
from kb.models import Article, ArticleStatus, ReadCount, Revision, Section, Vote
from portal import html
from portal.feedback import actions as feedback
from portal.refusals import NotAllowed, Refused

REASON_WORDS = (
    ("missing", _("The answer is not here")),
    ("outdated", _("It is outdated")),
    ("unclear", _("It is hard to follow")),
    ("wrong", _("There is a mistake")),
)
REASONS = tuple(code for code, _words in REASON_WORDS)
LONGEST_COMMENT = 4000


class NothingWritten(Refused):
    """An article needs a title and words."""

    code = "nothing_written"
    status = 400
    field = "title"
    message = _("An article needs a title and a text.")


class NotWritten(Refused):
    """An article without a revision cannot be published."""

    code = "not_written"
    message = _("Write the article first.")


@transaction.atomic
def save(
    *,
    article: Article,
    title: str,
    summary: str,
    body: str,
    author: User | None,
    comment: str = "",
    at: datetime,
) -> Revision:
    """Keep new words as a revision; the same words make none.

    On a published article readers see them at once when the author may publish (or is an import);
    otherwise they wait for somebody who may. Raises NothingWritten.
    """
    check_words(title=title, body=body)
    cleaned = html.clean(body)
    heading = " ".join(html.without_control(title).split())[:250]
    article = _locked(article)
    lead = html.without_control(summary).strip()[:500]
    revision = _newest(article)
    if revision is None or (revision.title, revision.summary, revision.body) != (
        heading,
        lead,
        cleaned,
    ):
        revision = Revision.objects.create(
            article=article,
            number=revision.number + 1 if revision else 1,
            title=heading,
            summary=lead,
            body=cleaned,
            plain=html.lines(cleaned),
            comment=comment[:300],
            author=author,
            created_at=at,
        )
    if article.status == ArticleStatus.DRAFT or author is None or can_publish(author):
        _show(article, revision, at)
    return revision


def check_words(*, title: str, body: str) -> None:
    """Refuse an article without a title or without words. Raises NothingWritten."""
    if not html.without_control(title).strip() or not html.plain(html.clean(body)):
        raise NothingWritten


@transaction.atomic
def keep(*, article: Article) -> Article:
    """Keep where an article stands and who reads it; its words stay as they are."""
    article.save()
    if article.status == ArticleStatus.PUBLISHED:
        indexing.put([article])
    return article


@transaction.atomic
def relate(*, article: Article, others: Sequence[Article]) -> None:
    """Choose the articles that are shown below this one, and this one below them."""
    article.related.set([other for other in others if other.pk != article.pk])
    indexing.touch()


@transaction.atomic
def keep_section(*, section: Section) -> Section:
    """Keep a section."""
    section.save()
    indexing.touch()
    return section


@transaction.atomic
def publish(*, article: Article, actor: User, at: datetime) -> Article:
    """Let readers find an article with its newest words. Raises NotAllowed, NotWritten."""
    if not can_publish(actor):
        raise NotAllowed
    article = _locked(article)
    newest = _newest(article)
    if newest is None:
        raise NotWritten
    article.status, article.current_revision = ArticleStatus.PUBLISHED, newest
    article.published_at = article.published_at or at
    article.updated_at = max(newest.created_at, article.published_at)
    article.save(update_fields=["status", "current_revision", "published_at", "updated_at"])
    indexing.put([article])
    return article


@transaction.atomic
def publish_imported(*, articles: Sequence[Article], at: datetime) -> None:
    """Let readers find what whoever holds the server's shell took in, indexed at one go."""
    Article.objects.filter(pk__in=[article.pk for article in articles]).update(
        status=ArticleStatus.PUBLISHED, published_at=at
    )
    indexing.put(articles)


@transaction.atomic
def unpublish(*, article: Article, actor: User) -> Article:
    """Take an article back to a draft. Raises NotAllowed."""
    if not can_publish(actor):
        raise NotAllowed
    article = _locked(article)
    article.status = ArticleStatus.DRAFT
    article.save(update_fields=["status"])
    indexing.remove([article])
    return article


def can_publish(user: User) -> bool:
    """Whether this person may publish and take back."""
    return user.is_active and user.has_perm("kb.publish_article")


@transaction.atomic
def vote(
    *,
    revision: Revision,
    voter: str,
    is_helpful: bool,
    at: datetime,
    reasons: Sequence[str] = (),
    comment: str = "",
    author: User | None = None,
    language: str = "ru",
) -> Vote:
    """Keep what one reader says of one revision; saying it anew replaces it.

    A "no" with a comment is feedback too (docs/domain.md) and goes to the team.
    """
    said = html.without_control(comment).strip()[:LONGEST_COMMENT]
    known = [] if is_helpful else [reason for reason in reasons if reason in REASONS]
    kept, _made = Vote.objects.update_or_create(
        revision=revision,
        voter=voter,
        defaults={
            "is_helpful": is_helpful,
            "reasons": known,
            "comment": "" if is_helpful else said,
            "created_at": at,
        },
    )
    if said and not is_helpful:
        feedback.give(
            kind="complaint",
            to="team",
            text=said,
            reasons=known,
            author=author,
            source="article",
            about_path=revision.article.get_absolute_url(),
            about_title=revision.title,
            language=language,
            form_key=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{revision.pk}:{voter}:{said}")),
            at=at,
        )
    return kept


def count_read(*, article: Article, on: date) -> None:
    """Count that somebody stayed on an article for a while."""
    ReadCount.objects.bulk_create(
        [ReadCount(article=article, on=on, count=0)], ignore_conflicts=True
    )
    ReadCount.objects.filter(article=article, on=on).update(count=F("count") + 1)


def _locked(article: Article) -> Article:
    return (
        Article.objects.select_for_update(of=("self",))
        .select_related("current_revision")
        .get(pk=article.pk)
    )


def _newest(article: Article) -> Revision | None:
    return article.revisions.order_by("-number").first()


def _show(article: Article, revision: Revision, at: datetime) -> None:
    if article.current_revision == revision:
        return
    article.current_revision, article.updated_at = revision, at
    article.save(update_fields=["current_revision", "updated_at"])
    if article.status == ArticleStatus.PUBLISHED:
        indexing.put([article])
