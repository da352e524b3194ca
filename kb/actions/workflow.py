"""From draft to readers and back: submit, review, publish, schedule, archive, restore.

Whoever reviews is somebody else than whoever wrote. An editor may also publish without a review;
the history says so.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kb import letters
from kb.actions.access import can_publish, can_write
from kb.actions.record import locked, newest, put_before_readers, record, take_from_readers
from kb.actions.words import show
from kb.models import Article, ArticleStatus, Revision
from portal.refusals import NotAllowed, Refused

log = logging.getLogger("kb")


class NotWritten(Refused):
    """An article without a revision cannot be published."""

    code = "not_written"
    message = _("Write the article first.")


class NothingToReview(Refused):
    """There are no words that readers do not see already."""

    code = "nothing_to_review"
    message = _("There are no new words to review.")


class NotSubmitted(Refused):
    """Only what was submitted can be approved or sent back."""

    code = "not_submitted"
    message = _("Nothing waits for a review here: somebody has decided already.")


class OwnWords(Refused):
    """A review is by somebody else."""

    code = "own_words"
    status = 403
    message = _("You wrote this yourself: a review is by somebody else.")


class NoReason(Refused):
    """Whoever sends words back says what is wrong with them."""

    code = "no_reason"
    status = 400
    field = "comment"
    message = _("Say what should be different.")


class PastHour(Refused):
    """What is scheduled lies ahead."""

    code = "past_hour"
    status = 400
    field = "scheduled_at"
    message = _("This moment has passed. Choose a later one, or publish now.")


class NotScheduled(Refused):
    """Only what is scheduled can be called off."""

    code = "not_scheduled"
    message = _("Nothing is scheduled here.")


class Archived(Refused):
    """An archived article is restored first."""

    code = "archived"
    message = _("The article is archived. Restore it first.")


class NotArchived(Refused):
    """Only an archived article can be restored."""

    code = "not_archived"
    message = _("The article is not archived.")


@transaction.atomic
def submit(*, article: Article, actor: User, at: datetime, comment: str = "") -> Article:
    """Let the newest words wait for a review. Raises NotAllowed, Archived, NothingToReview."""
    article = _begun(article, actor, writes=True)
    words = newest(article)
    if words is None or (
        article.status == ArticleStatus.PUBLISHED and words == article.current_revision
    ):
        raise NothingToReview
    article.submitted_revision, article.submitted_by = words, actor
    article.save(update_fields=["submitted_revision", "submitted_by"])
    record(article, "submitted", actor=actor, at=at, revision=words, comment=comment)
    return article


@transaction.atomic
def approve(
    *,
    article: Article,
    actor: User,
    at: datetime,
    publish_at: datetime | None = None,
    comment: str = "",
) -> Article:
    """Publish what was submitted, now or at its hour.

    Raises NotAllowed, NotSubmitted, OwnWords, PastHour.
    """
    article = _begun(article, actor)
    words = _submitted(article, actor)
    record(article, "approved", actor=actor, at=at, revision=words, comment=comment)
    _decided(article)
    if publish_at is not None:
        return _schedule(article, words, actor, publish_at, at)
    return _publish(article, words, at)


@transaction.atomic
def send_back(*, article: Article, actor: User, at: datetime, comment: str) -> Article:
    """Give what was submitted back to its author, with what should be different.

    Raises NotAllowed, NotSubmitted, OwnWords, NoReason.
    """
    article = _begun(article, actor)
    words = _submitted(article, actor)
    if not comment.strip():
        raise NoReason
    record(article, "sent_back", actor=actor, at=at, revision=words, comment=comment)
    submitter = article.submitted_by
    _decided(article)
    if submitter is not None:
        letters.sent_back(article, submitter, actor, comment, at=at)
    return article


@transaction.atomic
def publish(*, article: Article, actor: User, at: datetime) -> Article:
    """Let readers find an article with its newest words. Raises NotAllowed, NotWritten, Archived."""
    article = _begun(article, actor)
    words = newest(article)
    if words is None:
        raise NotWritten
    record(article, "published", actor=actor, at=at, revision=words)
    _decided(article)
    return _publish(article, words, at)


@transaction.atomic
def schedule(*, article: Article, actor: User, publish_at: datetime, at: datetime) -> Article:
    """Let readers find the newest words from an hour on.

    Raises NotAllowed, NotWritten, Archived, PastHour.
    """
    article = _begun(article, actor)
    words = newest(article)
    if words is None:
        raise NotWritten
    _decided(article)
    return _schedule(article, words, actor, publish_at, at)


@transaction.atomic
def unschedule(*, article: Article, actor: User, at: datetime) -> Article:
    """Call off what was scheduled. Raises NotAllowed, NotScheduled."""
    article = _begun(article, actor)
    if article.scheduled_at is None:
        raise NotScheduled
    record(article, "unscheduled", actor=actor, at=at, revision=article.scheduled_revision)
    _unscheduled(article)
    return article


def publish_due(*, at: datetime) -> int:
    """Publish what is scheduled for now or earlier; answers how many. Twice at once does no harm."""
    due = Article.objects.filter(scheduled_at__lte=at).order_by("scheduled_at", "id")
    return sum(_publish_due(pk, at) for pk in due.values_list("pk", flat=True))


@transaction.atomic
def _publish_due(pk: int, at: datetime) -> bool:
    found = Article.objects.select_for_update(of=("self",), skip_locked=True)
    article = found.filter(pk=pk, scheduled_at__lte=at).select_related("scheduled_revision").first()
    if article is None or article.scheduled_revision is None:
        return False
    words = article.scheduled_revision
    _unscheduled(article)
    if article.status == ArticleStatus.ARCHIVED:
        return False
    record(article, "came_out", actor=None, at=at, revision=words)
    _publish(article, words, at)
    return True


@transaction.atomic
def publish_imported(*, articles: Sequence[Article], at: datetime) -> None:
    """Let readers find what whoever holds the server's shell took in, indexed at one go."""
    Article.objects.filter(pk__in=[article.pk for article in articles]).update(
        status=ArticleStatus.PUBLISHED, published_at=at
    )
    put_before_readers(articles)


