"""One function per letter about articles; its name is the name of the letter's template."""

from collections.abc import Sequence
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from kb.models import Article, Revision
from portal.delivery import outbox

QUOTED = 4000  # characters
LISTED = 20  # articles of a letter


def sent_back(article: Article, author: User, editor: User, comment: str, *, at: datetime) -> None:
    """Tell the author what should be different before readers see it."""
    outbox.write(
        letter="article_sent_back",
        recipient=author.email,
        language=author.language,
        context={
            "name": author.get_short_name(),
            "title": _title(article),
            "editor": editor.full_name,
            "text": comment[:QUOTED],
            "url": _admin_page(article),
        },
        dedupe_key=f"article:{article.pk}:sent-back:{at.isoformat()}",
        at=at,
    )


def not_helped(revision: Revision, comment: str, reasons: Sequence[str], *, at: datetime) -> None:
    """Tell whoever looks after an article that it did not help; once a day and article."""
    article = revision.article
    person = article.owner or revision.author
    if person is None or not person.is_active or person.is_customer:
        return
    outbox.write(
        letter="article_not_helped",
        recipient=person.email,
        language=person.language,
        context={
            "name": person.get_short_name(),
            "title": revision.title,
            "text": comment[:QUOTED],
            "reasons": list(reasons),
            "url": _admin_page(article),
        },
        dedupe_key=f"article:{article.pk}:no:{at.date().isoformat()}",
        at=at,
    )


def needing_care(owner: User, articles: Sequence[Article], *, on: date, at: datetime) -> None:
    """Tell an owner which of their articles should be looked at; once a week."""
    year, week, _day = on.isocalendar()
    listed = reverse("admin:kb_article_changelist")
    outbox.write(
        letter="articles_need_care",
        recipient=owner.email,
        language=owner.language,
        context={
            "name": owner.get_short_name(),
            "count": len(articles),
            "more": max(0, len(articles) - LISTED),
            "articles": [{"title": str(one), "url": _admin_page(one)} for one in articles[:LISTED]],
            "url": f"{settings.SITE_URL}{listed}?waits=care&owner__id__exact={owner.pk}",
        },
        dedupe_key=f"articles:care:{owner.pk}:{year}-{week}",
        at=at,
    )


def _title(article: Article) -> str:
    newest = article.revisions.order_by("-number").first()
    return newest.title if newest else article.slug


def _admin_page(article: Article) -> str:
    return f"{settings.SITE_URL}{reverse('admin:kb_article_change', args=[article.pk])}"
