"""What can be done to articles: write, publish, take back, vote, read."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb import indexing
from kb.models import Article, ArticleStatus, ReadCount, Revision, Vote
from portal import html
from portal.feedback import actions as feedback
from portal.refusals import NotAllowed, Refused

REASONS = ("unclear", "outdated", "missing", "wrong")
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
    """Keep new words as a revision and make it the current one; the same words make none.

    Raises NothingWritten.
    """
    cleaned = html.clean(body)
    words = html.plain(cleaned)
    heading = " ".join(html.without_control(title).split())
    if not heading or not words:
        raise NothingWritten
    article = (
        Article.objects.select_for_update(of=("self",))
        .select_related("current_revision")
        .get(pk=article.pk)
    )
    lead = html.without_control(summary).strip()[:500]
    current = article.current_revision
    if current and (current.title, current.summary, current.body) == (heading, lead, cleaned):
        return current
    last = article.revisions.aggregate(last=Max("number"))["last"] or 0
    revision = Revision.objects.create(
        article=article,
        number=last + 1,
        title=heading[:250],
        summary=lead,
        body=cleaned,
        plain=words,
        comment=comment[:300],
        author=author,
        created_at=at,
    )
    article.current_revision, article.updated_at = revision, at
    article.save(update_fields=["current_revision", "updated_at"])
    if article.status == ArticleStatus.PUBLISHED:
        indexing.put([article])
    return revision


@transaction.atomic
def publish(*, article: Article, actor: User, at: datetime) -> Article:
    """Let readers find an article. Raises NotAllowed, NotWritten."""
    if not can_publish(actor):
        raise NotAllowed
    article = Article.objects.select_for_update(of=("self",)).get(pk=article.pk)
    if article.current_revision_id is None:
        raise NotWritten
    article.status = ArticleStatus.PUBLISHED
    article.published_at = article.published_at or at
    article.save(update_fields=["status", "published_at"])
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
    article = Article.objects.select_for_update(of=("self",)).get(pk=article.pk)
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
