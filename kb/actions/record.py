"""What every action on articles begins and ends with: a lock, and a line of history."""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import User
from kb import indexing, linking
from kb.models import Article, ArticleEvent, Revision
from portal import html

LONGEST_COMMENT = 500


def locked(article: Article) -> Article:
    """Lock an article and read it as it stands."""
    return (
        Article.objects.select_for_update(of=("self",))
        .select_related("current_revision", "submitted_revision", "scheduled_revision")
        .get(pk=article.pk)
    )


def newest(article: Article) -> Revision | None:
    """Give the newest words, whether readers see them or not."""
    return article.revisions.order_by("-number").first()


def record(
    article: Article,
    code: str,
    *,
    actor: User | None,
    at: datetime,
    revision: Revision | None = None,
    comment: str = "",
) -> ArticleEvent:
    """Add one event; its words stand in templates/kb/admin/events/."""
    return ArticleEvent.objects.create(
        article=article,
        revision=revision,
        code=code,
        actor=actor,
        comment=html.without_control(comment)[:LONGEST_COMMENT],
        at=at,
    )


def put_before_readers(articles: Sequence[Article]) -> None:
    """Let search find published articles by their words of now, and know what these link to."""
    indexing.put(articles)
    linking.read(articles)
    linking.arrived(articles)


def settle_search() -> None:
    """Let search weigh all articles alike, whenever they came; a second time changes nothing."""
    indexing.settle()


def take_from_readers(articles: Sequence[Article]) -> None:
    """Let nobody find these articles any more."""
    indexing.remove(articles)
    linking.forget(articles)