@transaction.atomic
def unpublish(*, article: Article, actor: User, at: datetime) -> Article:
    """Take an article back to a draft; what was to come out at an hour does not.

    Raises NotAllowed, Archived.
    """
    article = _begun(article, actor)
    article.status = ArticleStatus.DRAFT
    article.save(update_fields=["status"])
    _unscheduled(article)
    take_from_readers([article])
    record(article, "unpublished", actor=actor, at=at)
    return article


@transaction.atomic
def archive(*, article: Article, actor: User, at: datetime, comment: str = "") -> Article:
    """Put an article away: readers are led on, its words and votes stay. Raises NotAllowed, Archived."""
    article = _begun(article, actor)
    article.status = ArticleStatus.ARCHIVED
    article.save(update_fields=["status"])
    _decided(article)
    _unscheduled(article)
    take_from_readers([article])
    record(article, "archived", actor=actor, at=at, comment=comment)
    return article


@transaction.atomic
def restore(*, article: Article, actor: User, at: datetime) -> Article:
    """Take an article out of the archive, as a draft. Raises NotAllowed, NotArchived."""
    if not can_publish(actor):
        raise NotAllowed
    article = locked(article)
    if article.status != ArticleStatus.ARCHIVED:
        raise NotArchived
    article.status = ArticleStatus.DRAFT
    article.save(update_fields=["status"])
    record(article, "restored", actor=actor, at=at)
    return article


def _begun(article: Article, actor: User, *, writes: bool = False) -> Article:
    if not (can_write(actor) if writes else can_publish(actor)):
        raise NotAllowed
    article = locked(article)
    if article.status == ArticleStatus.ARCHIVED:
        raise Archived
    return article


def _submitted(article: Article, actor: User) -> Revision:
    words = article.submitted_revision
    if words is None:
        raise NotSubmitted
    if actor.pk in {words.author_id, article.submitted_by_id}:
        raise OwnWords
    return words


def _decided(article: Article) -> None:
    article.submitted_revision = article.submitted_by = None
    article.save(update_fields=["submitted_revision", "submitted_by"])


def _unscheduled(article: Article) -> None:
    article.scheduled_revision = article.scheduled_at = None
    article.save(update_fields=["scheduled_revision", "scheduled_at"])


def _schedule(
    article: Article, words: Revision, actor: User, publish_at: datetime, at: datetime
) -> Article:
    if publish_at <= at:
        raise PastHour
    article.scheduled_revision, article.scheduled_at = words, publish_at
    article.save(update_fields=["scheduled_revision", "scheduled_at"])
    record(
        article,
        "scheduled",
        actor=actor,
        at=at,
        revision=words,
        comment=publish_at.isoformat(),
    )
    return article


def _publish(article: Article, words: Revision, at: datetime) -> Article:
    _unscheduled(article)
    if article.status == ArticleStatus.PUBLISHED:
        show(article, words, at)
        return article
    article.status, article.current_revision = ArticleStatus.PUBLISHED, words
    article.published_at = article.published_at or at
    article.updated_at = max(words.created_at, article.published_at)
    article.save(update_fields=["status", "current_revision", "published_at", "updated_at"])
    put_before_readers([article])
    return article
